"""Go back to what worked: the last verified version, or, where there never was one, the failing parts as generated.

Decides nothing: a person chose it at the app gate.
"""

from collections.abc import Iterable

from typing_extensions import TypedDict

from nodes.artifacts import (
    AppSpec,
    AppVersion,
    Architecture,
    ArtifactRef,
    Changeset,
    CheckedVersion,
    ComponentResult,
    Finding,
    GreenBuild,
    QaOutcome,
    RepairStop,
    UnmetPreference,
)
from nodes.context import Workshop
from nodes.source_trees import JSON


class RollbackInput(TypedDict, total=False):
    """What there is, what fails in it, and what was last verified."""

    spec: AppSpec
    architecture: Architecture
    version: AppVersion
    components: dict[str, ComponentResult]
    qa: QaOutcome
    green: GreenBuild


class RollbackOutput(TypedDict, total=False):
    """The build as it was when it was last verified, or the parts that are to be put together without their changes."""

    spec: AppSpec
    architecture: Architecture
    work_order: ArtifactRef
    frame: ArtifactRef
    version: AppVersion
    components: dict[str, ComponentResult]
    checked: CheckedVersion
    qa: QaOutcome


async def roll_back(state: RollbackInput, *, workshop: Workshop) -> RollbackOutput:
    """Nothing is lost: the versions gone back from stay in the thread's history."""
    if green := state.get("green"):
        return _as_verified(green, state["version"], state["qa"])
    return await _without_changes(state, workshop)


def _as_verified(green: GreenBuild, version: AppVersion, qa: QaOutcome) -> RollbackOutput:
    checked = green.checked.renumbered(version.number + 1)
    return {
        "spec": green.spec,
        "architecture": green.architecture,
        "work_order": green.work_order,
        "frame": green.frame,
        "version": checked.version,
        "components": checked.components,
        "checked": checked,
        "qa": qa.model_copy(
            update={"report": checked.report, "review": checked.review, "stop": RepairStop.verified, "components_to_repair": ()}
        ),
    }


async def _without_changes(state: RollbackInput, workshop: Workshop) -> RollbackOutput:
    """Failing parts lose their engineer's changes, and what is thereby not met is written into the specification."""
    findings, done, spec = state["qa"].report.findings, state.get("components", {}), state["spec"]
    failing = {finding.component for finding in findings if finding.component in done} or set(done)
    parts = [part for part in state["architecture"].components if part.name in failing]
    dropped = {part.name: await _dropped(done[part.name], workshop) for part in parts}
    unmet = tuple(
        UnmetPreference(preference=f"What {part.title} needs beyond the generated code", reason=_reason(findings, part.name))
        for part in parts
        if done[part.name].files
    )
    return {"components": dropped, "spec": spec.model_copy(update={"unmet_preferences": spec.unmet_preferences + unmet})}


async def _dropped(result: ComponentResult, workshop: Workshop) -> ComponentResult:
    nothing = Changeset(component=result.component, changes=(), notes="Rolled back to the generated code.")
    ref = await workshop.artifacts.put(nothing.model_dump_json().encode(), JSON)
    return result.model_copy(update={"changeset": ref, "files": (), "notes": nothing.notes})


def _reason(findings: Iterable[Finding], component: str) -> str:
    first = next((finding.message for finding in findings if finding.component in (component, None)), "it failed its checks")
    return f"Rolled back on request, because the change failed: {first}"
