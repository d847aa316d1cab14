"""What a person is told of a build, computed from what was recorded: thread, run, approval, events, ledger of calls."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from checkpoints.records import Approval, ApprovalStatus, Run, RunStatus, Thread, Usage
from nodes.artifacts import (
    AgentResult,
    Artifact,
    CheckResult,
    Delivery,
    Ending,
    KeptVersion,
    OpenQuestion,
    Outcome,
    QaOutcome,
    RecipeSpec,
    ReviewRequest,
    SpecChange,
    UnmetPreference,
)
from nodes.costs import CostEstimate
from nodes.progress import WaitCause
from server.services.build_progress import BuildProgress, WaitingCall
from server.services.estimate_use import EstimateUse


class RuntimeStatus(StrEnum):
    """One word for where a build stands."""

    pending = "Pending"
    running = "Running"
    awaiting_approval = "AwaitingApproval"
    completed = "Completed"
    failed = "Failed"
    canceled = "Canceled"
    paused = "Paused"
    rejected = "Rejected"
    expired = "Expired"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self not in (RuntimeStatus.pending, RuntimeStatus.running, RuntimeStatus.awaiting_approval)


PAUSED_BY = "paused_by"
"""In the metadata of a run that was stopped to be gone on with: who did it."""


class PendingReview(Artifact):
    """The question that waits for a person."""

    interrupt_id: str
    request: ReviewRequest
    opened_at: datetime
    expires_at: datetime | None


class CustomStatus(Artifact):
    """Who works on what, and how far the build is (percent, from recorded events)."""

    current_agent: str | None
    progress: int
    stage: str
    message: str


class Turn(Artifact):
    """One entry of the conversation: who said or did what."""

    role: str
    content: str


class UsageReport(Artifact):
    """What was used and what it cost. `unpriced_calls` counts calls of models the price table does not know.

    Of the calls, `reused_calls` were answered by what other builds of the same user had paid for, which saved the rest.
    """

    calls: int
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float
    reused_calls: int = 0
    saved_tokens: int = 0
    saved_usd: float = 0.0


class BuildStatus(Artifact):
    """Everything a client needs to show a build."""

    workflow_id: UUID
    runtime_status: RuntimeStatus
    custom_status: CustomStatus
    title: str | None
    input: dict[str, object]
    output: dict[str, object] | None
    review: PendingReview | None
    waits: tuple[WaitingCall, ...] = ()
    """The model calls that wait now, each with why and until when."""

    error: str | None
    unmet_preferences: tuple[UnmetPreference, ...]
    recipes: tuple[RecipeSpec, ...] = ()
    open_questions: tuple[OpenQuestion, ...] = ()
    """What the request leaves open; each with the default that is built unless somebody answers."""

    checks: tuple[CheckResult, ...]
    concerns: tuple[str, ...] = ()
    """What the reviewer sees in the newest version that no check finds: an opinion, which fails nothing."""

    changes: tuple[SpecChange, ...] = ()
    declined: str | None = None
    agent_results: tuple[AgentResult, ...]
    conversation_history: tuple[Turn, ...]
    usage: UsageReport
    usage_by_agent: dict[str, UsageReport]
    estimate: CostEstimate | None
    """What the build, or the newest change of its app, was estimated to cost before it began."""

    estimates: tuple[EstimateUse, ...] = ()
    """Each estimate beside what was used after it, the newest first."""

    trace_url: str | None
    created_time: datetime
    last_updated_time: datetime


def runtime_status(thread: Thread, run: Run, approvals: Sequence[Approval]) -> RuntimeStatus:
    """The run ledger says whether the last run is over; the build's own ending, or what it asked, says how."""
    match run.status:
        case RunStatus.pending:
            return RuntimeStatus.pending
        case RunStatus.running:
            return RuntimeStatus.running
        case RunStatus.interrupted:
            waits = any(approval.status is ApprovalStatus.pending for approval in approvals)
            return RuntimeStatus.awaiting_approval if waits else RuntimeStatus.expired
        case RunStatus.cancelled:
            return RuntimeStatus.paused if PAUSED_BY in run.metadata else RuntimeStatus.canceled
        case RunStatus.error | RunStatus.timeout:
            return RuntimeStatus.failed
        case RunStatus.success:
            return _ended(outcome_of(thread), delivered=delivery_of(thread) is not None)
        case status:
            assert_never(status)


def outcome_of(thread: Thread) -> Outcome | None:
    """The build's last word on itself, if it has one."""
    value = (thread.values or {}).get("outcome")
    return Outcome.model_validate(value) if value else None


def unmet_preferences_of(thread: Thread) -> tuple[UnmetPreference, ...]:
    """The wishes the chosen builder does not fulfil, each with its reason; known once the description was understood."""
    spec = (thread.values or {}).get("spec")
    unmet = spec.get("unmet_preferences", ()) if isinstance(spec, dict) else ()
    return tuple(UnmetPreference.model_validate(wish) for wish in unmet)


def open_questions_of(thread: Thread) -> tuple[OpenQuestion, ...]:
    """What was left open, with the defaults."""
    spec = (thread.values or {}).get("spec")
    asked = spec.get("open_questions", ()) if isinstance(spec, dict) else ()
    return tuple(OpenQuestion.model_validate(question) for question in asked)


def concerns_of(thread: Thread) -> tuple[str, ...]:
    """What the reviewer said beyond the findings of the checks."""
    kept = (thread.values or {}).get("qa")
    return QaOutcome.model_validate(kept).concerns if isinstance(kept, dict) else ()


