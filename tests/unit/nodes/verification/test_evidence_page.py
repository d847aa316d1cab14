import re

from nodes.artifacts import CheckName, CheckResult, CheckStatus, EvidenceReport, Finding, Severity
from nodes.verification.evidence_page import CHECKS, evidence_page

HOSTILE = "<script>alert(1)</script>"


def report(*checks: CheckResult) -> EvidenceReport:
    return EvidenceReport(version=2, tree_sha256="a" * 64, sandbox="bubblewrap", checks=checks)


def check(name: CheckName, status: CheckStatus, **more: object) -> CheckResult:
    return CheckResult.model_validate({"check": name, "status": status, "summary": f"{name} summary", **more})


def test_the_page_shows_failures_first_then_what_did_not_run_then_what_passed() -> None:
    page = evidence_page(
        report(
            check(CheckName.compile, CheckStatus.passed),
            check(CheckName.tests, CheckStatus.not_run, reason="no sandbox: bubblewrap: not installed"),
            check(CheckName.probe, CheckStatus.failed),
        ),
        title="Claims",
    )
    assert re.findall(r'<section id="check-(\w+)"', page) == ["probe", "tests", "compile"]
    assert "No sandbox: bubblewrap: not installed." in page


def test_nothing_the_app_says_becomes_markup_and_nothing_is_loaded() -> None:
    finding = Finding(check=CheckName.probe, severity=Severity.major, message=HOSTILE, request=HOSTILE)
    page = evidence_page(report(check(CheckName.probe, CheckStatus.failed, findings=(finding,), summary=HOSTILE)), title=HOSTILE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.findall(r"(?:src|href)=[\"'](?!#)", page)


def test_findings_come_before_the_checks_blockers_first_and_the_verdict_is_in_figures() -> None:
    found = [Finding(check=CheckName.probe, severity=severity, message=severity) for severity in reversed(Severity)]
    page = evidence_page(report(check(CheckName.probe, CheckStatus.failed, findings=tuple(found))), title="Claims")
    assert re.findall(r'class="message">(\w+)|<section id="check-(\w+)', page) == [
        ("blocker", ""),
        ("major", ""),
        ("minor", ""),
        ("", "probe"),
    ]
    assert "1 of 1 checks failed, with 3 findings." in page


def test_every_check_has_a_name_and_a_sentence() -> None:
    assert list(CHECKS) == list(CheckName)
