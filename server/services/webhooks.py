"""What is told to webhooks when a run ends, and what came of it. Written with the end; sending is `server.worker.send_webhooks`.

A run's own webhook is told the run. The server's webhooks are told of builds only: one waits, is finished, or failed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from checkpoints.connection import Transaction
from checkpoints.records import WIRE_STATUS, DeliveryStatus, JsonObject, Run, RunStatus, WebhookDelivery
from checkpoints.webhooks import DeliveryDraft, WebhookRepository
from nodes.artifacts import Ending
from server.langgraph_json import APPYARD

MOST_CHARACTERS_OF_A_URL = 2000


class BuildEvent(StrEnum):
    """What the server's webhooks are told of."""

    waiting = "build.waiting"
    finished = "build.finished"
    failed = "build.failed"


RUN_ENDED = "run.ended"


@dataclass(frozen=True)
class WebhookTargets:
    """Where the server tells of builds: `url` gets JSON, `slack_url` what Slack, Mattermost and Rocket.Chat show."""

    url: str | None = None
    slack_url: str | None = None


@dataclass(frozen=True)
class RunEnd:
    """A run that has just ended, what its thread then holds, and what it asks."""

    run: Run
    values: JsonObject | None = None
    questions: Sequence[object] = ()


class Webhooks:
    """The use cases of webhooks."""

    def __init__(self, deliveries: WebhookRepository, targets: WebhookTargets) -> None:
        self._deliveries = deliveries
        self._targets = targets

    async def run_ended(self, end: RunEnd, transaction: Transaction) -> None:
        """Have it told, in the transaction that ends the run."""
        await self._deliveries.add(drafts_for(end, self._targets), transaction)

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


def drafts_for(end: RunEnd, targets: WebhookTargets) -> list[DeliveryDraft]:
    """What there is to send."""
    run = end.run

    def draft(event: str, url: str, body: object) -> DeliveryDraft:
        return DeliveryDraft(run_id=run.run_id, thread_id=run.thread_id, event=event, url=url, body=json.dumps(body))

    drafts = []
    if isinstance(url := run.kwargs.get("webhook"), str):
        drafts.append(draft(RUN_ENDED, url, told_of_run(end)))
    told = told_of_build(end) if run.kwargs.get("graph_id", APPYARD) == APPYARD else None
    if told and targets.url:
        drafts.append(draft(told.event, targets.url, {"type": told.event, "timestamp": _moment(run.finished_at), "data": told.data()}))
    if told and targets.slack_url:
        drafts.append(draft(told.event, targets.slack_url, {"text": told.text()}))
    return drafts


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


@dataclass(frozen=True)
class ToldOfBuild:
    """A build of which people are told."""

    event: BuildEvent
    run: Run
    title: str
    message: str
    review: object = None

    def data(self) -> JsonObject:
        """For programs."""
        told: JsonObject = {"workflow_id": str(self.run.thread_id), "run_id": str(self.run.run_id)}
        return {**told, "title": self.title, "message": self.message, "review": self.review}

    def text(self) -> str:
        """For a chat."""
        said = {BuildEvent.waiting: "waits for you", BuildEvent.finished: "is finished", BuildEvent.failed: "failed"}[self.event]
        return f"*{_for_chat(self.title)}* {said}: {_for_chat(self.message)} ({self.run.thread_id})"


def told_of_build(end: RunEnd) -> ToldOfBuild | None:
    """What people are told; None of what they did themselves: a build they cancelled or rejected."""
    values = end.values or {}
    title = str(_inside(values, "spec").get("title") or "A build")
    outcome = _inside(values, "outcome")
    match end.run.status:
        case RunStatus.interrupted:
            asked = end.questions[0] if end.questions else None
            question = asked.get("question") if isinstance(asked, Mapping) else asked
            return ToldOfBuild(BuildEvent.waiting, end.run, title, str(question or "It asks for a decision."), asked)
        case RunStatus.error | RunStatus.timeout:
            return ToldOfBuild(BuildEvent.failed, end.run, title, str((end.run.error or {}).get("message", "")))
        case RunStatus.success if outcome.get("ending") == Ending.unverified:
            return ToldOfBuild(BuildEvent.failed, end.run, title, str(outcome.get("reason", "")))
        case RunStatus.success if outcome.get("ending") == Ending.delivered:
            return ToldOfBuild(BuildEvent.finished, end.run, title, str(outcome.get("reason", "")))
        case _:
            return None


def _inside(values: JsonObject, name: str) -> Mapping[str, object]:
    inside = values.get(name)
    return inside if isinstance(inside, Mapping) else {}


def _for_chat(text: str) -> str:
    """Without what Slack would take for a link, a mention or a control sequence."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _moment(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
