"""Carry out the examples of a program's specification, call by call, from outside: what it prints and how it ends are the evidence."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from nodes.artifacts import AppSpec, Architecture, CheckName, CommandStep, Example, Finding, RequestStep, Severity
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Command, ExecResult, Sandbox, SandboxLimits, Workspace
from nodes.stack import StackProfile, Toolchain
from nodes.verification.exchange import Exchange
from nodes.verification.observed import Observed, counted
from nodes.verification.running_app import AppUnderTest, DidNotStart

LIMITS = SandboxLimits(wall_seconds=20, cpu_seconds=20)
"""One call of a program a person waits for."""

TYPED = ".typed"
_WITH_INPUT = ("sh", "-c", f'exec "$@" < {TYPED}', "sh")
_FIRST_MISSING = (
    "sh",
    "-c",
    'for path; do if [ ! -f "$path" ]; then printf "%s\\n" "$path"; find "${path%%/*}" -type f | sort | head -n 20; exit; fi; done',
    "sh",
)
_TRACE_PLACE = re.compile(r"/sandbox/(app/[\w/.-]+\.\w+)(?:\", line |:)(\d+)")
"""As Python and as Node write it."""

_ERROR = re.compile(r"^\w*Error(?: \[\w+\])?: .{1,300}", re.MULTILINE)
SHOWN_CHARACTERS = 300


async def check_examples(
    files: Mapping[str, bytes], spec: AppSpec, architecture: Architecture, stack: StackProfile, sandbox: Sandbox, toolchain: Path
) -> Observed:
    """Each example starts with a folder that holds the app and its own files, and goes on until a call is not as shown."""
    findings: list[Finding] = []
    log: list[str] = []
    for example in spec.examples:
        given = {file.path: file.content.encode() for file in example.files}
        async with sandbox.workspace({**given, **files}, LIMITS) as workspace:
            findings += await _carried_out(example, workspace, architecture, stack, toolchain, log)
    calls = sum(len(example.commands) for example in spec.examples)
    subject = f"{counted(len(spec.examples), 'example')}, {counted(calls, 'call')}"
    return Observed(subject, findings, {"examples": len(spec.examples), "calls": calls}, "\n".join(log), sound="all as specified")


async def _carried_out(
    example: Example, workspace: Workspace, architecture: Architecture, stack: StackProfile, toolchain: Path, log: list[str]
) -> list[Finding]:
    log.append(f"# {example.says}")
    for step in example.commands:
        argv = (*_WITH_INPUT, *stack.run_argv, *step.arguments)
        result = await workspace.run(Command(argv=argv, files={TYPED: step.typed.encode()}, toolchain=toolchain, limits=LIMITS))
        shown = shlex.join((*stack.run_argv, *step.arguments))
        log.append(f"$ {shown}\n{result.stdout}{result.stderr}(exit code {result.exit_code})")
        if problem := command_problem(step, result) or await _missing(step, workspace):
            return [example_finding(f"{example.says.rstrip('.')}: {problem}", shown, result.stderr, architecture, stack)]
    return []


async def _missing(step: CommandStep, workspace: Workspace) -> str | None:
    """The first file that the call should have left and did not, with what lies beside."""
    looked = await workspace.run(Command(argv=(*_FIRST_MISSING, *step.leaves), limits=LIMITS)) if step.leaves else None
    if looked is None or not looked.stdout:
        return None
    path, *there = looked.stdout.splitlines()
    return f"afterwards there is no file {path}; there is {', '.join(there)[:SHOWN_CHARACTERS] or 'nothing'}"


def command_problem(step: CommandStep, result: ExecResult) -> str | None:
    """What is not as the example shows."""
    if result.limit:
        return f"the program was stopped: {result.limit}"
    if result.exit_code != step.exit_code:
        said = result.stderr.strip() or result.stdout.strip()
        return f"the exit code is {result.exit_code}, not {step.exit_code}; it said: {said[-SHOWN_CHARACTERS:] or 'nothing'}"
    for wanted in step.output:
        if wanted not in result.stdout:
            return f"“{wanted}” is not in what it printed: {result.stdout.strip()[:SHOWN_CHARACTERS] or 'nothing'}"
    if traced(result.stderr):
        return f"it ended with a traceback: {result.stderr.strip().splitlines()[-1][:SHOWN_CHARACTERS]}"
    return None


def traced(printed: str) -> bool:
    """Whether a failure inside the app was printed."""
    return _TRACE_PLACE.search(printed) is not None


async def check_requests(
    app: AppUnderTest, files: Mapping[str, bytes], spec: AppSpec, architecture: Architecture, sandbox: Sandbox
) -> Observed:
    """Each example asks a service that has just been started on an empty folder.

    Then the service is stopped and started again, and what was read after the last change has to be there still.
    """
    findings: list[Finding] = []
    log: list[str] = []
    again = 0
    for example in spec.examples:
        log.append(f"# {example.says}")
        async with sandbox.workspace(files, app.limits) as workspace:
            trial = replace(app, workspace=workspace)
            reads = reads_after_changes(example)
            found = await _asked(example, example.requests, trial, architecture, log)
            if not found and reads:
                log.append("(started again)")
                again += len(reads)
                found = await _asked(example, reads, trial, architecture, log, "after a restart, ")
            findings += found
    calls = sum(len(example.requests) for example in spec.examples)
    subject = f"{counted(len(spec.examples), 'example')}, {counted(calls, 'request')}, {again} of them again after a restart"
    numbers = {"examples": len(spec.examples), "requests": calls, "after_restart": again}
    return Observed(subject, findings, numbers, "\n".join(log), sound="all as specified")


def reads_after_changes(example: Example) -> tuple[RequestStep, ...]:
    """What shows that something was kept; not where `:id` would mean something else by then."""
    changes = [index for index, step in enumerate(example.requests) if step.method != "GET"]
    reads = example.requests[changes[-1] + 1 :] if changes else ()
    return tuple(step for step in reads if ":id" not in step.path)


async def _asked(
    example: Example, steps: Sequence[RequestStep], app: AppUnderTest, architecture: Architecture, log: list[str], when: str = ""
) -> list[Finding]:
    try:
        async with app.running() as (exchange, log_path):
            problem = await request_problem(steps, exchange)
            log += exchange.log
    except DidNotStart as error:
        return [start_finding(CheckName.examples, error, architecture, app.stack)]
    if problem is None:
        return []
    printed = log_path.read_text(errors="replace")
    log.append(printed)
    return [example_finding(f"{example.says.rstrip('.')}: {when}{problem[1]}", problem[0], printed, architecture, app.stack)]


async def request_problem(steps: Sequence[RequestStep], exchange: Exchange) -> tuple[str, str] | None:
    """The request that is not answered as shown, and how it is."""
    known = ":id"
    for step in steps:
        path = step.path.replace(":id", known)
        answer = await exchange.call(step.method, path, body=json.loads(step.body) if step.body else None)
        request = f"{step.method} {path} {step.body}".strip()
        if answer.status != step.status:
            return request, f"it answers {answer.status or 'nothing'}, not {step.status}: {answer.text.strip()[:SHOWN_CHARACTERS]}"
        for wanted in step.output:
            if wanted not in answer.text:
                return request, f"“{wanted}” is not in the answer: {answer.text.strip()[:SHOWN_CHARACTERS]}"
        known = quote(str(answer.object.get("id", known)), safe="")
    return None


def start_finding(check: CheckName, problem: DidNotStart, architecture: Architecture, stack: StackProfile) -> Finding:
    """A service that does not start, located as `example_finding` does."""
    error = _ERROR.search(problem.log)
    found = example_finding(
        f"it does not start: {error[0]}" if error else str(problem), f"GET {stack.health_path}", problem.log, architecture, stack
    )
    return found.model_copy(update={"check": check, "severity": Severity.blocker})


def example_finding(message: str, request: str, printed: str, architecture: Architecture, stack: StackProfile) -> Finding:
    """Located by the last of the app's files in a trace, if there is one; else whoever wrote the beginning looks into it."""
    places = [(path, int(line)) for path, line in _TRACE_PLACE.findall(printed)]
    path, line = places[-1] if stack.toolchain is Toolchain.python and places else places[0] if places else (None, None)
    owner = (owner_of(architecture, path) if path else None) or owner_of(architecture, stack.main_file)
    return Finding(
        check=CheckName.examples,
        severity=Severity.major,
        message=message,
        file=path,
        line=line,
        request=request,
        component=owner.name if owner else None,
    )
