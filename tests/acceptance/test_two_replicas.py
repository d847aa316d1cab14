"""Two servers and two workers, each a process of its own, on one database: it does not matter whom a client asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import cycle, groupby
from typing import Any, NamedTuple

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError

from tests.fleet import TwoAndTwo

pytestmark = pytest.mark.bounded(120)  # the first of them waits for four processes to start
GIVEN: Any = {"topic": "t", "n": 2}
EVERYTHING: Any = {"stream_mode": ["updates", "custom", "values"], "stream_resumable": True}


class Both(NamedTuple):
    """A client of each server."""

    here: LangGraphClient
    there: LangGraphClient


@pytest.fixture
async def clients(two_and_two: TwoAndTwo) -> AsyncIterator[Both]:
    async with get_client(url=two_and_two.first.base_url) as here, get_client(url=two_and_two.second.base_url) as there:
        yield Both(here, there)


@pytest.mark.requirement("replicas.follow")
async def test_a_run_begun_at_one_server_is_followed_and_joined_at_the_other(clients: Both) -> None:
    here, there = clients
    thread = (await here.threads.create())["thread_id"]
    begun = await here.runs.create(thread, "steps", input={"n": 4, "sleep": 0.1, "taken": []}, **EVERYTHING)
    followed: list[Any] = [part async for part in there.runs.join_stream(thread, begun["run_id"], last_event_id="-1")]
    assert [part.data["step"]["taken"] for part in followed if part.event == "updates"] == [[1], [2], [3], [4]]
    assert [part.id for part in followed] == [str(number) for number in range(1, len(followed) + 1)]
    assert (await there.runs.join(thread, begun["run_id"])) == {"n": 4, "sleep": 0.1, "taken": [1, 2, 3, 4]}


@pytest.mark.requirement("replicas.follow")
async def test_a_run_begun_at_one_server_is_stopped_at_the_other(clients: Both) -> None:
    here, there = clients
    thread = (await here.threads.create())["thread_id"]
    seen: list[Any] = []
    async for part in here.runs.stream(thread, "steps", input={"n": 2, "sleep": 50, "taken": []}, stream_mode="custom"):
        seen.append(part)
        if part.event == "custom":
            await there.runs.cancel(thread, seen[0].data["run_id"])
    assert [part.data for part in seen[1:]] == [{"step": 1}, {"status": "cancelled"}]


@pytest.mark.requirement("replicas.follow", "run.resume_once")
async def test_of_two_answers_at_two_servers_one_is_refused(clients: Both) -> None:
    thread = (await clients.here.threads.create())["thread_id"]
    await clients.here.runs.wait(thread, "toy", input=GIVEN)
    answers = (client.runs.create(thread, "toy", command={"resume": "yes"}) for client in clients)
    ends: list[Any] = await asyncio.gather(*answers, return_exceptions=True)
    (refused,) = [end for end in ends if isinstance(end, ConflictError)]
    (accepted,) = [end for end in ends if end is not refused]
    done: Any = await clients.there.runs.join(thread, accepted["run_id"])
    assert done["approved"] == "yes"


@pytest.mark.requirement("replicas.follow")
async def test_a_thread_followed_at_one_server_tells_of_runs_begun_at_the_other(clients: Both) -> None:
    thread = (await clients.here.threads.create())["thread_id"]
    run = await clients.there.runs.create(thread, "toy", input=GIVEN, stream_mode="custom")
    seen: list[Any] = []
    async with aclosing(await clients.here.threads.join_stream(thread, last_event_id="-1")) as told:  # type: ignore[type-var]  # a generator, typed as iterator
        async for part in told:
            seen.append(part)
            if [event.event for event in seen].count("end") == 1 and len(seen) < 6:
                await clients.there.runs.create(thread, "toy", command={"resume": "yes"}, stream_mode="custom")
            if [event.event for event in seen].count("end") == 2:
                break
    assert seen[0].data == {"run_id": run["run_id"], "attempt": 1}
    assert [part.event for part in seen] == ["metadata", "custom", "custom", "custom", "end", "metadata", "end"]


@pytest.mark.requirement("replicas.order")
async def test_the_runs_of_a_thread_keep_their_order_whoever_takes_them(clients: Both) -> None:
    thread = (await clients.here.threads.create())["thread_id"]
    begun = [
        await client.runs.create(thread, "steps", input={"n": 3 * number, "taken": []})
        for number, client in zip(range(1, 7), cycle(clients), strict=False)
    ]
    done: Any = await clients.here.runs.join(thread, begun[-1]["run_id"])
    history = await clients.here.threads.get_history(thread, limit=100)
    worked_on = [run_id for run_id, _ in groupby(str(state["metadata"]["run_id"]) for state in reversed(history))]
    assert done["taken"] == list(range(1, 19))
    assert worked_on == [run["run_id"] for run in begun]
