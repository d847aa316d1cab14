"""Runs per second, waiting time, CPU and memory of Appyard as a server of the LangGraph API, beside others in the same run.

    python -m benchmarks.thread_api [--rounds 3] [--also NAME=COMMAND ...]

The toy graph of the acceptance tests: a plan, four tasks side by side, a join, a question. A COMMAND starts another server
of the API; `{port}` and `{database_url}` (a fresh database of the PostgreSQL that Appyard uses) are filled in, and it runs
in a folder with `langgraph.json` and `aegra.json` for the toy graph:

    --also "langgraph-dev=langgraph dev --port {port} --no-browser --no-reload --allow-blocking --n-jobs-per-worker 10"
    --also "aegra=env DATABASE_URL={database_url} AUTH_TYPE=noop AEGRA_CONFIG=aegra.json aegra serve --host 127.0.0.1 --port {port}"

The rounds take turns, each with fresh processes and a fresh database, and the median of the rounds is reported. An answer
that is wrong ends the benchmark: speed counts only for what is right. Everything is on this machine, and bounded.
"""

import argparse
import asyncio
import json
import os
import shlex
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import psutil

from checkpoints.embedded import EmbeddedPostgres, start_embedded
from tests.postgres import create_database, url_of

ROOT = Path(__file__).parents[1]
TOY = ROOT / "tests/acceptance/toy_graph/toy.py"
APPYARD = f"env PYTHONPATH={ROOT} DATABASE_URL={{database_url}} APPYARD_DATA_DIR={{folder}} {sys.executable} -m server.cli"
SERVE = f"{APPYARD} serve --port {{port}} --config langgraph.json"
OURS = {
    "appyard": [SERVE],
    "appyard, own worker": [f"{SERVE} --no-worker", f"{APPYARD} worker --config langgraph.json"],
}
GIVEN = {"topic": "bench", "n": 4}
START_SECONDS = 60
SETTLE_SECONDS = 3.0
"""Servers load graphs and libraries in the background after they answer for the first time."""

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Level:
    """So many clients at once, and how many runs they begin together."""

    clients: int
    runs: int


LEVELS = (Level(1, 30), Level(16, 160))


class Client:
    """Makes the calls of the benchmark, and checks each answer."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def start(self, _: str) -> str:
        """A new thread, run to its question."""
        thread_id: str = (await self._post("/threads", {}))["thread_id"]
        values = await self._post(f"/threads/{thread_id}/runs/wait", {"assistant_id": "toy", "input": GIVEN})
        assert values["__interrupt__"], values
        return thread_id

    async def look(self, thread_id: str) -> str:
        """The state of a thread."""
        answer = (await self._http.get(f"/threads/{thread_id}/state")).raise_for_status()
        assert len(answer.json()["values"]["results"]) == GIVEN["n"], answer.text
        return thread_id

    async def resume(self, thread_id: str) -> str:
        """The question answered, and the graph run to its end."""
        values = await self._post(f"/threads/{thread_id}/runs/wait", {"assistant_id": "toy", "command": {"resume": "yes"}})
        assert values["approved"] == "yes", values
        return thread_id

    async def _post(self, path: str, body: object) -> dict[str, object] | dict[str, str]:
        answer: dict[str, str] = (await self._http.post(path, json=body)).raise_for_status().json()
        return answer


@dataclass(frozen=True)
class Phase:
    """What one phase took, by caller."""

    results: list[str]
    seconds: list[float]
    wall_seconds: float

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.wall_seconds


async def phase(call: Callable[[str], Awaitable[str]], items: Sequence[str], clients: int) -> Phase:
    """Every item once, by so many clients at once."""
    waiting, results, seconds = list(items), list[str](), list[float]()

    async def client() -> None:
        while waiting:
            item, began = waiting.pop(), time.perf_counter()
            results.append(await call(item))
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return Phase(results, seconds, time.perf_counter() - began)


async def measured(base_url: str, processes: Sequence[psutil.Process], postgres: psutil.Process) -> Figures:
    """One round against a server that is ready."""
    figures: dict[str, float] = {}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(base_url=base_url, timeout=60, trust_env=False, limits=limits) as http:
        client = Client(http)
        await phase(client.start, ["warm"] * 5, 1)
        for level in LEVELS:
            cpu, database_cpu = cpu_seconds(processes), cpu_seconds([postgres])
            started = await phase(client.start, ["new"] * level.runs, level.clients)
            figures[f"CPU ms per run, {level.clients} clients"] = (cpu_seconds(processes) - cpu) * 1000 / level.runs
            figures[f"database CPU ms per run, {level.clients} clients"] = (cpu_seconds([postgres]) - database_cpu) * 1000 / level.runs
            looked = await phase(client.look, started.results, level.clients)
            resumed = await phase(client.resume, started.results, level.clients)
            for name, took in (("run to question", started), ("state", looked), ("resume", resumed)):
                figures[f"{name} p50 ms, {level.clients} clients"] = took.p50_ms
                figures[f"{name} per second, {level.clients} clients"] = took.per_second
    figures["resident MB afterwards"] = sum(one.memory_info().rss for one in family(processes)) / 1024**2
    return figures


def family(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """The processes and all they started."""
    return [member for process in processes for member in (process, *process.children(recursive=True))]


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """What the processes used so far, with the children that have ended."""
    times = [process.cpu_times() for process in family(processes)]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


@asynccontextmanager
async def running(commands: Sequence[str], database_url: str) -> AsyncIterator[tuple[str, list[psutil.Process]]]:
    """The programs of one contestant, until the block ends: where they answer, and who they are."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = {"dependencies": ["."], "graphs": {"toy": "./toy.py:graph"}, "env": {"TOY_GREETING": "hello"}}
        for file in ("langgraph.json", "aegra.json"):
            (folder / file).write_text(json.dumps(config))
        shutil.copy(TOY, folder)
        with (folder / "log").open("wb") as log:
            filled = [command.format(port=port, database_url=database_url, folder=folder) for command in commands]
            started = [await started_in(folder, command, log) for command in filled]
            try:
                await answering(f"http://127.0.0.1:{port}", started, folder / "log")
                yield f"http://127.0.0.1:{port}", [psutil.Process(process.pid) for process in started]
            finally:
                for process in started:
                    os.killpg(process.pid, signal.SIGTERM)
                for process in started:
                    await process.wait()


