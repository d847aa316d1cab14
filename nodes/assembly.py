"""Put the parts together: the frame and every finished component's changeset → one version of the app."""

from typing_extensions import TypedDict

from nodes.artifacts import AppVersion, ArtifactRef, Changeset, ComponentResult, WorkOrder
from nodes.changes import apply_changes
from nodes.context import Workshop
from nodes.progress import VersionAssembled, announce
from nodes.source_trees import load_tree, save_tree


class AssemblyInput(TypedDict, total=False):
    """The work order, the components finished so far, and the last version."""

    work_order: ArtifactRef
    components: dict[str, ComponentResult]
    version: AppVersion


class AssemblyOutput(TypedDict):
    """The next version."""

    version: AppVersion


async def assemble(state: AssemblyInput, *, workshop: Workshop) -> AssemblyOutput:
    """Components own disjoint files, so the order of their changesets does not matter."""
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(state["work_order"]))
    files = await load_tree(workshop.artifacts, work.frame)
    for component in work.architecture.components:
        if result := state.get("components", {}).get(component.name):
            changeset = Changeset.model_validate_json(await workshop.artifacts.get(result.changeset))
            files = apply_changes(files, component, changeset)
    last = state.get("version")
    version = AppVersion(number=last.number + 1 if last else 1, tree=await save_tree(workshop.artifacts, files), file_count=len(files))
    announce(VersionAssembled(version=version.number, file_count=version.file_count))
    return {"version": version}
