"""How long the dashboard's lists take with ten thousand builds, a thousand of which wait for a person.

    python -m benchmarks.list_builds [--builds 10000] [--rounds 60]

Whole pages: statements, templates and all, from one process, one after the other. The promise is a p95 below 200 ms,
also for analytics, which counts everything anew each time.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from fastapi import FastAPI

from nodes.artifacts import Gate, ReviewRequest
from server.api.app import create_app
from server.bootstrap import GRAPH_ID, open_services, open_world
from server.dashboard.app import add_dashboard
from server.services.builds import Ledger
from server.settings import Settings

PAGES = {
    "builds": "/builds",
    "builds, deep": "/builds?before={deep}",
    "builds that wait": "/builds?status=AwaitingApproval",
    "builds that were rejected (none)": "/builds?status=Rejected",
    "builds with a word (one)": "/builds?text=number+7777",
    "builds with a word (none)": "/builds?text=zeppelin",
    "builds of a person": "/builds?person=person+7",
    "inbox": "/inbox",
    "analytics": "/analytics",
}
PROMISED_P95_MS = 200.0


async def main(builds: int, rounds: int) -> None:
    """Fill a database, fetch each page so many times, and print its times."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        settings = Settings.model_validate({"data_dir": Path(folder)})
        world = await stack.enter_async_context(open_world(settings, with_worker=False))
        app = create_app(lambda _: AsyncExitStack())  # type: ignore[arg-type]  # the services are put there below
        add_dashboard(app)
        app.state.services = await stack.enter_async_context(open_services(world))
        await fill(world.ledger, builds)
        client = await stack.enter_async_context(client_of(app))
        deep = await position_of(world.ledger, builds)
        print(f"{'page':<36} {'p50':>8} {'p95':>8}")
        for name, path in PAGES.items():
            times = [await timed(client, path.format(deep=deep)) for _ in range(rounds)]
            p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            late = "  slower than promised" if p95 > PROMISED_P95_MS else ""
            print(f"{name:<36} {p50:5.0f} ms {p95:5.0f} ms{late}", flush=True)


async def fill(ledger: Ledger, builds: int) -> None:
    """Write the builds, and let the database learn what it holds, as it does by itself after a while."""
    assistant = await ledger.assistants.ensure(GRAPH_ID)
    request = ReviewRequest(gate=Gate.app, title="Tool lending", question="Every check passed. Package it?", subject_sha256="0" * 64)
    given = {"builds": builds, "assistant_id": assistant.assistant_id, "request": json.dumps(request.model_dump(mode="json"))}
    statement = (Path(__file__).parent / "many_builds.sql").read_text(encoding="utf-8")
    async with ledger.database.transaction() as transaction:
        await transaction.connection.execute(statement.encode(), given)
    async with ledger.database.direct_connection() as connection:
        await connection.execute("VACUUM ANALYZE")


async def position_of(ledger: Ledger, builds: int) -> str:
    """The address of the page in the middle of the list."""
    thread = (await ledger.threads.search(limit=1, offset=builds // 2))[0]
    return f"{thread.created_at.isoformat()}~{thread.thread_id}".replace("+", "%2B")


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Calls the application without a socket."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://appyard", timeout=60)


async def timed(client: httpx.AsyncClient, path: str) -> float:
    """How long one page takes, in milliseconds."""
    begun = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.builds, arguments.rounds))
