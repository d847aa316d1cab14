"""`appyard notify`: a test message to everybody who is told of builds, sent here and now instead of through the outbox."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

from checkpoints.connection import Database
from checkpoints.records import DeliveryStatus, WebhookDelivery
from checkpoints.webhooks import DeliveryDraft, WebhookRepository
from server.api.webhooks import shown_url
from server.bootstrap import make_sender, receivers_of
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.services.notices import BuildEvent, Notice, drafts_of
from server.settings import Settings

NO_BUILD = UUID(int=0)


def send_test(*, as_json: bool) -> ExitCode:
    """Exit code 1 if somebody could not be reached. Raises `BadInput` if nobody is told of builds."""
    settings = Settings()
    now = datetime.now(UTC)  # noqa: TID251 - no database is asked here, so that it works without one
    notice = Notice(BuildEvent.test, NO_BUILD, NO_BUILD, "Appyard's message", "Whoever reads this is told of builds.", moment=now)
    deliveries = [_delivery(draft, now) for draft in drafts_of(notice, receivers_of(settings))]
    if not deliveries:
        raise BadInput(
            "Nobody is told of builds. Set APPYARD_MAIL_TO with APPYARD_SMTP_HOST, APPYARD_WEBHOOK_URL or APPYARD_SLACK_WEBHOOK_URL."
        )
    sender = make_sender(settings, WebhookRepository(Database("")))

    async def send() -> list[tuple[str, bool, str]]:
        verdicts = [(delivery, await sender.tried(delivery)) for delivery in deliveries]
        return [(shown_url(delivery), verdict.status is DeliveryStatus.delivered, verdict.answer) for delivery, verdict in verdicts]

    sent = asyncio.run(send())
    if as_json:
        print(json.dumps([{"receiver": receiver, "delivered": delivered, "answer": answer} for receiver, delivered, answer in sent]))
    else:
        for receiver, delivered, answer in sent:
            print(f"{'sent' if delivered else 'NOT SENT':<9} {receiver}  {answer}")
    return ExitCode.done if all(delivered for _, delivered, _ in sent) else ExitCode.failed


def _delivery(draft: DeliveryDraft, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        delivery_id=uuid4(), **draft.model_dump(), status=DeliveryStatus.pending, attempts=1, due_at=now, created_at=now, updated_at=now
    )
