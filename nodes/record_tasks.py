"""What agents are asked where an app with records is written whole: divide it, write one part of it against the contract. Calls nobody."""

import json
from collections.abc import Mapping

from nodes.artifacts import AppSpec, Architecture, ArchitecturePlan, Changeset, Component, ComponentOrder, WorkOrder
from nodes.changes import apply_changes
from nodes.context import AgentTask
from nodes.conventions import conventions
from nodes.excerpts import contract_concerning, spec_concerning
from nodes.ownership import owns
from nodes.program_tasks import complaint_about_part, read_by
from nodes.stack import STACKS


def divide_records_task(spec: AppSpec, feedback: str, continues: str) -> AgentTask[ArchitecturePlan]:
    """Have the architect say which records belong together; which files a part owns follows from its records."""
    return AgentTask(
        name="divide_records",
        inputs={"layout": STACKS[spec.stack].layout, "spec": spec.model_dump_json(exclude_defaults=True), "feedback": feedback},
        answer=ArchitecturePlan,
        summarize=lambda plan: f"{len(plan.components)} parts: {', '.join(part.title for part in plan.components)}.",
        continues=continues,
    )


def write_records_task(
    work: WorkOrder, component: Component, files: Mapping[str, str], order: ComponentOrder, continues: str
) -> AgentTask[Changeset]:
    """Have an engineer write one part whole, against the contract. `files` are all there are."""
    stack = STACKS[work.architecture.stack]
    own = {path: text for path, text in files.items() if owns(component, path)}
    told = _told(work.spec, work.architecture)
    fewer = _told(spec_concerning(work.spec, component), contract_concerning(work.architecture, component))
    asked = {
        "given_files": json.dumps({path: files[path] for path in stack.given_files if path in files}, ensure_ascii=False),
        "component": component.model_dump_json(),
        "other_files": json.dumps(dict(read_by(component, files, work.architecture)), ensure_ascii=False),
        "own_files": json.dumps(own, ensure_ascii=False),
        "findings": json.dumps([finding.model_dump(mode="json") for finding in order.findings]),
        "feedback": order.feedback,
    }
    return AgentTask(
        name="write_records",
        inputs=told | asked,
        leaner=(fewer | asked, fewer | asked | {"other_files": "{}"}),
        answer=Changeset,
        component=component.name,
        attempt=order.attempt,
        check=lambda changeset: (
            complaint_about_part(own, component, changeset, work.architecture, order.feedback)
            or _lacking(work.spec, component, apply_changes(own, component, changeset))
        ),
        summarize=lambda changeset: f"{component.title}: wrote {', '.join(change.path for change in changeset.changes) or 'nothing'}.",
        continues=continues,
    )


def _lacking(spec: AppSpec, component: Component, files: Mapping[str, str]) -> str | None:
    """Without its main file no other part would start either; so that is told at once, not by a round of checks."""
    pattern = STACKS[spec.stack].record_main_file
    wanted = (pattern.replace("{plural}", spec.record(name).plural) for name in component.records)
    return next((f"{path} is missing: add it, whole, see `layout`" for path in wanted if path not in files), None)


def _told(spec: AppSpec, architecture: Architecture) -> dict[str, str]:
    """What all engineers of a build are told alike, so that providers cache it."""
    stack = STACKS[architecture.stack]
    return {
        "layout": stack.layout,
        "conventions": conventions(spec, stack.record_page),
        "contract": architecture.contract.model_dump_json(exclude_defaults=True),
        "spec": spec.model_dump_json(exclude_defaults=True),
    }
