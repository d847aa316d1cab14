"""What was spent and what will be, over HTTP."""

from decimal import Decimal
from uuid import UUID

import pytest

from checkpoints.records import ModelCall
from tests.integration.server.conftest import DESCRIPTION, Appyard, RunAppyard

CALLS = [
    ("Requirements Analyst", "analyze_requirements", None, "0.10"),
    ("Senior Software Engineer", "generate_component", "claim", "0.30"),
    ("Senior Software Engineer", "generate_component", "claim", None),
]


async def spent(yard: Appyard, user_id: str) -> UUID:
    """A build of `user_id` for which three calls were made, one of an unknown price."""
    build = UUID(await yard.start(user_id=user_id))
    await yard.ended(str(build))
    [run] = await yard.world.ledger.runs.list_of_thread(build)
    for n, (agent, node, component, cost) in enumerate(CALLS):
        await yard.world.ledger.model_calls.record(
            ModelCall(
                thread_id=build,
                task_id="t",
                n=n,
                prompt_sha256="p",
                run_id=run.run_id,
                node=node,
                agent=agent,
                component=component,
                model="openai:gpt-5-mini",
                answer={},
                input_tokens=100,
                output_tokens=10,
                cached_tokens=40,
                cost_usd=Decimal(cost) if cost else None,
            )
        )
    return build


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("agent", {"Senior Software Engineer": 0.6, "Requirements Analyst": 0.2}),
        ("node", {"generate_component": 0.6, "analyze_requirements": 0.2}),
        ("component", {"claim": 0.6, None: 0.2}),
        ("user", {"ada": 0.4, "li": 0.4}),
        ("model", {"openai:gpt-5-mini": 0.8}),
    ],
)
async def test_costs_are_summed_up_by_what_is_asked(appyard: RunAppyard, by: str, expected: dict[str | None, float]) -> None:
    yard = await appyard()
    await spent(yard, "ada")
    await spent(yard, "li")
    report = (await yard.client.get("/api/costs", params={"by": by})).json()
    assert {line["key"]: pytest.approx(line["usage"]["cost_usd"]) for line in report["lines"]} == expected
    total = report["total"]
    assert (total["calls"], total["unpriced_calls"], total["input_tokens"], total["cached_tokens"]) == (6, 2, 600, 240)
    assert total["cost_usd"] == pytest.approx(0.8)


async def test_each_call_build_run_and_day_adds_up_to_what_the_status_says(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await spent(yard, "ada")
    await spent(yard, "li")
    status = await yard.status(str(build))
    for by, lines in (("call", 3), ("build", 1), ("run", 1), ("day", 1)):
        report = (await yard.client.get("/api/costs", params={"by": by, "workflow_id": str(build)})).json()
        assert len(report["lines"]) == lines
        assert report["total"] == status["usage"]
        assert sum(line["usage"]["cost_usd"] for line in report["lines"]) == pytest.approx(status["usage"]["cost_usd"])


async def test_nothing_spent_is_a_sum_of_nothing(appyard: RunAppyard) -> None:
    yard = await appyard()
    report = (await yard.client.get("/api/costs", params={"by": "day", "user_id": "nobody", "days": 7})).json()
    assert (report["lines"], report["total"]["calls"], report["total"]["cost_usd"]) == ([], 0, 0)


async def test_a_build_is_estimated_before_it_starts_and_the_status_keeps_it_beside_what_was_spent(appyard: RunAppyard) -> None:
    yard = await appyard()
    body = {"app_description": DESCRIPTION, "options": {"model": "openai:gpt-5-mini", "budget_usd": 0.001}}
    estimate = (await yard.client.post("/api/estimate", json=body)).json()
    assert 0 < estimate["cost_usd"]["low"] < estimate["cost_usd"]["high"]
    assert estimate["may_pause"] is True
    assert (await yard.client.get("/api/builds")).json() == {"items": []}
    status = await yard.ended(await yard.start(options=body["options"]))
    assert status["estimate"] == estimate
    assert (await yard.ended(await yard.start()))["estimate"] is None


async def test_a_model_that_cannot_be_is_refused_before_anything_starts(appyard: RunAppyard) -> None:
    yard = await appyard()
    for route in ("estimate", "start"):
        answer = await yard.client.post(f"/api/{route}", json={"app_description": DESCRIPTION, "options": {"model": "gpt"}})
        assert (answer.status_code, answer.json()["error"]) == (422, "ModelNotConfigured")
