"""What becomes of a question that waits: people are reminded, others are told, and in the end it is parked, never lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from checkpoints.approvals import ApprovalRepository
from checkpoints.connection import Database, Transaction
from checkpoints.records import Approval
from checkpoints.webhooks import WebhookRepository
from nodes.artifacts import ReviewRequest
from server.langgraph_json import APPYARD
from server.services.notices import BuildEvent, Notice, Receivers, drafts_of

AT_ONCE = 100


@dataclass(frozen=True)
class WaitingTimes:
    """When people are reminded, and when others are told, in hours since a question was asked."""

    reminder_hours: tuple[float, ...]
    escalation_hours: float


class WaitingQuestions:
    """Looks after the questions that wait. What is told of a question is written in the transaction that counts it."""

    def __init__(
        self,
        database: Database,
        approvals: ApprovalRepository,
        deliveries: WebhookRepository,
        receivers: Receivers,
        times: WaitingTimes,
    ) -> None:
        self._database = database
        self._approvals = approvals
        self._deliveries = deliveries
        self._receivers = receivers
        self._times = times

    async def tend(self) -> int:
        """Do what is due, at most a hundred of each kind; for how many questions."""
        return await self._park() + await self._escalate() + await self._remind()

    async def _park(self) -> int:
        async with self._database.transaction() as transaction:
            parked = await self._approvals.expire_due(limit=AT_ONCE, transaction=transaction)
            await self._tell(BuildEvent.parked, parked, transaction)
        return len(parked)

    async def _remind(self) -> int:
        seconds = [hours * 3600 for hours in self._times.reminder_hours]
        async with self._database.transaction() as transaction:
            due = await self._approvals.remind_due(APPYARD, seconds, limit=AT_ONCE, transaction=transaction)
            await self._tell(BuildEvent.reminder, due, transaction)
        return len(due)

    async def _escalate(self) -> int:
        if not self._receivers.escalation_url and not self._receivers.escalation_mail_to:
            return 0
        async with self._database.transaction() as transaction:
            due = await self._approvals.escalate_due(APPYARD, self._times.escalation_hours * 3600, limit=AT_ONCE, transaction=transaction)
            await self._tell(BuildEvent.escalated, due, transaction)
        return len(due)

    async def _tell(self, event: BuildEvent, approvals: Sequence[Approval], transaction: Transaction) -> None:
        for approval in approvals:
            if notice := await self._notice(event, approval, transaction):
                await self._deliveries.add(drafts_of(notice, self._receivers), transaction)

    async def _notice(self, event: BuildEvent, approval: Approval, transaction: Transaction) -> Notice | None:
        """None of another graph's question: what it means, only its own clients know."""
        about = await transaction.fetch_one("told_of_thread", {"thread_id": approval.thread_id})
        if about is None or about["graph_id"] != APPYARD or not isinstance(approval.request, dict):
            return None
        request = ReviewRequest.model_validate(approval.request)
        return Notice(
            event,
            approval.thread_id,
            about["run_id"],
            about["title"],
            request.question,
            moment=about["now"],
            review=approval.request,
            expires_at=None if event is BuildEvent.parked else approval.expires_at,
        )
