"""What a build was estimated to use, beside what it used: told, reported, and learned from."""

from typing import Any

import pytest

from nodes.artifacts import ArchitecturePlan, Component, QaReview
from tests.durability.thinking_model import ThinkingModel
from tests.integration.server.conftest import Appyard, RunAppyard, RunPaid
from tests.integration.server.dashboard_pages import see
from tests.integration.verification.test_programs_are_built import MAIN_PY, MAIN_TEST, STORE_PY, TODO
from tests.scripted_builds import added

pytestmark = pytest.mark.bounded(180)  # the first build of a process imports CrewAI

MODEL = "openai:gpt-5-mini"
TODO_LIST = {"app_description": "A to-do list on the command line.", "target_platform": "cli"}
PART = Component(name="program", title="To do", summary="All of it.", owns=("app/**", "tests/**"))
WHOLE = added("program", app__main=MAIN_PY, app__store=STORE_PY, tests__test_main=MAIN_TEST)


async def ended(yard: Appyard, **body: object) -> tuple[str, dict[str, Any]]:
    build = await yard.start(**body)
    status = await yard.ended(build)
    assert status["runtime_status"] == "Completed", status["error"]
    return build, status


async def test_the_use_of_an_app_and_of_its_change_lies_in_the_range_and_is_told_beside_it(paid: RunPaid) -> None:
    async with ThinkingModel(thinking_seconds=0, tells_size=True) as model:
        yard = await paid(model)
        build, status = await ended(yard)
        [first] = status["estimates"]
        assert first["used_tokens"] == status["usage"]["input_tokens"] + status["usage"]["output_tokens"]
        assert first["tokens"]["low"] <= first["used_tokens"] <= first["tokens"]["high"], first["words"]
        assert (first["is_over"], first["within"], first["words"].endswith(f"tokens, used {first['used_tokens']:,}.")) == (True, True, True)

        asked = {"feedback": "Also store a note with each claim.", "options": {"gates": {"requirements": "auto"}}}
        assert (await yard.client.post(f"/api/builds/{build}/changes", json=asked)).status_code == 202
        changed = await yard.ended(build)
        change, before = changed["estimates"]
        assert (change["is_change"], change["within"], before) == (True, True, first)
        assert changed["estimate"]["basis"] == "change"
        assert before["used_tokens"] + change["used_tokens"] == changed["usage"]["input_tokens"] + changed["usage"]["output_tokens"]
        assert change["words"] in (await see(yard.client, f"/builds/{build}/timeline")).text
        report = (await yard.client.get("/api/estimates")).json()["lines"]
        assert {(line["models"], line["is_change"], line["builds"], line["within"]) for line in report} == {
            (MODEL, False, 1, 1),
            (MODEL, True, 1, 1),
        }
        assert "Estimates and use" in (await see(yard.client, "/analytics")).text


async def test_the_use_of_a_program_lies_in_the_range(paid: RunPaid) -> None:
    said = {
        "specify_program": TODO.model_dump_json(),
        "divide_program": ArchitecturePlan(summary="One part.", components=(PART,)).model_dump_json(),
        "write_program": WHOLE.model_dump_json(),
        "review_app": QaReview(summary="Read.").model_dump_json(),
    }
    async with ThinkingModel(thinking_seconds=0, answers=said, tells_size=True) as model:
        _, status = await ended(await paid(model), **TODO_LIST)
    [use] = status["estimates"]
    assert (status["estimate"]["basis"], status["estimate"]["stack"]) == ("program", "python")
    assert use["within"], use["words"]


async def test_a_range_is_fitted_to_what_builds_like_it_used_and_says_so(appyard: RunAppyard) -> None:
    yard = await appyard()
    body = {"app_description": "Employees submit claims. A manager approves them.", "options": {"model": MODEL}}
    plain = (await yard.client.post("/api/estimate", json=body)).json()
    builds = [await ended(yard, **body) for _ in range(5)]
    for build, _ in builds:
        await use(yard, build, tokens=20_000)
    fitted = (await yard.client.post("/api/estimate", json=body)).json()
    other = (await yard.client.post("/api/estimate", json={**body, "options": {"model": "openai:gpt-5"}})).json()
    assert plain["learned"] is None
    assert fitted["learned"]["builds"] == 5
    assert fitted["learned"]["plain_tokens"] == plain["tokens"]
    assert fitted["tokens"] == {"low": pytest.approx(20_000 / 1.25), "high": pytest.approx(20_000 * 1.25)}
    assert fitted["cost_usd"]["high"] < plain["cost_usd"]["high"]
    assert other["learned"] is None
    assert (await yard.status(builds[0][0]))["estimates"][0]["within"] is True


async def test_what_the_built_in_builder_costs_is_nothing(appyard: RunAppyard) -> None:
    yard = await appyard()
    estimate = (await yard.client.post("/api/estimate", json={"app_description": "Employees submit claims."})).json()
    assert (estimate["tokens"], estimate["cost_usd"]) == ({"low": 0, "high": 0}, {"low": 0, "high": 0})
    assert (await ended(yard))[1]["estimates"] == []


async def use(yard: Appyard, build: str, *, tokens: int) -> None:
    """The build used so much, as its ledger says."""
    async with yard.world.ledger.database.transaction() as transaction:
        await transaction.connection.execute(
            "INSERT INTO model_calls (thread_id, task_id, n, prompt_sha256, node, agent, model, answer, input_tokens)"
            " VALUES (%s, 't', 0, 'p', 'n', 'a', 'm', '{}', %s)",
            (build, tokens),
        )
