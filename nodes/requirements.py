"""Understand the description: request → AppSpec, or the last AppSpec and a reviewer's feedback → a revised one."""

from collections.abc import Sequence

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.artifacts import (
    UNCHANGED,
    AgentResult,
    AppSpec,
    BuildRequest,
    Decision,
    Ending,
    OpenQuestion,
    Outcome,
    RecordSpec,
    Review,
    ReviewAnswer,
    Revision,
    RoleSpec,
    StackName,
)
from nodes.blueprint.consistency import problems
from nodes.blueprint.reader import read_description
from nodes.blueprint.reader.domain import unmet_preferences
from nodes.context import AgentTask, BuildOptions, Workshop, effective_options
from nodes.corrections import MISREAD, CorrectionRefused, SpecCorrections, corrected, unexplained_removals
from nodes.errors import AgentOutputInvalid, DescriptionOutOfDomain, DescriptionUnclear, TemplateInconsistent
from nodes.program_changes import with_forgotten
from nodes.program_spec import ProgramSpec, sound_part, specified
from nodes.program_tasks import specify_task
from nodes.progress import ChangeUnderstood, announce
from nodes.stack import STACKS
from nodes.stack_choice import choose_stack
from nodes.stack_fit import fitted
from nodes.versions import revised


class RequirementsInput(TypedDict, total=False):
    """The request, maybe with a template; later also what was understood before and what a reviewer said of it."""

    request: BuildRequest
    template: AppSpec
    options: BuildOptions
    spec: AppSpec
    review: Review | None
    revision: Revision | None
    allowance_usd: float
    allowance_tokens: int
    continues: str


class RequirementsOutput(TypedDict, total=False):
    """The specification, and the options this build keeps to; what a change request came to, or why it was declined."""

    options: BuildOptions
    spec: AppSpec
    agent_results: list[AgentResult]
    revision: Revision
    outcome: Outcome


class Understood(TypedDict):
    """A specification, and who worked on it."""

    spec: AppSpec
    agent_results: list[AgentResult]


async def analyze_requirements(state: RequirementsInput, runtime: Runtime[BuildOptions], *, workshop: Workshop) -> RequirementsOutput:
    """Raises `DescriptionOutOfDomain`, `DescriptionUnclear`, `TemplateInconsistent` and what a crew raises."""
    options = effective_options(
        state.get("options"), runtime.context, allowance_usd=state.get("allowance_usd"), allowance_tokens=state.get("allowance_tokens")
    )
    if workshop.four_eyes:
        options = options.model_copy(update={"four_eyes": True})
    review, previous, revision = state.get("review"), state.get("spec"), state.get("revision")
    answer = review.answer if review and review.answer and review.answer.decision is Decision.changes_requested else None
    if answer and answer.spec and review and not answer.said():
        return {"options": options, "spec": answer.spec, "agent_results": [], **_meaning(revision, answer.spec, answer)}
    # A client of the thread API or Studio sends plain JSON, which LangGraph hands on as it is.
    request = BuildRequest.model_validate(state["request"])
    template = _template(state) if previous is None else None
    if template and request.app_description == UNCHANGED and not request.requirements:
        return {"options": options, "spec": template, "agent_results": []}
    kept = (answer.spec if answer else None) or previous or template
    asked = revision.request.feedback if revision else _wishes(request) if template else ""
    feedback = answer.said(kept) if answer else asked
    kept = _without_answered(kept, answer) if kept and answer else kept
    given = await _understood(request, kept, feedback, options, workshop, continues=state.get("continues", ""))
    return {"options": options, **given, **_meaning(revision, given["spec"], answer)}


async def _understood(
    request: BuildRequest, kept: AppSpec | None, feedback: str, options: BuildOptions, workshop: Workshop, *, continues: str
) -> Understood:
    """The analyst's reading: a program's features and examples, a draft corrected, or the whole specification."""
    by_model = workshop.crew.corrects_drafts("specify_program", options)
    stack = kept.stack if kept else choose_stack(request) if by_model else StackName.python_web
    if by_model and not STACKS[stack].keeps_records:
        try:
            said = await workshop.crew.perform(specify_task(request, stack, kept, feedback, continues), options)
        except AgentOutputInvalid as invalid:
            used = [invalid.result] if invalid.result else []
            if kept is not None:
                return {"spec": _uncorrected(kept, invalid), "agent_results": used}
            sound = sound_part(invalid.answer, stack) if isinstance(invalid.answer, ProgramSpec) else None
            if sound is None:
                raise
            return {"spec": specified(sound, stack), "agent_results": used}
        program = with_forgotten(said.value, kept, feedback) if kept else said.value
        return {"spec": specified(program, stack), "agent_results": [said.result]}
    if workshop.crew.corrects_drafts("correct_requirements", options) and (draft := kept or _drafted(request, stack)):
        correcting = correction_task(request, draft, feedback, continues=continues)
        try:
            given = await workshop.crew.perform(correcting, options)
        except AgentOutputInvalid as invalid:
            return {"spec": _uncorrected(draft, invalid), "agent_results": [invalid.result] if invalid.result else []}
        return {"spec": corrected(draft, given.value), "agent_results": [given.result]}
    task = AgentTask(
        name="analyze_requirements",
        inputs={
            "request": request.model_dump_json(),
            "previous": kept.model_dump_json() if kept else "",
            "feedback": feedback,
        },
        answer=AppSpec,
        check=complaint_about_spec,
        summarize=understood_words,
        continues=continues,
    )
    analyzed = await workshop.crew.perform(task, options)
    return {"spec": fitted(analyzed.value, stack), "agent_results": [analyzed.result]}


