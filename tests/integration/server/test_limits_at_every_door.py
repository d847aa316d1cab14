"""Limits of a build, whichever door it comes through: refused at once if they cannot be kept, and raised where it waits for more."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient

from nodes.errors import TokensExhausted
from tests.integration.server.conftest import DESCRIPTION, Appyard, RunAppyard, script, write_samples
from tests.integration.server.dashboard_pages import Page, see, send

ENDPOINT: dict[str, Any] = {"openai_base_url": "http://endpoint.test/v1"}
INPUT = {"request": {"app_description": DESCRIPTION}}

Ask = Callable[[Appyard, dict[str, Any]], Awaitable[httpx.Response]]


async def by_workflow_api(yard: Appyard, options: dict[str, Any]) -> httpx.Response:
    return await yard.client.post("/api/start", json={"app_description": DESCRIPTION, "options": options})


async def by_langgraph_api(yard: Appyard, options: dict[str, Any]) -> httpx.Response:
    return await yard.client.post("/runs", json={"assistant_id": "appyard", "input": INPUT, "context": options})


async def by_dashboard(yard: Appyard, options: dict[str, Any]) -> httpx.Response:
    form = (await see(yard.client, "/builds/new")).form("/builds/new")
    typed = {name: str(value) for name, value in options.items()}
    return await send(yard.client, form, app_description=DESCRIPTION, gate_app="on_findings", **typed)


@pytest.mark.parametrize("ask", [by_workflow_api, by_langgraph_api, by_dashboard])
@pytest.mark.parametrize(
    ("settings", "options", "ways_out"),
    [
        ({}, {"model": "openai:qwen", "budget_usd": 1.0}, ("no price", "--budget-tokens", "APPYARD_PRICES_FILE")),
        ({}, {"model": "openai:qwen", "budget_tokens": 90_000}, ("no limit of its output", "APPYARD_MODEL_OUTPUT_TOKENS")),
        ({}, {"model": "openai:gpt-5-mini", "budget_usd": 1.0}, ("no limit of its output", "APPYARD_MODEL_OUTPUT_TOKENS")),
        ({"budget_per_day_usd": 9.0}, {"model": "openai:qwen"}, ("budget of the day", "APPYARD_PRICES_FILE")),
        ({"budget_usd": 2.0}, {"model": "openai:qwen"}, ("no price",)),
        ({}, {}, ("no model", "--model", "APPYARD_MODEL")),
    ],
    ids=["no price", "no output limit", "neither for a priced one", "the day's budget", "the server's budget", "no model named"],
)
async def test_a_limit_that_cannot_be_kept_is_refused_before_anything_is_accepted(
    appyard: RunAppyard, ask: Ask, settings: dict[str, Any], options: dict[str, Any], ways_out: tuple[str, ...]
) -> None:
    yard = await appyard(**ENDPOINT, **settings)
    refused = await ask(yard, options)
    assert refused.status_code == 422, refused.text
    said = Page(refused.text).text if ask is by_dashboard else refused.json()["detail"]
    assert all(way in said for way in ways_out), said
    assert await LangGraphClient(yard.client).threads.search() == []
    if ask is by_dashboard:
        assert DESCRIPTION in said


@pytest.mark.parametrize("ask", [by_workflow_api, by_langgraph_api, by_dashboard])
async def test_a_budget_in_tokens_needs_no_price_and_is_kept_with_the_build(appyard: RunAppyard, ask: Ask) -> None:
    yard = await appyard(**ENDPOINT, model_output_tokens=4000)
    accepted = await ask(yard, {"model": "openai:qwen", "budget_tokens": 90_000})
    assert accepted.status_code in (200, 202, 303), accepted.text
    [thread] = await LangGraphClient(yard.client).threads.search()
    [run] = await LangGraphClient(yard.client).runs.list(thread["thread_id"])
    await LangGraphClient(yard.client).runs.join(thread["thread_id"], run["run_id"])
    assert {(options.model, options.budget_tokens) for options in yard.crew.options} == {("openai:qwen", 90_000)}


async def test_what_the_server_is_set_up_with_holds_for_builds_of_the_langgraph_api_too(appyard: RunAppyard) -> None:
    yard = await appyard(budget_usd=2.0, repair_rounds=1)
    client = LangGraphClient(yard.client)
    await client.runs.wait(None, "appyard", input=INPUT, context={"repair_rounds": 2})
    assert {(options.budget_usd, options.repair_rounds) for options in yard.crew.options} == {(2.0, 2)}


@pytest.mark.parametrize("route", ["approval", "resume", "dashboard"])
async def test_a_build_whose_tokens_are_used_waits_and_goes_on_with_more(appyard: RunAppyard, route: str) -> None:
    used = TokensExhausted(spent_tokens=80_000, budget_tokens=90_000, next_call_tokens=20_500)
    yard = await appyard(script(write_component=[used, write_samples]))
    build = await yard.start(options={"budget_tokens": 90_000})
    waiting = await yard.ended(build)
    asked = waiting["review"]["request"]

    async def answer(tokens: int) -> httpx.Response:
        if route == "dashboard":
            form = (await see(yard.client, f"/builds/{build}")).form("/decision")
            assert form.fields["budget_tokens"] == "100500"
            return await send(yard.client, form, decision="approved", budget_tokens=f"{tokens:,}")
        decision = {"approved": True} if route == "approval" else {}
        return await yard.client.post(f"/api/{route}/{build}", json={**decision, "budget_tokens": tokens})

    refused, taken = await answer(100_000), await answer(150_000)
    assert asked["question"] == (
        "80,000 of the budget of 90,000 tokens are used. An agent waits with finished work kept. "
        "Raise the budget to 100,500 or more to go on?"
    )
    assert asked["budget"] == {"limit": "tokens", "spent_tokens": 80_000, "budget_tokens": 90_000, "least_tokens": 100_500}
    assert refused.status_code in (409, 422)
    assert "at least 100500" in (Page(refused.text).text if route == "dashboard" else refused.json()["detail"])
    assert taken.status_code in (200, 202, 303)
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    assert yard.crew.options[-1].budget_tokens == 150_000


async def test_a_budget_that_cannot_be_kept_is_refused_when_a_build_is_to_go_on_with_it(appyard: RunAppyard) -> None:
    yard = await appyard(script(write_component=[RuntimeError("broken")]), **ENDPOINT)
    build = await yard.start(options={"model": "openai:qwen"})
    assert (await yard.ended(build))["runtime_status"] == "Failed"
    refused = await yard.client.post(f"/api/resume/{build}", json={"budget_usd": 1.0})
    assert (refused.status_code, refused.json()["error"]) == (422, "BudgetNotKeepable")
    assert (await yard.status(build))["runtime_status"] == "Failed"