async def started_in(folder: Path, command: str, log: IO[bytes]) -> Process:
    """The process of a command, with a group of its own so that what it starts ends with it."""
    return await create_subprocess_exec(*shlex.split(command), cwd=folder, stdout=log, stderr=log, start_new_session=True)


async def answering(base_url: str, started: Sequence[Process], log: Path) -> None:
    """Return when the server is ready and has settled."""
    deadline = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
        while time.monotonic() < deadline and all(process.returncode is None for process in started):
            with suppress(httpx.HTTPError):
                if (await http.post("/assistants/search", json={})).is_success:
                    await asyncio.sleep(SETTLE_SECONDS)
                    return
            await asyncio.sleep(0.2)
    sys.exit(f"The server does not answer at {base_url}:\n{end_of(log)}")


def end_of(log: Path) -> str:
    """What a server said last."""
    return log.read_text(errors="replace")[-2000:]


def postmaster_file(database: EmbeddedPostgres) -> Path:
    """Where PostgreSQL keeps its process id."""
    return next(database.log.parent.rglob("postmaster.pid"))


async def one_round(name: str, commands: Sequence[str], database: EmbeddedPostgres, number: int) -> Figures:
    """Fresh processes and a fresh database, measured once."""
    database_name = f"bench_{number}_{''.join(filter(str.isalnum, name)).lower()}"
    create_database(database, database_name)
    postmaster = psutil.Process(int(postmaster_file(database).read_text().split()[0]))
    async with running(commands, url_of(database, database_name)) as (base_url, processes):
        return await measured(base_url, processes, postmaster)


def table(rounds: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """A line for each figure, a column for each contestant: the median of the rounds."""
    names = list(rounds)
    yield "| figure | " + " | ".join(names) + " |"
    yield "|---|" + "---|" * len(names)
    for figure in next(iter(rounds.values()))[0]:
        medians = [statistics.median(one[figure] for one in rounds[name]) for name in names]
        yield f"| {figure} | " + " | ".join(f"{value:.1f}" for value in medians) + " |"


def main(contestants: Mapping[str, Sequence[str]], rounds: int) -> None:
    """Measure every contestant in turn, so often, and print the table."""
    seen: dict[str, list[Figures]] = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        Path(folder).chmod(0o711)  # as root, the database's own account has to pass through
        database = start_embedded(Path(folder))
        try:
            for number in range(rounds):
                for name, commands in contestants.items():
                    seen[name].append(asyncio.run(one_round(name, commands, database, number)))
                    print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
        finally:
            database.stop()
    print("\n".join(table(seen)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--also", action="append", default=[], metavar="NAME=COMMAND")
    arguments = parser.parse_args()
    others = {name: [command] for name, _, command in (one.partition("=") for one in arguments.also)}
    main(OURS | others, arguments.rounds)
