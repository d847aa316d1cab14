"""Run the tests of the version in use against the new one: they still pass, except where a change was asked for.

A test may fail only if it is about a record that a change names, or about one that is related to it. Those are listed.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from nodes.artifacts import ACCOUNT, AppSpec, Architecture, CheckName, Finding, Severity
from nodes.context import Delivered
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Sandbox
from nodes.stack import StackProfile
from nodes.verification.code_checks import TestsDidNotRun, run_tests
from nodes.verification.observed import Observed, counted

_TEST_FILE = re.compile(r"tests/(?:.*/)?test_[^/]*\.py")


async def check_regression(
    files: Mapping[str, bytes],
    architecture: Architecture,
    delivered: Delivered,
    *,
    stack: StackProfile,
    sandbox: Sandbox,
    toolchain: Path,
) -> Observed:
    """The old tests with the new version's helpers, which know how its records are made."""
    old_tests = {path: text.encode() for path, text in delivered.files.items() if _TEST_FILE.fullmatch(path)}
    app = {path: content for path, content in files.items() if not _TEST_FILE.fullmatch(path)}
    try:
        run = await run_tests(app | old_tests, stack, sandbox, toolchain, "--continue-on-collection-errors")
    except TestsDidNotRun as problem:
        finding = Finding(check=CheckName.regression, severity=Severity.blocker, message=f"{problem.reason} (tests of the version in use)")
        return Observed("the old tests did not run", [finding], log=problem.log)
    failed = [case for case in run.cases if case.failed]
    removed = [case for case in failed if is_about_a_change(case.path, delivered)]
    findings = [_finding(case.path, case.name, case.message, architecture) for case in failed if case not in removed]
    numbers = {"old_tests": len(run.cases), "passed": len(run.cases) - len(failed), "changed": len(removed)}
    named = "\n".join(f"{case.path}::{case.name} is about something that was changed" for case in removed)
    sound = "all pass" if not removed else f"all pass but {len(removed)}, which are about what was changed"
    return Observed(counted(len(run.cases), "old test"), findings, numbers, f"{named}\n\n{run.log}".strip(), sound)


def is_about_a_change(path: str, delivered: Delivered) -> bool:
    """Whether a test file of the version in use is about something that was asked to change, so that its tests may fail now."""
    concerned = concerned_files(delivered)
    return concerned is None or _file_of(path, delivered.spec) in concerned


def concerned_files(delivered: Delivered) -> frozenset[str] | None:
    """The test files, without folder and ending, that a change is about; None if it is about the whole app."""
    spec = delivered.spec
    named = {record for change in delivered.changes for record in change.records}
    if any(change.path.startswith("roles/") for change in delivered.changes) or named >= {record.name for record in spec.records}:
        return None
    near = named | {record.name for record in spec.records if named & set(_related(spec, record.name))}
    plurals = [record.plural for record in spec.records if record.name in near]
    return frozenset(f"test_{plural}" for plural in plurals)


def _related(spec: AppSpec, name: str) -> Iterable[str]:
    """The records that refer to this one or that it refers to."""
    yield from (relation.target for relation in spec.record(name).relations if relation.target != ACCOUNT)
    yield from (record.name for record in spec.records if any(relation.target == name for relation in record.relations))


def _file_of(path: str, spec: AppSpec) -> str:
    """`tests/test_trips_samples.py` → `test_trips`: what recipes and engineers add belongs to the record."""
    stem = Path(path).stem
    owners = (f"test_{record.plural}" for record in spec.records)
    return max((owner for owner in owners if stem == owner or stem.startswith(f"{owner}_")), key=len, default=stem)


def _finding(path: str, name: str, message: str, architecture: Architecture) -> Finding:
    owner = owner_of(architecture, path)
    return Finding(
        check=CheckName.regression,
        severity=Severity.major,
        message=f"{name} is a test of the version in use and fails now, although nothing was asked for there: {message}",
        file=path,
        component=owner.name if owner else None,
    )
