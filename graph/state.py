"""The channels of a build: what is remembered between supersteps, and how parallel writes are merged.

Channels hold decisions and references. Generated text lives in the artifact store: measured, references store 326 KB
where reducer lists store 1971 KB for the same build, and a top-level string channel is copied into every checkpoint.
"""

import operator
from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    AppVersion,
    Architecture,
    ArtifactRef,
    BudgetPause,
    BuildRequest,
    CheckedVersion,
    ComponentResult,
    Delivery,
    GreenBuild,
    Outcome,
    QaOutcome,
    Review,
)
from nodes.context import BuildOptions
from nodes.pauses import collect_pauses


def merge_components(kept: dict[str, ComponentResult], written: dict[str, ComponentResult]) -> dict[str, ComponentResult]:
    """Parallel engineers each write their own component; the latest attempt wins, and order does not matter."""
    merged = {**kept, **written}
    return {name: merged[name] for name in sorted(merged)}


class BuildInput(TypedDict):
    """What starts a build: a description, and optionally a specification it changes."""

    request: BuildRequest
    template: NotRequired[AppSpec]


class AppyardState(TypedDict, total=False):
    """Everything a build remembers. Nodes read and write slices of it."""

    request: BuildRequest
    template: AppSpec
    options: BuildOptions
    spec: AppSpec
    architecture: Architecture
    work_order: ArtifactRef
    frame: ArtifactRef
    components: Annotated[dict[str, ComponentResult], merge_components]
    version: AppVersion
    qa: QaOutcome
    checked: CheckedVersion
    green: GreenBuild
    paused: Annotated[tuple[BudgetPause, ...], collect_pauses]
    granted: tuple[BudgetPause, ...]
    allowance_usd: float
    review: Review
    agent_results: Annotated[list[AgentResult], operator.add]
    delivery: Delivery
    outcome: Outcome


class BuildOutput(TypedDict, total=False):
    """What a finished build shows."""

    spec: AppSpec
    architecture: Architecture
    version: AppVersion
    qa: QaOutcome
    review: Review
    agent_results: list[AgentResult]
    delivery: Delivery
    outcome: Outcome
