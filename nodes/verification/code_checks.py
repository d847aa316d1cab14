"""Run the app's linter and its own tests inside the sandbox, and read what they report."""

import ast
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from nodes.artifacts import Architecture, CheckName, Finding, Severity
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Command, Sandbox, SandboxLimits
from nodes.stack import StackProfile
from nodes.verification.control_tests import control_tests
from nodes.verification.observed import CheckImpossible, Observed, counted

TEST_LIMITS = SandboxLimits(wall_seconds=180, cpu_seconds=180)
_REPORT = "/tmp/junit.xml"  # noqa: S108 - inside the sandbox, where /tmp is its own
_REPORT_LIMITS = SandboxLimits(output_bytes=16 * 1024 * 1024)
_PLACE = re.compile(r"^((?:app|tests)/[\w/.-]+\.py):(\d+)", re.MULTILINE)


async def check_lint(files: Mapping[str, bytes], architecture: Architecture, sandbox: Sandbox, toolchain: Path) -> Observed:
    """Ruff with the app's own settings."""
    command = Command(
        argv=("ruff", "check", "--no-cache", "--output-format", "json", "."),
        files={path: content for path, content in files.items() if path.endswith((".py", ".toml"))},
        toolchain=toolchain,
        limits=SandboxLimits(output_bytes=8 * 1024 * 1024),
    )
    result = await sandbox.run(command)
    if result.exit_code not in (0, 1) or result.limit:
        raise CheckImpossible(f"ruff could not run: {result.limit or result.stderr.strip()[-300:]}")
    findings = [_lint_finding(problem, architecture) for problem in json.loads(result.stdout)]
    number = sum(path.endswith(".py") for path in files)
    return Observed(
        counted(number, "Python file"), findings, {"python_files": number}, result.stderr, sound="nothing found" if number else ""
    )


def _lint_finding(problem: dict[str, object], architecture: Architecture) -> Finding:
    path = str(problem["filename"]).removeprefix("/sandbox/")
    location, owner = problem["location"], owner_of(architecture, path)
    line = location.get("row") if isinstance(location, dict) else None
    # A name that does not exist fails when its line runs; everything else is a matter of tidiness.
    severity = Severity.major if problem["code"] in ("F821", "F822", "F823", None) else Severity.minor
    message = f"{problem['code'] or 'syntax'}: {problem['message']}"
    return Finding(check=CheckName.lint, severity=severity, message=message, file=path, line=line, component=owner.name if owner else None)


async def check_tests(
    files: Mapping[str, bytes], architecture: Architecture, stack: StackProfile, sandbox: Sandbox, toolchain: Path
) -> Observed:
    """The app's own tests. Its code could forge their report, so every test its files declare has to be in it."""
    try:
        run = await run_tests(files, stack, sandbox, toolchain)
    except TestsDidNotRun as problem:
        return Observed("the tests did not run", [_blocker(problem.reason)], log=problem.log)
    cases, log = run.elements, run.log
    counts = Counter(_outcome(case) for case in cases)
    findings = [_test_finding(case, architecture) for case in cases if _outcome(case) in ("failed", "errors")]
    findings += [_missing_test(path, name, architecture) for path, name in sorted(_declared(files) - _reported(cases))]
    if not counts["passed"] and not findings:
        findings.append(_blocker("there is no test that passes"))
    if run.exit_code and not findings:
        findings.append(_blocker(f"pytest ended with {run.exit_code} although no test failed: {log[-600:]}"))
    numbers = {name: counts[name] for name in ("passed", "failed", "errors", "skipped")}
    sound = "all passed" if not counts["skipped"] else f"{counts['passed']} passed, {counts['skipped']} skipped"
    return Observed(counted(len(cases), "test"), findings, numbers, log, sound)


class TestsDidNotRun(Exception):
    """There is no report of the tests; `reason` says what came instead."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(reason)
        self.reason, self.log = reason, log


@dataclass(frozen=True)
class ReportedTest:
    """One test: where it is, and what it said if it failed."""

    path: str
    name: str
    failed: bool
    message: str


@dataclass(frozen=True)
class ReportedTests:
    """What pytest reported of the app's tests; `exit_code` is that of a run with only those."""

    elements: list[ET.Element]
    exit_code: int
    log: str

    @property
    def cases(self) -> list[ReportedTest]:
        """Every test, in the order it ran."""
        return [
            ReportedTest(case.get("file") or "", case.get("name") or "", _outcome(case) in ("failed", "errors"), _said(case))
            for case in self.elements
        ]


