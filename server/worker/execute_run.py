"""Drive one run through its graph and record what happens. Knows nothing of HTTP.

A job may be delivered twice after a crash; the run's lock and its fenced claim decide who works. The ledger, never the
graph's `next`, says whether a run is finished.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.constants import END
from langgraph.types import StateSnapshot

from checkpoints.approvals import ApprovalRepository
from checkpoints.connection import Database, Transaction, as_persistence_error
from checkpoints.errors import (
    DatabaseBusy,
    DatabaseUnreachable,
    LeaseLost,
    PersistenceError,
    RunHeldElsewhere,
    RunNotFound,
    StorageFull,
    ThreadNotFound,
)
from checkpoints.records import CancelAction, ClaimedRun, JsonObject, NewEvent, Run, RunStatus, ThreadStatus
from checkpoints.run_events import RunEventRepository
from checkpoints.runs import RunRepository
from checkpoints.threads import RestingStatus, ThreadRepository
from nodes.errors import BuildError
from server.graphs import AnyGraph, GraphCatalogue, ServedGraph
from server.langgraph_json import APPYARD
from server.run_queue import RunStopped
from server.services.errors import GraphNotLoaded
from server.services.run_order import RunOrder, order_of
from server.services.webhooks import RunEnd, Webhooks
from server.worker.drive_graph import GraphRun, check_targets, drive, is_own, run_config
from server.worker.record_events import EventRecorder, jsonable
from server.worker.tracing import Trace, Tracing

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""A run that took three workers down with it is not given a fourth (reliability R4)."""

