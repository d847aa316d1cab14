"""What is told when a run ends, and what came of it. Written with the end; sending is `server.worker.send_webhooks`.

A run's own webhook is told the run. The server's receivers are told of builds only, see `server.services.notices`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from checkpoints.connection import Transaction
from checkpoints.records import WIRE_STATUS, DeliveryStatus, JsonObject, Run, WebhookDelivery
from checkpoints.webhooks import DeliveryDraft, WebhookRepository
from server.langgraph_json import APPYARD
from server.services.notices import BuildEvent, Notice, Receivers, drafts_of, notice_of_end

MOST_CHARACTERS_OF_A_URL = 2000


RUN_ENDED = "run.ended"


@dataclass(frozen=True)
class RunEnd:
    """A run that has just ended, what its thread then holds, and what it asks."""

    run: Run
    values: JsonObject | None = None
    questions: Sequence[object] = ()
    expires_at: datetime | None = None


class Webhooks:
    """The use cases of webhooks."""

    def __init__(self, deliveries: WebhookRepository, receivers: Receivers) -> None:
        self._deliveries = deliveries
        self._receivers = receivers

    async def run_ended(self, end: RunEnd, transaction: Transaction) -> None:
        """Have it told, in the transaction that ends the run."""
        await self._deliveries.add(drafts_for(end, self._receivers), transaction)

    async def search(self, *, thread_id: UUID | None, status: DeliveryStatus | None, limit: int, offset: int) -> list[WebhookDelivery]:
        """What was sent or is to be, the newest first."""
        return await self._deliveries.search(thread_id=thread_id, status=status, limit=limit, offset=offset)

    async def replay(self, delivery_id: UUID) -> WebhookDelivery:
        """Send it again, the same under the same id. Raises `DeliveryNotFound`."""
        return await self._deliveries.replay(delivery_id)


def checked_url(text: str) -> str:
    """`text`, if it can be a webhook's address; where it leads is looked at when it is called. Raises ValueError."""
    parts = urlsplit(text)
    if len(text) > MOST_CHARACTERS_OF_A_URL or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a webhook is an address such as https://example.com/hook")
    if parts.username or parts.password:
        raise ValueError("a webhook's address carries no user and no password")
    return text


def drafts_for(end: RunEnd, receivers: Receivers) -> list[DeliveryDraft]:
    """What there is to send."""
    run = end.run
    drafts = []
    if isinstance(url := run.kwargs.get("webhook"), str):
        body = json.dumps(told_of_run(end))
        drafts.append(DeliveryDraft(run_id=run.run_id, thread_id=run.thread_id, event=RUN_ENDED, url=url, body=body))
    notice = notice_of(end) if run.kwargs.get("graph_id", APPYARD) == APPYARD else None
    return [*drafts, *(drafts_of(notice, receivers) if notice else [])]


def told_of_run(end: RunEnd) -> JsonObject:
    """The run with what its thread holds, as LangGraph's servers tell it."""
    run = end.run
    return {
        "run_id": str(run.run_id),
        "thread_id": str(run.thread_id),
        "assistant_id": str(run.assistant_id),
        "status": WIRE_STATUS[run.status],
        "metadata": run.metadata,
        "kwargs": run.kwargs,
        "multitask_strategy": run.multitask_strategy,
        "created_at": _moment(run.created_at),
        "updated_at": _moment(run.updated_at),
        "run_started_at": _moment(run.started_at),
        "run_ended_at": _moment(run.finished_at),
        "values": end.values or {},
        "error": run.error,
    }


def notice_of(end: RunEnd) -> Notice | None:
    """What people are told of a build's run; None where there is nothing to tell."""
    values = end.values or {}
    spec = values.get("spec")
    title = str(spec.get("title") or "A build") if isinstance(spec, Mapping) else "A build"
    message = str((end.run.error or {}).get("message", ""))
    about = Notice(
        BuildEvent.failed, end.run.thread_id, end.run.run_id, title, message, moment=end.run.finished_at, expires_at=end.expires_at
    )
    return notice_of_end(end.run.status, values, end.questions[0] if end.questions else None, about)


def _moment(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
