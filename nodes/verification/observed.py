"""What one check saw, and how that becomes a result: failed as soon as something more than minor was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nodes.artifacts import ArtifactRef, CheckName, CheckResult, CheckStatus, Finding, Severity


class CheckImpossible(Exception):
    """The check cannot run, so there is no evidence; the message says why."""


@dataclass(frozen=True)
class Observed:
    """`subject` says in a few words what was looked at (`61 tests`); `log` is everything worth reading later."""

    subject: str
    findings: Sequence[Finding] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    log: str = ""

    @property
    def failed(self) -> bool:
        """Minor findings are worth knowing but fail nothing."""
        return any(finding.severity is not Severity.minor for finding in self.findings)


def result_of(check: CheckName, observed: Observed, duration_seconds: float, log: ArtifactRef | None) -> CheckResult:
    """A passed or failed check."""
    number = len(observed.findings)
    ending = {0: "nothing found", 1: "1 finding"}.get(number, f"{number} findings")
    return CheckResult(
        check=check,
        status=CheckStatus.failed if observed.failed else CheckStatus.passed,
        summary=f"{observed.subject}: {ending}",
        counts=dict(observed.counts),
        findings=tuple(observed.findings),
        duration_seconds=round(duration_seconds, 3),
        log=log,
    )


def not_run(check: CheckName, reason: str) -> CheckResult:
    """A check without evidence."""
    return CheckResult(check=check, status=CheckStatus.not_run, summary=f"not run: {reason}", reason=reason)
