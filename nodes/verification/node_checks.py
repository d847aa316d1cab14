"""Check an app for Node.js inside the sandbox: does every file parse, and what do its own tests report."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from nodes.artifacts import Architecture, CheckName, Finding, Severity
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Command, Sandbox
from nodes.verification.code_checks import TestsDidNotRun
from nodes.verification.node_tests import TEST_FILE, NodeReport, NodeTest, run_node_tests
from nodes.verification.node_toolchain import NODE_LIMITS
from nodes.verification.observed import CheckImpossible, Observed, counted

SOURCE_SUFFIXES = (".ts", ".mts", ".js", ".mjs", ".cjs")
_PARSER = ".checks/parse.mjs"
_PARSE = ("node", "--experimental-vm-modules", "--no-warnings", _PARSER)
_PLACE = re.compile(r"/sandbox/((?:app|tests)/[\w/.-]+):(\d+)")
_DECLARED = re.compile(r"^(?:test|it)\(\s*([\"'])([^\"'`\\\n]+)\1", re.MULTILINE)
"""Tests at the top of a file, which nothing stands before; those in suites may be skipped with them."""
_SAID = re.compile(r"^(\w*Error(?: \[\w+\])?: .*)$", re.MULTILINE)


async def check_node_compiles(files: Mapping[str, bytes], architecture: Architecture, sandbox: Sandbox, node: Path) -> Observed:
    """Whether Node could run every file. Types are left out, not checked."""
    sources = sorted(path for path in files if path.endswith(SOURCE_SUFFIXES))
    laid = {**files, _PARSER: Path(__file__).with_name("node_parse.mjs").read_bytes()}
    result = await sandbox.run(Command(argv=(*_PARSE, *sources), files=laid, toolchain=node, limits=NODE_LIMITS))
    if result.limit or result.exit_code:
        raise CheckImpossible(f"node could not run: {result.limit or result.stderr.strip()[-300:]}")
    findings = []
    for path, _, said in (part.partition("\n") for part in re.split(r"^=== ", result.stdout, flags=re.MULTILINE)[1:]):
        problem, place = _SAID.search(said), re.search(rf"^(?:{re.escape(path)})?:(\d+)$", said, re.MULTILINE)
        message = f"does not parse: {problem[1] if problem else said.strip()[-300:]}"
        findings.append(_finding(CheckName.compile, Severity.blocker, message, path, int(place[1]) if place else None, architecture))
    return Observed(counted(len(sources), "file"), findings, {"files": len(sources)}, result.stdout, sound="no syntax error")


async def check_node_tests(files: Mapping[str, bytes], architecture: Architecture, sandbox: Sandbox, node: Path) -> Observed:
    """`node --test`. In each file every test it declares has to run, and one at least to pass."""
    if not any(TEST_FILE.fullmatch(path) for path in files):
        return Observed("no tests", [_blocker("there is no test: add tests/*.test.ts")])
    try:
        run = await run_node_tests(files, sandbox, node)
    except TestsDidNotRun as problem:
        return Observed("the tests did not run", [_blocker(problem.reason)], log=problem.log)
    cases = [(path, case) for path, own in run.tests.items() for case in own]
    counts = Counter(case.outcome for _, case in cases if not case.suite)
    findings = [_test_finding(path, case, architecture) for path, case in cases if case.outcome == "failed"]
    findings += [_finding(CheckName.tests, severity, message, path, None, architecture) for path, severity, message in _not_run(files, run)]
    if run.exit_code and not findings:
        findings.append(_blocker(f"node ended with {run.exit_code} although no test failed: {run.log[-600:]}"))
    passed, skipped = counts["passed"], counts["skipped"] + counts["todo"]
    numbers = {"passed": passed, "failed": counts["failed"], "skipped": skipped}
    sound = f"{passed} passed, {skipped} skipped" if skipped else "all passed"
    return Observed(counted(counts.total(), "test"), findings, numbers, run.log, sound)


def _not_run(files: Mapping[str, bytes], run: NodeReport) -> Iterator[tuple[str, Severity, str]]:
    """Files of tests that promise more than was seen to hold, each with what is missing."""
    for path, cases in run.tests.items():
        if path in run.untrue:
            cause = "something ends the process before its tests are done, or changes node:test or node:assert"
            yield path, Severity.blocker, f"its report is not what happened: {run.untrue[path]}; {cause}"
            continue
        if any(case.outcome == "failed" for case in cases):
            continue  # says enough, and may be why others are missing
        if not any(case.outcome == "passed" and not case.suite for case in cases):
            yield path, Severity.major, "there is no test in it that passes"
        names = {case.name for case in cases}
        for _, name in _DECLARED.findall(files[path].decode(errors="replace")):
            if name not in names:
                yield path, Severity.major, f"{name} is in the file but was not run"


def _test_finding(path: str, case: NodeTest, architecture: Architecture) -> Finding:
    """The component is that of the app's file first named in the trace, or else of the test."""
    places = [(place, int(line)) for place, line in _PLACE.findall(case.trace)]
    place, line = next((place for place in places if place[0].startswith("app/")), places[0] if places else (path, None))
    said = _SAID.search(case.trace)
    message = said[1] if case.name == path and said else case.message.strip() or case.trace[-400:]
    return _finding(CheckName.tests, Severity.major, f"{case.name}: {message[:400]}", place, line, architecture)


def _finding(check: CheckName, severity: Severity, message: str, path: str, line: int | None, architecture: Architecture) -> Finding:
    owner = owner_of(architecture, path)
    return Finding(check=check, severity=severity, message=message, file=path, line=line, component=owner.name if owner else None)


def _blocker(message: str) -> Finding:
    return Finding(check=CheckName.tests, severity=Severity.blocker, message=message)
