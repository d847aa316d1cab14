"""A build on the terminal: one live block while it runs, a short summary at its end. Quiet when piped."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nodes.artifacts import CheckName, CheckResult, CheckStatus, RecipeSpec
from nodes.costs import CostEstimate
from server.dashboard.words import money
from server.services.build_progress import CHECKS_OF_A_FIRST_VERSION, BuildProgress, Stage
from server.services.build_status import BuildStatus, RuntimeStatus, UsageReport, words_of_waits

MARKS = {CheckStatus.passed: ("ok", "green"), CheckStatus.failed: ("failed", "red"), CheckStatus.not_run: ("not run", "yellow")}
TELLING = frozenset({CheckName.tests, CheckName.contract, CheckName.probe, CheckName.restart})
"""Checks whose figures say how much was tried."""

WORDS = {
    RuntimeStatus.awaiting_approval: ("Waiting for you", "yellow"),
    RuntimeStatus.completed: ("Completed", "green"),
    RuntimeStatus.failed: ("Failed", "red"),
}


class LiveView:
    """What the terminal shows of one build."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._live: Live | None = None
        self._shown = BuildProgress()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the live block for as long as the build runs; on a pipe, nothing moves."""
        if not self._console.is_terminal:
            yield
            return
        with Live(self._block(), console=self._console, refresh_per_second=8, transient=True) as live:
            self._live = live
            yield
        self._live = None

    def update(self, progress: BuildProgress) -> None:
        """Show the newest progress."""
        if self._live:
            self._live.update(self._block(progress))
        else:
            self._print_news(progress)
        self._shown = progress

    def _block(self, progress: BuildProgress | None = None) -> RenderableType:
        progress = progress or self._shown
        stages = Text("  ").join(_stage(stage, progress) for stage in Stage)
        agents = Table.grid(padding=(0, 2))
        for active in progress.active[:8]:
            part = active.component or ""
            again = f"attempt {active.attempt}" if active.attempt > 1 else ""
            agents.add_row(Text("·", "cyan"), active.agent, Text(part, "dim"), Text(again, "yellow"))
        waits = [Text(words, "yellow") for words in words_of_waits(progress.waits)]
        tokens = sum(result.input_tokens + result.output_tokens for result in progress.results)
        cost = sum(result.cost_usd or 0 for result in progress.results)
        foot = Text(f"{time.monotonic() - self._started:.0f} s   {tokens:,} tokens   ${cost:.2f}", "dim")
        return Group(stages, agents, *waits, foot)

    def _print_news(self, progress: BuildProgress) -> None:
        """For a pipe: one line for each thing that ended."""
        for result in progress.results[len(self._shown.results) :]:
            self._console.print(f"{result.agent}: {result.task}" + (f" ({result.component})" if result.component else ""), highlight=False)
        for words in words_of_waits([wait for wait in progress.waits if wait not in self._shown.waits]):
            self._console.print(words, highlight=False, soft_wrap=True)
        known = {check.check for check in self._shown.checks} if progress.version == self._shown.version else set()
        for check in [check for check in progress.checks if check.check not in known]:
            self._console.print(f"check {check.check}: {MARKS[check.status][0]}, {check.reason or check.summary}", highlight=False)


def _stage(stage: Stage, progress: BuildProgress) -> Text:
    order = list(Stage)
    done = progress.finished or order.index(stage) < order.index(progress.stage)
    mark, style = ("●", "green") if done else ("◐", "cyan") if stage is progress.stage else ("○", "dim")
    return Text(f"{mark} {stage.capitalize()}{_count(stage, progress)}", style)


def _count(stage: Stage, progress: BuildProgress) -> str:
    match stage:
        case Stage.code if progress.components:
            return f" {len(progress.written)}/{len(progress.components)}"
        case Stage.checks if progress.checks:
            return f" {progress.checks_passed}/{max(CHECKS_OF_A_FIRST_VERSION, len(progress.checks))}"
        case _:
            return ""


MOST_QUESTIONS = 4
MOST_CONCERNS = 3


def summary(status: BuildStatus, *, seconds: float, model: str) -> RenderableType:
    """At most twenty lines: what was built, what the evidence says, what it cost."""
    word, style = WORDS.get(status.runtime_status, (str(status.runtime_status), "bold"))
    lines = [Text.assemble((status.title or "Build", "bold"), "   ", (word, style))]
    if status.error:
        lines.append(Text(status.error, "red"))
    lines += [_check_line(check) for check in status.checks if check.status is not CheckStatus.passed]
    lines += _passed_lines([check for check in status.checks if check.status is CheckStatus.passed])
    lines += [Text(f"  The reviewer: {concern}", "yellow") for concern in status.concerns[:MOST_CONCERNS]]
    lines += [Text(f"  Not met: {wish.preference} - {wish.reason}", "yellow") for wish in status.unmet_preferences[:3]]
    lines += [Text(f"  {words_of(recipe)}", "dim") for recipe in status.recipes[:6]]
    lines += [Text(f"  Left open: {asked.question} Built: {asked.default}", "dim") for asked in status.open_questions[:MOST_QUESTIONS]]
    if (more := len(status.open_questions) - MOST_QUESTIONS) > 0:
        lines.append(Text(f"  and {more} more open questions; the plan lists them", "dim"))
    if model == "builtin":
        lines.append(Text("Built by the built-in builder: no language model, no key, no cost.", "dim"))
    usage = status.usage
    if status.estimates:
        lines.append(Text(status.estimates[0].words, "dim"))
    lines.append(Text(f"{seconds:.1f} s   {usage.input_tokens + usage.output_tokens:,} tokens   ${usage.cost_usd:.2f}", "dim"))
    if saved := saved_line(usage):
        lines.append(Text(saved, "dim"))
    return Group(*lines)


def saved_line(usage: UsageReport) -> str:
    """`3 of 5 calls were answered from the cache, which saved 12,000 tokens and $0.0300.`; nothing if none was."""
    if not usage.reused_calls:
        return ""
    saved = f"{usage.saved_tokens:,} tokens and ${usage.saved_usd:.4f}"
    return f"{usage.reused_calls:,} of {usage.calls:,} calls were answered from the cache, which saved {saved}."


def words_of(recipe: RecipeSpec) -> str:
    """`recipe: audit trail of claim`."""
    return f"recipe: {recipe.kind.replace('_', ' ')}" + (f" of {recipe.record.replace('_', ' ')}" if recipe.record else "")


def estimate_line(estimate: CostEstimate) -> str:
    """What the build will cost, and what that is based on, in a line."""
    if estimate.is_free:
        return "It costs nothing: the built-in builder asks no language model."
    tokens = f"{estimate.tokens.low:,.0f} to {estimate.tokens.high:,.0f} tokens"
    if estimate.cost_usd is None:
        unpriced = ", ".join(sorted({task.model for task in estimate.tasks if task.cost_usd is None}))
        line = f"Estimated: {tokens}; what they cost is unknown, since {unpriced} has no price. APPYARD_PRICES_FILE may give one."
    else:
        line = f"Estimated: {money(estimate.cost_usd.low)} to {money(estimate.cost_usd.high)}, {tokens}."
    if estimate.left_today_usd is not None:
        line += f" ${estimate.left_today_usd:.2f} are left of today."
    if estimate.budget_usd is not None:
        line += f" At ${estimate.budget_usd:.2f} it pauses and asks."
    return f"{line} {estimate.based_on}"


def _passed_lines(passed: Sequence[CheckResult]) -> list[Text]:
    """What passed in one line, and what the telling ones looked at."""
    if not passed:
        return []
    names = " ".join(check.check for check in passed)
    told = [Text(f"  {check.check:<13}{check.summary}", "dim") for check in passed if check.check in TELLING]
    return [Text.assemble((f"  {len(passed)} passed".ljust(15), "green"), names), *told]


def _check_line(check: CheckResult) -> Text:
    mark, style = MARKS[check.status]
    first = f" - {check.findings[0].message[:90]}" if check.findings else ""
    return Text.assemble(f"  {check.check:<13}", (f"{mark:<8}", style), check.reason or check.summary, (first, "red"))
