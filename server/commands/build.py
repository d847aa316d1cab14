"""`appyard build`: a build from description to package, watched on the terminal, with a worker in this process."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.prompt import FloatPrompt, IntPrompt, Prompt

from nodes.artifacts import UNCHANGED, BudgetQuestion, BuildRequest, Decision, GatePolicy, ReviewAnswer, ReviewRequest, TokenQuestion
from nodes.context import BuildOptions, GatePolicies
from server.bootstrap import World, model_of, open_world
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.commands.live_view import LiveView, estimate_line, summary
from server.commands.packages import LaidDown, check_writable, lay_down
from server.services.build_progress import BuildProgress, advance
from server.services.build_status import BuildStatus, RuntimeStatus
from server.services.builds import BuildStart
from server.services.new_limits import NewLimits
from server.settings import Settings
from server.telemetry import log_to_file

OUTAGE_PERIOD_SECONDS = 1.0

EXIT_CODES = {
    RuntimeStatus.completed: ExitCode.done,
    RuntimeStatus.failed: ExitCode.failed,
    RuntimeStatus.canceled: ExitCode.failed,
    RuntimeStatus.paused: ExitCode.waiting,
    RuntimeStatus.awaiting_approval: ExitCode.waiting,
    RuntimeStatus.rejected: ExitCode.rejected,
    RuntimeStatus.expired: ExitCode.rejected,
}


@dataclass(frozen=True)
class NewBuild:
    """What was asked for on the command line."""

    description: str
    requirements: Path | None
    platform: str
    preferences: tuple[str, ...]
    model: str | None
    limits: NewLimits
    yes: bool
    template: str | None = None
    dashboard: bool = False

    def start(self, *, may_ask: bool) -> BuildStart:
        """The build to start. Raises `BadInput`, pydantic's ValidationError."""
        request = BuildRequest.model_validate(
            {
                "app_description": UNCHANGED if self.template and not self.description else _text(self.description),
                "requirements": _file(self.requirements) if self.requirements else None,
                "target_platform": self.platform,
                "tech_stack_preferences": self.preferences,
            }
        )
        app = GatePolicy.on_findings if self.yes or not may_ask else GatePolicy.always
        given = {"gates": GatePolicies(app=app), "model": self.model, **self.limits.given()}
        options = BuildOptions.model_validate({name: value for name, value in given.items() if value is not None})
        return BuildStart(request, options, self.template)


def run_build(asked: NewBuild, out: Path, *, as_json: bool) -> ExitCode:
    """Build, and lay the package down in `out`."""
    settings = Settings()
    console = Console(stderr=as_json, quiet=as_json)
    start = asked.start(may_ask=sys.stdin.isatty() and not as_json)
    check_writable(out)
    log_to_file(settings)
    return asyncio.run(_build(settings, start, asked, out, console, as_json=as_json))


async def _build(settings: Settings, start: BuildStart, wanted: NewBuild, out: Path, console: Console, *, as_json: bool) -> ExitCode:
    model = start.options.model or str(model_of(settings))
    at_terminal = sys.stdin.isatty() and not as_json
    async with open_world(settings, with_worker=True) as world:
        started = await world.builds.start(start)
        if estimate := (await world.builds.status(started.workflow_id)).estimate:
            console.print(estimate_line(estimate), highlight=False, soft_wrap=True)
        watch = Watch(world, console, model=model, ask=not wanted.yes and at_terminal)
        code = await watch.to_the_end(started.workflow_id, out, as_json=as_json)
        if wanted.dashboard and at_terminal and sys.stdout.isatty():
            from server.commands.serve import serve_build  # noqa: PLC0415 - a build that is not shown needs no HTTP

            await serve_build(world, settings, started.workflow_id, console)
        elif wanted.dashboard:
            address = f"http://{settings.host}:{settings.port}/builds/{started.workflow_id}"
            console.print(f"Look at it: make serve, then open {address}", highlight=False, soft_wrap=True)
        return code


