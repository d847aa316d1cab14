"""Webhooks from end to end: who is told what, signed so that the receiver can trust it."""

import json
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient
from standardwebhooks import Webhook

from tests.integration.server.conftest import RunAppyard
from tests.receiver import receiving

TOY = Path(__file__).parents[2] / "acceptance" / "toy_graph" / "langgraph.json"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.requirement("run.webhook", "webhook.signature")
async def test_a_runs_webhook_is_told_how_it_ended(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY, webhooks_to_private_addresses=True, webhook_secret=SECRET)).client
    sdk = LangGraphClient(client)
    async with receiving() as receiver:
        thread = await sdk.threads.create()
        run = await sdk.runs.create(thread["thread_id"], "toy", input={"topic": "a"}, metadata={"order": 7}, webhook=receiver.url)
        told = await receiver.next()

        body = Webhook(SECRET).verify(told.body, dict(told.headers))
        assert (body["run_id"], body["thread_id"], body["status"], body["error"]) == (run["run_id"], thread["thread_id"], "success", None)
        assert (body["values"]["report"], body["metadata"]["order"]) == ("a#0,a#1", 7)

        failed = await sdk.runs.create(None, "toy", input={"fail": True}, webhook=receiver.url)
        body = json.loads((await receiver.next()).body)
        assert (body["run_id"], body["error"]) == (failed["run_id"], {"error": "ValueError", "message": "The plan failed on purpose."})

        held = await sdk.runs.create(thread["thread_id"], "toy", input={}, after_seconds=60, webhook=receiver.url)
        await sdk.runs.cancel(thread["thread_id"], held["run_id"])
        body = json.loads((await receiver.next()).body)
        assert (body["run_id"], body["status"]) == (held["run_id"], "interrupted")


@pytest.mark.requirement("run.webhook")
async def test_a_crons_webhook_is_told_of_each_of_its_runs(appyard: RunAppyard) -> None:
    yard = await appyard(config=TOY, webhooks_to_private_addresses=True)
    sdk = LangGraphClient(yard.client)
    async with receiving() as receiver:
        cron: Any = await sdk.crons.create("toy", schedule="0 0 1 1 *", input={"topic": "a"}, webhook=receiver.url)
        async with yard.world.ledger.database.transaction() as transaction:  # its time is made to come
            await transaction.connection.execute("UPDATE crons SET next_run_date = now() - interval '1 minute'")
        told = json.loads((await receiver.next()).body)

    assert (told["status"], told["metadata"]["cron_id"], told["values"]["report"]) == ("success", cron["cron_id"], "a#0,a#1")


@pytest.mark.requirement("webhook.builds")
async def test_people_are_told_of_a_build_that_waits_and_is_finished(appyard: RunAppyard) -> None:
    async with receiving() as programs, receiving() as chat:
        yard = await appyard(webhooks_to_private_addresses=True, webhook_url=programs.url, slack_webhook_url=chat.url)
        build = await yard.start(options={"gates": {"requirements": "always"}})
        waiting, in_chat = json.loads((await programs.next()).body), json.loads((await chat.next()).body)
        answer = await yard.client.post(f"/api/approval/{build}", json={"approved": True, "reviewer": "li"})
        assert answer.is_success, answer.text
        finished, last = json.loads((await programs.next()).body), json.loads((await chat.next()).body)

    assert (waiting["type"], waiting["data"]["workflow_id"]) == ("build.waiting", build)
    assert (waiting["data"]["message"], waiting["data"]["review"]["gate"]) == ("Is this what you need?", "requirements")
    link = waiting["data"]["link"]
    assert link == f"http://127.0.0.1:8123/builds/{build}"
    assert in_chat == {"text": f"*{waiting['data']['title']}* waits for you: Is this what you need? <{link}|Decide>"}
    assert (finished["type"], finished["data"]["workflow_id"]) == ("build.finished", build)
    assert "is finished" in last["text"]


@pytest.mark.requirement("webhook.private")
async def test_addresses_inside_are_not_called_and_the_list_says_why(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    sdk = LangGraphClient(client)
    async with receiving() as receiver:
        await sdk.runs.wait(None, "notes", input={"note": "a"}, webhook=receiver.url)
        delivery = await settled(client)
        assert receiver.arrived.empty()
    assert (delivery["status"], delivery["answer"]) == ("given_up", "Only https on port 443 or 8443 is called.")

    replayed = await client.post(f"/api/webhooks/deliveries/{delivery['id']}/replay")
    assert (replayed.status_code, replayed.json()["id"], replayed.json()["attempts"]) == (202, delivery["id"], 0)
    for nowhere in ("ftp://example.com/x", "/inside", "https://user:word@example.com/"):
        refused = await client.post("/runs", json={"assistant_id": "toy", "webhook": nowhere})
        assert refused.status_code == 422, nowhere


async def settled(client: Any) -> dict[str, Any]:
    """The only delivery, once something came of it; the sender looks once a second."""
    while True:
        (delivery,) = (await client.get("/api/webhooks/deliveries")).json()
        if delivery["status"] != "pending":
            return dict(delivery)
