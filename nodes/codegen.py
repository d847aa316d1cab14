"""Write one component: one engineer, one `ComponentOrder` → one checked changeset. Runs side by side for each part."""

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from nodes.artifacts import AgentResult, AppSpec, Architecture, Changeset, Component, ComponentOrder, ComponentResult, Finding, WorkOrder
from nodes.changes import apply_changes, complaint_about, difference
from nodes.context import AgentTask, BuildOptions, Workshop
from nodes.ownership import owns
from nodes.source_trees import JSON, load_tree
from nodes.work_orders import fingerprint


class ComponentInput(TypedDict):
    """What `Send` hands to one engineer."""

    order: ComponentOrder
    options: BuildOptions
    continues: NotRequired[str]


class ComponentOutput(TypedDict):
    """The finished component under its name."""

    components: dict[str, ComponentResult]
    agent_results: list[AgentResult]


async def generate_component(state: ComponentInput, *, workshop: Workshop) -> ComponentOutput:
    """Raises what a crew raises; `AgentOutputInvalid` if no attempt gave an applicable changeset."""
    order = state["order"]
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(order.work_order))
    component = next(part for part in work.architecture.components if part.name == order.component)
    own = _owned(component, await load_tree(workshop.artifacts, order.base))
    task = AgentTask(
        name="write_component",
        inputs=engineer_inputs(work.spec, work.architecture, component, own, order.findings, order.feedback),
        answer=Changeset,
        component=component.name,
        attempt=order.attempt,
        check=lambda changeset: complaint_about(own, component, changeset),
        summarize=lambda changeset: f"{component.title}: changed {', '.join(change.path for change in changeset.changes) or 'nothing'}.",
        continues=state.get("continues", ""),
    )
    written = await workshop.crew.perform(task, state["options"])
    frame = _owned(component, await load_tree(workshop.artifacts, work.frame))
    kept = difference(component, frame, apply_changes(own, component, written.value), written.value.notes)
    ref = await workshop.artifacts.put(kept.model_dump_json().encode(), JSON)
    result = ComponentResult(
        component=component.name,
        changeset=ref,
        attempt=order.attempt,
        files=tuple(change.path for change in kept.changes),
        notes=kept.notes,
        fingerprint=fingerprint(component, work.spec),
    )
    return {"components": {component.name: result}, "agent_results": [written.result]}


def engineer_inputs(
    spec: AppSpec,
    architecture: Architecture,
    component: Component,
    own_files: Mapping[str, str],
    findings: Sequence[Finding] = (),
    feedback: str = "",
) -> dict[str, str]:
    """What an engineer is told. What all engineers share comes first, so that providers cache it."""
    return {
        "contract": architecture.contract.model_dump_json(),
        "spec": spec.model_dump_json(),
        "component": component.model_dump_json(),
        "own_files": json.dumps(own_files, ensure_ascii=False),
        "findings": json.dumps([finding.model_dump(mode="json") for finding in findings]),
        "feedback": feedback,
    }


def _owned(component: Component, files: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if owns(component, path)}
