"""Builds of one tenant that ask the very same pay once; everybody else pays. From HTTP to a real endpoint and back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.durability.thinking_model import ThinkingModel
from tests.factories import make_finding
from tests.integration.server.conftest import Appyard, RunAppyard, RunPaid
from tests.integration.server.dashboard_pages import Page, see, send

pytestmark = pytest.mark.bounded(180)  # the first build of a process imports CrewAI

TOKENS_OF_A_CALL = 1200


@pytest.fixture
async def model() -> AsyncIterator[ThinkingModel]:
    async with ThinkingModel(thinking_seconds=0) as thinking:
        yield thinking


async def built(yard: Appyard, user_id: str) -> dict[str, Any]:
    """What a build of this user used."""
    status = await yard.ended(await yard.start(user_id=user_id))
    assert status["runtime_status"] == "Completed", status["error"]
    return dict(status["usage"])


async def switch(yard: Appyard, user_id: str, hours: float | None) -> None:
    answer = await yard.client.put("/api/cache", json={"user_id": user_id, "hours": hours})
    assert answer.status_code == 200, answer.text


async def test_the_second_build_of_a_tenant_pays_nothing_and_says_so(paid: RunPaid, model: ThinkingModel) -> None:
    yard = await paid(model)
    await switch(yard, "ada", 24)
    first, second = await built(yard, "ada"), await built(yard, "ada")
    lis = await built(yard, "li")
    calls = first["calls"]
    assert [usage["reused_calls"] for usage in (first, second, lis)] == [0, calls, 0]
    assert first["cost_usd"] == lis["cost_usd"] > 0
    assert model.answered.total() == 2 * calls
    assert (second["calls"], second["cost_usd"], second["input_tokens"], second["output_tokens"]) == (calls, 0, 0, 0)
    assert (second["saved_tokens"], second["saved_usd"]) == (calls * TOKENS_OF_A_CALL, pytest.approx(first["cost_usd"]))

    told = (await yard.client.get("/api/costs", params={"user_id": "ada"})).json()["cache"]
    figures = (await yard.client.get("/metrics", params={"format": "json"})).json()
    page = (await yard.client.get("/analytics")).text
    assert told == {"answers": calls, "hits": calls, "saved_tokens": second["saved_tokens"], "saved_usd": second["saved_usd"]}
    assert (figures["appyard_cache_hits"], figures["appyard_cache_saved_tokens"]) == (calls, second["saved_tokens"])
    assert f"{calls} of {3 * calls} calls, {second['saved_tokens']:,} tokens" in Page(page).text


@pytest.mark.parametrize("ends", ["expired", "switched off", "cleared"])
async def test_a_tenant_pays_again_once_its_answers_are(ends: str, paid: RunPaid, model: ThinkingModel) -> None:
    yard = await paid(model, answer_cache_hours=1)
    first = await built(yard, "ada")
    match ends:
        case "expired":
            async with yard.world.ledger.database.transaction() as transaction:
                await transaction.connection.execute("UPDATE cached_answers SET expires_at = now()")
        case "switched off":
            await switch(yard, "ada", 0)
        case _:
            cleared = await yard.client.delete("/api/cache/answers", params={"user_id": "ada"})
            assert cleared.json() == {"answers": first["calls"]}
    assert (await built(yard, "ada"))["reused_calls"] == 0


async def test_code_that_failed_its_checks_is_written_anew_by_the_next_build(paid: RunPaid, model: ThinkingModel) -> None:
    yard = await paid(model, [[make_finding("claims")], [], []], answer_cache_hours=1)
    repaired, second, third = await built(yard, "ada"), await built(yard, "ada"), await built(yard, "ada")
    assert (repaired["reused_calls"], second["calls"] - second["reused_calls"]) == (0, 2)  # the engineer, and the review of new code
    assert third["reused_calls"] == third["calls"]


async def test_answers_of_a_build_that_a_person_rejected_serve_nobody(paid: RunPaid, model: ThinkingModel) -> None:
    yard = await paid(model, answer_cache_hours=1)
    build = await yard.start(user_id="ada", options={"gates": {"app": "always"}})
    await yard.ended(build)
    assert (await yard.client.post(f"/api/approval/{build}", json={"decision": "rejected"})).status_code == 200
    await yard.ended(build)
    assert (await built(yard, "ada"))["reused_calls"] == 0


async def test_the_settings_page_switches_and_clears_the_cache_of_a_user(appyard: RunAppyard) -> None:
    yard = await appyard()
    form = (await see(yard.client, "/settings")).form("/settings/cache")
    refused = await send(yard.client, form, user_id="ada", hours="a day")
    assert (refused.status_code, "Hours: Input should be a valid number" in Page(refused.text).text) == (422, True)
    assert (await send(yard.client, form, user_id="ada", hours="12", reviewer="li")).status_code == 303
    page = (await see(yard.client, "/settings")).text
    assert "Who is not listed: off." in page
    assert "on, 12 hours set by li" in page
    assert (await send(yard.client, form, user_id="ada", change="off")).status_code == 303
    [ada] = (await yard.client.get("/api/cache", params={"user_id": "ada"})).json()["tenants"]
    assert (ada["hours"], ada["set_by"]) == (0, "local")
    refused = await yard.client.put("/api/cache", json={"user_id": " ", "hours": -1})
    assert refused.status_code == 422
