"""What is to be sent to webhooks: written with what it tells of, taken by one sender at a time, kept for a while."""

from collections.abc import Sequence
from uuid import UUID

from checkpoints.connection import Database, Parameters, Transaction
from checkpoints.errors import DeliveryNotFound
from checkpoints.records import DeliveryStatus, Record, WebhookDelivery

KEPT_DAYS = 30


class DeliveryDraft(Record):
    """Something to send: `body` is sent as it is."""

    run_id: UUID
    thread_id: UUID
    event: str
    url: str
    body: str


class WebhookRepository:
    """Reads and writes deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, drafts: Sequence[DeliveryDraft], transaction: Transaction) -> None:
        """Have these sent once `transaction` commits."""
        for draft in drafts:
            await transaction.execute("add_webhook_delivery", draft.model_dump())

    async def take_due(self, *, limit: int, lease_seconds: float) -> list[WebhookDelivery]:
        """What is due, to be settled within `lease_seconds`; otherwise it is due again."""
        return await self._all("take_due_webhooks", {"limit": limit, "lease_seconds": lease_seconds})

    async def settle(self, taken: WebhookDelivery, status: DeliveryStatus, answer: str, *, delay_seconds: float = 0) -> None:
        """Say what came of it; `pending` is another try after `delay_seconds`."""
        parameters = {
            "delivery_id": taken.delivery_id,
            "attempts": taken.attempts,
            "status": status,
            "answer": answer,
            "delay_seconds": delay_seconds,
        }
        async with self._database.statement() as transaction:
            await transaction.execute("settle_webhook", parameters)

    async def search(self, *, thread_id: UUID | None, status: DeliveryStatus | None, limit: int, offset: int) -> list[WebhookDelivery]:
        """One page, the newest first."""
        return await self._all("search_webhooks", {"thread_id": thread_id, "status": status, "limit": limit, "offset": offset})

    async def replay(self, delivery_id: UUID) -> WebhookDelivery:
        """Send it again, under the same id. Raises `DeliveryNotFound`."""
        replayed = await self._all("replay_webhook", {"delivery_id": delivery_id})
        if not replayed:
            raise DeliveryNotFound(str(delivery_id))
        return replayed[0]

    async def forget_old(self) -> None:
        """Let go of what was settled a month ago."""
        async with self._database.statement() as transaction:
            await transaction.execute("forget_webhooks", {"days": KEPT_DAYS})

    async def _all(self, query: str, parameters: Parameters) -> list[WebhookDelivery]:
        async with self._database.statement() as transaction:
            return [WebhookDelivery.model_validate(row) for row in await transaction.fetch_all(query, parameters)]
