"""Run the tests of an app for Node.js inside the sandbox, and read what became of each. Judges only whether the report can be true."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nodes.sandbox.protocol import Command, Sandbox
from nodes.verification.code_checks import TestsDidNotRun
from nodes.verification.node_control_tests import node_control_tests
from nodes.verification.node_toolchain import NODE_LIMITS

TEST_FILE = re.compile(r"tests/(?:.*/)?[^/]+\.test\.(?:ts|mts|js|mjs)")
TEST_LIMITS = replace(NODE_LIMITS, wall_seconds=180, cpu_seconds=180, processes=200, output_bytes=16 * 1024 * 1024)
"""Node starts a process for each file of tests, and threads in each."""

REPORTER = Path(__file__).with_name("node_reporter.mjs")
_LAID = ".tests/report.mjs"
_SHOWN_TRACE = 2000


class NodeTest(BaseModel):
    """What the reporter says of one test, suite, or file that ended early. `as_written`: it did not fail, whatever it is marked as.

    `only_inside`: it failed because a test in it did, which is told by itself.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    file: str
    outcome: Literal["passed", "failed", "skipped", "todo"]
    as_written: bool
    suite: bool
    only_inside: bool
    message: str
    trace: str


class _Said(BaseModel):
    """What a file of tests printed."""

    file: str
    said: str


@dataclass(frozen=True)
class NodeReport:
    """The app's own tests by file, in the order they ran, and for each file whose report cannot be true the reason.

    `exit_code` is that of a run with only those.
    """

    tests: Mapping[str, tuple[NodeTest, ...]]
    untrue: Mapping[str, str]
    exit_code: int
    log: str


async def run_node_tests(files: Mapping[str, bytes], sandbox: Sandbox, node: Path) -> NodeReport:
    """`node --test` of every file of tests, of which there is one at least. Raises `TestsDidNotRun`."""
    controls = {path: node_control_tests() for path in sorted(files) if TEST_FILE.fullmatch(path)}
    extended = {path: files[path] + control.source.encode() for path, control in controls.items()}
    argv = ("node", "--test", f"--test-reporter=./{_LAID}", *controls)
    laid = {**files, **extended, _LAID: REPORTER.read_bytes()}
    result = await sandbox.run(Command(argv=argv, files=laid, toolchain=node, limits=TEST_LIMITS))
    if result.limit:
        raise TestsDidNotRun(f"the tests were stopped: {result.limit}", result.stdout + result.stderr)
    try:
        reported, said = _read(result.stdout)
    except ValidationError as error:
        log = f"{result.stdout}\n{result.stderr}".strip()
        raise TestsDidNotRun(f"node ended with {result.exit_code}: {log[-600:]}", log) from error
    ours = {name: path for path, control in controls.items() for name in control.fails}
    tests: dict[str, tuple[NodeTest, ...]] = dict.fromkeys(controls, ())
    for path, case in _with_file(reported, ours):
        if not case.only_inside and not (case.name == path and case.as_written):
            tests[path] += (case.model_copy(update={"trace": said.get(path, "")}) if case.name == path else case,)
    passed = {case.name: case.as_written for case in reported if case.name in ours}
    untrue = {
        path: reason
        for path, control in controls.items()
        if not any(case.outcome == "failed" for case in tests[path])  # what says that it fails is believed
        and (reason := control.contradict({name: passed[name] for name in control.fails if name in passed}))
    }
    return NodeReport(tests, untrue, result.exit_code, _log(tests, said, result.stderr))


def _read(printed: str) -> tuple[list[NodeTest], dict[str, str]]:
    """The tests, and what each file printed. Raises `ValidationError`."""
    reported: list[NodeTest] = []
    said: dict[str, str] = {}
    for line in printed.splitlines():
        if line.startswith('{"file"'):
            part = _Said.model_validate_json(line)
            path = part.file.removeprefix("/sandbox/")
            said[path] = said.get(path, "") + part.said
        else:
            reported.append(NodeTest.model_validate_json(line))
    return reported, said


def _with_file(reported: list[NodeTest], ours: Mapping[str, str]) -> Iterator[tuple[str, NodeTest]]:
    """The app's tests. Node tells them file by file, ours last: what a helper declares belongs to the file whose tests end behind it."""
    files, waiting = set(ours.values()), list[NodeTest]()
    for case in reported:
        place = case.file.removeprefix("/sandbox/")
        if case.name in ours:
            yield from ((ours[case.name], other) for other in waiting)
            waiting.clear()
        elif place in files:
            yield place, case
        else:
            waiting.append(case)


def _log(tests: Mapping[str, tuple[NodeTest, ...]], said: Mapping[str, str], stderr: str) -> str:
    lines = []
    for path, cases in tests.items():
        lines += [f"# {path}", *(f"{case.outcome}: {case.name}" for case in cases if not case.suite)]
        lines += [case.trace[:_SHOWN_TRACE] or case.message for case in cases if case.outcome == "failed"]
        lines += [said[path]] if path in said else []
    return "\n".join([*lines, stderr]).strip()
