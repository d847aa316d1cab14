"""Send what is to be told to webhooks and mailboxes: under an id that stays, tried for hours, signed if there is a secret.

The headers of webhooks are those of Standard Webhooks. A sender that dies leaves its deliveries to the next one, after the lease.
"""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import NamedTuple

from standardwebhooks import Webhook

from checkpoints.errors import PersistenceError
from checkpoints.records import DeliveryStatus, WebhookDelivery
from checkpoints.webhooks import WebhookRepository
from server.mail import Mail, MailFailed, MailRefused, MailServer, hand_in
from server.outbound import WHOLE_CALL_SECONDS, AddressRefused, CallFailed, OutboundCaller
from server.services.notices import MAILTO

log = logging.getLogger(__name__)

PERIOD_SECONDS = 1.0
AT_ONCE = 8
LEASE_SECONDS = 3 * WHOLE_CALL_SECONDS
DELAYS_SECONDS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600)
"""What Standard Webhooks recommends: about two days in all."""
GONE = 410
"""The receiver's way to say: never again."""


class Verdict(NamedTuple):
    """What came of a try."""

    status: DeliveryStatus
    answer: str
    delay_seconds: float = 0


class WebhookSender:
    """Sends what is due."""

    def __init__(
        self,
        deliveries: WebhookRepository,
        caller: OutboundCaller,
        *,
        secret: str | None = None,
        mail_server: MailServer | None = None,
    ) -> None:
        self._deliveries = deliveries
        self._caller = caller
        self._mail_server = mail_server
        self._signs = Webhook(secret) if secret else None

    async def send_for_ever(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while await self.send_due():
                    pass
                await self._deliveries.forget_old()
            except PersistenceError as error:
                log.warning("webhooks_wait", extra={"reason": str(error)})
            await asyncio.sleep(PERIOD_SECONDS)

    async def send_due(self) -> int:
        """Send what is due, a few at once; how many there were."""
        taken = await self._deliveries.take_due(limit=AT_ONCE, lease_seconds=LEASE_SECONDS)
        await asyncio.gather(*(self._send(delivery) for delivery in taken))
        return len(taken)

    async def _send(self, delivery: WebhookDelivery) -> None:
        verdict = await self.tried(delivery)
        await self._deliveries.settle(delivery, verdict.status, verdict.answer, delay_seconds=verdict.delay_seconds)
        details = {"delivery_id": str(delivery.delivery_id), "status": verdict.status.value, "answer": verdict.answer}
        log.info("webhook_tried", extra=details)

    async def tried(self, delivery: WebhookDelivery) -> Verdict:
        """Send it once, and say what came of it."""
        return await (self._mailed(delivery) if delivery.url.startswith(MAILTO) else self._called(delivery))

    async def _mailed(self, delivery: WebhookDelivery) -> Verdict:
        """An e-mail is there once: only a worker that dies while the mail server answers sends it again, under the same Message-ID."""
        if self._mail_server is None:
            return again_or_given_up(delivery, "No mail server is configured: set APPYARD_SMTP_HOST.")
        written = json.loads(delivery.body)
        to = delivery.url.removeprefix(MAILTO)
        mail = Mail(to, written["subject"], written["text"], str(delivery.delivery_id), in_utc(delivery.created_at))
        try:
            return Verdict(DeliveryStatus.delivered, await hand_in(mail, self._mail_server))
        except MailRefused as refusal:
            return Verdict(DeliveryStatus.given_up, str(refusal))
        except MailFailed as failure:
            return again_or_given_up(delivery, str(failure))

    async def _called(self, delivery: WebhookDelivery) -> Verdict:
        content = delivery.body.encode()
        try:
            answered = await self._caller.post(delivery.url, content, self._headers(delivery))
        except AddressRefused as refusal:
            return Verdict(DeliveryStatus.given_up, str(refusal))
        except CallFailed as failure:
            return again_or_given_up(delivery, str(failure))
        if 200 <= answered < 300:
            return Verdict(DeliveryStatus.delivered, str(answered))
        if answered == GONE:
            return Verdict(DeliveryStatus.given_up, str(answered))
        return again_or_given_up(delivery, str(answered))

    def _headers(self, delivery: WebhookDelivery) -> dict[str, str]:
        """The time is that of the try, by the database's clock: it was taken just now."""
        identity, sent_at = str(delivery.delivery_id), in_utc(delivery.updated_at)
        headers = {"Content-Type": "application/json", "User-Agent": "Appyard", "webhook-id": identity}
        headers["webhook-timestamp"] = str(int(sent_at.timestamp()))
        if self._signs:
            headers["webhook-signature"] = self._signs.sign(identity, sent_at, delivery.body)
        return headers


def again_or_given_up(delivery: WebhookDelivery, answer: str) -> Verdict:
    """Another try after the next delay, while there is one."""
    if delivery.attempts > len(DELAYS_SECONDS):
        return Verdict(DeliveryStatus.given_up, answer)
    return Verdict(DeliveryStatus.pending, answer, DELAYS_SECONDS[delivery.attempts - 1])


def in_utc(moment: datetime) -> datetime:
    """The moment as the library signs it: in UTC."""
    return moment.astimezone(UTC)
