"""What the checks found out about one version."""

import hashlib
import re
from enum import StrEnum

from pydantic import Field

from nodes.artifacts.stored import Artifact, ArtifactRef, Identifier, Sha256


class CheckName(StrEnum):
    """The checks of a build, in the order they run.

    Only a change request has `merge` (the user's edits went in), `upgrade` (data of the version in use survive) and
    `regression` (its tests still pass where nothing else was asked for).
    """

    merge = "merge"
    compile = "compile"
    lint = "lint"
    placeholders = "placeholders"
    secrets = "secrets"
    tests = "tests"
    boot = "boot"
    contract = "contract"
    probe = "probe"
    restart = "restart"
    browser = "browser"
    examples = "examples"
    upgrade = "upgrade"
    regression = "regression"


REVISION_CHECKS = frozenset({CheckName.merge, CheckName.upgrade, CheckName.regression})
"""Checks that compare a version with the one before, so a first version has none of them."""


OPTIONAL_CHECKS = frozenset({CheckName.browser})
"""Checks that need what a server may lack. Where one cannot run, that is said; the others decide. A failure counts like any other."""


class CheckStatus(StrEnum):
    """`not_run` is neither a pass nor a failure: there is no evidence."""

    passed = "passed"
    failed = "failed"
    not_run = "not_run"


class Severity(StrEnum):
    """`blocker`: the app cannot be used. `major`: something promised does not hold. `minor`: worth knowing."""

    blocker = "blocker"
    major = "major"
    minor = "minor"


class Finding(Artifact):
    """Something wrong, with the place (`file:line` or the failing `request`) and the component concerned, if known."""

    check: CheckName
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    request: str | None = None
    component: Identifier | None = None

    @property
    def signature(self) -> str:
        """The same failure has the same signature in the next round: numbers and addresses do not count."""
        place = f"{self.check}|{self.component}|{self.file}|{self.request}|{self.message}"
        return hashlib.sha256(re.sub(r"0x[0-9a-f]+|\d+", "#", place).encode()).hexdigest()[:16]


class Screenshot(Artifact):
    """What a page of the running app looked like."""

    caption: str
    path: str
    image: ArtifactRef


class CheckResult(Artifact):
    """One check: what it counted, what it found, how long it took, and its log. `reason` says why it did not run."""

    check: CheckName
    status: CheckStatus
    summary: str
    reason: str | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    duration_seconds: float = 0.0
    log: ArtifactRef | None = None
    screenshots: tuple[Screenshot, ...] = ()


class Verdict(StrEnum):
    """`incomplete`: nothing failed, but a check that is not optional did not run, so nobody may call the app verified."""

    verified = "verified"
    failed = "failed"
    incomplete = "incomplete"


class EvidenceReport(Artifact):
    """Every check of one version. The verdict is computed here and nowhere else, and never stored."""

    version: int
    tree_sha256: Sha256
    sandbox: str
    checks: tuple[CheckResult, ...]

    @property
    def verdict(self) -> Verdict:
        """No check, or a check that did not run, is never a pass; of the optional ones, only those count that ran."""
        unavailable = {check.check for check in self.checks if check.status is CheckStatus.not_run} & OPTIONAL_CHECKS
        statuses = {check.status for check in self.checks if check.check not in unavailable}
        if CheckStatus.failed in statuses:
            return Verdict.failed
        if CheckStatus.not_run in statuses or not statuses:
            return Verdict.incomplete
        return Verdict.verified

    @property
    def how_verified(self) -> str:
        """The sentence about a verified version: a check that did not run is not among those that passed."""
        not_run = [check for check in self.checks if check.status is CheckStatus.not_run]
        return "Every check that could run passed." if not_run else "Every check passed."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Blockers first, then in the order of the checks."""
        order = list(Severity)
        found = [finding for check in self.checks for finding in check.findings]
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))
