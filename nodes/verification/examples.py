"""Carry out the examples of a program's specification, call by call, from outside: what it prints and how it ends are the evidence."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from nodes.artifacts import AppSpec, Architecture, CheckName, CommandStep, Component, Example, Finding, Severity
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Command, ExecResult, Sandbox, SandboxLimits, Workspace
from nodes.stack import StackProfile
from nodes.verification.observed import Observed, counted

LIMITS = SandboxLimits(wall_seconds=20, cpu_seconds=20)
"""One call of a program a person waits for."""

_TYPED = ".typed"
_WITH_INPUT = ("sh", "-c", f'exec "$@" < {_TYPED}', "sh")
_TRACE_PLACE = re.compile(r'File "/sandbox/(app/[^"]+\.py)", line (\d+)')
_SHOWN_CHARACTERS = 300


async def check_examples(
    files: Mapping[str, bytes], spec: AppSpec, architecture: Architecture, stack: StackProfile, sandbox: Sandbox, toolchain: Path
) -> Observed:
    """Each example starts with a folder that holds the app and nothing else, and goes on until a call is not as shown."""
    findings: list[Finding] = []
    log: list[str] = []
    for example in spec.examples:
        async with sandbox.workspace(files, LIMITS) as workspace:
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
        result = await workspace.run(Command(argv=argv, files={_TYPED: step.typed.encode()}, toolchain=toolchain, limits=LIMITS))
        shown = shlex.join((*stack.run_argv, *step.arguments))
        log.append(f"$ {shown}\n{result.stdout}{result.stderr}(exit code {result.exit_code})")
        if problem := _problem(step, result):
            return [_finding(f"{example.says.rstrip('.')}: {problem}", shown, result, architecture, stack)]
    return []


def _problem(step: CommandStep, result: ExecResult) -> str | None:
    """What is not as the example shows."""
    if result.limit:
        return f"the program was stopped: {result.limit}"
    if result.exit_code != step.exit_code:
        said = result.stderr.strip() or result.stdout.strip()
        return f"the exit code is {result.exit_code}, not {step.exit_code}; it said: {said[-_SHOWN_CHARACTERS:] or 'nothing'}"
    for wanted in step.output:
        if wanted not in result.stdout:
            return f"“{wanted}” is not in what it printed: {result.stdout.strip()[:_SHOWN_CHARACTERS] or 'nothing'}"
    if _TRACE_PLACE.search(result.stderr):
        return f"it ended with a traceback: {result.stderr.strip().splitlines()[-1][:_SHOWN_CHARACTERS]}"
    return None


def _finding(message: str, request: str, result: ExecResult, architecture: Architecture, stack: StackProfile) -> Finding:
    """Located by the last of the app's files in the trace, if there is one; else whoever wrote the beginning looks into it."""
    places = [(path, int(line)) for path, line in _TRACE_PLACE.findall(result.stderr)]
    path, line = places[-1] if places else (None, None)
    owner: Component | None = owner_of(architecture, path) if path else None
    owner = owner or owner_of(architecture, stack.main_file)
    return Finding(
        check=CheckName.examples,
        severity=Severity.major,
        message=message,
        file=path,
        line=line,
        request=request,
        component=owner.name if owner else None,
    )
