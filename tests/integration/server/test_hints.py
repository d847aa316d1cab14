"""What people say to a build while it is running reaches its engineers in the next repair round."""

import asyncio

import pytest

from nodes.artifacts import Changeset
from nodes.context import AgentTask
from tests.factories import make_finding
from tests.integration.server.conftest import RunAppyard, script, write_samples

HINT = "The amount is in cents."


@pytest.mark.parametrize(
    ("said_in_attempt", "failing", "told"),
    [
        pytest.param(1, 1, ["", HINT], id="told in the next round"),
        pytest.param(2, 2, ["", "", HINT], id="reason to try again what failed twice"),
    ],
)
async def test_a_hint_given_while_engineers_write_is_told_to_those_who_repair(
    appyard: RunAppyard, said_in_attempt: int, failing: int, told: list[str]
) -> None:
    writing, said = asyncio.Event(), asyncio.Event()

    async def writes_while_somebody_speaks(task: AgentTask[Changeset]) -> Changeset:
        if task.attempt == said_in_attempt:
            writing.set()
            await said.wait()
        return write_samples(task)

    yard = await appyard(script(write_component=[writes_while_somebody_speaks]), rounds=[*[[make_finding()]] * failing, []])
    build = await yard.start()
    await writing.wait()
    taken = await yard.client.post(f"/api/hint/{build}", json={"feedback": HINT, "reviewer": "ada"})
    said.set()
    ended = await yard.ended(build)
    assert (taken.status_code, ended["runtime_status"]) == (202, "Completed")
    assert [task.inputs["feedback"] for task in yard.crew.tasks if task.name == "write_component"] == told


async def test_a_build_that_waits_or_has_ended_has_no_next_round(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start()
    await yard.ended(build)
    refused = await yard.client.post(f"/api/hint/{build}", json={"feedback": HINT})
    assert (refused.status_code, refused.json()["error"]) == (409, "BuildNotAtWork")
    assert (await yard.client.post(f"/api/hint/{build}", json={"feedback": ""})).status_code == 422
