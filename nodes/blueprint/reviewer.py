"""Evidence → a reading in plain words: what holds, what fails, who repairs. It repeats the checks and adds no opinion."""

from collections.abc import Sequence

from nodes.artifacts import CheckResult, CheckStatus, EvidenceReport, Finding, QaReview, Verdict


def review(report: EvidenceReport, components: Sequence[str]) -> QaReview:
    """Say what the evidence shows. `components` limits whom a repair can be sent to."""
    concerned = dict.fromkeys(finding.component for finding in report.findings if finding.component in components)
    return QaReview(
        summary=" ".join([_verdict(report), *_passed(report.checks), *_not_run(report.checks)]),
        concerns=tuple(_concern(finding) for finding in report.findings),
        components_to_repair=tuple(name for name in concerned if name is not None),
    )


def _verdict(report: EvidenceReport) -> str:
    failed = [check for check in report.checks if check.status is CheckStatus.failed]
    match report.verdict:
        case Verdict.verified:
            return f"All {len(report.checks)} checks of version {report.version} passed."
        case Verdict.failed:
            names = ", ".join(check.check for check in failed)
            return f"{len(failed)} of {len(report.checks)} checks of version {report.version} failed: {names}."
        case Verdict.incomplete if not report.checks:
            return f"Nothing was checked in version {report.version}, so nothing can be said about it."
        case Verdict.incomplete:
            return f"Nothing failed in version {report.version}, but not every check ran, so it is not verified."


def _passed(checks: Sequence[CheckResult]) -> list[str]:
    return [
        f"{check.check.capitalize()}: {check.summary.rstrip('.')}."
        for check in checks
        if check.status is CheckStatus.passed and check.summary
    ]


def _not_run(checks: Sequence[CheckResult]) -> list[str]:
    return [
        f"Not run: {check.check} ({(check.reason or check.summary).rstrip('.')})."
        for check in checks
        if check.status is CheckStatus.not_run
    ]


def _concern(finding: Finding) -> str:
    place = finding.request or (f"{finding.file}:{finding.line}" if finding.file and finding.line else finding.file)
    where = f" ({place})" if place else ""
    return f"{finding.severity.capitalize()}, {finding.check}: {finding.message.rstrip('.')}{where}."
