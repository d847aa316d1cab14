"""A model that cannot be asked at once, over real HTTP: the build's status says why and until when, for as long as it waits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.integration.agents.fault_server import MODEL, Answer, Status, fault_server
from tests.integration.server.conftest import Appyard, RunAppyard, script
from tests.integration.server.paid_engineer import PaidEngineer

NOTHING_TO_DO = Answer('{"component": "claim", "changes": [], "notes": ""}')


@dataclass(frozen=True)
class Seen:
    """What a person was told at one moment: by the status, and by the build's page."""

    status: dict[str, Any]
    page: str


async def seen_at(yard: Appyard, build: str, *kinds: str) -> list[Seen]:
    """What was told when the build reported these things; until its end."""
    return [
        Seen(await yard.status(build), (await yard.client.get(f"/builds/{build}")).text)
        async for event in await yard.world.builds.events(UUID(build))
        if isinstance(event.data, dict) and event.data.get("kind") in kinds
    ]


async def test_a_build_says_until_when_its_model_asks_it_to_wait(appyard: RunAppyard, tmp_path: Path) -> None:
    engineer = PaidEngineer()
    async with fault_server(Status(429, retry_after="5", message="slow down"), NOTHING_TO_DO) as server:
        yard = await appyard(script(write_component=[engineer.write]))
        await engineer.hire(yard, server, tmp_path)
        build = await yard.start()
        waits, goes_on = await seen_at(yard, build, "call_waits", "call_goes_on")

    [wait] = waits.status["waits"]
    said = f"{MODEL} asks to wait until {wait['until'][11:19]} UTC (HTTP 429: slow down; try 2 of 4)."
    assert (wait["component"], wait["cause"], wait["reason"]) == ("claim", "asked_to_wait", "HTTP 429: slow down")
    assert waits.status["custom_status"]["message"] == f"At work: Senior Software Engineer (claim). {said}"
    assert said in waits.page
    assert goes_on.status["waits"] == []
    assert "asks to wait" not in goes_on.status["custom_status"]["message"] + goes_on.page
    assert (await yard.status(build))["runtime_status"] == "Completed"


async def test_a_build_says_when_it_is_its_turn_to_ask(appyard: RunAppyard, tmp_path: Path) -> None:
    engineer = PaidEngineer()
    async with fault_server(NOTHING_TO_DO) as server:
        yard = await appyard(script(write_component=[engineer.write]))
        await engineer.hire(yard, server, tmp_path, calls_per_minute=60)
        await yard.world.ledger.models.hold_off(str(MODEL), 6.0)  # a worker of another build was told so
        waits, goes_on = await seen_at(yard, await yard.start(), "call_waits", "call_goes_on")

    [wait] = waits.status["waits"]
    assert wait["cause"] == "shared_rate"
    assert "when the rate that all workers keep to allows it" in waits.status["custom_status"]["message"]
    assert goes_on.status["waits"] == []
