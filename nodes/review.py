"""Ask a person: one interrupt per gate. On resume a node starts again from its first line, so only pure code precedes it."""

import math
from collections.abc import Mapping, Sequence
from typing import assert_never

from langgraph.types import interrupt
from pydantic import ValidationError
from typing_extensions import TypedDict

from nodes.artifacts import (
    AppSpec,
    AppVersion,
    Architecture,
    BudgetLimit,
    BudgetPause,
    BudgetQuestion,
    BuildRequest,
    CheckStatus,
    ComponentResult,
    Decision,
    Ending,
    Gate,
    Outcome,
    Pause,
    QaOutcome,
    RepairStop,
    Review,
    ReviewAnswer,
    ReviewRequest,
    Revision,
    TokenPause,
    TokenQuestion,
    Verdict,
    sha256_of,
)
from nodes.blueprint.consistency import problems
from nodes.context import BuildOptions
from nodes.versions import revised


class Asked(TypedDict, total=False):
    """Who asked for what, and by which rules it is decided."""

    request: BuildRequest
    options: BuildOptions
    revision: Revision | None
    review: Review | None


class RequirementsReviewInput(Asked, total=False):
    """What was understood."""

    spec: AppSpec


class ArchitectureReviewInput(Asked, total=False):
    """What is planned."""

    spec: AppSpec
    architecture: Architecture


class AppReviewInput(Asked, total=False):
    """What was built, and the evidence."""

    spec: AppSpec
    version: AppVersion
    components: dict[str, ComponentResult]
    qa: QaOutcome


class BudgetReviewInput(Asked, total=False):
    """Who stopped for want of money, and what there is already."""

    spec: AppSpec
    qa: QaOutcome
    paused: tuple[Pause, ...]


class ReviewOutput(TypedDict, total=False):
    """The answer; an edited specification, and what it makes of a change request; a raised budget; the ending if it was rejected."""

    review: Review
    spec: AppSpec
    revision: Revision
    allowance_usd: float
    allowance_tokens: int
    outcome: Outcome


class BudgetReviewOutput(ReviewOutput, total=False):
    """Also who goes on with the raised budget; the evidence says it if repair ended for want of money."""

    paused: tuple[Pause, ...]
    granted: tuple[Pause, ...]
    qa: QaOutcome


async def review_requirements(state: RequirementsReviewInput) -> ReviewOutput:
    """Ask whether the description was understood."""
    spec, revision = state["spec"], state.get("revision")
    request = ReviewRequest(
        gate=Gate.requirements,
        title=spec.title,
        question=_again(state.get("review"), Gate.requirements) + _recipes(spec) + requirements_question(revision),
        subject_sha256=sha256_of([spec]),
        open_questions=revision.unclear if revision else spec.open_questions,
        changes=revision.changes if revision else (),
        askers=askers(state),
    )
    output = _taken(request, interrupt(request.model_dump(mode="json")))
    if revision and "spec" in output:
        output["revision"] = revised(revision, output["spec"])
    return output


def _recipes(spec: AppSpec) -> str:
    """`recipe: comments of ticket. `, so that nobody is given what they did not mean; feedback takes one away again."""
    named = [f"{recipe.kind.replace('_', ' ')}{f' of {recipe.record}' if recipe.record else ''}" for recipe in spec.recipes]
    return f"recipe: {', '.join(named)}. " if named else ""


async def review_architecture(state: ArchitectureReviewInput) -> ReviewOutput:
    """Ask whether the plan is right before money is spent on code."""
    architecture = state["architecture"]
    request = ReviewRequest(
        gate=Gate.architecture,
        title=state["spec"].title,
        question=_again(state.get("review"), Gate.architecture)
        + f"{len(architecture.components)} parts, {len(architecture.contract.endpoints)} endpoints. Build it like this?",
        subject_sha256=sha256_of([architecture]),
        choices=(Decision.approved, Decision.changes_requested, Decision.rejected),
        askers=askers(state),
    )
    return _taken(request, interrupt(request.model_dump(mode="json")))


async def review_app(state: AppReviewInput) -> ReviewOutput:
    """Ask whether the app may be packaged, showing what the evidence says."""
    version, qa, revision = state["version"], state["qa"], state.get("revision")
    request = ReviewRequest(
        gate=Gate.app,
        title=state["spec"].title,
        question=_again(state.get("review"), Gate.app)
        + _unchanged(state.get("review"), version)
        + _unanswered(state.get("components", {}))
        + app_question(qa),
        subject_sha256=sha256_of([version, qa.report]),
        version=version.number,
        verdict=qa.report.verdict,
        findings=qa.report.findings,
        stop=qa.stop,
        tried=qa.tried,
        choices=app_choices(qa, state.get("components", {})),
        changes=revision.changes if revision else (),
        askers=askers(state),
    )
    output = _taken(request, interrupt(request.model_dump(mode="json")))
    return {**output, "review": output["review"].model_copy(update={"reviewed": version.tree})}


