"""Put the parts together: the frame, every finished component's changeset and the user's own edits → one version of the app."""

from typing_extensions import TypedDict

from nodes.artifacts import AppVersion, Changeset, CheckResult, WorkOrder
from nodes.changes import apply_changes
from nodes.context import Workshop
from nodes.progress import CheckFinished, VersionAssembled, announce
from nodes.source_trees import load_tree, save_tree
from nodes.user_edits import Merged, merge_edits
from nodes.versions import VersionState, lineage


class AssemblyOutput(TypedDict):
    """The next version, and how the user's edits went in, if there are any."""

    version: AppVersion
    merge: CheckResult | None


async def assemble(state: VersionState, *, workshop: Workshop) -> AssemblyOutput:
    """Components own disjoint files, so the order of their changesets does not matter."""
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(state["work_order"]))
    files = await load_tree(workshop.artifacts, work.frame)
    for component in work.architecture.components:
        if result := state.get("components", {}).get(component.name):
            changeset = Changeset.model_validate_json(await workshop.artifacts.get(result.changeset))
            files = apply_changes(files, component, changeset)
    generated = await save_tree(workshop.artifacts, files)
    merged = await _with_edits(state, files, workshop)
    tree = await save_tree(workshop.artifacts, merged.files) if merged else generated
    last, count = state.get("version"), len(merged.files if merged else files)
    version = AppVersion(
        number=last.number + 1 if last else 1, tree=tree, file_count=count, generated=generated if tree != generated else None
    )
    announce(VersionAssembled(version=version.number, file_count=version.file_count))
    if merged:
        announce(CheckFinished(version=version.number, check=merged.check))
    return {"version": version, "merge": merged.check if merged else None}


async def _with_edits(state: VersionState, generated: dict[str, str], workshop: Workshop) -> Merged | None:
    """What a user edited, in an earlier version or since, carried over; None if nothing was edited."""
    revision = state.get("revision")
    if revision is None:
        return None
    origin = lineage(state).numbered(revision.origin)
    handed_in = await load_tree(workshop.artifacts, revision.request.files) if revision.request.files else {}
    if origin.version.generated is None and not handed_in:
        return None
    base = await load_tree(workshop.artifacts, origin.version.generated or origin.version.tree)
    users = await load_tree(workshop.artifacts, origin.version.tree) | handed_in
    return merge_edits(base, users, generated)
