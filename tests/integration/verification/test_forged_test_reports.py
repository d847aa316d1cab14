"""An app that reports its failing tests as passed is found out, whichever way it lies; an honest one is believed."""

from pathlib import Path

import pytest

from nodes.artifacts import Architecture, Severity
from nodes.contract import contract_of
from nodes.sandbox.protocol import Sandbox
from nodes.stack import PYTHON_WEB
from nodes.verification.code_checks import check_tests
from nodes.verification.observed import Observed
from tests.integration.frame.frame_specs import NOTES

ARCHITECTURE = Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(NOTES), components=())
FAILING = b"def test_notes_are_kept():\n    assert 1 == 2\n"

WRITTEN_BEFOREHAND = """
import os, pathlib, sys
case = '<testcase file="tests/test_notes.py" name="test_notes_are_kept"/>'
report = next(a for a in sys.argv if a.startswith("--junit-xml=")).split("=", 1)[1]
pathlib.Path(report).write_text(f"<testsuites><testsuite>{case}</testsuite></testsuites>")
print("1 passed in 0.01s", flush=True)
os._exit(0)
"""
EVERYTHING_PASSES = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
"""
ONLY_ITS_OWN_PASS = f"""
{EVERYTHING_PASSES.replace("report.outcome =", 'report.outcome = report.outcome if "notes" not in item.nodeid else')}
def pytest_sessionfinish(session):
    import os
    os._exit(0)
"""


async def outcome_of(sandbox: Sandbox, toolchain: Path, conftest: str) -> Observed:
    files = {"tests/__init__.py": b"", "tests/conftest.py": conftest.encode(), "tests/test_notes.py": FAILING}
    return await check_tests(files, ARCHITECTURE, PYTHON_WEB, sandbox, toolchain)


@pytest.mark.parametrize("conftest", [WRITTEN_BEFOREHAND, EVERYTHING_PASSES, ONLY_ITS_OWN_PASS, "import sys; sys.exit(0)"])
async def test_a_forged_report_is_a_blocker(sandbox: Sandbox, toolchain: Path, conftest: str) -> None:
    observed = await outcome_of(sandbox, toolchain, conftest)
    assert [finding.severity for finding in observed.findings] == [Severity.blocker]


async def test_an_honest_report_shows_the_apps_tests_only(sandbox: Sandbox, toolchain: Path) -> None:
    observed = await outcome_of(sandbox, toolchain, "")
    assert observed.counts == {"passed": 0, "failed": 1, "errors": 0, "skipped": 0}
    assert observed.log.count("FAILED") == observed.log.count("def test_") == 1
    assert "1 failed" in observed.log
