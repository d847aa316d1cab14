"""Check an app for Node.js inside the sandbox: does every file parse, and what do its own tests report."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from nodes.artifacts import Architecture, CheckName, Finding, Severity
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Command, Sandbox
from nodes.verification.node_toolchain import NODE_LIMITS
from nodes.verification.observed import CheckImpossible, Observed, counted

SOURCE_SUFFIXES = (".ts", ".mts", ".js", ".mjs", ".cjs")
TEST_LIMITS = replace(NODE_LIMITS, wall_seconds=180, cpu_seconds=180, processes=200)
"""Node starts a process for each file of tests, and threads in each."""

_CHECK_EACH = ("sh", "-c", 'for file; do node --check "$file" 2>.said || { echo "=== $file"; cat .said; }; done', "sh")
_REPORT = "/tmp/junit.xml"  # noqa: S108 - inside the sandbox, where /tmp is its own
_PLACE = re.compile(r"/sandbox/((?:app|tests)/[\w/.-]+):(\d+)")
_SAID = re.compile(r"^(\w*Error(?: \[\w+\])?: .*)$", re.MULTILINE)


async def check_node_compiles(files: Mapping[str, bytes], architecture: Architecture, sandbox: Sandbox, node: Path) -> Observed:
    """`node --check` of every file. Types are left out, not checked."""
    sources = sorted(path for path in files if path.endswith(SOURCE_SUFFIXES))
    result = await sandbox.run(Command(argv=(*_CHECK_EACH, *sources), files=files, toolchain=node, limits=NODE_LIMITS))
    if result.limit or result.exit_code not in (0, 1):
        raise CheckImpossible(f"node could not run: {result.limit or result.stderr.strip()[-300:]}")
    findings = []
    for path, _, said in (part.partition("\n") for part in result.stdout.split("=== ")[1:]):
        problem, place = _SAID.search(said), re.search(rf"{re.escape(path)}:(\d+)", said)
        message = f"does not parse: {problem[1] if problem else said.strip()[-300:]}"
        findings.append(_finding(CheckName.compile, Severity.blocker, message, path, int(place[1]) if place else None, architecture))
    return Observed(counted(len(sources), "file"), findings, {"files": len(sources)}, result.stdout, sound="no syntax error")


async def check_node_tests(files: Mapping[str, bytes], architecture: Architecture, sandbox: Sandbox, node: Path) -> Observed:
    """`node --test`. What an app's code could make its own tests say, the examples, called from outside, do not take its word for."""
    tests = sorted(path for path in files if re.fullmatch(r"tests/(?:.*/)?[^/]+\.test\.(?:ts|mts|js|mjs)", path))
    if not tests:
        return Observed("no tests", [_blocker("there is no test: add tests/*.test.ts")])
    reporting = ("--test-reporter=junit", f"--test-reporter-destination={_REPORT}")
    async with sandbox.workspace(files, TEST_LIMITS) as workspace:
        result = await workspace.run(Command(argv=("node", "--test", *reporting, *tests), toolchain=node, limits=TEST_LIMITS))
        report = await workspace.run(Command(argv=("cat", _REPORT)))
    log = f"{report.stdout}\n{result.stdout}\n{result.stderr}".strip()
    if result.limit:
        return Observed("the tests did not run", [_blocker(f"the tests were stopped: {result.limit}")], log=log)
    try:
        cases = list(ET.fromstring(report.stdout).iter("testcase"))  # noqa: S314 - capped in size, and expat ≥ 2.4.1 refuses entities that explode
    except ET.ParseError:
        return Observed("the tests did not run", [_blocker(f"node ended with {result.exit_code}: {log[-600:]}")], log=log)
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    passed = len(cases) - len(failed) - skipped
    findings = [_test_finding(case, architecture) for case in failed]
    if not findings and not passed:
        findings.append(_blocker("there is no test that passes"))
    if not findings and result.exit_code:
        findings.append(_blocker(f"node ended with {result.exit_code} although no test failed: {log[-600:]}"))
    numbers = {"passed": passed, "failed": len(failed), "skipped": skipped}
    return Observed(
        counted(len(cases), "test"), findings, numbers, log, "all passed" if not skipped else f"{passed} passed, {skipped} skipped"
    )


def _test_finding(case: ET.Element, architecture: Architecture) -> Finding:
    """The component is that of the app's file first named in the trace, or else of the test."""
    problem = case.find("failure")
    problem = case.find("error") if problem is None else problem
    trace = (problem.text or "") if problem is not None else ""
    said = (problem.get("message") or "").strip() if problem is not None else ""
    test = (case.get("file") or "").removeprefix("/sandbox/")
    places = [(path, int(line)) for path, line in _PLACE.findall(trace)]
    path, line = next((place for place in places if place[0].startswith("app/")), places[0] if places else (test, None))
    return _finding(CheckName.tests, Severity.major, f"{case.get('name')}: {said[:400] or trace[-400:]}", path, line, architecture)


def _finding(check: CheckName, severity: Severity, message: str, path: str, line: int | None, architecture: Architecture) -> Finding:
    owner = owner_of(architecture, path)
    return Finding(check=check, severity=severity, message=message, file=path, line=line, component=owner.name if owner else None)


def _blocker(message: str) -> Finding:
    return Finding(check=CheckName.tests, severity=Severity.blocker, message=message)