class Watch:
    """Follows one build on the terminal until it ends or waits for somebody else."""

    def __init__(self, world: World, console: Console, *, model: str, ask: bool) -> None:
        self._world = world
        self._console = console
        self._model = model
        self._ask = ask
        self._outages = Console(stderr=True)
        self._started = time.monotonic()

    async def to_the_end(self, workflow_id: UUID, out: Path, *, as_json: bool) -> ExitCode:
        """Follow, ask at gates, lay down the package, and say what to do next."""
        try:
            status = await self._followed(workflow_id)
            while self._ask and status.runtime_status is RuntimeStatus.awaiting_approval:
                if not await self._decided(status):
                    break
                status = await self._followed(workflow_id)
        except asyncio.CancelledError:
            said = f"Stopped. Nothing is lost. Go on with: appyard builds resume {str(workflow_id)[:8]}"
            self._console.print(said, highlight=False, soft_wrap=True)
            raise
        laid = None
        if status.runtime_status is RuntimeStatus.completed:
            laid = lay_down(await self._world.builds.package(workflow_id), out)
        self._report(status, laid, as_json=as_json)
        return EXIT_CODES[status.runtime_status]

    async def _followed(self, workflow_id: UUID) -> BuildStatus:
        view, progress = LiveView(self._console), BuildProgress()
        telling = asyncio.create_task(self._tell_outages(), name="tell_outages")
        try:
            with view.shown():
                async for event in await self._world.builds.events(workflow_id):
                    progress = advance(progress, event)
                    view.update(progress)
        finally:
            telling.cancel()
        return await self._world.builds.status(workflow_id)

    async def _tell_outages(self) -> None:
        """Say why nothing moves: the build itself goes on by itself once the outage is over."""
        told: str | None = None
        while self._world.worker:
            if (outage := self._world.worker.outage) != told:
                self._outages.print(outage or "It goes on.", highlight=False, soft_wrap=True)
                told = outage
            await asyncio.sleep(OUTAGE_PERIOD_SECONDS)

    async def _decided(self, status: BuildStatus) -> bool:
        """Ask the person at the terminal; False if they want to decide later."""
        assert status.review is not None
        self._console.print(summary(status, seconds=time.monotonic() - self._started, model=self._model))
        self._console.print(status.review.request.question)
        answer = await asyncio.to_thread(asked, status.review.request)
        if answer is None:
            return False
        await self._world.builds.decide(status.workflow_id, answer, interrupt_id=status.review.interrupt_id)
        return True

    def _report(self, status: BuildStatus, laid: LaidDown | None, *, as_json: bool) -> None:
        seconds = time.monotonic() - self._started
        if as_json:
            print(json.dumps(as_object(status, laid, seconds)))
            return
        self._console.print(summary(status, seconds=seconds, model=self._model))
        for line in next_steps(status, laid):
            self._console.print(line, highlight=False, soft_wrap=True)


CHOICES = {
    Decision.approved: ("a", "[a]pprove"),
    Decision.changes_requested: ("c", "request [c]hanges"),
    Decision.hint: ("h", "give a [h]int"),
    Decision.roll_back: ("b", "roll [b]ack"),
    Decision.rejected: ("r", "[r]eject"),
}
"""The key and the words for each decision. Brackets in prompts are escaped, since rich takes them for styles."""

COMMANDS = {
    Decision.approved: "approve",
    Decision.changes_requested: "request-changes",
    Decision.hint: "hint",
    Decision.roll_back: "roll-back",
    Decision.rejected: "reject",
}

QUESTIONS = {
    Decision.changes_requested: "What should be different?",
    Decision.hint: "Where does the fault lie?",
    Decision.rejected: "Why?",
}


def asked(request: ReviewRequest) -> ReviewAnswer | None:
    """The decision of the person at the terminal; None to decide later."""
    offered = {CHOICES[decision][0]: decision for decision in CHOICES if decision in request.choices}
    words = ", ".join(CHOICES[decision][1] for decision in offered.values())
    choice = Prompt.ask(escape(f"{words}, or decide [l]ater"), choices=[*offered, "l"], default="l")
    if choice == "l":
        return None
    decision = offered[choice]
    feedback = Prompt.ask(QUESTIONS[decision]) if decision in QUESTIONS else ""
    limits = asked_limits(request.budget) if decision is Decision.approved else NewLimits()
    given = {"decision": decision, "feedback": feedback, "subject_sha256": request.subject_sha256, **limits.given()}
    return ReviewAnswer.model_validate(given)