NEXT_DAY_HOURS = 25.0
"""Within so many hours the next day has begun, and with it that day's money."""


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
    output: object = None
    streamed_output: bool = False
    last_events: tuple[NewEvent, ...] = ()


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
        webhooks: Webhooks,
        *,
        owner: str,
        limits: WorkerLimits,
        tracing: Tracing | None = None,
    ) -> None:
        self._database = database
        self._threads = threads
        self._runs = runs
        self._run_events = run_events
        self._approvals = approvals
        self._graphs = graphs
        self._webhooks = webhooks
        self._owner = owner
        self._limits = limits
        self._tracing = tracing
        self._forgiven: Counter[UUID] = Counter()

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

    async def forget_temporary(self, *, after_seconds: float) -> None:
        """Delete the threads that existed for one run, where nobody who followed it has done so already."""
        for thread_id in await self._threads.temporary_over(after_seconds=after_seconds):
            with contextlib.suppress(ThreadNotFound):
                await self._threads.delete(thread_id)

    async def _leave(self, run_id: UUID) -> None:
        try:
            run = await self._runs.get(run_id)
        except RunNotFound:  # rolled back, or deleted with its thread
            return
        if not run.status.is_terminal:
            raise RunHeldElsewhere(f"{run_id} is {run.status}.")

    async def _attempt(self, claimed: ClaimedRun) -> None:
        try:
            async with self._lease_kept(claimed):
                if claimed.run.cancel_requested:  # by a worker that died before it could
                    await self._cancel(claimed.run, claimed)
                    return
                ended = await self._driven(claimed)
                await self._finish(claimed, ended)
        except asyncio.CancelledError:
            await self._stopped(claimed)
        except LeaseLost:
            log.warning("run_lost", extra={"run_id": str(claimed.run.run_id)})
        except (DatabaseUnreachable, DatabaseBusy, StorageFull):
            await self._forgive(claimed)
            raise

    async def _forgive(self, claimed: ClaimedRun) -> None:
        """An outage is not the run's fault: the attempt does not count, even if that cannot be written now."""
        try:
            await self._runs.release(claimed)
        except PersistenceError:
            self._forgiven[claimed.run.run_id] += 1

    async def _stopped(self, claimed: ClaimedRun) -> None:
        """Cancelled by a person: the run ends. By a shutdown: it goes back to the queue, uncounted."""
        try:
            run = await self._runs.get(claimed.run.run_id)
        except RunNotFound:
            raise RunStopped from None
        if run.cancel_requested is None and not run.status.is_terminal:
            with contextlib.suppress(PersistenceError):
                await self._runs.release(claimed)
            raise asyncio.CancelledError
        if not run.status.is_terminal:  # it may have ended just before it was stopped
            await self._cancel(run, claimed)
        raise RunStopped

    async def _cancel(self, run: Run, claimed: ClaimedRun) -> None:
        if run.cancel_requested is CancelAction.rollback:
            await self._roll_back(claimed)
        else:
            await self._finish(claimed, Ended(RunStatus.cancelled, await self._state_of(run)))

    async def _roll_back(self, claimed: ClaimedRun) -> None:
        """The run never was: it goes with its checkpoints, and the thread stands where it stood before."""
        run = claimed.run
        graph = await self._graph_of(run)
        async with self._database.transaction() as transaction:
            await self._runs.roll_back(claimed, transaction)
            state = await graph.reading(transaction).aget_state({"configurable": {"thread_id": str(run.thread_id)}}) if graph else None
            await self._save_snapshot(run.thread_id, Ended(RunStatus.cancelled, state), transaction)
        log.info("run_rolled_back", extra={"run_id": str(run.run_id)})

    async def _driven(self, claimed: ClaimedRun) -> Ended:
        """The attempt's end. Only an outage of the database is no end: the run is tried again."""
        run = claimed.run
        if run.attempt - self._forgiven[run.run_id] > MAX_ATTEMPTS:
            error: JsonObject = {
                "error": "WorkerLost",
                "message": f"The worker died {MAX_ATTEMPTS} times during this run. It is not tried again.",
            }
            return Ended(RunStatus.error, None, error)
        order = order_of(run)
        recorder = EventRecorder(self._database, self._run_events, claimed, at_once=bool(order.stream_mode), wait=order.waits_for_disk)
        trace = await self._tracing.of(run) if self._tracing else None
        place = {"trace_url": trace.url} if trace and trace.url else {}
        recorder.add("metadata", {"run_id": str(run.run_id), "attempt": run.attempt, **place})
        try:
            async with recorder:
                ended = await self._driven_by_graph(claimed, recorder, trace)
        except LeaseLost:
            raise
        except Exception as error:
            cause = root_cause(error)
            if outage := outage_of(cause):
                raise outage from error
            tell = log.error if isinstance(cause, BuildError) else log.exception  # the message of a foreseen end says it all
            tell("run_failed", extra={"run_id": str(run.run_id), "reason": str(cause)})
            ended = Ended(RunStatus.error, await self._state_of(run), {"error": type(cause).__name__, "message": str(cause)})
        return replace(ended, last_events=recorder.take_rest())

    async def _driven_by_graph(self, claimed: ClaimedRun, recorder: EventRecorder, trace: Trace | None) -> Ended:
        run, order = claimed.run, order_of(claimed.run)
        served = await self._checked_graph(run, order)
        graph = served.compiled(self._database, claimed, waits_for_disk=order.waits_for_disk, store=recorder.store_beside)
        config = run_config(run, order)
        goes_on = False
        if claimed.token > 1:  # somebody worked on it before: what it left says how far it is
            state = await graph.aget_state(thread_config(run))
            goes_on = is_own(run.run_id, state.metadata)
            if goes_on and has_ended(state):
                return Ended(ended_status(state), state, output=state.values)
        check_targets(graph, order)
        if not goes_on and order.leaves_questions:
            await drop_questions(graph, config)
        output = await drive(graph, GraphRun(run, order, goes_on, trace), recorder.add)
        state = await graph.aget_state(thread_config(run))
        return Ended(ended_status(state), state, output=state.values if output is None else output, streamed_output=output is not None)

    async def _checked_graph(self, run: Run, order: RunOrder) -> ServedGraph:
        """The run's graph, if the thread can go on with it. Raises `GraphNotLoaded`, `GraphVersionUnavailable`."""
        if order.graph_id and not (served := await self._graphs.load(order.graph_id)).version:
            return served
        thread = await self._threads.get(run.thread_id)
        served = await self._graphs.load(order.graph_id or thread.graph_id or APPYARD)
        served.check_version(thread)
        if served.version and not thread.graph_version:
            await self._threads.pin_graph(thread.thread_id, served.name, served.version)
        return served

    async def _graph_of(self, run: Run) -> ServedGraph | None:
        """The run's graph; None if it cannot be loaded."""
        thread = await self._threads.get(run.thread_id)
        try:
            return await self._graphs.load(order_of(run).graph_id or thread.graph_id or APPYARD)
        except GraphNotLoaded:
            return None

    async def _state_of(self, run: Run) -> StateSnapshot | None:
        """What the thread came to; None if its graph cannot be loaded."""
        served = await self._graph_of(run)
        return await served.compiled(self._database).aget_state(thread_config(run)) if served else None

    async def _finish(self, claimed: ClaimedRun, ended: Ended) -> None:
        """The end, its event, the thread's snapshot and what it asks: all or nothing."""
        run = claimed.run
        last_events, output = last_words(order_of(run), ended)
        async with self._database.transaction() as transaction:
            finished = await self._runs.finish(
                claimed,
                ended.status,
                error=ended.error,
                events=last_events,
                output=output,
                transaction=transaction,
            )
            values = await self._save_snapshot(run.thread_id, ended, transaction)
            questions = questions_of(ended)
            hours = review_expiry_hours(order_of(run), self._limits, questions)
            if ended.state:
                await self._approvals.ask(run.thread_id, questions, expires_in_seconds=hours * 3600, transaction=transaction)
            expires_at = finished.finished_at + timedelta(hours=hours) if questions and finished.finished_at else None
            await self._webhooks.run_ended(RunEnd(finished, values, list(questions.values()), expires_at), transaction)
        log.info("run_finished", extra={"run_id": str(run.run_id), "status": ended.status.value})

    async def _save_snapshot(self, thread_id: UUID, ended: Ended, transaction: Transaction) -> JsonObject | None:
        """What the thread now holds."""
        if ended.state:
            values: JsonObject | None = snapshot_values(ended.state)
        else:
            values = (await self._threads.get(thread_id, transaction=transaction)).values
        await self._threads.save_snapshot(
            thread_id,
            values=values,
            interrupts=snapshot_interrupts(ended.state) if ended.state else {},
            status=resting_status(ended),
            error=ended.error,
            transaction=transaction,
        )
        return values

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


