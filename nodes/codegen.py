"""Write one component: one engineer, one `ComponentOrder` → one checked changeset. Runs side by side for each part."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NotRequired

from typing_extensions import TypedDict

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    Architecture,
    Changeset,
    Component,
    ComponentOrder,
    ComponentResult,
    Finding,
    RuleKind,
    WorkOrder,
)
from nodes.blueprint import engineer
from nodes.changes import apply_changes, complaint_about, difference
from nodes.context import AgentTask, BuildOptions, Workshop
from nodes.errors import AgentOutputInvalid
from nodes.excerpts import contract_concerning, spec_concerning
from nodes.outlines import outlines, shared_outlines
from nodes.ownership import owns
from nodes.program_tasks import write_task
from nodes.record_tasks import write_records_task
from nodes.source_trees import JSON, load_tree
from nodes.stack import STACKS
from nodes.work_orders import fingerprint

SELDOM_LEFT_ALONE = ("/rules.py", "/samples.py")
"""Where rules of kind `custom` and sample data are written; the rest of a part is complete as generated."""

NOTHING_LEFT = "No engineer was asked: rules, pages and tests of this part are generated, and nothing else was left to write."
"""The note of a part that takes no model."""


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
    """Where no attempt gave an applicable changeset the files stay as they were, and the result says so.

    Raises what else a crew raises.
    """
    order, options = state["order"], state["options"]
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(order.work_order))
    component = next(part for part in work.architecture.components if part.name == order.component)
    tree = await load_tree(workshop.artifacts, order.base)
    own, continues = _owned(component, tree), state.get("continues", "")
    stack, drafted = STACKS[work.architecture.stack], None
    if not stack.is_written_whole and order.base == work.frame and workshop.crew.corrects_drafts("write_component", options):
        drafted = engineer.write(work.spec, component, own_files=own)
        own = apply_changes(own, component, drafted)
    if drafted and not _is_left_to_write(work.spec, component, order):
        written = _Written(own, f"{drafted.notes} {NOTHING_LEFT}")
    else:
        asked = _task if not stack.is_written_whole else write_records_task if stack.keeps_records else write_task
        ask = asked(work, component, {**tree, **own}, order, continues)
        written = await _ask_engineer(replace(ask, files={**tree, **own}), component, own, workshop, options)
    frame = _owned(component, await load_tree(workshop.artifacts, work.frame))
    kept = difference(component, frame, written.files, written.notes)
    ref = await workshop.artifacts.put(kept.model_dump_json().encode(), JSON)
    result = ComponentResult(
        component=component.name,
        changeset=ref,
        attempt=order.attempt,
        files=tuple(change.path for change in kept.changes),
        notes=kept.notes,
        fingerprint=fingerprint(component, work.spec),
        unanswered=written.unanswered,
    )
    return {"components": {component.name: result}, "agent_results": list(written.used)}


@dataclass(frozen=True)
class _Written:
    """A component's files, the notes to them, why no engineer's answer is in them, and what was used."""

    files: Mapping[str, str]
    notes: str
    unanswered: str = ""
    used: tuple[AgentResult, ...] = ()


def _is_left_to_write(spec: AppSpec, component: Component, order: ComponentOrder) -> bool:
    """Whether anything is asked of the engineer that no program has done: a call that can only spoil is not paid for."""
    return has_custom_rules(spec, component) or bool(order.findings) or bool(order.feedback)


def has_custom_rules(spec: AppSpec, component: Component) -> bool:
    """Whether the component has rules that only an engineer can write."""
    return any(rule.kind is RuleKind.custom and rule.record in component.records for rule in spec.rules)


def _task(work: WorkOrder, component: Component, files: Mapping[str, str], order: ComponentOrder, continues: str) -> AgentTask[Changeset]:
    own = _owned(component, files)
    return AgentTask(
        name="write_component",
        inputs=engineer_inputs(work.spec, work.architecture, component, files, order.findings, order.feedback),
        leaner=leaner_inputs(work.spec, work.architecture, component, files, order.findings, order.feedback),
        answer=Changeset,
        component=component.name,
        attempt=order.attempt,
        check=lambda changeset: complaint_about(own, component, changeset, feedback=order.feedback),
        summarize=lambda changeset: f"{component.title}: changed {', '.join(change.path for change in changeset.changes) or 'nothing'}.",
        continues=continues,
    )


async def _ask_engineer(
    task: AgentTask[Changeset], component: Component, own: Mapping[str, str], workshop: Workshop, options: BuildOptions
) -> _Written:
    try:
        written = await workshop.crew.perform(task, options)
    except AgentOutputInvalid as invalid:
        used = (invalid.result,) if invalid.result else ()
        return _Written(own, f"No change: {invalid.detail}", invalid.detail or str(invalid), used)
    return _Written(apply_changes(own, component, written.value), written.value.notes, used=(written.result,))


def engineer_inputs(
    spec: AppSpec,
    architecture: Architecture,
    component: Component,
    files: Mapping[str, str],
    findings: Sequence[Finding] = (),
    feedback: str = "",
) -> dict[str, str]:
    """What an engineer is told; `files` are the whole app. What all engineers share comes first, so that providers cache it."""
    signatures = shared_outlines([_owned(part, files) for part in architecture.components], files)
    return {
        "contract": architecture.contract.model_dump_json(),
        "spec": spec.model_dump_json(),
        "signatures": json.dumps(signatures, ensure_ascii=False),
        "component": component.model_dump_json(),
        "own_files": json.dumps(_owned(component, files), ensure_ascii=False),
        "findings": json.dumps([finding.model_dump(mode="json") for finding in findings]),
        "feedback": feedback,
    }


def leaner_inputs(
    spec: AppSpec,
    architecture: Architecture,
    component: Component,
    files: Mapping[str, str],
    findings: Sequence[Finding] = (),
    feedback: str = "",
) -> tuple[dict[str, str], ...]:
    """First without what concerns other records, then without the files an engineer seldom changes, then without what only those use."""
    own_files = _owned(component, files)
    concerned = spec_concerning(spec, component), contract_concerning(architecture, component)
    told = engineer_inputs(concerned[0], concerned[1], component, files, findings, feedback)
    told["signatures"] = json.dumps(outlines(own_files, files), ensure_ascii=False)
    named = {finding.file for finding in findings}
    shown = {
        path: text if path in named or path.endswith(SELDOM_LEFT_ALONE) else f"({text.count(chr(10))} lines, not shown; leave it as it is)"
        for path, text in own_files.items()
    }
    fewer = {**told, "own_files": json.dumps(shown, ensure_ascii=False)}
    used = outlines({path: text for path, text in own_files.items() if shown[path] == text}, files)
    return told, fewer, {**fewer, "signatures": json.dumps(used, ensure_ascii=False)}


def _owned(component: Component, files: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if owns(component, path)}