async def run_tests(files: Mapping[str, bytes], stack: StackProfile, sandbox: Sandbox, toolchain: Path, *options: str) -> ReportedTests:
    """Run an app's tests in the sandbox, with more `options` of pytest. Raises `TestsDidNotRun`, also for a forged report."""
    controls = control_tests()
    async with sandbox.workspace({**files, **controls.files}, TEST_LIMITS) as workspace:
        argv = (*stack.test_argv, *options, f"--junit-xml={_REPORT}", "-o", "junit_family=xunit1")
        result = await workspace.run(Command(argv=argv, toolchain=toolchain, limits=TEST_LIMITS))
        report = await workspace.run(Command(argv=("cat", _REPORT), limits=_REPORT_LIMITS))
    log = controls.without(f"{result.stdout}\n{result.stderr}".strip())
    if result.limit:
        raise TestsDidNotRun(f"the tests were stopped: {result.limit}", log)
    try:
        cases = list(ET.fromstring(report.stdout).iter("testcase"))  # noqa: S314 - capped in size, and expat ≥ 2.4.1 refuses entities that explode
    except ET.ParseError as error:
        raise TestsDidNotRun(f"pytest ended with {result.exit_code}: {log[-600:]}", log) from error
    ours = {case.get("name") or "": _outcome(case) for case in cases if case.get("file") == controls.path}
    if reason := controls.contradict(ours, result.exit_code or 0):
        raise TestsDidNotRun(reason, log)
    theirs = [case for case in cases if case.get("file") != controls.path]
    green = result.exit_code == 1 and all(_outcome(case) in ("passed", "skipped") for case in theirs)
    return ReportedTests(theirs, 0 if green else result.exit_code, log)


def _said(case: ET.Element) -> str:
    problem = case.find("failure")
    if problem is None:
        problem = case.find("error")
    return (problem.get("message", "") if problem is not None else "").strip()[:400]


def _outcome(case: ET.Element) -> str:
    for tag, outcome in (("error", "errors"), ("failure", "failed"), ("skipped", "skipped")):
        if case.find(tag) is not None:
            return outcome
    return "passed"


def _test_finding(case: ET.Element, architecture: Architecture) -> Finding:
    """The place is where it failed; the component is that of the app's file in which it broke, or else of the test."""
    problem = case.find("failure")
    if problem is None:
        problem = case.find("error")
    trace = (problem.text or "") if problem is not None else ""
    message = (problem.get("message", "") if problem is not None else "").strip()
    places = [(path, int(line)) for path, line in _PLACE.findall(trace)]
    path, line = places[-1] if places else (case.get("file") or None, None)
    tested, passed = case.get("file") or "", [place for place, _ in reversed(places)]
    # Where the app itself broke, its part is to blame, whoever's test ran into it; else the part that is tested.
    candidates = [*passed, tested] if path and path.startswith("app/") else [tested, *passed]
    owner = next((owner for candidate in candidates if (owner := owner_of(architecture, candidate))), None)
    return Finding(
        check=CheckName.tests,
        severity=Severity.major,
        message=f"{case.get('name')}: {message[:400] or trace[-400:]}",
        file=path,
        line=line,
        component=owner.name if owner else None,
    )


def _missing_test(path: str, name: str, architecture: Architecture) -> Finding:
    owner = owner_of(architecture, path)
    return Finding(
        check=CheckName.tests,
        severity=Severity.major,
        message=f"{name} is in the file but was not run",
        file=path,
        component=owner.name if owner else None,
    )


def _blocker(message: str) -> Finding:
    return Finding(check=CheckName.tests, severity=Severity.blocker, message=message)


def _declared(files: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Test functions at the top of test files, as (path, name)."""
    return {
        (path, node.name)
        for path, content in files.items()
        if re.fullmatch(r"tests/(?:.*/)?test_[^/]*\.py", path)
        for node in ast.parse(content).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def _reported(cases: list[ET.Element]) -> set[tuple[str, str]]:
    return {(case.get("file") or "", (case.get("name") or "").split("[")[0]) for case in cases}
