"""What agents are asked where an app is written whole: specify the program, divide it into parts, write one of them. Calls nobody."""

import json
from collections.abc import Iterator, Mapping

from nodes.artifacts import (
    AppSpec,
    Architecture,
    ArchitecturePlan,
    BuildRequest,
    Changeset,
    Component,
    ComponentOrder,
    StackName,
    WorkOrder,
)
from nodes.changes import complaint_about
from nodes.context import AgentTask
from nodes.ownership import owner_of, owns
from nodes.paths import check_path
from nodes.program_changes import unasked_losses, with_forgotten
from nodes.program_spec import SPECIFIED, ProgramSpec, program_problems
from nodes.stack import STACKS, StackProfile

WHOLE = "program"
"""The name of the only part where the plan gives no other."""


def specify_task(request: BuildRequest, stack: StackName, kept: AppSpec | None, feedback: str, continues: str) -> AgentTask[ProgramSpec]:
    """Have the analyst say what the program does, with examples; `kept` is what was understood before."""
    previous = kept.model_dump_json(include=set(SPECIFIED)) if kept else ""
    return AgentTask(
        name="specify_program",
        inputs={"layout": STACKS[stack].layout, "request": request.model_dump_json(), "previous": previous, "feedback": feedback},
        answer=ProgramSpec,
        check=lambda program: "\n".join(_problems(program, stack, kept, feedback)) or None,
        summarize=lambda program: f"{program.title}: {len(program.features)} features, shown by {len(program.examples)} examples.",
        continues=continues,
    )


def _problems(program: ProgramSpec, stack: StackName, kept: AppSpec | None, feedback: str) -> Iterator[str]:
    complete = with_forgotten(program, kept, feedback) if kept else program
    yield from program_problems(complete.features, complete.examples, stack)
    if kept:
        yield from unasked_losses(program, kept, feedback)


def divide_task(spec: AppSpec, feedback: str, continues: str) -> AgentTask[ArchitecturePlan]:
    """Have the architect divide the program; what is wrong with a plan is mended by `whole_plan`, not asked again."""
    return AgentTask(
        name="divide_program",
        inputs={"layout": STACKS[spec.stack].layout, "spec": spec.model_dump_json(exclude_defaults=True), "feedback": feedback},
        answer=ArchitecturePlan,
        summarize=lambda plan: f"{len(plan.components)} parts: {', '.join(part.title for part in plan.components)}.",
        continues=continues,
    )


def whole_plan(spec: AppSpec, said: tuple[str, ...] = ()) -> ArchitecturePlan:
    """One part that is the whole program."""
    part = Component(name=WHOLE, title=spec.title, summary=spec.summary, owns=("app/**", "tests/**"))
    return ArchitecturePlan(summary=spec.summary, decisions=said, components=(part,))


def problem_of_division(plan: ArchitecturePlan, stack: StackProfile) -> str | None:
    """Why engineers could not write these parts side by side; None if they can."""
    for part in plan.components:
        for pattern in part.owns:
            if not pattern.startswith(("app/", "tests/")) or check_path(pattern.replace("*", "x")):
                return f"{part.name} cannot own {pattern}"
        for other in plan.components:
            if other is not part and any(owns(other, pattern) for pattern in part.owns):
                return f"{part.name} and {other.name} own the same files"
    if not any(owns(part, stack.main_file) for part in plan.components):
        return f"nobody owns {stack.main_file}"
    return None


def write_task(
    work: WorkOrder, component: Component, files: Mapping[str, str], order: ComponentOrder, continues: str
) -> AgentTask[Changeset]:
    """Have an engineer write one part whole. `files` are all there are; those of the part are shown to be changed, others to be used."""
    own = {path: text for path, text in files.items() if owns(component, path)}
    others = dict(read_by(component, files, work.architecture))
    inputs = {
        "layout": STACKS[work.architecture.stack].layout,
        "spec": work.spec.model_dump_json(exclude_defaults=True),
        "parts": json.dumps([part.model_dump(mode="json") for part in work.architecture.components], ensure_ascii=False),
        "component": component.name,
        "other_files": json.dumps(others, ensure_ascii=False),
        "own_files": json.dumps(own, ensure_ascii=False),
        "findings": json.dumps([finding.model_dump(mode="json") for finding in order.findings]),
        "feedback": order.feedback,
    }
    names = json.dumps({path: f"({text.count(chr(10))} lines, not shown)" for path, text in others.items()}, ensure_ascii=False)
    return AgentTask(
        name="write_program",
        inputs=inputs,
        leaner=({**inputs, "other_files": names},),
        answer=Changeset,
        component=component.name,
        attempt=order.attempt,
        check=lambda changeset: complaint_about_part(own, component, changeset, work.architecture, order.feedback),
        summarize=lambda changeset: f"{component.title}: wrote {', '.join(change.path for change in changeset.changes) or 'nothing'}.",
        continues=continues,
    )


def complaint_about_part(
    own: Mapping[str, str], component: Component, changeset: Changeset, architecture: Architecture, feedback: str
) -> str | None:
    """Why a part cannot be taken, in words for the engineer."""
    for change in changeset.changes:
        owner = owner_of(architecture, change.path)
        if owner and owner.name != component.name:
            return f"{change.operation} {change.path}: the file belongs to {owner.name}"
    if not changeset.changes and not own:
        return f"nothing of {component.name} is written yet: add its files, whole"
    return complaint_about(own, component, changeset, feedback=feedback)


def read_by(component: Component, files: Mapping[str, str], architecture: Architecture) -> Iterator[tuple[str, str]]:
    """The files of the parts it waits for: what its own code calls."""
    needed = [part for part in architecture.components if part.name in component.depends_on]
    for path, text in files.items():
        if path.startswith("app/") and any(owns(part, path) for part in needed):
            yield path, text
