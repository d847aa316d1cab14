"""What QA makes of the evidence: whether a repair is worth it, and what can be gone back to."""

from enum import StrEnum
from typing import Self

from pydantic import Field

from nodes.artifacts.architecture import Architecture
from nodes.artifacts.changesets import AppVersion, ComponentResult
from nodes.artifacts.evidence import CheckName, EvidenceReport
from nodes.artifacts.specification import AppSpec
from nodes.artifacts.stored import Artifact, ArtifactRef, Identifier


class QaReview(Artifact):
    """The QA engineer's reading of code and evidence. An opinion: it can add findings, never remove one."""

    summary: str
    concerns: tuple[str, ...] = ()
    components_to_repair: tuple[Identifier, ...] = ()


class RepairStop(StrEnum):
    """Why no further repair round was started. `worse_result`: the last one was undone."""

    verified = "verified"
    rounds_exhausted = "rounds_exhausted"
    same_failure_twice = "same_failure_twice"
    worse_result = "worse_result"
    nothing_to_repair = "nothing_to_repair"
    not_verifiable = "not_verifiable"
    budget_exhausted = "budget_exhausted"


class TriedRound(Artifact):
    """One version that was checked: which parts were written for it, what then still failed, and what that cost.

    `findings` and `failed_checks` are of this version, also where it was `undone` because it was worse than the one before.
    `notes` are the engineers' own words, by part. `cost_usd` and `calls` are of this round alone, `spent_usd` is of the build
    up to here; None where a model has no price.
    """

    version: int
    parts: tuple[Identifier, ...] = ()
    notes: dict[str, str] = Field(default={})
    findings: int
    failed_checks: tuple[CheckName, ...] = ()
    undone: bool = False
    calls: int
    cost_usd: float | None
    spent_usd: float | None
    calls_so_far: int

    @property
    def words(self) -> str:
        """`Version 2: claim was written again; 1 finding left (tests). 2 calls, $0.0123.`"""
        again = f"{', '.join(self.parts)} {'were' if len(self.parts) > 1 else 'was'} written again; " if self.parts else ""
        failed = f" ({', '.join(self.failed_checks)})" if self.failed_checks else ""
        left = f"{self.findings or 'no'} finding{'s' * (self.findings != 1)} left{failed}"
        undone = ", which was worse, so it was undone" if self.undone else ""
        cost = "cost unknown" if self.cost_usd is None else f"${self.cost_usd:.4f}"
        return f"Version {self.version}: {again}{left}{undone}. {self.calls} call{'s' * (self.calls != 1)}, {cost}."


HINTS = ("appyard", "hints")
"""Where LangGraph's store keeps what is said to running builds: below it, one namespace for each thread."""


class Hint(Artifact):
    """What somebody said to the engineers while the build was running. `round` is the one whose repair was told."""

    key: str
    text: str
    given_by: str
    round: int


class QaOutcome(Artifact):
    """What QA hands to routing: the evidence, the review, and whether another repair round is worth it.

    `tried` are the rounds since the app last passed every check, the oldest first; `hints` all that were taken so far.
    """

    report: EvidenceReport
    review: QaReview
    round: int
    stop: RepairStop | None
    components_to_repair: tuple[Identifier, ...] = ()
    last_green: AppVersion | None = None
    tried: tuple[TriedRound, ...] = ()
    hints: tuple[Hint, ...] = ()

    @property
    def hint(self) -> str:
        """What people said for the repair of this round."""
        return "\n".join(hint.text for hint in self.hints if hint.round == self.round)

    @property
    def concerns(self) -> tuple[str, ...]:
        """What the reviewer is concerned about and no check found."""
        found = [finding.message for finding in self.report.findings]
        return tuple(concern for concern in self.review.concerns if not any(message in concern for message in found))


class CheckedVersion(Artifact):
    """A version with its evidence, and the parts it was put together from: what a repair can go back to."""

    version: AppVersion
    components: dict[str, ComponentResult]
    report: EvidenceReport
    review: QaReview

    def renumbered(self, number: int) -> Self:
        """The same files and evidence as version `number`: numbers only rise, so that each names one tree."""
        version = self.version.model_copy(update={"number": number})
        return self.model_copy(update={"version": version, "report": self.report.model_copy(update={"version": number})})


class GreenBuild(Artifact):
    """The newest verified version with everything that led to it: what a whole build can go back to."""

    checked: CheckedVersion
    spec: AppSpec
    architecture: Architecture
    work_order: ArtifactRef
    frame: ArtifactRef
