"""The queue of runs: a run and its job are written in one transaction, and one run per thread is worked on at a time.

Procrastinate does the work; this module says what a job is, when it is tried again, and how one is stopped. It knows
nothing of graphs. The job is only a wake-up call: what a run is and how it stands is in the run ledger.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import procrastinate
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job, JobDeferrer, Status
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from typing_extensions import override

from checkpoints.connection import Transaction, check_if_spoken_to, with_defaults
from checkpoints.errors import DatabaseBusy, DatabaseUnreachable, RunHeldElsewhere, StorageFull

log = logging.getLogger(__name__)

QUEUE = "runs"
TASK = "execute_run"
MAX_OUTAGE_ATTEMPTS = 30
"""A database that stays away for about two hours ends the waiting; the run itself is never given up by the queue."""


class RunStopped(Exception):
    """The run was cancelled by a person; its job is over."""


class QueueRetry(procrastinate.BaseRetryStrategy):
    """Only what says nothing about the run itself is tried again: a shutdown, a living rival, a database outage."""

    @override
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        """`None`: the run has ended in the ledger, so the job is over."""
        match exception:
            case asyncio.CancelledError():
                return procrastinate.RetryDecision(retry_in={"seconds": 0})
            case RunHeldElsewhere():
                return procrastinate.RetryDecision(retry_in={"seconds": 1})
            case DatabaseUnreachable() | DatabaseBusy() | StorageFull() if job.attempts < MAX_OUTAGE_ATTEMPTS:
                delay_seconds = min(300, 2**job.attempts) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
                return procrastinate.RetryDecision(retry_in={"milliseconds": int(delay_seconds * 1000)})
            case _:
                return None


@contextmanager
def queue_errors() -> Iterator[None]:
    """The queue's own words for an outage, in ours."""
    try:
        yield
    except procrastinate.exceptions.ConnectorException as error:
        raise DatabaseUnreachable(str(error.__cause__ or error)) from error


async def _without_waiting(connection: AsyncConnection[Any]) -> None:
    """Do not wait for the disk to note that a job was taken or is done: the ledger knows, and a job taken twice finds it there.

    Jobs themselves are put in with the connection of the run's own transaction, which waits.
    """
    await connection.execute("SET synchronous_commit = off")
    await connection.commit()


def _pool(**details: Any) -> AsyncConnectionPool:  # noqa: ANN401 - the pool's own arguments
    """Procrastinate's pool, without its question to every connection before every statement."""
    return AsyncConnectionPool(**{**details, "check": check_if_spoken_to})


class RunQueue:
    """Enqueue, cancel and take runs. Open it before use; it has its own small pool, apart from checkpoint traffic."""

    def __init__(self, url: str) -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=with_defaults(url), min_size=1, max_size=4, configure=_without_waiting, pool_factory=_pool
        )
        self._app = procrastinate.App(connector=connector)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["RunQueue"]:
        """The queue, connected."""
        async with self._app.open_async():
            yield self

    async def enqueue(self, run_id: UUID, thread_id: UUID, transaction: Transaction, *, after_seconds: float = 0) -> None:
        """Wake a worker for the run once `transaction` commits, or some time later; without the commit there is no job.

        A job that waits for its time has no lock, since it would hold up the thread's other runs (Procrastinate #1599):
        when it is due it puts the run in the thread's queue.
        """
        lock = f"thread:{thread_id}"
        if after_seconds > 0:
            due = {"milliseconds": int(after_seconds * 1000)}
            task = self._task(run_id, schedule_in=due, connection=transaction.connection)
            await task.defer_async(run_id=str(run_id), lock=lock)
        else:
            task = self._task(run_id, lock=lock, connection=transaction.connection)
            await task.defer_async(run_id=str(run_id))

    def _task(self, run_id: UUID, **details: Any) -> JobDeferrer:  # noqa: ANN401 - Procrastinate's options
        return self._app.configure_task(TASK, allow_unknown=True, queue=QUEUE, queueing_lock=f"run:{run_id}", **details)

    async def cancel(self, run_id: UUID) -> None:
        """Take a waiting job out of the queue, or interrupt the worker that has it."""
        with queue_errors():
            for job in await self._jobs(run_id):
                await self._app.job_manager.cancel_job_by_id_async(job, abort=True)

    async def requeue(self, run_id: UUID) -> None:
        """Give the job of a dead worker back to the queue."""
        with queue_errors():
            for job in await self._jobs(run_id, status=Status.DOING.value):
                await self._app.job_manager.retry_job_by_id_async(job, retry_at=datetime.now(UTC))  # noqa: TID251 - the queue's own clock field

    async def enqueue_again(self, run_id: UUID, thread_id: UUID) -> None:
        """Give an unfinished run a job if it has none: its last one ended in the middle of an outage."""
        with queue_errors():
            if not await self._jobs(run_id, Status.TODO.value) and not await self._jobs(run_id, Status.DOING.value):
                await self._task(run_id, lock=f"thread:{thread_id}").defer_async(run_id=str(run_id))

    async def runs_in_work(self) -> tuple[UUID, ...]:
        """The runs whose jobs some worker has taken, alive or dead."""
        with queue_errors():
            jobs = await self._app.job_manager.list_jobs_async(queue=QUEUE, task=TASK, status=Status.DOING.value)
        return tuple(UUID(str(job.task_kwargs["run_id"])) for job in jobs)

    async def work(self, execute: Callable[[UUID], Awaitable[None]], *, concurrency: int, name: str) -> None:
        """Take runs until cancelled. `execute` raises `RunStopped` when it ended because a person cancelled the run."""

        async def execute_run(context: procrastinate.JobContext, run_id: str, lock: str | None = None) -> None:
            if lock is not None:
                await self._task(UUID(run_id), lock=lock).defer_async(run_id=run_id)
                return
            try:
                await execute(UUID(run_id))
            except RunStopped:
                if context.abort_reason() is AbortReason.USER_REQUEST:
                    raise procrastinate.exceptions.JobAborted from None

        if TASK not in self._app.tasks:
            self._app.task(name=TASK, queue=QUEUE, pass_context=True, retry=QueueRetry())(execute_run)
        await self._app.run_worker_async(
            queues=[QUEUE],
            name=name,
            concurrency=concurrency,
            fetch_job_polling_interval=1.0,
            abort_job_polling_interval=1.0,
            update_heartbeat_interval=2.0,
            stalled_worker_timeout=10.0,
            shutdown_graceful_timeout=0.2,
            install_signal_handlers=False,
            delete_jobs="successful",
        )

    async def _jobs(self, run_id: UUID, status: str | None = None) -> list[int]:
        jobs = await self._app.job_manager.list_jobs_async(queueing_lock=f"run:{run_id}", status=status)
        return [job.id for job in jobs if job.id is not None]
