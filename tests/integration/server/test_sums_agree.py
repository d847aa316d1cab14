"""What a build cost, by every door that tells it: the ledger's sums are what the endpoint billed, whatever it did to us."""

import random
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from checkpoints.records import CostDimension
from tests.factories import make_plan, make_record, make_spec
from tests.integration.agents.fault_server import USAGE, Answer, CutStream, Raw, Reply, Status, fault_server
from tests.integration.agents.ingest_server import Langsmith, ingest_server
from tests.integration.server.conftest import RunAppyard, script
from tests.integration.server.paid_engineer import PaidEngineer

SPEC = make_spec(make_record("claim"), make_record("trip"))
CALL_USD = (600 * 0.25 + 400 * 0.025 + 200 * 2.00) / 1_000_000
"""What `USAGE` costs at the price of the fault server's model."""

USELESS = (Answer("I think it is fine."), Answer('{"verdict": "fine"}'), Answer(""), Answer('{"component": "cl', finish="length"))
LOST = CutStream(tells_usage=True)
FREE = (Status(429, retry_after="0"), Status(500), Raw("<html>gateway</html>"))
"""What an endpoint answers without billing anything."""

BILLED = (Answer, CutStream)


def replies(chances: random.Random) -> list[Reply]:
    """Some trouble, in any order; then answers that can be used, whichever engineer asks."""
    trouble: list[Reply] = [chances.choice((*USELESS, LOST, *FREE)) for _ in range(chances.randrange(2, 6))]
    return [*trouble, Answer('{"component": "claim", "changes": []}'), Answer('{"component": "trip", "changes": []}')] * 3


@pytest.mark.parametrize("seed", range(5))
async def test_calls_builds_days_status_and_traces_add_up_to_what_the_endpoint_billed(
    appyard: RunAppyard, tmp_path: Path, seed: int
) -> None:
    engineer = PaidEngineer()
    answers = script(analyze_requirements=[SPEC], design_architecture=[make_plan(SPEC)], write_component=[engineer.write])
    scripted = replies(random.Random(seed))  # noqa: S311 - a schedule, no secret
    async with fault_server(*scripted) as server, ingest_server() as langsmith:
        yard = await appyard(answers, langsmith_tracing=True, langsmith_endpoint=langsmith.url, langsmith_api_key="key")
        await engineer.hire(yard, server, tmp_path)
        build = await yard.start()
        status = await yard.ended(build)
        await langsmith.heard("deliver" if status["runtime_status"] == "Completed" else "generate_component")
        billed = sum(isinstance(reply, BILLED) for reply in scripted[: len(server.requests)])

        assert billed >= 2
        assert shown(status["usage"]) == (billed, billed * 1000, billed * 200, billed * 400, pytest.approx(billed * CALL_USD))
        for by in CostDimension:
            report = await yard.world.spending.costs(by, workflow_id=UUID(build), limit=1000)
            assert report.total.model_dump() == status["usage"], by
            assert sum(line.usage.calls for line in report.lines) == billed, by
            assert sum(line.usage.cost_usd for line in report.lines) == pytest.approx(billed * CALL_USD), by
        assert sum(used["cost_usd"] for used in status["usage_by_agent"].values()) == pytest.approx(billed * CALL_USD)
        assert traced(langsmith) == (billed, pytest.approx(billed * CALL_USD))


def shown(usage: dict[str, Any]) -> tuple[object, ...]:
    return tuple(usage[name] for name in ("calls", "input_tokens", "output_tokens", "cached_tokens", "cost_usd"))


def traced(langsmith: Langsmith) -> tuple[object, ...]:
    """Calls and cost by the metadata of the agents' steps."""
    about = [run["extra"]["metadata"] for run in langsmith.runs.values() if run["name"].startswith("crewai:")]
    return sum(step["calls"] for step in about), sum(step["cost_usd"] for step in about)


def test_the_endpoint_of_these_tests_bills_what_is_reckoned_with() -> None:
    assert (USAGE["prompt_tokens"], USAGE["completion_tokens"], USAGE["prompt_tokens_details"]) == (1000, 200, {"cached_tokens": 400})
