"""Drive one run through its graph and record what happens. Knows nothing of HTTP.

A job may be delivered twice after a crash; the run's lock and its fenced claim decide who works. The ledger, never the
graph's `next`, says whether a run is finished.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot, StreamMode
from pydantic import TypeAdapter

from checkpoints.approvals import ApprovalRepository
from checkpoints.connection import Database, as_persistence_error
from checkpoints.errors import DatabaseBusy, DatabaseUnreachable, LeaseLost, PersistenceError, RunHeldElsewhere
from checkpoints.records import ClaimedRun, JsonObject, NewEvent, Run, RunStatus, Thread, ThreadStatus
from checkpoints.run_events import RunEventRepository
from checkpoints.runs import RunRepository
from checkpoints.threads import RestingStatus, ThreadRepository
from server.graphs import APPYARD, GraphCatalogue, ServedGraph
from server.run_queue import RunStopped
from server.services.errors import GraphNotLoaded, GraphVersionUnavailable
from server.worker.record_events import EventRecorder, jsonable

log = logging.getLogger(__name__)

_STREAM_MODES: TypeAdapter[list[StreamMode]] = TypeAdapter(list[StreamMode])

MAX_ATTEMPTS = 3
"""A run that took three workers down with it is not given a fourth (reliability R4)."""


@dataclass(frozen=True)
class WorkerLimits:
    """How long a silent worker keeps a run, and how long a question waits for a person."""

    lease_seconds: float
    review_expiry_hours: float


@dataclass(frozen=True)
class Ended:
    """How an attempt ended."""

    status: RunStatus
    state: StateSnapshot | None
    error: JsonObject | None = None


class RunExecutor:
    """Executes runs for the queue."""

    def __init__(
        self,
        database: Database,
        threads: ThreadRepository,
        runs: RunRepository,
        run_events: RunEventRepository,
        approvals: ApprovalRepository,
        graphs: GraphCatalogue,
        *,
        owner: str,
        limits: WorkerLimits,
    ) -> None:
        self._database = database
        self._threads = threads
        self._runs = runs
        self._run_events = run_events
        self._approvals = approvals
        self._graphs = graphs
        self._owner = owner
        self._limits = limits

    async def execute(self, run_id: UUID) -> None:
        """Work on the run until it ends, in the ledger. Raises `RunStopped` when a person cancelled it.

        Raises `RunHeldElsewhere`, `DatabaseUnreachable`, `DatabaseBusy` or `CancelledError` when the run has not ended
        and has to be tried again.
        """
        async with self._runs.hold(run_id) as hold:
            claimed = await self._runs.claim(run_id, owner=self._owner, lease_seconds=self._limits.lease_seconds, hold=hold)
            if claimed is None:
                await self._leave(run_id)
                return
            log.info("run_claimed", extra={"run_id": str(run_id), "attempt": claimed.run.attempt})
            await self._attempt(claimed)

    async def _leave(self, run_id: UUID) -> None:
        run = await self._runs.get(run_id)
        if not run.status.is_terminal:
            raise RunHeldElsewhere(f"{run_id} is {run.status}.")

    async def _attempt(self, claimed: ClaimedRun) -> None:
        try:
            async with self._lease_kept(claimed):
                ended = await self._driven(claimed)
                await self._finish(claimed, ended)
        except asyncio.CancelledError:
            await self._stopped(claimed)
        except LeaseLost:
            log.warning("run_lost", extra={"run_id": str(claimed.run.run_id)})

    async def _stopped(self, claimed: ClaimedRun) -> None:
        """Cancelled by a person: the run ends. By a shutdown: it goes back to the queue, uncounted."""
        run = await self._runs.get(claimed.run.run_id)
        if run.cancel_requested is None:
            with contextlib.suppress(PersistenceError):
                await self._runs.release(claimed)
            raise asyncio.CancelledError
        await self._finish(claimed, Ended(RunStatus.cancelled, await self._state_of(run)))
        raise RunStopped

    async def _driven(self, claimed: ClaimedRun) -> Ended:
        """The attempt's end. Only an outage of the database is no end: the run is tried again."""
        run = claimed.run
        if run.attempt > MAX_ATTEMPTS:
            error: JsonObject = {
                "error": "WorkerLost",
                "message": f"The worker died {MAX_ATTEMPTS} times during this run. It is not tried again.",
            }
            return Ended(RunStatus.error, None, error)
        try:
            async with EventRecorder(self._run_events, claimed) as recorder:
                recorder.add("metadata", {"run_id": str(run.run_id), "attempt": run.attempt})
                return await self._driven_by_graph(claimed, recorder)
        except (LeaseLost, DatabaseUnreachable, DatabaseBusy):
            raise
        except Exception as error:
            if outage := as_persistence_error(error):  # LangGraph's saver lets the driver's errors through
                raise outage from error
            log.exception("run_failed", extra={"run_id": str(run.run_id)})
            return Ended(RunStatus.error, await self._state_of(run), {"error": type(error).__name__, "message": str(error)})

    async def _driven_by_graph(self, claimed: ClaimedRun, recorder: EventRecorder) -> Ended:
        run = claimed.run
        thread = await self._threads.get(run.thread_id)
        served = await self._graphs.load(thread.graph_id or APPYARD)
        check_version(thread, served)
        if served.version and not thread.graph_version:
            await self._threads.pin_graph(thread.thread_id, served.name, served.version)
        graph = served.compiled(self._database, claimed)
        config = run_config(run)
        state = await graph.aget_state(config)
        resumed = (state.metadata or {}).get("run_id") == str(run.run_id)
        if not (resumed and not state.next):
            stream = graph.astream(
                None if resumed else given_input(run),
                config,
                context=run.kwargs.get("context") or {},
                stream_mode=stream_modes(run),
                durability="sync",
            )
            async for mode, chunk in stream:
                recorder.add(mode, chunk)
            state = await graph.aget_state(config)
        return Ended(RunStatus.interrupted if state.interrupts else RunStatus.success, state)

    async def _state_of(self, run: Run) -> StateSnapshot | None:
        """What the thread came to; None if its graph cannot be loaded."""
        thread = await self._threads.get(run.thread_id)
        try:
            served = await self._graphs.load(thread.graph_id or APPYARD)
        except GraphNotLoaded:
            return None
        return await served.compiled(self._database).aget_state(run_config(run))

    async def _finish(self, claimed: ClaimedRun, ended: Ended) -> None:
        """The end, its event, the thread's snapshot and what it asks: all or nothing."""
        run = claimed.run
        async with self._database.transaction() as transaction:
            if ended.error:
                await self._run_events.append(claimed, [NewEvent(event="error", data=ended.error)], transaction=transaction)
            await self._run_events.append(claimed, [NewEvent(event="end", data={"status": ended.status.value})], transaction=transaction)
            await self._runs.finish(claimed, ended.status, error=ended.error, transaction=transaction)
            thread = await self._threads.get(run.thread_id, transaction=transaction)
            await self._threads.save_snapshot(
                run.thread_id,
                values=snapshot_values(ended.state) if ended.state else thread.values,
                interrupts=snapshot_interrupts(ended.state) if ended.state else {},
                status=resting_status(ended),
                error=ended.error,
                transaction=transaction,
            )
            for interrupt in ended.state.interrupts if ended.state and ended.status is RunStatus.interrupted else ():
                await self._approvals.open(
                    run.thread_id,
                    interrupt.id,
                    jsonable(interrupt.value),
                    expires_in_seconds=self._limits.review_expiry_hours * 3600,
                    transaction=transaction,
                )
        log.info("run_finished", extra={"run_id": str(run.run_id), "status": ended.status.value})

    @contextlib.asynccontextmanager
    async def _lease_kept(self, claimed: ClaimedRun) -> AsyncIterator[None]:
        """Renew the lease in the background; stop the work when it is lost or somebody cancels the run."""
        working = asyncio.current_task()
        assert working is not None
        keeper = asyncio.create_task(self._keep_lease(claimed, working), name=f"lease:{claimed.run.run_id}")
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep_lease(self, claimed: ClaimedRun, working: "asyncio.Task[object]") -> None:
        while True:
            await asyncio.sleep(self._limits.lease_seconds / 3)
            try:
                cancel = await self._runs.renew_lease(claimed, lease_seconds=self._limits.lease_seconds)
            except (DatabaseUnreachable, DatabaseBusy):
                continue  # the lock's connection says whether this worker still holds the run
            except PersistenceError:
                working.cancel()
                return
            if cancel:
                working.cancel()
                return


