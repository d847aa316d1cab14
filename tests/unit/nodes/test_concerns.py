"""What the reviewer sees beyond the checks is shown as the reviewer's, and what the checks found is not said twice."""

from nodes.artifacts import CheckName, CheckResult, CheckStatus, EvidenceReport, QaOutcome, QaReview
from tests.factories import make_finding


def test_a_concern_that_repeats_a_finding_is_left_to_the_findings() -> None:
    finding = make_finding(message="GET /api/claims answered 500")
    probe = CheckResult(check=CheckName.probe, status=CheckStatus.failed, summary="", findings=(finding,))
    report = EvidenceReport(version=1, tree_sha256="0" * 64, sandbox="none", checks=(probe,))
    own = "app/records/claims/rules.py:40: a claim of exactly 50 needs a receipt, too."
    review = QaReview(summary="", concerns=(f"claims: {finding.message}.", own))
    assert QaOutcome(report=report, review=review, round=1, stop=None).concerns == (own,)
