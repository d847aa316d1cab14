"""A thousand builds that wait for a person, and twenty people who decide each of some of them at once.

    python -m benchmarks.approval_races [--waiting 1000] [--races 500]

One process with server, worker and embedded PostgreSQL; agents are scripted, so that what is measured is ours: reaching the
gate, waiting there, and going on. Each decision is an HTTP request. Exactly one of twenty may win, and go on once.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx

from checkpoints.records import RunStatus
from nodes.context import Workshop
from server.api.app import create_app
from server.bootstrap import World, open_services, open_world
from server.services.builds import Ledger
from server.settings import Settings
from server.worker.durable_workshop import ThreadArtifacts
from tests.factories import ScriptedCrew, make_plan, make_spec, make_workshop

DECIDERS = 20
GATES = {"requirements": "always", "architecture": "always"}
"""The first gate is raced at; at the second the builds stop again."""


async def main(waiting: int, races: int) -> int:
    """Print the figures; 1 if a race had another number of winners than one, or a build went on twice."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        world = await stack.enter_async_context(open_world(Settings(data_dir=Path(folder)), with_worker=True, open_workshop=_workshop))
        app = create_app(lambda _: AsyncExitStack())  # type: ignore[arg-type]  # the services are put there below
        app.state.services = await stack.enter_async_context(open_services(world))
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://appyard", timeout=300)
        )
        before = _memory_mb()
        began = time.perf_counter()
        builds = [await _started(client) for _ in range(waiting)]
        await _asked(world, waiting, "requirements")
        print(f"{waiting} builds reach their gate        {time.perf_counter() - began:7.1f} s")
        print(f"memory they take while they wait     {_memory_mb() - before:7.1f} MiB at most, of a process of {before:.0f}")
        print(f"worker slots held                    {await _held(world.ledger):7d}")
        failures = 0
        began = time.perf_counter()
        for build in builds[:races]:
            failures += await _race(client, build)
        print(f"{races} races of {DECIDERS}, wrong winners      {failures:7d}   in {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        for build in builds[races:]:
            (await client.post(f"/api/approval/{build}", json={"approved": True})).raise_for_status()
        await _asked(world, waiting, "architecture")
        print(f"all have gone on to the next gate    {time.perf_counter() - began:7.1f} s after the last race")
        runs = Counter([len(await world.ledger.runs.list_of_thread(UUID(build))) for build in builds])
        print(f"runs of a build (2: asked, gone on)  {dict(runs)}")
        return int(failures > 0 or set(runs) != {2})


async def _workshop(_: Settings, ledger: Ledger) -> Workshop:
    spec = make_spec()
    crew = ScriptedCrew({"analyze_requirements": [spec], "design_architecture": [make_plan(spec)]})
    return replace(make_workshop(crew), artifacts=ThreadArtifacts(ledger.artifacts))


async def _started(client: httpx.AsyncClient) -> str:
    body = {"app_description": "Employees submit claims.", "options": {"gates": GATES}}
    return str((await client.post("/api/start", json=body)).raise_for_status().json()["workflow_id"])


async def _race(client: httpx.AsyncClient, build: str) -> int:
    """1 if there was not exactly one winner, or a loser was not told 409."""
    bodies = [{"approved": True, "reviewer": f"person {number}"} for number in range(DECIDERS)]
    answers = await asyncio.gather(*(client.post(f"/api/approval/{build}", json=body) for body in bodies))
    return int(sorted(answer.status_code for answer in answers) != [200] + [409] * (DECIDERS - 1))


async def _asked(world: World, number: int, gate: str) -> None:
    """Wait until so many questions wait at this gate."""
    while True:
        async with world.ledger.database.statement() as transaction:
            cursor = await transaction.connection.execute(
                "SELECT count(*) AS number FROM approvals WHERE status = 'pending' AND request ->> 'gate' = %s", (gate,)
            )
            row = await cursor.fetchone()
        if row and dict(row)["number"] == number:
            return
        await asyncio.sleep(0.2)


async def _held(ledger: Ledger) -> int:
    return len(await ledger.runs.unfinished([RunStatus.running]))


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--races", type=int, default=500)
    given = parser.parse_args()
    raise SystemExit(asyncio.run(main(given.waiting, min(given.races, given.waiting))))
