"""The state of threads, through the graph that wrote it: look, look back, change, fork. Runs are started elsewhere.

A change is one transaction with the thread's snapshot and what it asks, on a thread nobody runs meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.errors import InvalidUpdateError
from langgraph.types import Command, Interrupt, PregelTask, StateSnapshot, StateUpdate
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from checkpoints.connection import Transaction, database_errors
from checkpoints.errors import ThreadBusy, ThreadNotFound
from checkpoints.records import JsonObject, Thread, ThreadStatus
from server.graphs import AnyGraph, GraphCatalogue, ServedGraph
from server.services.builds import Ledger
from server.services.errors import CheckpointNotFound, StateUpdateInvalid, ThreadWithoutGraph
from server.services.typed_values import typed_values


@dataclass(frozen=True)
class CheckpointKey:
    """Which checkpoint: of the graph itself, or of a graph inside it; without an id the newest."""

    checkpoint_id: str | None = None
    checkpoint_ns: str = ""

    def config(self, thread_id: UUID) -> RunnableConfig:
        """As LangGraph takes it."""
        configurable = {"thread_id": str(thread_id), "checkpoint_ns": self.checkpoint_ns}
        return {"configurable": configurable | ({"checkpoint_id": self.checkpoint_id} if self.checkpoint_id else {})}


NEWEST = CheckpointKey()


@dataclass(frozen=True)
class StateChange:
    """Values as if `as_node` had returned them. None with `__end__` drops what was to run next."""

    values: object
    as_node: str | None = None
    command: JsonObject | None = None

    def update(self, schema: type[Any] | None) -> StateUpdate:
        """As LangGraph takes it, in the types of the graph's state. Raises pydantic's ValidationError."""
        if self.command is None:
            return StateUpdate(cast("dict[str, Any] | None", typed_values(schema, self.values)), self.as_node)
        command: Command[Any] = Command(
            update=typed_values(schema, self.command.get("update")),
            resume=self.command.get("resume"),
            goto=cast("Any", self.command.get("goto")) or (),
        )
        return StateUpdate(cast("Any", command), self.as_node)


@dataclass(frozen=True)
class HistoryPage:
    """Which checkpoints: at most `limit`, older than `before`, whose metadata contains `metadata`."""

    limit: int
    before: CheckpointKey | None = None
    metadata: JsonObject | None = None
    of: CheckpointKey = NEWEST
    select: Sequence[str] = ()


class ThreadStates:
    """Reads and changes the state of threads."""

    def __init__(self, ledger: Ledger, graphs: GraphCatalogue) -> None:
        self._ledger = ledger
        self._graphs = graphs

    async def get(
        self, thread_id: UUID, which: CheckpointKey = NEWEST, *, subgraphs: bool = False, select: Sequence[str] = ()
    ) -> JsonObject:
        """The state at a checkpoint, or the parts of it in `select`; empty for a thread on which nothing ran.

        Raises `ThreadNotFound`, `CheckpointNotFound`, `GraphNotLoaded`.
        """
        graph_id = await self._ledger.threads.graph_of(thread_id)
        if graph_id is None:
            return selected(nothing_yet(await self._ledger.threads.get(thread_id), which), select)
        graph = await self._graph(graph_id)
        try:
            with database_errors(self._ledger.database.url):  # the saver lets the driver's errors through
                state = await graph.aget_state(which.config(thread_id), subgraphs=subgraphs)
        except ValueError as error:  # a namespace of a graph that is not there
            raise CheckpointNotFound(str(error)) from error
        if which.checkpoint_id and state.metadata is None:
            raise CheckpointNotFound(which.checkpoint_id)
        return selected(state_on_wire(state), select)

    async def history(self, thread_id: UUID, page: HistoryPage) -> list[JsonObject]:
        """Checkpoints, the newest first. Raises as `get`."""
        graph_id = await self._ledger.threads.graph_of(thread_id)
        if graph_id is None:
            return []
        graph = await self._graph(graph_id)
        before = page.before.config(thread_id) if page.before else None
        states = graph.aget_state_history(page.of.config(thread_id), filter=page.metadata, before=before, limit=page.limit)
        try:
            with database_errors(self._ledger.database.url):
                return [selected(state_on_wire(state), page.select) async for state in states]
        except ValueError as error:
            raise CheckpointNotFound(str(error)) from error

    async def update(self, thread_id: UUID, change: StateChange, *, at: CheckpointKey = NEWEST) -> JsonObject:
        """Change the state, or fork it from an earlier checkpoint; the new checkpoint's key. What was asked is asked no more.

        Raises `ThreadNotFound`, `ThreadBusy`, `ThreadWithoutGraph`, `StateUpdateInvalid`, `GraphNotLoaded`.
        """
        graph_id = await self.loaded(await self._ledger.threads.graph_of(thread_id))
        async with self._ledger.database.transaction() as transaction:
            if not await self._ledger.threads.lock(thread_id, transaction):
                raise ThreadNotFound(str(thread_id))
            if await self._ledger.runs.active(thread_id, transaction=transaction):
                raise ThreadBusy(str(thread_id))
            return await self.change(thread_id, graph_id, [[change]], transaction, at=at)

    async def loaded(self, graph_id: str | None) -> str:
        """The graph, ready: loading may take seconds, too long for an open transaction. Raises `ThreadWithoutGraph`, `GraphNotLoaded`."""
        if graph_id is None:
            raise ThreadWithoutGraph
        return (await self._graphs.load(graph_id)).name

    async def change(
        self,
        thread_id: UUID,
        graph_id: str,
        supersteps: Sequence[Sequence[StateChange]],
        transaction: Transaction,
        *,
        at: CheckpointKey = NEWEST,
    ) -> JsonObject:
        """Change a thread that is locked or new, step by step. Raises `StateUpdateInvalid`, `CheckpointNotFound`."""
        served = await self._graphs.load(graph_id)
        await self._pin(thread_id, served, transaction)
        graph = served.reading(transaction)
        schema = getattr(getattr(graph, "builder", None), "state_schema", None)
        try:
            steps = [[change.update(schema) for change in superstep] for superstep in supersteps]
            if at.checkpoint_id and (await graph.aget_state(at.config(thread_id))).metadata is None:
                raise CheckpointNotFound(at.checkpoint_id)
            changed = await graph.abulk_update_state(at.config(thread_id), steps)
            state = await graph.aget_state(NEWEST.config(thread_id))
        except (InvalidUpdateError, ValueError, TypeError, KeyError, AttributeError) as error:  # the last four from reducers and routes
            raise StateUpdateInvalid(f"{type(error).__name__}: {error}") from error
        await self._keep(thread_id, state, transaction)
        return cast("JsonObject", to_jsonable_python(checkpoint_of(changed)))

    async def _pin(self, thread_id: UUID, served: ServedGraph, transaction: Transaction) -> None:
        """A thread stays with the version of the graph it began with. Raises `GraphVersionUnavailable`."""
        thread = await self._ledger.threads.get(thread_id, transaction=transaction)
        served.check_version(thread)
        if served.version and not thread.graph_version:
            await self._ledger.threads.pin_graph(thread_id, served.name, served.version, transaction=transaction)

    async def _keep(self, thread_id: UUID, state: StateSnapshot, transaction: Transaction) -> None:
        values = jsonable(state.values)
        await self._ledger.threads.save_snapshot(
            thread_id,
            values=cast("JsonObject", values) if isinstance(values, dict) else {"__root__": values},
            interrupts={task.id: [interrupt_on_wire(asked) for asked in task.interrupts] for task in state.tasks if task.interrupts},
            status=ThreadStatus.interrupted if state.next else ThreadStatus.idle,
            transaction=transaction,
        )
        asked = [interrupt.id for interrupt in state.interrupts]
        await self._ledger.approvals.supersede(thread_id, still_asked=asked, transaction=transaction)

    async def _graph(self, graph_id: str) -> AnyGraph:
        return (await self._graphs.load(graph_id)).compiled(self._ledger.database)


# ------------------------------------------------------------------------------------------------ on the wire


def nothing_yet(thread: Thread, which: CheckpointKey) -> JsonObject:
    """The state of a thread on which nothing ran. Raises `CheckpointNotFound` if a checkpoint of it is asked for."""
    if which.checkpoint_id:
        raise CheckpointNotFound(which.checkpoint_id)
    return state_on_wire(StateSnapshot({}, (), NEWEST.config(thread.thread_id), None, None, None, (), ()))


def state_on_wire(state: StateSnapshot) -> JsonObject:
    """A state as clients of the LangGraph API expect it. The ids at the top are for older ones."""
    checkpoint, parent = checkpoint_of(state.config), checkpoint_of(state.parent_config) if state.parent_config else None
    has_run = checkpoint["checkpoint_id"] is not None  # React's useStream takes a checkpoint for a state worth showing
    return {
        "values": jsonable(state.values),
        "next": list(state.next),
        "tasks": [_task_on_wire(task) for task in state.tasks],
        "metadata": jsonable(state.metadata),
        "created_at": state.created_at,
        "checkpoint": checkpoint if has_run else None,
        "parent_checkpoint": parent,
        "interrupts": [interrupt_on_wire(interrupt) for interrupt in state.interrupts],
        "checkpoint_id": checkpoint["checkpoint_id"],
        "parent_checkpoint_id": parent["checkpoint_id"] if parent else None,
    }


def selected(state: JsonObject, parts: Sequence[str]) -> JsonObject:
    """Only these parts of a state; `values.messages` is one of its values. All of it if none are named."""
    if not parts:
        return state
    chosen = {part: state[part] for part in parts if part in state}
    keys = [part.removeprefix("values.") for part in parts if part.startswith("values.")]
    if keys and "values" not in chosen:
        values = state["values"]
        chosen["values"] = {key: values[key] for key in keys if key in values} if isinstance(values, Mapping) else {}
    return chosen


def _task_on_wire(task: PregelTask) -> JsonObject:
    """One task; of a graph inside, either where its checkpoints are, or its state if that was asked for."""
    inner = task.state
    return {
        "id": task.id,
        "name": task.name,
        "path": jsonable(task.path),
        "error": None if task.error is None else str(task.error),
        "interrupts": [interrupt_on_wire(interrupt) for interrupt in task.interrupts],
        "checkpoint": checkpoint_of(inner) if isinstance(inner, Mapping) else None,
        "state": state_on_wire(inner) if isinstance(inner, StateSnapshot) else None,
        "result": jsonable(task.result),
    }


def interrupt_on_wire(interrupt: Interrupt[Any]) -> JsonObject:
    """What a task asks, with the schema of the answer if the graph gave one."""
    schema = interrupt.response_schema
    if isinstance(schema, type):
        schema = TypeAdapter(schema).json_schema()
    return {"value": jsonable(interrupt.value), "id": interrupt.id, "response_schema": schema}


def checkpoint_of(config: RunnableConfig) -> JsonObject:
    """Where a checkpoint is; `checkpoint_map` says so of the graphs around it."""
    configurable = config.get("configurable", {})
    key: JsonObject = {
        "thread_id": configurable.get("thread_id"),
        "checkpoint_ns": configurable.get("checkpoint_ns", ""),
        "checkpoint_id": configurable.get("checkpoint_id"),
    }
    if surrounding := configurable.get("checkpoint_map"):
        key["checkpoint_map"] = surrounding
    return key


def jsonable(value: object) -> object:
    """`value` as JSON data; what has no JSON form is shown by its text."""
    return to_jsonable_python(value, fallback=str, by_alias=True, bytes_mode="base64", inf_nan_mode="null")
