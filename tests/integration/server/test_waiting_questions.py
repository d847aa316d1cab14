"""What waits for people: they are told, reminded and told again; others too; in the end it is parked, and can be reopened."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.services.notices import BuildEvent, Receivers
from server.services.waiting_questions import WaitingQuestions, WaitingTimes
from tests.factories import make_finding, make_spec
from tests.integration.server.conftest import Appyard, RunAppyard, script
from tests.mail_server import PASSWORD, USER, mail_server

FINDING = [[make_finding(component=None)]]
TIMES = WaitingTimes((4.0, 20.0), 12.0)
TEAM = Receivers(mail_to=("team@example.com",), escalation_mail_to=("boss@example.com",), base_url="https://appyard.example.com")


def questions(yard: Appyard) -> WaitingQuestions:
    """What a worker looks after waiting questions with."""
    ledger = yard.world.ledger
    return WaitingQuestions(ledger.database, ledger.approvals, ledger.webhooks, TEAM, TIMES)


async def pass_time(yard: Appyard, hours: float) -> None:
    """Everything that waits was asked so much earlier."""
    async with yard.world.ledger.database.transaction() as transaction:
        await transaction.connection.execute(
            "UPDATE approvals SET opened_at = opened_at - make_interval(secs => %s), expires_at = expires_at - make_interval(secs => %s)",
            (hours * 3600, hours * 3600),
        )


async def told(yard: Appyard) -> list[tuple[str, str]]:
    """To whom what is to be sent, in order."""
    found = await yard.world.ledger.webhooks.search(thread_id=None, status=None, limit=100, offset=0)
    return [(delivery.event, delivery.url.removeprefix("mailto:")) for delivery in reversed(found)]


async def settled(yard: Appyard) -> list[dict[str, Any]]:
    """Both e-mails, once the mail server answered each."""
    while True:
        tried = (await yard.client.get("/api/webhooks/deliveries")).json()
        if len([one for one in tried if one["answer"]]) == 2:
            return list(tried)


async def test_people_are_reminded_then_others_told_then_it_is_parked_each_once_however_many_workers(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=FINDING)
    build = await yard.start()
    await yard.ended(build)

    for hours in (3, 2, 0, 8, 8, 4):
        await pass_time(yard, hours)
        await asyncio.gather(*(questions(yard).tend() for _ in range(5)))

    first, *escalated, reminded, parked = await told(yard)
    assert {*escalated} == {(BuildEvent.escalated, "team@example.com"), (BuildEvent.escalated, "boss@example.com")}
    assert [first, reminded, parked] == [
        (BuildEvent.reminder, "team@example.com"),
        (BuildEvent.reminder, "team@example.com"),
        (BuildEvent.parked, "team@example.com"),
    ]
    assert (await yard.status(build))["runtime_status"] == "Expired"


async def test_a_parked_build_is_reopened_with_a_new_deadline_and_decided(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=FINDING)
    build = await yard.start(options={"review_expiry_hours": 2})
    first = (await yard.ended(build))["review"]
    early = await yard.client.post(f"/api/builds/{build}/reopen")
    await pass_time(yard, 3)
    late = await yard.client.post(f"/api/approval/{build}", json={"approved": True})
    await questions(yard).tend()

    reopened = await yard.client.post(f"/api/builds/{build}/reopen", json={"reviewer": "li"})
    second = reopened.json()["review"]
    runs = await yard.world.ledger.runs.list_of_thread(UUID(build))
    taken = await yard.client.post(f"/api/approval/{build}", json={"approved": True, "reviewer": "li"})

    assert (early.status_code, early.json()["error"]) == (409, "BuildNotParked")
    assert (late.status_code, late.json()["error"]) == (409, "ApprovalExpired")
    assert second["request"] == first["request"]
    assert second["expires_at"] > first["expires_at"]
    assert len(runs) == 1
    assert taken.status_code == 200
    assert (await yard.ended(build))["runtime_status"] == "Completed"


async def test_an_email_with_a_link_is_sent_once_encrypted_and_a_title_adds_no_header(
    appyard: RunAppyard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = "Claims\r\nBcc: everybody@example.com\r\n\r\n<script>"
    async with mail_server(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        yard = await appyard(
            script(analyze_requirements=[make_spec().model_copy(update={"title": title})]),
            mail_to=["team@example.com"],
            mail_from="appyard@example.com",
            smtp_host="127.0.0.1",
            smtp_port=box.port,
            smtp_user=USER,
            smtp_password=PASSWORD,
            public_url="https://appyard.example.com/",
        )
        build = await yard.start(options={"gates": {"requirements": "always"}})
        mail = await box.next()
        await yard.client.post(f"/api/approval/{build}", json={"approved": True})
        last = await box.next()

    assert (mail.to, mail.encrypted, mail.user) == ("team@example.com", True, USER)
    assert mail.message["Subject"] == "Claims Bcc: everybody@example.com <script> waits for you"
    assert (mail.message["Bcc"], mail.message["From"]) == (None, "appyard@example.com")
    assert f"Decide: https://appyard.example.com/builds/{build}" in mail.message.get_content()
    assert last.message["Subject"].endswith("is finished")
    assert box.arrived.empty()


async def test_a_mail_server_that_is_busy_is_asked_again_under_the_same_id_and_one_that_refuses_is_not(
    appyard: RunAppyard, tmp_path: Path
) -> None:
    async with mail_server(tmp_path, "451 later", "550 nobody here") as box:
        settings = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none"}
        yard = await appyard(mail_to=["first@example.com", "second@example.com"], **settings)
        await yard.ended(await yard.start())
        tried = await settled(yard)
        states = {one["answer"]: one["status"] for one in tried}
        again = next(one for one in tried if one["status"] == "pending")
        await yard.client.post(f"/api/webhooks/deliveries/{again['id']}/replay")
        mail = await box.next()

    assert states == {"451 later": "pending", "550 nobody here": "given_up"}
    assert mail.message["Message-ID"] == f"<{again['id']}@example.com>"
