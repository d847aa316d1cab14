"""What was sent to webhooks and what came of it; send it again."""

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from checkpoints.records import DeliveryStatus, WebhookDelivery
from server.api.dependencies import WebhooksService
from server.api.errors import Problem
from server.api.wire import WireTime
from server.services.notices import MAILTO
from server.services.webhooks import RUN_ENDED

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], responses={404: {"model": Problem}, 503: {"model": Problem}})


class DeliveryOnWire(BaseModel):
    """A delivery. `id` is what the receiver got as `webhook-id`; `answer` is the last status, or why there was none."""

    id: UUID
    event: str
    url: str
    run_id: UUID
    thread_id: UUID
    status: DeliveryStatus
    attempts: int
    answer: str | None
    next_attempt_at: WireTime | None
    created_at: WireTime
    body: str


@router.get("/deliveries")
async def list_deliveries(
    webhooks: WebhooksService,
    thread_id: UUID | None = None,
    status: DeliveryStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> list[DeliveryOnWire]:
    """What was sent or is to be, the newest first."""
    found = await webhooks.search(thread_id=thread_id, status=status, limit=limit, offset=offset)
    return [delivery_on_wire(delivery) for delivery in found]


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
async def replay_delivery(delivery_id: UUID, webhooks: WebhooksService) -> DeliveryOnWire:
    """Send one again, whatever came of it: the same body under the same id."""
    return delivery_on_wire(await webhooks.replay(delivery_id))


def delivery_on_wire(delivery: WebhookDelivery) -> DeliveryOnWire:
    """As it is answered."""
    return DeliveryOnWire(
        id=delivery.delivery_id,
        url=shown_url(delivery),
        **delivery.model_dump(include={"event", "run_id", "thread_id", "status", "attempts", "answer", "created_at", "body"}),
        next_attempt_at=delivery.due_at if delivery.status is DeliveryStatus.pending else None,
    )


def shown_url(delivery: WebhookDelivery) -> str:
    """Where it goes; of the server's own webhooks only the host, since who has the address of a chat's webhook can write there."""
    whole = delivery.event == RUN_ENDED or delivery.url.startswith(MAILTO)
    return delivery.url if whole else f"{urlsplit(delivery.url).scheme}://{urlsplit(delivery.url).netloc}/…"
