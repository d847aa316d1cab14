"""Real worker processes to kill, and the time it takes until another one goes on."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from nodes.artifacts import BuildRequest
from nodes.context import BuildOptions
from server.bootstrap import World
from server.services.agent_text import AGENT_TEXT
from server.services.build_status import BuildStatus
from server.services.builds import BuildStart

ROOT = Path(__file__).parents[2]
LONGEST_ON_ITS_WAY_SECONDS = 5
DESCRIPTION = (
    "A library keeps books, members and loans. A book has a title, an author and an isbn. A member has a name and an e-mail. "
    "Members borrow books; a librarian lends them and takes them back."
)


class Workers:
    """`count` worker processes. Those that were killed are replaced by `complete`, or by `replace_killed` as long as that runs.

    All are gone when the block ends.
    """

    def __init__(self, count: int, environment: Mapping[str, str]) -> None:
        self._count = count
        self._environment = environment
        self._processes: list[Process] = []
        self._killed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.complete()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def complete(self) -> None:
        """Start what is missing, and return when every worker is ready to take a run."""
        self._processes = [process for process in self._processes if process.returncode is None]
        started = [await self._start() for _ in range(self._count - len(self._processes))]
        self._processes += started  # at once: what is cancelled meanwhile must be gone at the end too
        await asyncio.gather(*(_ready(process) for process in started))

    async def replace_killed(self) -> None:
        """Until cancelled."""
        while True:
            await self._killed.wait()
            self._killed.clear()
            await self.complete()

    async def kill(self, pid: int) -> float:
        """kill -9, and no goodbye; when that was, in seconds since the epoch."""
        os.kill(pid, signal.SIGKILL)
        killed_at = time.time()
        await next(process for process in self._processes if process.pid == pid).wait()
        self._killed.set()
        return killed_at

    async def _start(self) -> Process:
        settings = [f"{name}={value}" for name, value in self._environment.items()]
        return await asyncio.create_subprocess_exec("env", *settings, sys.executable, "-m", "server.cli", "worker", cwd=ROOT, stderr=PIPE)


async def _ready(process: Process) -> None:
    assert process.stderr is not None
    lines = []
    async for line in process.stderr:
        lines.append(line.decode())
        if "graph_loaded" in lines[-1]:
            asyncio.create_task(_drain(process)).set_name(f"stderr:{process.pid}")
            return
    raise AssertionError("the worker ended before it was ready:\n" + "".join(lines))


async def _drain(process: Process) -> None:
    assert process.stderr is not None
    async for _ in process.stderr:
        pass


@dataclass(frozen=True)
class Survived:
    """A build whose worker was killed. `killed_at` is in seconds since the epoch; None: it ended before that.

    `recovery_seconds` is from the kill to the first event of the next attempt.
    """

    workflow_id: UUID
    status: BuildStatus
    killed_at: float | None
    recovery_seconds: float | None


async def build_through_a_kill(
    world: World, workers: Workers, *, kill_after_events: int, options: BuildOptions, until: Callable[[UUID], Awaitable[None]]
) -> Survived:
    """Start a build, kill its worker after so many events and once `until` returns, and follow it to its end.

    Text of agents is not counted: of all moments most kills would come in these.
    """
    started = await world.builds.start(BuildStart(BuildRequest(app_description=DESCRIPTION), options))
    (run,) = await world.ledger.runs.list_of_thread(started.workflow_id)
    killed_at: float | None = None
    recovery_seconds: float | None = None
    seen = 0
    async for event in world.ledger.run_events.follow(run.run_id):
        seen += event.event != AGENT_TEXT
        if killed_at and recovery_seconds is None and event.event == "metadata":
            recovery_seconds = event.created_at.timestamp() - killed_at
        if seen == kill_after_events and killed_at is None:
            await until(started.workflow_id)
            killed_at = await _kill_worker_of(run.run_id, world, workers)
    return Survived(started.workflow_id, await world.builds.status(started.workflow_id), killed_at, recovery_seconds)


async def nothing_on_its_way(world: World, workflow_id: UUID, answered: Callable[[], int]) -> None:
    """Wait until each of the `answered` answers the model sent to a build is journaled.

    One that is on its way when its worker dies, in the milliseconds before that, is lost with it and no promise of ours.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_ON_ITS_WAY_SECONDS):
            while (await world.ledger.model_calls.usage(thread_id=workflow_id)).calls < answered():
                pass  # the question itself takes a moment


async def _kill_worker_of(run_id: UUID, world: World, workers: Workers) -> float | None:
    run = await world.ledger.runs.get(run_id)
    return None if run.lease_owner is None else await workers.kill(int(run.lease_owner.rpartition(":")[2]))
