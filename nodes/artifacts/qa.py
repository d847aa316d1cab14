"""What QA makes of the evidence: whether a repair is worth it, and what can be gone back to."""

from enum import StrEnum
from typing import Self

from nodes.artifacts.architecture import Architecture
from nodes.artifacts.changesets import AppVersion, ComponentResult
from nodes.artifacts.evidence import EvidenceReport
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


class QaOutcome(Artifact):
    """What QA hands to routing: the evidence, the review, and whether another repair round is worth it."""

    report: EvidenceReport
    review: QaReview
    round: int
    stop: RepairStop | None
    components_to_repair: tuple[Identifier, ...] = ()
    last_green: AppVersion | None = None


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