async def review_budget(state: BudgetReviewInput) -> BudgetReviewOutput:
    """Ask for more money, or tokens, once for all who stopped. Whoever declines is shown what there is, if anything was checked."""
    question, pauses, qa = budget_question(state["paused"]), state["paused"], state.get("qa")
    request = ReviewRequest(
        gate=Gate.budget,
        title=state["spec"].title if "spec" in state else "New app",
        question=_again(state.get("review"), Gate.budget) + budget_words(question, len(pauses)),
        subject_sha256=sha256_of(pauses),
        choices=(Decision.approved, Decision.rejected),
        budget=question,
        askers=askers(state) if question.is_of_the_build else requesters(state),
    )
    taken = _taken(request, interrupt(request.model_dump(mode="json")))
    answer = taken["review"].answer
    if answer is None:
        return {"review": taken["review"]}
    if answer.decision is Decision.approved:
        granted = BudgetReviewOutput(review=taken["review"], paused=(), granted=pauses)
        if "allowance_usd" in taken:
            granted["allowance_usd"] = taken["allowance_usd"]
        if "allowance_tokens" in taken:
            granted["allowance_tokens"] = taken["allowance_tokens"]
        return granted
    if qa is None:
        return {"review": taken["review"], "outcome": taken["outcome"], "paused": ()}
    return {"review": taken["review"], "paused": (), "qa": qa.model_copy(update={"stop": RepairStop.budget_exhausted})}


def askers(state: Asked) -> tuple[str, ...]:
    """Who may not let the build through: with four eyes, whoever asked for the app or for its change."""
    return requesters(state) if "options" in state and state["options"].four_eyes else ()


def requesters(state: Asked) -> tuple[str, ...]:
    """Whoever asked for the app, and for its change."""
    if "request" not in state:
        return ()
    revision = state.get("revision")
    # A client of the thread API or Studio sends plain JSON, which LangGraph hands on as it is.
    names = [BuildRequest.model_validate(state["request"]).user_id, *([revision.request.requested_by] if revision else [])]
    return tuple(dict.fromkeys(names))


def budget_question(pauses: Sequence[Pause]) -> BudgetQuestion | TokenQuestion:
    """The least limit covers the calls that were refused, each at the most it can use.

    Where several limits were reached, the question is about the build's own first, tokens before money; for that a person is
    needed anyway. Who was stopped by another limit is stopped by it again, and then it is asked about.
    """
    if in_tokens := [pause for pause in pauses if isinstance(pause, TokenPause)]:
        used = max(pause.spent_tokens for pause in in_tokens)
        return TokenQuestion(
            spent_tokens=used,
            budget_tokens=min(pause.budget_tokens for pause in in_tokens),
            least_tokens=used + sum(pause.next_call_tokens for pause in in_tokens),
        )
    in_dollars = [pause for pause in pauses if isinstance(pause, BudgetPause)]
    limit = next(limit for limit in BudgetLimit if any(pause.limit is limit for pause in in_dollars))
    reached = [pause for pause in in_dollars if pause.limit is limit]
    spent = max(pause.spent_usd for pause in reached)
    return BudgetQuestion(
        limit=limit,
        spent_usd=spent,
        budget_usd=min(pause.budget_usd for pause in reached),
        least_usd=_cents_up(spent + sum(pause.next_call_usd for pause in reached)),
        resumes_at=max((pause.resumes_at for pause in reached if pause.resumes_at), default=None),
    )


def _cents_up(amount_usd: float) -> float:
    return math.ceil(amount_usd * 100 - 1e-9) / 100


def budget_words(question: BudgetQuestion | TokenQuestion, agents: int) -> str:
    """Whose money or tokens are used, what goes on by itself and when, and what can be done before."""
    waiting = f"{agents} agents wait" if agents > 1 else "An agent waits"
    if isinstance(question, TokenQuestion):
        used = f"{question.spent_tokens:,} of the budget of {question.budget_tokens:,} tokens are used."
        return f"{used} {waiting} with finished work kept. Raise the budget to {question.least_tokens:,} or more to go on?"
    limit, least = f"${question.budget_usd:.2f}", f"${question.least_usd:.2f}"
    match question.limit:
        case BudgetLimit.build:
            whose = f"budget of {limit}"
        case BudgetLimit.user_day:
            whose = f"{limit} a day for this user's builds"
        case BudgetLimit.day:
            whose = f"{limit} a day for everybody's builds"
        case unknown:
            assert_never(unknown)
    if question.resumes_at:
        moment = f"{question.resumes_at:%Y-%m-%d at %H:%M} UTC"
        offer = f"It goes on by itself on {moment}. To go on today, somebody else raises today's limit to {least} or more."
    else:
        offer = f"Raise the budget to {least} or more to go on?"
    return f"${question.spent_usd:.4f} of the {whose} is spent. {waiting} with finished work kept. {offer}"


