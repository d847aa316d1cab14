"""Run a graph as a run's order says, record what it streams, and say what it came to."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.constants import END
from langgraph.types import Command, Send

from checkpoints.records import Run
from server.graphs import AnyGraph
from server.services.errors import NodeNotFound
from server.services.run_order import NodeNames, RunOrder
from server.worker.stream_parts import Part, WireEvents, graph_modes
from server.worker.tracing import Trace

Record = Callable[[str, object], None]


@dataclass(frozen=True)
class GraphRun:
    """One attempt: which run, what it is to do, and whether an earlier attempt left checkpoints to go on from."""

    run: Run
    order: RunOrder
    goes_on: bool
    trace: Trace | None = None

    def config(self) -> RunnableConfig:
        """LangGraph's config: the thread, the ids that mark each checkpoint, and strict resumes."""
        config = run_config(self.run, self.order)
        if self.goes_on:  # from its own latest checkpoint, not from where it began
            kept = {name: value for name, value in config["configurable"].items() if not name.startswith("checkpoint_")}
            config["configurable"] = kept
        if self.trace:
            config["callbacks"] = list(self.trace.callbacks)
            config["run_id"] = self.trace.trace_id
        return config

    def given(self) -> object:
        """Input, a command, or None to go on."""
        return None if self.goes_on else given_input(self.order)


async def drive(graph: AnyGraph, attempt: GraphRun, record: Record) -> object:
    """Run the graph to its end or its next question; the last values it streamed, None if it streamed none."""
    events = WireEvents(attempt.order.stream_mode, tells_text=attempt.order.tells_text)
    output: object = None
    async for part in _streamed(graph, attempt, record):
        if part.mode == "values" and not part.namespace:
            output = part.chunk
        for name, data in events.of(part):
            record(name, data)
    return output


def _streamed(graph: AnyGraph, attempt: GraphRun, record: Record) -> AsyncIterator[Part]:
    details = _details(attempt.order)
    if "events" in attempt.order.stream_mode:
        return _parts_of_events(graph, attempt, details, record)
    return _parts(graph.astream(attempt.given(), attempt.config(), **details), subgraphs=attempt.order.stream_subgraphs)


def _details(order: RunOrder) -> dict[str, Any]:
    """LangGraph's own arguments, the same for both ways to stream."""
    return {
        "context": order.context,
        "stream_mode": graph_modes(order),
        "subgraphs": order.stream_subgraphs,
        "durability": order.durability,
        "interrupt_before": _nodes(order.interrupt_before),
        "interrupt_after": _nodes(order.interrupt_after),
    }


def _nodes(names: NodeNames | None) -> Literal["*"] | list[str] | None:
    return list(names) if isinstance(names, tuple) else names


async def _parts(stream: AsyncIterator[Any], *, subgraphs: bool) -> AsyncIterator[Part]:
    async for streamed in stream:
        yield _part(streamed, subgraphs=subgraphs)


def _part(streamed: tuple[Any, ...], *, subgraphs: bool) -> Part:
    return Part(*streamed) if subgraphs else Part((), *streamed)


async def _parts_of_events(graph: AnyGraph, attempt: GraphRun, details: Mapping[str, Any], record: Record) -> AsyncIterator[Part]:
    """Record LangChain's events, and take the graph's own parts out of those of its root."""
    config = attempt.config()
    root = str(config.setdefault("run_id", attempt.run.run_id))
    async for event in graph.astream_events(attempt.given(), config, version="v2", **details):
        if event["event"] == "on_chain_stream" and event["run_id"] == root:
            yield _part(event["data"]["chunk"], subgraphs=attempt.order.stream_subgraphs)
        else:
            record("events", event)


class AuthenticatedUser(dict[str, Any]):
    """Whom a run is for: a mapping in `configurable`, and an object with an `identity` where LangGraph's runtime tells of it."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever `authenticate` said of the person
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


def run_config(run: Run, order: RunOrder) -> RunnableConfig:
    """The order's config with the run's own ids, which a client cannot choose."""
    config = cast("RunnableConfig", dict(order.config))
    ids = {"thread_id": str(run.thread_id), "run_id": str(run.run_id)}
    about = {"graph_id": order.graph_id, "assistant_id": str(run.assistant_id)} if order.graph_id else {}
    configurable = order.config.get("configurable")
    given = dict(configurable) if isinstance(configurable, Mapping) else {}
    if isinstance(user := given.get("langgraph_auth_user"), Mapping):
        given["langgraph_auth_user"] = AuthenticatedUser(user)
    metadata = order.config.get("metadata")
    config["configurable"] = {**given, **ids, **about, "__pregel_strict_resume": True}
    config["metadata"] = {**(metadata if isinstance(metadata, Mapping) else {}), **about, **ids, "run_attempt": run.attempt}
    return config


def given_input(order: RunOrder) -> object:
    """Input, or LangGraph's command. A `resume` that was not sent must not be passed on: None is an answer too."""
    if order.command is None:
        return order.input
    parts: dict[str, Any] = dict(order.command)
    if "goto" in parts:
        parts["goto"] = _goto(parts["goto"])
    update = parts.get("update")
    if isinstance(update, list):
        parts["update"] = [(str(channel), value) for channel, value in update]
    return Command(**{name: value for name, value in parts.items() if name in ("resume", "update", "goto") and value is not None})


def _goto(target: object) -> Any:  # noqa: ANN401 - LangGraph's own union of names and Sends
    match target:
        case {"node": str() as node, **rest}:
            return Send(node, rest.get("input"))
        case list():
            return [_goto(one) for one in target]
        case None:
            return ()
        case _:
            return target


def check_targets(graph: AnyGraph, order: RunOrder) -> None:
    """LangGraph drops a command that goes to a node it does not have, with a warning. Raises `NodeNotFound`."""
    targets = _goto((order.command or {}).get("goto"))
    for target in targets if isinstance(targets, list) else [targets] if targets else []:
        name = target.node if isinstance(target, Send) else str(target)
        if name not in graph.nodes and name != END:
            raise NodeNotFound(repr(name))


def is_own(run_id: UUID, metadata: Mapping[str, Any] | None) -> bool:
    """Whether a checkpoint was written by this run's graph; dropping questions before it starts is no progress of it."""
    written = metadata or {}
    return written.get("run_id") == str(run_id) and written.get("source") != "update"