def root_cause(error: Exception) -> Exception:
    """What happened, without the groups that task groups wrap around it; of several the first."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def outage_of(error: Exception) -> PersistenceError | None:
    """An outage of the database, also as LangGraph's saver lets it through. It says nothing about the run."""
    if isinstance(error, DatabaseUnreachable | DatabaseBusy | StorageFull):
        return error
    return as_persistence_error(error)


def thread_config(run: Run) -> RunnableConfig:
    """The latest state of the run's thread."""
    return {"configurable": {"thread_id": str(run.thread_id)}}


def last_words(order: RunOrder, ended: Ended) -> tuple[list[NewEvent], object]:
    """The events that end a run, and its output where they and those before do not tell it."""
    events, output = list(ended.last_events), None
    if order.keeps_output and ended.output is not None:
        if not order.stream_mode:
            events.append(NewEvent(event="values", data=jsonable(ended.output)))
        elif "values" not in order.stream_mode or not ended.streamed_output:
            output = jsonable(ended.output)
    if ended.error:
        events.append(NewEvent(event="error", data=ended.error))
    return [*events, NewEvent(event="end", data={"status": ended.status.value})], output


def review_expiry_hours(order: RunOrder, limits: WorkerLimits, questions: Mapping[str, object]) -> float:
    """How long what the run asks waits: as its context says, or else as the server is set up; into the next day, if that answers it."""
    asked = order.context.get("review_expiry_hours")
    hours = asked if isinstance(asked, int | float) and asked > 0 else limits.review_expiry_hours
    return max(hours, NEXT_DAY_HOURS) if any(map(_waits_for_next_day, questions.values())) else hours


def _waits_for_next_day(question: object) -> bool:
    budget = question.get("budget") if isinstance(question, Mapping) else None
    return isinstance(budget, Mapping) and budget.get("resumes_at") is not None


def has_ended(state: StateSnapshot) -> bool:
    """Whether nothing of the graph is left to run.

    `state.next` does not say: it leaves out tasks whose writes are stored already, and a worker may die between these
    and the checkpoint that follows from them.
    """
    return not state.tasks


def ended_status(state: StateSnapshot) -> RunStatus:
    """How a run ended whose thread is left in this state."""
    return RunStatus.interrupted if state.interrupts else RunStatus.success


def questions_of(ended: Ended) -> dict[str, object]:
    """What a person is asked now, as JSON, by interrupt id; nothing unless the run stopped to ask."""
    asked = ended.state.interrupts if ended.state and ended.status is RunStatus.interrupted else ()
    return {interrupt.id: jsonable(interrupt.value) for interrupt in asked}


async def drop_questions(graph: AnyGraph, config: RunnableConfig) -> None:
    """End the tasks that wait for an answer: whoever is sent elsewhere is not asked any more."""
    if "checkpoint_id" not in config["configurable"] and (await graph.aget_state(config)).interrupts:
        await graph.aupdate_state(config, None, as_node=END)


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
    if ended.status in (RunStatus.error, RunStatus.timeout):
        return ThreadStatus.error
    return ThreadStatus.interrupted if ended.state and ended.state.next else ThreadStatus.idle
