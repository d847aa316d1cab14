"""Understand the description: request → AppSpec, or the last AppSpec and a reviewer's feedback → a revised one."""

from collections.abc import Sequence

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.artifacts import AgentResult, AppSpec, BuildRequest, Decision, Gate, RecordSpec, Review, RoleSpec
from nodes.blueprint.consistency import problems
from nodes.context import AgentTask, BuildOptions, Workshop, effective_options


class RequirementsInput(TypedDict, total=False):
    """The request; later also what was understood before and what a reviewer said of it."""

    request: BuildRequest
    options: BuildOptions
    spec: AppSpec
    review: Review
    allowance_usd: float
    continues: str


class RequirementsOutput(TypedDict):
    """The specification, and the options this build keeps to."""

    options: BuildOptions
    spec: AppSpec
    agent_results: list[AgentResult]


async def analyze_requirements(state: RequirementsInput, runtime: Runtime[BuildOptions], *, workshop: Workshop) -> RequirementsOutput:
    """Raises `DescriptionOutOfDomain`, `DescriptionUnclear` and what a crew raises."""
    options = effective_options(state.get("options"), runtime.context, allowance_usd=state.get("allowance_usd"))
    review, previous = state.get("review"), state.get("spec")
    answer = review.answer if review and review.answer and review.answer.decision is Decision.changes_requested else None
    if answer and answer.spec and review and review.gate is Gate.requirements and not answer.feedback:
        return {"options": options, "spec": answer.spec, "agent_results": []}
    task = AgentTask(
        name="analyze_requirements",
        inputs={
            # A client of the thread API or Studio sends plain JSON, which LangGraph hands on as it is.
            "request": BuildRequest.model_validate(state["request"]).model_dump_json(),
            "previous": _previous(previous, answer.spec if answer else None),
            "feedback": answer.feedback if answer else "",
        },
        answer=AppSpec,
        check=complaint_about_spec,
        summarize=lambda spec: f"{spec.title}: keeps {_listed(spec.records)}; used by {_listed(spec.roles)}.",
        continues=state.get("continues", ""),
    )
    analyzed = await workshop.crew.perform(task, options)
    return {"options": options, "spec": analyzed.value, "agent_results": [analyzed.result]}


def complaint_about_spec(spec: AppSpec) -> str | None:
    """What is inconsistent in `spec`, in words for the analyst."""
    found = problems(spec)
    return "\n".join(found) if found else None


def _listed(items: Sequence[RecordSpec] | Sequence[RoleSpec]) -> str:
    return ", ".join(item.plural_label if isinstance(item, RecordSpec) else item.label for item in items)


def _previous(kept: AppSpec | None, edited: AppSpec | None) -> str:
    spec = edited or kept
    return spec.model_dump_json() if spec else ""
