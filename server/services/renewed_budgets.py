"""Builds that wait because the money of a day was used go on by themselves on the next."""

from typing import Protocol
from uuid import UUID

from checkpoints.approvals import ApprovalRepository
from checkpoints.errors import ApprovalClosed, ThreadNotFound
from checkpoints.records import Approval
from nodes.artifacts import Decision, ReviewAnswer
from server.langgraph_json import APPYARD
from server.services.decisions import BY_ITSELF, Origin

AT_ONCE = 100


class Deciding(Protocol):
    """Goes on with a build that waits."""

    async def decide(self, workflow_id: UUID, answer: ReviewAnswer, *, interrupt_id: str | None, origin: Origin) -> Approval:
        """Exactly one of many wins. Raises `ApprovalClosed` for the others."""


class RenewedBudgets:
    """Answers the questions about the money of days that are over: the same limit holds again, so nobody is needed."""

    def __init__(self, approvals: ApprovalRepository, builds: Deciding) -> None:
        self._approvals = approvals
        self._builds = builds

    async def tend(self) -> int:
        """Let builds go on, a hundred at most; how many. They look for themselves whether there is money now."""
        went_on = 0
        for workflow_id, interrupt_id in await self._approvals.of_past_days(APPYARD, limit=AT_ONCE):
            answer = ReviewAnswer(decision=Decision.approved, decided_by="Appyard")
            try:
                await self._builds.decide(workflow_id, answer, interrupt_id=interrupt_id, origin=BY_ITSELF)
            except (ApprovalClosed, ThreadNotFound):
                continue  # somebody else was quicker
            went_on += 1
        return went_on