def _meaning(revision: Revision | None, spec: AppSpec, answer: ReviewAnswer | None) -> RequirementsOutput:
    """What a change request comes to; declined, with everything as it was, if none of it was understood."""
    if revision is None:
        return {}
    understood = revised(revision, spec)
    announce(ChangeUnderstood(changes=understood.changes, unclear=understood.unclear))
    if understood.changes or not understood.unclear or revision.request.files or answer:
        return {"revision": understood}
    reason = " ".join(question.question for question in understood.unclear)
    return {"revision": understood, "spec": revision.before, "outcome": Outcome(ending=Ending.declined, reason=reason)}


def correction_task(request: BuildRequest, draft: AppSpec, feedback: str, *, continues: str = "") -> AgentTask[SpecCorrections]:
    """The draft before the analyst's eyes: a weak model improves instead of inventing, a strong one writes a tenth."""
    return AgentTask(
        name="correct_requirements",
        inputs={"request": request.model_dump_json(), "draft": draft.model_dump_json(exclude_defaults=True), "feedback": feedback},
        answer=SpecCorrections,
        check=lambda given: complaint_about_corrections(draft, given, feedback),
        summarize=lambda given: corrected_words(draft, given),
        continues=continues,
    )


def corrected_words(draft: AppSpec, given: SpecCorrections) -> str:
    """What was understood, and whether the analyst changed it: small models give back as corrections what the draft says already."""
    spec, number = corrected(draft, given), len(given.corrections)
    changed = "The draft stays as it was." if spec == draft else f"{number} correction{'s' * (number != 1)} to the draft."
    return f"{understood_words(spec)} {changed}"


MAX_QUESTIONS = 3
"""More than a person answers before the first look at an app."""


def complaint_about_corrections(draft: AppSpec, given: SpecCorrections, feedback: str = "") -> str | None:
    """Why corrections do not apply, or what would be inconsistent after them, in words for the analyst.

    What the request states is removed only if a person asks for it, or if the analyst says that it was misread.
    """
    if not feedback and (removed := unexplained_removals(draft, given)):
        stated = "\n".join(f"- {place}: the request says “{quote}”" for place, quote in removed.items())
        return (
            f"Do not remove what the request states:\n{stated}\nOnly if the draft misread these words, say “{MISREAD}” and why in `reason`."
        )
    try:
        spec = corrected(draft, given)
    except CorrectionRefused as refused:
        return str(refused)
    if len(spec.open_questions) - len(draft.open_questions) > MAX_QUESTIONS:
        return f"Ask at most {MAX_QUESTIONS} questions, those whose answers change most; decide the others."
    return complaint_about_spec(spec)


def understood_words(spec: AppSpec) -> str:
    """What was understood, in a sentence."""
    if not STACKS[spec.stack].keeps_records:
        return f"{spec.title}: {spec.summary}"
    return f"{spec.title}: keeps {_listed(spec.records)}; used by {_listed(spec.roles)}."


def _template(state: RequirementsInput) -> AppSpec | None:
    """What the build starts from instead of nothing; the description then says what should be different."""
    if not state.get("template"):
        return None
    template = AppSpec.model_validate(state["template"])
    if complaint := complaint_about_spec(template):
        raise TemplateInconsistent(complaint)
    return template


def _wishes(request: BuildRequest) -> str:
    return "\n".join(text for text in (request.app_description, request.requirements) if text and text != UNCHANGED)


def complaint_about_spec(spec: AppSpec) -> str | None:
    """What is inconsistent in `spec`, in words for the analyst."""
    found = problems(spec)
    return "\n".join(found) if found else None


def _without_answered(spec: AppSpec, answer: ReviewAnswer) -> AppSpec:
    """`spec` without the questions a reviewer answered: what they were told is in the feedback, and is not asked again."""
    answered = {comment.place for comment in answer.comments}
    left = tuple(asked for asked in spec.open_questions if f"open_questions/{asked.name}" not in answered)
    return spec.model_copy(update={"open_questions": left})


def _listed(items: Sequence[RecordSpec] | Sequence[RoleSpec]) -> str:
    return ", ".join(item.plural_label if isinstance(item, RecordSpec) else item.label for item in items)


def _uncorrected(draft: AppSpec, invalid: AgentOutputInvalid) -> AppSpec:
    """The draft as it is, with a question that says so: a person may correct what the model could not."""
    question = OpenQuestion(
        name="uncorrected_draft",
        question=f"The model gave no usable corrections ({(invalid.detail or str(invalid))[:300]}). Is the draft right?",
        default="The app is built as drafted.",
    )
    others = tuple(known for known in draft.open_questions if known.name != question.name)
    return draft.model_copy(update={"open_questions": (*others, question)})


def _drafted(request: BuildRequest, stack: StackName) -> AppSpec | None:
    """What the built-in reader understood, as far as `stack` holds it; None if this is nothing for it."""
    try:
        draft = read_description(request, has_engineers=True)
    except (DescriptionOutOfDomain, DescriptionUnclear):
        return None
    return fitted(draft.model_copy(update={"unmet_preferences": unmet_preferences(request, stack)}), stack)
