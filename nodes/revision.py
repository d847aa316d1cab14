"""Take up a change request on a finished app: lay the version it starts from back on the table, as if it had just been made."""

from typing_extensions import TypedDict

from nodes.artifacts import (
    AppSpec,
    AppVersion,
    Architecture,
    ArtifactRef,
    ChangeRequest,
    ComponentResult,
    Pause,
    Revision,
    WorkOrder,
)
from nodes.context import Workshop
from nodes.spec_diff import changes_between
from nodes.versions import Lineage, VersionState, lineage


class RevisionInput(VersionState, total=False):
    """What was asked for, and the versions there are."""

    change: ChangeRequest | None


class RevisionOutput(TypedDict):
    """The version to start from. `version` keeps the newest number, so that numbers only grow."""

    change: None
    revision: Revision
    spec: AppSpec
    architecture: Architecture
    work_order: ArtifactRef
    components: dict[str, ComponentResult]
    version: AppVersion
    review: None
    outcome: None
    merge: None
    paused: tuple[Pause, ...]


async def take_up_change(state: RevisionInput, *, workshop: Workshop) -> RevisionOutput:
    """Raises `VersionNotKept` if there is nothing to change yet, or no version of the number to restore."""
    request, known = ChangeRequest.model_validate(state["change"]), lineage(state)
    origin = known.current if request.restore_version is None else known.numbered(request.restore_version)
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(origin.work_order))
    before = await _spec_told_from(known, workshop)
    revision = Revision(
        request=request,
        origin=origin.version.number,
        delivered=known.delivered.version.number if known.delivered else None,
        before=before,
        changes=changes_between(before, work.spec),
    )
    return {
        "change": None,
        "revision": revision,
        "spec": work.spec,
        "architecture": work.architecture,
        "work_order": origin.work_order,
        "components": origin.components,
        "version": origin.version.model_copy(update={"number": _newest_number(state, known)}),
        "review": None,
        "outcome": None,
        "merge": None,
        "paused": (),
    }


async def _spec_told_from(known: Lineage, workshop: Workshop) -> AppSpec:
    return WorkOrder.model_validate_json(await workshop.artifacts.get(known.current.work_order)).spec


def _newest_number(state: RevisionInput, known: Lineage) -> int:
    """A version that failed before it was checked has used up its number, too."""
    assembled = state["version"].number if "version" in state else 0
    return max(assembled, known.newest.version.number)
