"""Decide how it is built: AppSpec → Architecture, the generated frame, and the work order all engineers share."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    Architecture,
    ArchitecturePlan,
    ArtifactRef,
    Component,
    Contract,
    Decision,
    Gate,
    Review,
    WorkOrder,
    WrittenBefore,
)
from nodes.blueprint import architect
from nodes.blueprint.architect import owned_patterns
from nodes.context import AgentTask, BuildOptions, Workshop, effective_options
from nodes.contract import contract_of
from nodes.errors import AgentOutputInvalid, EmptyArchitecture
from nodes.program_tasks import divide_task, problem_of_division, whole_plan
from nodes.record_tasks import divide_records_task
from nodes.source_trees import JSON, load_delivered, save_tree
from nodes.stack import STACKS
from nodes.versions import VersionState, lineage


class ArchitectureInput(VersionState, total=False):
    """The specification, what a reviewer said of the last architecture, and, for a change, what was delivered and how it is built."""

    spec: AppSpec
    architecture: Architecture
    options: BuildOptions
    review: Review | None
    allowance_usd: float
    allowance_tokens: int
    continues: str


class ArchitectureOutput(TypedDict):
    """The architecture, and references to the `WorkOrder` and the frame's `SourceTree`."""

    architecture: Architecture
    work_order: ArtifactRef
    frame: ArtifactRef
    agent_results: list[AgentResult]


async def design_architecture(state: ArchitectureInput, runtime: Runtime[BuildOptions], *, workshop: Workshop) -> ArchitectureOutput:
    """Raises `EmptyArchitecture` and what a crew raises. The contract is derived by program (decision 0008)."""
    spec, stack = state["spec"], STACKS[state["spec"].stack]
    feedback, continues = _feedback(state.get("review")), state.get("continues", "")
    options = effective_options(
        state.get("options"), runtime.context, allowance_usd=state.get("allowance_usd"), allowance_tokens=state.get("allowance_tokens")
    )
    used: list[AgentResult] = []
    if not stack.keeps_records and (standing := _standing_division(state)):
        plan = standing
    elif not stack.keeps_records:
        plan, used = await _divided(divide_task(spec, feedback, continues), spec, workshop, options)
    else:
        task = divide_records_task(spec, feedback, continues) if stack.is_written_whole else _task(spec, feedback, continues)
        plan, used = await _planned(replace(task, check=complaint_about_plan), spec, workshop, options)
    if not plan.components:
        await workshop.crew.disown()
        raise EmptyArchitecture
    architecture = Architecture(
        stack=stack.name,
        summary=plan.summary,
        decisions=plan.decisions,
        contract=contract_of(spec) if stack.keeps_records else Contract(endpoints=(), schemas=()),
        components=plan.components,
    )
    revision, kept = state.get("revision"), lineage(state).delivered
    delivered = await load_delivered(workshop.artifacts, kept, revision) if revision and kept else None
    # In a thread: it formats a hundred files, and other runs of this worker must not wait for that.
    files = await asyncio.to_thread(workshop.frame, spec, architecture, delivered)
    frame = await save_tree(workshop.artifacts, files)
    order = WorkOrder(spec=spec, architecture=architecture, frame=frame, before=_written_before(state))
    work_order = await workshop.artifacts.put(order.model_dump_json().encode(), JSON)
    return {"architecture": architecture, "work_order": work_order, "frame": frame, "agent_results": used}


def _written_before(state: ArchitectureInput) -> WrittenBefore | None:
    """What engineers go on from in a change; the user's own edits are merged when the parts are put together."""
    if (revision := state.get("revision")) is None:
        return None
    origin = lineage(state).numbered(revision.origin)
    return WrittenBefore(work_order=origin.work_order, tree=origin.version.generated or origin.version.tree)


def _task(spec: AppSpec, feedback: str, continues: str) -> AgentTask[ArchitecturePlan]:
    return AgentTask(
        name="design_architecture",
        inputs={"spec": spec.model_dump_json(exclude_defaults=True), "feedback": feedback},
        answer=ArchitecturePlan,
        summarize=lambda plan: f"{len(plan.components)} parts: {', '.join(part.title for part in plan.components)}.",
        continues=continues,
    )


def _standing_division(state: ArchitectureInput) -> ArchitecturePlan | None:
    """A program in use keeps its parts: who divides it anew writes anew what works. A reviewer may still have it divided otherwise."""
    architecture = state.get("architecture")
    if state.get("revision") is None or architecture is None or architecture.stack != state["spec"].stack or _feedback(state.get("review")):
        return None
    return ArchitecturePlan(summary=architecture.summary, decisions=architecture.decisions, components=architecture.components)