def recipes_of(thread: Thread) -> tuple[RecipeSpec, ...]:
    """The blocks the app is given beside its records; known once the description was understood."""
    spec = (thread.values or {}).get("spec")
    recipes = spec.get("recipes", ()) if isinstance(spec, dict) else ()
    return tuple(RecipeSpec.model_validate(recipe) for recipe in recipes)


def delivery_of(thread: Thread) -> Delivery | None:
    """The package, if there is one."""
    value = (thread.values or {}).get("delivery")
    return Delivery.model_validate(value) if value else None


def versions_of(thread: Thread) -> tuple[KeptVersion, ...]:
    """The versions that were checked, oldest first."""
    kept = (thread.values or {}).get("versions")
    return tuple(KeptVersion.model_validate(version) for version in kept) if isinstance(kept, list) else ()


def declined_of(thread: Thread) -> str | None:
    """Why the last change request was not carried out; None if there was none, or it was."""
    outcome = outcome_of(thread)
    return outcome.reason if outcome and outcome.ending is Ending.declined else None


def _ended(outcome: Outcome | None, *, delivered: bool) -> RuntimeStatus:
    if outcome is None:
        return RuntimeStatus.failed
    match outcome.ending:
        case Ending.delivered:
            return RuntimeStatus.completed
        case Ending.rejected:
            return RuntimeStatus.rejected
        case Ending.unverified:
            return RuntimeStatus.failed
        case Ending.declined:
            return RuntimeStatus.completed if delivered else RuntimeStatus.rejected
        case ending:
            assert_never(ending)


def failure_of(thread: Thread, run: Run) -> str | None:
    """Why the build failed, in words; None if it did not."""
    if run.error:
        return str(run.error.get("message") or run.error.get("error"))
    outcome = outcome_of(thread)
    return outcome.reason if outcome and outcome.ending is Ending.unverified else None


def message_of(status: RuntimeStatus, progress: BuildProgress, review: PendingReview | None, failure: str | None) -> str:
    """One sentence: what is happening, or what to do next."""
    match status:
        case RuntimeStatus.pending:
            return "Waiting for a worker."
        case RuntimeStatus.running:
            return activity_of(progress)
        case RuntimeStatus.awaiting_approval:
            return review.request.question if review else "Waiting for a decision."
        case RuntimeStatus.completed:
            return f"The last change was not understood, and nothing was changed. {failure}" if failure else "The package is ready."
        case RuntimeStatus.failed:
            return failure or "Failed."
        case RuntimeStatus.canceled:
            return "Canceled. Everything is kept; resume it to go on."
        case RuntimeStatus.paused:
            return "Paused. Everything that was finished is kept; resume it to go on."
        case RuntimeStatus.rejected:
            return failure or "Rejected. Everything is kept."
        case RuntimeStatus.expired:
            return "Parked: nobody answered in time. Everything is kept; reopen it to be asked again."
        case _:
            assert_never(status)


def activity_of(progress: BuildProgress) -> str:
    """Who is at work on what, in a sentence."""
    if not progress.active:
        return f"Working on {progress.stage}."
    names = ", ".join(f"{agent.agent} ({agent.component})" if agent.component else agent.agent for agent in progress.active)
    return " ".join([f"At work: {names}.", *words_of_waits(progress.waits)])


def words_of_waits(waits: Sequence[WaitingCall]) -> list[str]:
    """A sentence for each model that is waited for: why, and until when; of many calls what the last of them waits for."""
    models = dict.fromkeys(wait.model for wait in waits)
    return [_words_of_model([wait for wait in waits if wait.model == model]) for model in models]


def _words_of_model(waits: Sequence[WaitingCall]) -> str:
    last = max(waits, key=lambda wait: wait.until.timestamp() if wait.until else 0)
    many = f"{len(waits)} calls wait: " if len(waits) > 1 else ""
    until = f"{last.until:%H:%M:%S} UTC" if last.until else ""
    again = f"({last.reason}; try {last.next_try} of {last.tries})"
    match last.cause:
        case WaitCause.asked_to_wait:
            return f"{many}{last.model} asks to wait until {until} {again}."
        case WaitCause.failed_try:
            return f"{many}{last.model} is asked again at {until} {again}."
        case WaitCause.shared_rate:
            return f"{many}{last.model} is asked at {until}, when the rate that all workers keep to allows it."
        case WaitCause.held_money:
            return f"{many}{last.model} is asked when calls under way have left enough of the budget."
        case cause:
            assert_never(cause)


def conversation(request: str, progress: BuildProgress, approvals: Sequence[Approval]) -> tuple[Turn, ...]:
    """The description, what the agents did, and what people decided."""
    turns = [Turn(role="user", content=request)]
    turns += [Turn(role=result.agent, content=result.summary or result.task) for result in progress.results]
    for approval in approvals:
        question = ReviewRequest.model_validate(approval.request).question
        turns.append(Turn(role="appyard", content=question))
        if approval.decided_at and isinstance(approval.decision, dict):
            said = f"{approval.decision.get('decision')}: {approval.decision.get('feedback', '')}".rstrip(": ")
            turns.append(Turn(role=approval.decided_by or "reviewer", content=said))
    return tuple(turns)


def usage_report(usage: Usage) -> UsageReport:
    """The ledger's sums as a client sees them."""
    return UsageReport(
        calls=usage.calls,
        unpriced_calls=usage.unpriced_calls,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=float(usage.cost_usd),
        reused_calls=usage.reused_calls,
        saved_tokens=usage.saved_tokens,
        saved_usd=float(usage.saved_usd),
    )
