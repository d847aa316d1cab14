"""Two servers and two workers on one database: who follows a run notices neither which works nor which dies."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from langgraph_sdk import get_client

from tests.fleet import Fleet, Program

STEPS: Any = {"n": 10, "sleep": 0.3, "taken": []}
MODES: Any = ["updates", "custom", "values"]


def worker_of(run_id: UUID, database_url: str, fleet: Fleet) -> Program:
    """The worker that has the run now."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT lease_owner FROM runs WHERE run_id = %s", [run_id]).fetchone()
    assert found is not None
    return fleet.worker(int(found[0].rpartition(":")[2]))


def attempts(seen: list[Any]) -> list[int]:
    return [part.data["attempt"] for part in seen if part.event == "metadata"]


@pytest.mark.bounded(120)
@pytest.mark.requirement("stream.survives")
async def test_a_follower_sees_every_event_once_though_worker_and_server_are_killed(database_url: str, tmp_path: Path) -> None:
    with Fleet.on(database_url, tmp_path) as fleet:
        first, second, *_ = fleet.all_at_once(fleet.serve, fleet.serve, fleet.work, fleet.work)
        seen: list[Any] = []
        async with get_client(url=first.base_url) as here, get_client(url=second.base_url) as there:
            thread = (await here.threads.create())["thread_id"]
            details: Any = {"stream_mode": MODES, "stream_resumable": True, "durability": "sync"}
            async for part in here.runs.stream(thread, "steps", input=STEPS, **details):
                seen.append(part)
                if part.data == {"step": 4} and attempts(seen) == [1]:
                    worker_of(seen[0].data["run_id"], database_url, fleet).kill()
                elif part.data == {"step": 7}:  # the SDK comes back by itself, to another server at the same address
                    first.kill()
                    await asyncio.to_thread(fleet.serve, first.base_url.rpartition(":")[2])
            replayed = [part async for part in there.runs.join_stream(thread, seen[0].data["run_id"], last_event_id="-1")]
    assert seen == replayed
    assert [part.id for part in seen] == [str(number) for number in range(1, len(seen) + 1)]
    assert attempts(seen) == [1, 2]
    assert [part.data["step"]["taken"] for part in seen if part.event == "updates"] == [[number] for number in range(1, 11)]
    assert seen[-1].data == {"status": "success"}