async def _divided(
    task: AgentTask[ArchitecturePlan], spec: AppSpec, workshop: Workshop, options: BuildOptions
) -> tuple[ArchitecturePlan, list[AgentResult]]:
    """The architect's division of a program; one part for everything, saying so, where engineers could not work by it."""
    try:
        divided = await workshop.crew.perform(task, options)
    except AgentOutputInvalid as invalid:
        said = f"One part, since the architect gave no usable plan: {invalid.detail or invalid}"
        return whole_plan(spec, (said,)), [invalid.result] if invalid.result else []
    plan = divided.value
    problem = complaint_about_plan(plan) or problem_of_division(plan, STACKS[spec.stack])
    if problem:
        return whole_plan(spec, (*plan.decisions, f"One part, since the plan cannot be worked by: {problem}.")), [divided.result]
    return plan, [divided.result]


async def _planned(
    task: AgentTask[ArchitecturePlan], spec: AppSpec, workshop: Workshop, options: BuildOptions
) -> tuple[ArchitecturePlan, list[AgentResult]]:
    """The architect's plan; the one a program makes, saying so, where no answer of the architect could be used."""
    try:
        designed = await workshop.crew.perform(task, options)
    except AgentOutputInvalid as invalid:
        plan = architect.plan(spec)
        said = f"Planned by program, since the architect gave no usable plan: {invalid.detail or invalid}"
        return plan.model_copy(update={"decisions": (*plan.decisions, said)}), [invalid.result] if invalid.result else []
    return completed(designed.value, spec), [designed.result]


def completed(plan: ArchitecturePlan, spec: AppSpec) -> ArchitecturePlan:
    """`plan` with what a program knows better than to ask again for.

    Which files a part owns follows from its records: models write the singular, or a folder that is not there. A record the
    plan leaves out is a part of its own. Names that do not exist, of records or of parts to wait for, mean nothing.
    """
    if not plan.components:
        return plan
    known = {record.name for record in spec.records}
    listed = {part.name: tuple(name for name in part.records if name in known) for part in plan.components}
    parts = [_standing(part, listed, spec) for part in plan.components if listed[part.name]]
    owned = {name for part in parts for name in part.records}
    left_out = [architect.part(spec, [record]) for record in spec.records if record.name not in owned]
    alone = [part.model_copy(update={"name": f"{part.name}_records"[-48:]}) if listed.get(part.name) else part for part in left_out]
    said = [f"{part.title}: a part of its own, since the plan left it out." for part in alone]
    return plan.model_copy(update={"components": (*parts, *alone), "decisions": (*plan.decisions, *said)})


def _standing(part: Component, listed: Mapping[str, tuple[str, ...]], spec: AppSpec) -> Component:
    owned = tuple(pattern for name in listed[part.name] for pattern in owned_patterns(spec.record(name).plural, spec.stack))
    waits_for = tuple(name for name in part.depends_on if listed.get(name))
    return part.model_copy(update={"records": listed[part.name], "owns": owned, "depends_on": waits_for})


def complaint_about_plan(plan: ArchitecturePlan) -> str | None:
    """What a program cannot settle: two parts of one name, two owners of one record, parts that wait for one another.

    An empty plan is no complaint: asking again does not help, so the node refuses it (`EmptyArchitecture`).
    """
    names = [component.name for component in plan.components]
    owned = [record for component in plan.components for record in component.records]
    complaints = [f"component {name} is listed twice" for name in sorted(set(names)) if names.count(name) > 1]
    complaints += [f"record {name} belongs to several components" for name in sorted(set(owned)) if owned.count(name) > 1]
    if not complaints and circular(plan):
        complaints.append(f"the dependencies of {', '.join(circular(plan))} form a circle")
    return "\n".join(complaints) or None


def circular(plan: ArchitecturePlan) -> tuple[str, ...]:
    """The components that can never start because each waits for another."""
    waiting = {component.name: set(component.depends_on) for component in plan.components}
    while ready := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in ready:
            del waiting[name]
    return tuple(sorted(waiting))


def _feedback(review: Review | None) -> str:
    if review and review.answer and review.gate is Gate.architecture and review.answer.decision is Decision.changes_requested:
        return review.answer.said()
    return ""