def check_version(thread: Thread, served: ServedGraph) -> None:
    """A thread continues only on a graph that still has its steps; LangGraph itself would drop the answer silently."""
    if thread.graph_version and served.version and thread.graph_version != served.version:
        raise GraphVersionUnavailable(f"The thread has version {thread.graph_version}; {served.version} is running.")


def run_config(run: Run) -> RunnableConfig:
    """LangGraph's config: the thread, the run's id in each checkpoint's metadata, and strict resumes."""
    given = run.kwargs.get("config")
    config = cast("RunnableConfig", dict(given) if isinstance(given, Mapping) else {})
    ids = {"thread_id": str(run.thread_id), "run_id": str(run.run_id)}
    config["configurable"] = {**config.get("configurable", {}), **ids, "__pregel_strict_resume": True}
    config["metadata"] = {**config.get("metadata", {}), "run_id": ids["run_id"], "run_attempt": run.attempt}
    return config


def given_input(run: Run) -> object:
    """What the run was accepted with: input, or a command."""
    command = run.kwargs.get("command")
    if isinstance(command, Mapping):
        return Command(resume=command.get("resume"), update=command.get("update"), goto=command.get("goto") or ())
    return run.kwargs.get("input")


def stream_modes(run: Run) -> list[StreamMode]:
    """The stream modes the run records. Raises pydantic's ValidationError for one LangGraph does not have."""
    return _STREAM_MODES.validate_python(run.kwargs.get("stream_mode") or ["custom", "updates"])


def snapshot_values(state: StateSnapshot) -> JsonObject:
    """The state as JSON."""
    values = jsonable(state.values)
    assert isinstance(values, dict)
    return values


def snapshot_interrupts(state: StateSnapshot) -> JsonObject:
    """What waits, by task, in the form of the LangGraph API."""
    return {
        task.id: [{"id": interrupt.id, "value": jsonable(interrupt.value)} for interrupt in task.interrupts]
        for task in state.tasks
        if task.interrupts
    }


def resting_status(ended: Ended) -> RestingStatus:
    """What the thread is once nothing runs any more."""
    match ended.status:
        case RunStatus.interrupted:
            return ThreadStatus.interrupted
        case RunStatus.error | RunStatus.timeout:
            return ThreadStatus.error
        case _:
            return ThreadStatus.idle
