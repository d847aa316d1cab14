"""The end of a build: the package, the versions kept, and the last word."""

from enum import StrEnum

from nodes.artifacts.changesets import AppVersion, ComponentResult
from nodes.artifacts.evidence import Verdict
from nodes.artifacts.qa import RepairStop
from nodes.artifacts.stored import Artifact, ArtifactRef


class Delivery(Artifact):
    """The package. `verdict` and `accepted_findings` say what a person accepted with it."""

    package: ArtifactRef
    evidence: ArtifactRef
    file_name: str
    version: int
    verdict: Verdict
    accepted_findings: int = 0


class KeptVersion(Artifact):
    """A checked version with all it takes to look at it, change it or restore it.

    `work_order` refers to a `WorkOrder`. `reason` is what was asked for.
    """

    version: AppVersion
    work_order: ArtifactRef
    components: dict[str, ComponentResult]
    reason: str
    verdict: Verdict
    delivery: Delivery | None = None


class Ending(StrEnum):
    """How a build ended. `declined`: a change request was not understood, and everything is as it was before."""

    delivered = "delivered"
    rejected = "rejected"
    unverified = "unverified"
    declined = "declined"


class Outcome(Artifact):
    """The last word on a build, with the reason in a sentence."""

    ending: Ending
    reason: str
    stop: RepairStop | None = None