def app_choices(qa: QaOutcome, components: Mapping[str, ComponentResult]) -> tuple[Decision, ...]:
    """What can be answered: hints and going back make sense only where something fails or lacks."""
    usual = (Decision.approved, Decision.changes_requested, Decision.rejected)
    failed = any(check.status is CheckStatus.failed for check in qa.report.checks) or any(part.unanswered for part in components.values())
    return (*usual, Decision.hint, Decision.roll_back) if failed else usual


def requirements_question(revision: Revision | None) -> str:
    """What is asked of a new app, or of a change: how much it changes, and whether stored data go."""
    if revision is None:
        return "Is this what you need?"
    number = len(revision.changes)
    lost = sum(1 for change in revision.changes if change.loses_data)
    data = f", {lost} of which delete{'s' * (lost == 1)} what is stored" if lost else ""
    unclear = " Not all of it was understood." if revision.unclear else ""
    return f"{number} change{'s' * (number != 1)} to the specification{data}.{unclear} Is this what you need?"


def app_question(qa: QaOutcome) -> str:
    """What the evidence says, and the question that follows from it."""
    failed = len(qa.report.findings)
    match qa.report.verdict:
        case Verdict.verified:
            return f"{qa.report.how_verified} Package it?"
        case Verdict.incomplete:
            missing = [check.check.value for check in qa.report.checks if check.reason]
            return f"Not verified: {', '.join(missing) or 'nothing'} could not be run. Accept it as it is?"
        case Verdict.failed:
            return f"{failed} finding{'s' if failed != 1 else ''} left. {stop_reason(qa.stop)} Accept it as it is?"


def stop_reason(stop: RepairStop | None) -> str:
    """Why repair ended, in a sentence."""
    match stop:
        case RepairStop.rounds_exhausted:
            return "Stopped: all repair rounds are used."
        case RepairStop.same_failure_twice:
            return "Stopped: the same failure came back after a repair."
        case RepairStop.worse_result:
            return "Stopped: the last repair made it worse and was undone."
        case RepairStop.nothing_to_repair:
            return "Stopped: no part of the app is to blame for it."
        case RepairStop.budget_exhausted:
            return "Stopped: the budget is used."
        case RepairStop.not_verifiable:
            return "Stopped: a check could not be run."
        case RepairStop.verified | None:
            return ""


def understood(resumed: object) -> ReviewAnswer | str:
    """A reviewer's answer, or what is wrong with it. Takes a `ReviewAnswer` as JSON, or the word alone."""
    value = {"decision": resumed} if isinstance(resumed, str) else resumed
    try:
        return ReviewAnswer.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "answer"
        choices = ", ".join(Decision)
        return f"{place}: {first['msg']}. Answer with a decision ({choices}) and, for changes_requested, feedback."


def _taken(request: ReviewRequest, resumed: object) -> ReviewOutput:
    answer = understood(resumed)
    if isinstance(answer, str):
        return {"review": Review(gate=request.gate, problem=answer)}
    if objection := _objection(request, answer):
        return {"review": Review(gate=request.gate, problem=objection)}
    output: ReviewOutput = {"review": Review(gate=request.gate, answer=answer)}
    if answer.budget_usd is not None and (request.budget is None or request.budget.is_of_the_build):
        output["allowance_usd"] = answer.budget_usd
    if answer.budget_tokens is not None:
        output["allowance_tokens"] = answer.budget_tokens
    if answer.decision is Decision.approved and answer.spec:
        output["spec"] = answer.spec
    if answer.decision is Decision.rejected:
        output["outcome"] = Outcome(ending=Ending.rejected, reason=answer.feedback or f"Rejected by {answer.decided_by}.")
    return output


def _objection(request: ReviewRequest, answer: ReviewAnswer) -> str | None:
    """Why the question is asked again; the service says most of it before, but Studio and SDKs resume without it."""
    if answer.subject_sha256 and answer.subject_sha256 != request.subject_sha256:
        return "The answer was for an earlier version. Look at this one."
    if refusal := request.refuses(answer) or request.complaint(answer):
        return refusal
    if answer.spec and (found := problems(answer.spec)):
        return f"The edited specification does not hold together: {found[0]}"
    if answer.decision not in request.choices:
        return f"{answer.decision} is not offered here. Answer with one of: {', '.join(request.choices)}."
    if request.budget and answer.decision is Decision.approved:
        return request.budget.shortfall(answer)
    return None


def _again(review: Review | None, gate: Gate) -> str:
    return f"{review.problem} " if review and review.gate is gate and review.problem else ""


def _unanswered(components: Mapping[str, ComponentResult]) -> str:
    parts = sorted(name for name, part in components.items() if part.unanswered)
    return f"No engineer's answer could be used for {', '.join(parts)}, so that is as it was generated. " if parts else ""


def _unchanged(review: Review | None, version: AppVersion) -> str:
    asked_for_changes = review and review.answer and review.answer.decision is Decision.changes_requested
    if asked_for_changes and review and review.reviewed == version.tree:
        return "Your feedback changed nothing: the builder could not apply it. "
    return ""
