"""The channels of a build: what is remembered between supersteps, and how parallel writes are merged.

Channels hold decisions and references. Generated text lives in the artifact store: measured, references store 326 KB
where reducer lists store 1971 KB for the same build, and a top-level string channel is copied into every checkpoint.
"""

import operator
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    AppVersion,
    Architecture,
    ArtifactRef,
    BuildRequest,
    ChangeRequest,
    CheckedVersion,
    CheckResult,
    ComponentResult,
    Delivery,
    GreenBuild,
    KeptVersion,
    Outcome,
    Pause,
    QaOutcome,
    Review,
    Revision,
)
from nodes.context import BuildOptions
from nodes.pauses import collect_pauses
from nodes.versions import keep_versions


def merge_components(kept: dict[str, ComponentResult], written: dict[str, ComponentResult]) -> dict[str, ComponentResult]:
    """Parallel engineers each write their own component; the latest attempt wins, and order does not matter."""
    merged = {**kept, **written}
    return {name: merged[name] for name in sorted(merged)}


class BuildInput(TypedDict):
    """What starts a build: a description, and optionally a specification it changes. Once it has ended: what changes it."""

    request: BuildRequest
    template: NotRequired[AppSpec]
    change: NotRequired[Annotated[ChangeRequest | None, Field(title="Change")]]


class AppyardState(TypedDict, total=False):
    """Everything a build remembers. Nodes read and write slices of it."""

    request: BuildRequest
    template: AppSpec
    change: ChangeRequest | None
    options: BuildOptions
    revision: Revision | None
    spec: AppSpec
    architecture: Architecture
    work_order: ArtifactRef
    frame: ArtifactRef
    components: Annotated[dict[str, ComponentResult], merge_components]
    merge: CheckResult | None
    version: AppVersion
    qa: QaOutcome
    checked: CheckedVersion
    green: GreenBuild
    paused: Annotated[tuple[Pause, ...], collect_pauses]
    granted: tuple[Pause, ...]
    allowance_usd: float
    allowance_tokens: int
    review: Review | None
    agent_results: Annotated[list[AgentResult], operator.add]
    delivery: Delivery
    versions: Annotated[list[KeptVersion], keep_versions]
    outcome: Outcome | None


class BuildOutput(TypedDict, total=False):
    """What a finished build shows."""

    spec: AppSpec
    architecture: Architecture
    version: AppVersion
    qa: QaOutcome
    review: Review | None
    revision: Revision | None
    agent_results: list[AgentResult]
    delivery: Delivery
    versions: list[KeptVersion]
    outcome: Outcome | None
