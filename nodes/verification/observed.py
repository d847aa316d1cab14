"""What one check saw, and how that becomes a result: failed as soon as something more than minor was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nodes.artifacts import ArtifactRef, CheckName, CheckResult, CheckStatus, Finding, Screenshot, Severity


class CheckImpossible(Exception):
    """The check cannot run, so there is no evidence; the message says why."""


@dataclass(frozen=True)
class Observed:
    """`subject` says in a few words what was looked at (`61 tests`); `log` is everything worth reading later.

    `sound` is what to say of it when there is no finding; empty where the subject says it all.
    """

    subject: str
    findings: Sequence[Finding] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    log: str = ""
    sound: str = ""
    screenshots: tuple[Screenshot, ...] = ()

    @property
    def failed(self) -> bool:
        """Minor findings are worth knowing but fail nothing."""
        return any(finding.severity is not Severity.minor for finding in self.findings)


def result_of(check: CheckName, observed: Observed, duration_seconds: float, log: ArtifactRef | None) -> CheckResult:
    """A passed or failed check."""
    ending = counted(len(observed.findings), "finding") if observed.findings else observed.sound
    return CheckResult(
        check=check,
        status=CheckStatus.failed if observed.failed else CheckStatus.passed,
        summary=f"{observed.subject}: {ending}" if ending else observed.subject,
        counts=dict(observed.counts),
        findings=tuple(observed.findings),
        duration_seconds=round(duration_seconds, 3),
        log=log,
        screenshots=observed.screenshots,
    )


def not_run(check: CheckName, reason: str) -> CheckResult:
    """A check without evidence."""
    return CheckResult(check=check, status=CheckStatus.not_run, summary=f"not run: {reason}", reason=reason)


def counted(number: int, noun: str) -> str:
    """`1 record`, `2 records`; for nouns with a plain plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def with_article(noun: str) -> str:
    """`a loan`, `an order`."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"
