"""Decisions of people: where they come from, which are refused, and how they are told afterwards. Knows no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from checkpoints.records import Approval, ApprovalStatus
from nodes.artifacts import Artifact, Comment, Decision, Gate, ReviewAnswer, ReviewRequest
from server.services.errors import BudgetNotRaised, DecisionStale, RequesterMayNotApprove, SpecificationRefused


class Door(StrEnum):
    """Through what a decision comes. `langgraph`: the LangGraph API, which Studio and the SDKs speak. `clock`: nobody had to decide."""

    api = "api"
    dashboard = "dashboard"
    cli = "cli"
    langgraph = "langgraph"
    clock = "clock"


@dataclass(frozen=True)
class Origin:
    """Where a decision comes from; `address` is that of the caller, as far as it is known."""

    door: Door
    address: str | None = None


AT_THIS_MACHINE = Origin(Door.cli)
BY_ITSELF = Origin(Door.clock)


class DecisionRecord(Artifact):
    """What was asked at a gate, and who decided what, when and from where; `decision` is None as long as nobody has.

    `subject_sha256` is that of what was shown; `edited`: the reviewer edited the specification.
    `decided_by` is the name that was given: Appyard has no sign-in of its own.
    """

    interrupt_id: str
    gate: Gate
    version: int | None
    question: str
    subject_sha256: str
    status: ApprovalStatus
    asked_at: datetime
    expires_at: datetime | None
    decision: Decision | None
    feedback: str
    comments: tuple[Comment, ...]
    edited: bool
    decided_by: str | None
    decided_at: datetime | None
    decided_via: str | None
    decided_from: str | None


def told(approvals: Sequence[Approval]) -> tuple[DecisionRecord, ...]:
    """Everything that was asked, with what became of it, in the order given."""
    return tuple(_record(approval) for approval in approvals)


def _record(approval: Approval) -> DecisionRecord:
    request = ReviewRequest.model_validate(approval.request)
    answer = answer_of(approval)
    return DecisionRecord(
        interrupt_id=approval.interrupt_id,
        gate=request.gate,
        version=request.version,
        question=request.question,
        subject_sha256=request.subject_sha256,
        status=approval.status,
        asked_at=approval.opened_at,
        expires_at=approval.expires_at,
        decision=answer.decision if answer else None,
        feedback=answer.feedback if answer else "",
        comments=answer.comments if answer else (),
        edited=bool(answer and answer.spec),
        decided_by=approval.decided_by,
        decided_at=approval.decided_at,
        decided_via=approval.decided_via,
        decided_from=approval.decided_from,
    )


def answer_of(approval: Approval) -> ReviewAnswer | None:
    """What a person answered; None if nobody has, or with something the gate could not read."""
    if isinstance(approval.decision, str) and approval.decision in list(Decision):
        return ReviewAnswer.model_construct(decision=Decision(approval.decision))
    try:
        return ReviewAnswer.model_validate(approval.decision) if isinstance(approval.decision, dict) else None
    except ValueError:  # the LangGraph API takes anything; the gate then asks again
        return None


def check_current(answer: ReviewAnswer, request: ReviewRequest) -> None:
    """Refuse an answer for something other than what is asked now. Raises `DecisionStale`, `RequesterMayNotApprove`, `BudgetNotRaised`."""
    if answer.subject_sha256 and answer.subject_sha256 != request.subject_sha256:
        raise DecisionStale(f"It was for {answer.subject_sha256[:12]}, what waits is {request.subject_sha256[:12]}.")
    if answer.decision not in request.choices:
        raise DecisionStale(f"{answer.decision} is not a choice here.")
    if complaint := request.complaint(answer):
        raise SpecificationRefused(complaint)
    if refusal := request.refuses(answer):
        raise RequesterMayNotApprove(refusal)
    if request.budget and answer.decision is Decision.approved and (lacking := request.budget.shortfall(answer)):
        raise BudgetNotRaised(lacking)