def asked_limits(question: BudgetQuestion | TokenQuestion | None) -> NewLimits:
    """The new limit of the person at the terminal, where the build's own budget is used."""
    match question:
        case TokenQuestion():
            return NewLimits(budget_tokens=IntPrompt.ask("New limit in tokens", default=question.least_tokens))
        case BudgetQuestion() if question.is_of_the_build:
            return NewLimits(budget_usd=FloatPrompt.ask("New limit in US dollars", default=question.least_usd))
        case _:
            return NewLimits()


def as_object(status: BuildStatus, laid: LaidDown | None, seconds: float) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "workflow_id": str(status.workflow_id),
        "runtime_status": status.runtime_status.value,
        "title": status.title,
        "message": status.custom_status.message,
        "error": status.error,
        "unmet_preferences": [wish.model_dump(mode="json") for wish in status.unmet_preferences],
        "recipes": [recipe.model_dump(mode="json") for recipe in status.recipes],
        "open_questions": [question.model_dump(mode="json") for question in status.open_questions],
        "package": str(laid.zip_file) if laid else None,
        "folder": str(laid.folder) if laid else None,
        "checks": [check.model_dump(mode="json", exclude={"log"}) for check in status.checks],
        "usage": status.usage.model_dump(mode="json"),
        "duration_seconds": round(seconds, 2),
    }


def next_steps(status: BuildStatus, laid: LaidDown | None) -> list[str]:
    """What to do now."""
    short = str(status.workflow_id)[:8]
    match status.runtime_status:
        case RuntimeStatus.completed if laid:
            return [
                f"Package   {laid.zip_file}",
                f"App       {laid.folder}",
                f"Evidence  {laid.folder / 'evidence' / 'report.html'}",
                f"Start it  cd {laid.folder} && make start",
            ]
        case RuntimeStatus.awaiting_approval:
            question = status.review.request.question if status.review else ""
            if status.review and status.review.request.budget:
                return [question, f"{raising(status.review.request.budget, short)}. Or: appyard builds reject {short}"]
            choices = status.review.request.choices if status.review else ()
            tried = [round_.words for round_ in status.review.request.tried] if status.review else []
            decide = f"Decide with: appyard builds {'|'.join(COMMANDS[choice] for choice in choices)} {short}"
            return [question, *(tried if len(tried) > 1 else ()), decide]
        case RuntimeStatus.expired:
            return [f"Everything is kept. Look: appyard builds show {short}. Ask again: appyard builds reopen {short}"]
        case RuntimeStatus.failed | RuntimeStatus.canceled | RuntimeStatus.paused:
            return [f"Everything is kept. Look: appyard builds show {short}. Go on: appyard builds resume {short}"]
        case _:
            return [f"Everything is kept. Look: appyard builds show {short}"]


def raising(question: BudgetQuestion | TokenQuestion, build: str) -> str:
    """The command that raises the limit that was reached."""
    match question:
        case TokenQuestion():
            return f"Go on with: appyard builds resume {build} --budget-tokens {question.least_tokens}"
        case BudgetQuestion() if question.is_of_the_build:
            return f"Go on with: appyard builds resume {build} --budget {question.least_usd:.2f}"
        case BudgetQuestion():
            return f"Raise it for today with: appyard builds approve {build} --budget {question.least_usd:.2f} --by NAME"
        case unknown:
            assert_never(unknown)


def _text(description: str) -> str:
    if description != "-":
        return description
    try:
        return sys.stdin.buffer.read(1_000_000).decode()
    except UnicodeDecodeError as error:
        raise BadInput("Standard input is not text in UTF-8. Describe the app in plain words.") from error


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--requirements {path}: {error}. Give a text file in UTF-8.") from error
