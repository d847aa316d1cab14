"""The money of a day, over HTTP: builds pause at its limit, go on when somebody raises it, and by themselves on the next day."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from langgraph.config import get_config

from checkpoints.records import ModelCall
from nodes.agents.budget import held_today
from nodes.artifacts import Changeset
from nodes.context import AgentTask
from server.services.renewed_budgets import RenewedBudgets
from server.worker.durable_workshop import DurableDayBudgets, running_thread
from tests.integration.server.conftest import Appyard, RunAppyard, script, write_samples

COST = 0.6


def paid(yards: list[Appyard]) -> Callable[[AgentTask[Changeset]], Awaitable[Changeset]]:
    """An engineer whose answer costs as much as it could."""

    async def write(task: AgentTask[Changeset]) -> Changeset:
        ledger, thread = yards[0].world.ledger, running_thread()
        task_id = str(get_config()["configurable"]["__pregel_task_id"])
        async with held_today(DurableDayBudgets(ledger.day_budgets), str(thread), task_id, 0, COST, seconds=60):
            made = {"prompt_sha256": "p", "node": "generate_component", "agent": "Engineer", "model": "openai:gpt-5-mini", "answer": {}}
            await ledger.model_calls.record(
                ModelCall.model_validate({"thread_id": thread, "task_id": task_id, "n": 0, "cost_usd": Decimal(str(COST)), **made})
            )
        return write_samples(task)

    return write


async def begin_next_day(yard: Appyard) -> None:
    """All that was spent was spent a day earlier, and all that was asked was asked then."""
    async with yard.world.ledger.database.transaction() as transaction:
        await transaction.connection.execute("UPDATE model_calls SET created_at = created_at - interval '1 day'")
        await transaction.connection.execute(
            "UPDATE approvals SET request = jsonb_set(request::jsonb, '{budget,resumes_at}', to_jsonb(now() - interval '1 minute'))::json"
            " WHERE status = 'pending'"
        )


async def test_a_user_whose_day_is_spent_waits_for_somebody_or_for_tomorrow(appyard: RunAppyard) -> None:
    yards: list[Appyard] = []
    yard = await appyard(script(write_component=[paid(yards)]), budget_per_user_day_usd=1.0, review_expiry_hours=1)
    yards.append(yard)

    async def answer(build: str, **given: object) -> Any:
        return await yard.client.post(f"/api/approval/{build}", json={"decision": "approved", **given})

    first, second = await yard.start(user_id="ada"), await yard.start(user_id="li")
    assert [(await yard.ended(build))["runtime_status"] for build in (first, second)] == ["Completed", "Completed"]
    build = await yard.start(user_id="ada")
    waiting = await yard.ended(build)
    asked = waiting["review"]["request"]
    page = (await yard.client.get(f"/builds/{build}")).text
    own = await answer(build, reviewer="ada", budget_usd=5)
    too_little = await answer(build, reviewer="li", budget_usd=1.1)
    assert (await answer(build, reviewer="ada")).status_code == 200  # whoever asked may look again
    assert (await yard.ended(build))["review"]["request"]["subject_sha256"] == asked["subject_sha256"]
    raised = await answer(build, reviewer="li", budget_usd=1.5)

    assert "$0.6000 of the $1.00 a day for this user's builds is spent" in asked["question"]
    assert "somebody else raises today's limit to $1.20 or more" in asked["question"]
    assert (asked["budget"]["limit"], asked["budget"]["resumes_at"][11:19], asked["askers"]) == ("user_day", "00:00:00", ["ada"])
    assert waiting["review"]["expires_at"] > asked["budget"]["resumes_at"]
    assert "ada asked for this, so somebody else raises the limit" in page
    assert (own.status_code, own.json()["error"]) == (403, "RequesterMayNotApprove")
    assert (too_little.status_code, too_little.json()["error"]) == (422, "BudgetNotRaised")
    assert raised.status_code == 200
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    report = (await yard.client.get("/api/costs", params={"user_id": "ada"})).json()
    assert [(budget["limit"], budget["limit_usd"], budget["spent_usd"], budget["held_usd"]) for budget in report["today"]] == [
        ("user_day", 1.5, 1.2, 0.0)
    ]

    waits = await yard.start(user_id="ada")
    assert (await yard.ended(waits))["runtime_status"] == "AwaitingApproval"
    renewed = RenewedBudgets(yard.world.ledger.approvals, yard.world.builds)
    assert await renewed.tend() == 0
    await begin_next_day(yard)
    assert await renewed.tend() == 1
    assert (await yard.ended(waits))["runtime_status"] == "Completed"
    [kept] = (await yard.client.get(f"/api/builds/{waits}/decisions")).json()["items"]
    assert (kept["decided_by"], kept["decided_via"]) == ("Appyard", "clock")
