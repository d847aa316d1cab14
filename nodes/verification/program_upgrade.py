"""Have the version in use carry out its examples, and let the new version go on with the data it left: nothing may be lost or crash.

What an example shows of these data has to be shown by the new version too, unless the change request was about that example.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nodes.artifacts import Architecture, CheckName, CommandStep, Edit, Example, Finding, RequestStep, Severity
from nodes.context import Delivered
from nodes.sandbox.protocol import Command, ExecResult, Sandbox, SandboxLimits, Workspace
from nodes.stack import StackProfile, Toolchain
from nodes.verification.examples import (
    LIMITS,
    SHOWN_CHARACTERS,
    TYPED,
    command_problem,
    example_finding,
    reads_after_changes,
    request_problem,
    start_finding,
    traced,
)
from nodes.verification.exchange import Exchange
from nodes.verification.node_toolchain import NODE_LIMITS
from nodes.verification.observed import CheckImpossible, Observed, counted
from nodes.verification.running_app import AppUnderTest, DidNotStart
from nodes.verification.upgrade_check import PREVIOUS, in_folder

KEPT, COPY = "kept", "copy"
"""`APP_DATA_DIR` of the version in use, and what each further call starts from."""

MOST_CALLS = 6
"""Of one example, those at its end: what shows most of the data."""

_ON_A_COPY = ("sh", "-c", f'rm -rf {COPY}; cp -a {KEPT} {COPY}; cd "$0" && exec "$@" < {{typed}}')


async def check_program_upgrade(
    files: Mapping[str, bytes],
    architecture: Architecture,
    delivered: Delivered,
    *,
    stack: StackProfile,
    sandbox: Sandbox,
    toolchain: Path,
) -> Observed:
    """Raises `CheckImpossible` if the version in use cannot be run any more, or if services cannot be."""
    if stack.toolchain is Toolchain.node and not sandbox.can_serve:
        raise CheckImpossible(f"the sandbox {sandbox.name} cannot run a server")
    laid = {**files, **{f"{PREVIOUS}/{path}": text.encode() for path, text in delivered.files.items()}}
    limits = NODE_LIMITS if stack.toolchain is Toolchain.node else LIMITS
    changed = {change.path.removeprefix("examples/") for change in delivered.changes if change.edit is not Edit.added}
    findings: list[Finding] = []
    log: list[str] = []
    left = looked = 0
    for example in delivered.spec.examples:
        async with sandbox.workspace(laid, limits) as workspace:
            trial = Trial(workspace, stack, toolchain, architecture, limits, example, example.name in changed, log)
            seen = await (trial.of_service() if stack.toolchain is Toolchain.node else trial.of_commands())
        left += seen is not None
        looked += seen.calls if seen else 0
        findings += seen.findings if seen else ()
    subject = f"data of {counted(left, 'example')} of the version in use, {counted(looked, 'call')} of the new version on them"
    numbers = {"examples": len(delivered.spec.examples), "with_data": left, "calls": looked}
    return Observed(subject, findings, numbers, "\n".join(log), sound="all as before" if left else "its examples leave none")


@dataclass(frozen=True)
class Seen:
    """How often the new version was called on the data of an example, and what was wrong."""

    calls: int
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Trial:
    """One example, in a folder that holds the new version, and below it the one in use. `changed`: the request is about it."""

    workspace: Workspace
    stack: StackProfile
    toolchain: Path
    architecture: Architecture
    limits: SandboxLimits
    example: Example
    changed: bool
    log: list[str]

    async def of_commands(self) -> Seen | None:
        """None if the example leaves no data of the program's own. Each call is made by both versions, on a copy of them."""
        self.log.append(f"# {self.example.says}")
        if self.example.files:
            self.log.append("(about files that are given, not about data)")
            return None
        if self.example.files:
            self.log.append("(works on files, which the first call may move; not compared)")
            return None
        for step in self.example.commands:
            result = await self._called(PREVIOUS, step, KEPT)
            if command_problem(step, result):
                self.log.append("(not as the version in use was specified; not compared)")
                return None
        if not (await self.workspace.run(Command(argv=("test", "-e", KEPT)))).ok:
            self.log.append("(no data)")
            return None
        calls = list(dict.fromkeys(self.example.commands))[-MOST_CALLS:]
        findings = []
        for step in calls:
            before, after = await self._called(PREVIOUS, step, COPY), await self._called(".", step, COPY)
            if problem := self._lost(step, before, after):
                shown = " ".join((*self.stack.run_argv, *step.arguments))
                self.log.append(f"$ {shown}\n{after.stdout}{after.stderr}(exit code {after.exit_code})")
                findings.append(self._finding(problem, shown, after.stderr))
        return Seen(len(calls), findings[:1])

    async def _called(self, folder: str, step: CommandStep, data: str) -> ExecResult:
        up = "../" if folder == PREVIOUS else ""
        prepare = _ON_A_COPY if data == COPY else ("sh", "-c", 'cd "$0" && exec "$@" < {typed}')
        argv = (*prepare[:2], prepare[2].format(typed=f"{up}{TYPED}"), folder, *self.stack.run_argv, *step.arguments)
        return await self.workspace.run(
            Command(
                argv=argv,
                files={TYPED: step.typed.encode()},
                toolchain=self.toolchain,
                environment={"APP_DATA_DIR": f"{up}{data}"},
                limits=self.limits,
            )
        )

    def _lost(self, step: CommandStep, before: ExecResult, after: ExecResult) -> str | None:
        """What the version in use makes of the data and the new one does not."""
        if (after.limit or traced(after.stderr)) and not (before.limit or traced(before.stderr)):
            said = after.limit or after.stderr.strip().splitlines()[-1]
            return f"it cannot work with data of the version in use: {said[:SHOWN_CHARACTERS]}"
        if self.changed:
            return None
        said = (after.stderr.strip() or after.stdout.strip())[-SHOWN_CHARACTERS:] or "nothing"
        if after.exit_code != before.exit_code:
            return f"on data of the version in use the exit code is {after.exit_code}, not {before.exit_code}; it said: {said}"
        for text in step.output:
            if text in before.stdout and text not in after.stdout:
                return f"“{text}” is in the data of the version in use, and not in what the new version prints: {said}"
        return None

    async def of_service(self) -> Seen | None:
        """None if the example changes nothing. The new version answers what was read after the last change."""
        self.log.append(f"# {self.example.says}")
        reads = reads_after_changes(self.example)
        if all(step.method == "GET" for step in self.example.requests):
            self.log.append("(changes nothing)")
            return None
        try:
            async with self._app(PREVIOUS).running() as (exchange, _):
                problem = await request_problem(self.example.requests, exchange)
        except DidNotStart as error:
            raise CheckImpossible(f"the version in use does not start: {error}") from error
        if problem:
            self.log.append("(not as the version in use was specified; not compared)")
            return None
        try:
            async with self._app(".").running() as (exchange, log_path):
                lost = await self._unlike(reads, exchange)
                self.log.extend(exchange.log)
        except DidNotStart as error:
            found = start_finding(CheckName.upgrade, error, self.architecture, self.stack)
            return Seen(1, [found.model_copy(update={"message": f"on data of the version in use {found.message}"})])
        if lost is None:
            return Seen(1 + len(reads))
        return Seen(1 + len(reads), [self._finding(lost[1], lost[0], log_path.read_text(errors="replace"))])

    async def _unlike(self, reads: Sequence[RequestStep], exchange: Exchange) -> tuple[str, str] | None:
        if not self.changed:
            problem = await request_problem(reads, exchange)
            return (problem[0], f"on data of the version in use {problem[1]}") if problem else None
        for step in reads:
            answer = await exchange.call(step.method, step.path)
            if answer.status >= 500 or not answer.status:
                return f"GET {step.path}", f"it cannot work with data of the version in use: it answers {answer.status or 'nothing'}"
        return None

    def _app(self, folder: str) -> AppUnderTest:
        up = "../" if folder == PREVIOUS else ""
        environment = (*self.stack.trial_environment, ("APP_DATA_DIR", f"{up}{KEPT}"))
        stack = replace(self.stack, serve_argv=in_folder(folder, self.stack.serve_argv), trial_environment=environment)
        return AppUnderTest(self.workspace, stack, self.toolchain, limits=self.limits)

    def _finding(self, problem: str, request: str, printed: str) -> Finding:
        found = example_finding(f"{self.example.says.rstrip('.')}: {problem}", request, printed, self.architecture, self.stack)
        return found.model_copy(update={"check": CheckName.upgrade, "severity": Severity.blocker})
