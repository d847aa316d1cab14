"""The built-in reviewer repeats what the evidence shows and claims nothing else."""

from nodes.artifacts import CheckName, CheckResult, CheckStatus, EvidenceReport, Finding, Severity
from nodes.blueprint.reviewer import review

PASSED = CheckResult(check=CheckName.compile, status=CheckStatus.passed, summary="41 files compile.")
FAILED = CheckResult(
    check=CheckName.tests,
    status=CheckStatus.failed,
    summary="1 of 52 tests failed.",
    findings=(
        Finding(
            check=CheckName.tests,
            severity=Severity.major,
            message="test_x failed.",
            file="tests/test_claims.py",
            line=7,
            component="claims",
        ),
        Finding(check=CheckName.tests, severity=Severity.minor, message="slow", component="elsewhere"),
    ),
)
NOT_RUN = CheckResult(check=CheckName.boot, status=CheckStatus.not_run, summary="", reason="no sandbox")


def report(*checks: CheckResult) -> EvidenceReport:
    return EvidenceReport(version=2, tree_sha256="0" * 64, sandbox="none", checks=checks)


def test_what_passed_is_said_with_its_figures() -> None:
    assert review(report(PASSED), ["claims"]).summary == "All 1 checks of version 2 passed. Compile: 41 files compile."


def test_what_failed_goes_to_the_component_concerned_and_nobody_else() -> None:
    answer = review(report(PASSED, FAILED), ["claims", "users"])
    assert answer.summary.startswith("1 of 2 checks of version 2 failed: tests.")
    assert answer.concerns == ("Major, tests: test_x failed (tests/test_claims.py:7).", "Minor, tests: slow.")
    assert answer.components_to_repair == ("claims",)


def test_what_did_not_run_is_never_called_verified() -> None:
    assert "not verified" in review(report(PASSED, NOT_RUN), []).summary
    assert "Not run: boot (no sandbox)." in review(report(PASSED, NOT_RUN), []).summary
    assert "Nothing was checked" in review(report(), []).summary
