"""Sending what the database holds: repeated until it arrives, given up in the end, never in two hands for long."""

import asyncio
from uuid import uuid4

import pytest

from checkpoints.connection import Database
from checkpoints.records import DeliveryStatus, WebhookDelivery
from checkpoints.webhooks import DeliveryDraft, WebhookRepository
from server.outbound import OutboundCaller
from server.worker.send_webhooks import DELAYS_SECONDS, LEASE_SECONDS, WebhookSender
from tests.receiver import receiving


@pytest.fixture
def deliveries(database: Database) -> WebhookRepository:
    return WebhookRepository(database)


@pytest.fixture
def sender(deliveries: WebhookRepository) -> WebhookSender:
    return WebhookSender(deliveries, OutboundCaller(allows_private=True))


@pytest.mark.requirement("webhook.retries")
async def test_what_was_refused_is_sent_again_under_the_same_id(
    database: Database, deliveries: WebhookRepository, sender: WebhookSender
) -> None:
    async with receiving(500, 302) as receiver:
        await put(database, deliveries, receiver.url)
        for answered in ("500", "302"):
            assert await sender.send_due() == 1
            waiting = await the_one(deliveries)
            assert (waiting.status, waiting.answer) == (DeliveryStatus.pending, answered)
            assert await sender.send_due() == 0
            await make_due(database)
        await sender.send_due()

        tries = [await receiver.next() for _ in range(3)]
    assert {(sent.headers["webhook-id"], sent.body) for sent in tries} == {(str(waiting.delivery_id), b'{"a": 1}')}
    assert receiver.arrived.empty()
    assert ((await the_one(deliveries)).status, await sender.send_due()) == (DeliveryStatus.delivered, 0)


@pytest.mark.requirement("webhook.retries")
async def test_a_sender_that_dies_leaves_its_delivery_to_the_next(
    database: Database, deliveries: WebhookRepository, sender: WebhookSender
) -> None:
    async with receiving() as receiver:
        await put(database, deliveries, receiver.url)
        (taken,) = await deliveries.take_due(limit=8, lease_seconds=LEASE_SECONDS)  # and dies
        assert await sender.send_due() == 0
        await make_due(database)
        assert await sender.send_due() == 1
    await deliveries.settle(taken, DeliveryStatus.given_up, "too late")
    assert ((await the_one(deliveries)).status, (await the_one(deliveries)).answer) == (DeliveryStatus.delivered, "204")


@pytest.mark.requirement("webhook.retries")
async def test_two_senders_do_not_send_the_same(database: Database, deliveries: WebhookRepository, sender: WebhookSender) -> None:
    async with receiving() as receiver:
        for _ in range(10):
            await put(database, deliveries, receiver.url)
        other = WebhookSender(deliveries, OutboundCaller(allows_private=True))
        sent = await asyncio.gather(sender.send_due(), other.send_due())
    assert (sum(sent), receiver.arrived.qsize()) == (10, 10)


@pytest.mark.requirement("webhook.retries")
async def test_a_receiver_that_is_gone_or_never_answers_well_is_given_up_until_it_is_replayed(
    database: Database, deliveries: WebhookRepository, sender: WebhookSender
) -> None:
    async with receiving(410, 500) as receiver:
        await put(database, deliveries, receiver.url)
        await sender.send_due()
        gone = await the_one(deliveries)
        await deliveries.replay(gone.delivery_id)
        async with database.transaction() as transaction:
            await transaction.connection.execute("UPDATE webhook_deliveries SET attempts = %s", [len(DELAYS_SECONDS)])
        await sender.send_due()
        tired = await the_one(deliveries)
    assert [(tried.status, tried.answer) for tried in (gone, tired)] == [(DeliveryStatus.given_up, "410"), (DeliveryStatus.given_up, "500")]


async def put(database: Database, deliveries: WebhookRepository, url: str) -> None:
    draft = DeliveryDraft(run_id=uuid4(), thread_id=uuid4(), event="run.ended", url=url, body='{"a": 1}')
    async with database.transaction() as transaction:
        await deliveries.add([draft], transaction)


async def make_due(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.connection.execute("UPDATE webhook_deliveries SET due_at = now()")


async def the_one(deliveries: WebhookRepository) -> WebhookDelivery:
    (found,) = await deliveries.search(thread_id=None, status=None, limit=10, offset=0)
    return found
