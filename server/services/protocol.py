"""The thread-centric streaming protocol: what a run recorded, as its events. The SDKs call it v3, its routes v2.

The shapes are those of the package langchain-protocol 0.0.20. Translating the same records twice gives the same events
with the same numbers, so nothing is kept of a stream: it is made again from the ledger whenever somebody resumes it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from checkpoints.records import JsonObject, Run, RunEvent, RunStatus
from server.services.protocol_messages import MessageTeller
from server.services.run_order import WireStreamMode

Namespace = tuple[str, ...]

ROOT: Namespace = ()
INTERRUPT = "__interrupt__"
RECORDED_MODES: tuple[WireStreamMode, ...] = ("values", "updates", "messages-tuple", "tools", "custom", "tasks", "checkpoints")
"""What a run started through the protocol records: everything its channels are made of."""

CHANNELS = frozenset({"values", "updates", "messages", "tools", "custom", "lifecycle", "input", "tasks", "checkpoints"})

PHASES: Mapping[RunStatus, str] = {
    RunStatus.pending: "running",
    RunStatus.running: "running",
    RunStatus.success: "completed",
    RunStatus.interrupted: "interrupted",
    RunStatus.cancelled: "interrupted",
    RunStatus.error: "failed",
    RunStatus.timeout: "failed",
}
"""What the protocol calls the state of a run."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def position(run: Run, number: int) -> int:
    """Where the `number`-th event of a run stands on its thread: the microsecond in which the run began, plus `number`.

    Runs of a thread begin one after the other, and an event takes longer than a microsecond to make: so positions grow,
    also across restarts and past deleted runs, and fit the 53 bits of a number in JavaScript until the year 2255.
    """
    assert run.started_at is not None
    return (run.started_at - _EPOCH) // _MICROSECOND + number


def moment(at: int) -> datetime:
    """When, at the latest, the run began that has this position."""
    return _EPOCH + at * _MICROSECOND


@dataclass(frozen=True)
class ProtocolEvent:
    """One event. `seq` is its position on the thread, `node` the graph's node that made a message."""

    seq: int
    event_id: str
    method: str
    namespace: Namespace
    at: datetime
    data: object
    node: str | None = None

    @property
    def channel(self) -> str:
        """What a client subscribes to for it; a named custom event also has a channel of its own, see `Subscription`."""
        return "input" if self.method == "input.requested" else self.method

    @property
    def ends_reading(self) -> bool:
        """Whether it says that a run asks or has ended, after which clients stop reading."""
        is_end = self.method == "lifecycle" and isinstance(self.data, dict) and self.data["event"] not in ("started", "running")
        return self.method == "input.requested" or (is_end and self.namespace == ROOT)

    def on_wire(self) -> JsonObject:
        """As it is sent."""
        params: JsonObject = {"namespace": list(self.namespace), "timestamp": int(self.at.timestamp() * 1000), "data": self.data}
        if self.node:
            params["node"] = self.node
        return {"type": "event", "event_id": self.event_id, "seq": self.seq, "method": self.method, "params": params}


@dataclass(frozen=True)
class Subscription:
    """Which events somebody wants: of these channels, at or below these namespaces, at most `depth` below."""

    channels: frozenset[str]
    namespaces: Sequence[Namespace] = ()
    depth: int | None = None

    def wants(self, event: ProtocolEvent) -> bool:
        """Whether the event belongs to it."""
        return self._has_channel_of(event) and (not self.namespaces or any(self._reaches(event, start) for start in self.namespaces))

    def _has_channel_of(self, event: ProtocolEvent) -> bool:
        name = event.data.get("name") if event.method == "custom" and isinstance(event.data, Mapping) else None
        return event.channel in self.channels or f"custom:{name}" in self.channels

    def _reaches(self, event: ProtocolEvent, start: Namespace) -> bool:
        below = len(event.namespace) - len(start)
        return (
            below >= 0
            and (self.depth is None or below <= self.depth)
            and all(asked in (actual, node_of(actual)) for asked, actual in zip(start, event.namespace, strict=False))
        )


class RunTranslator:
    """Turns the records of one run into protocol events. Feed it every record from the first on, in order."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._graph_name = str(run.metadata.get("graph_id") or "")
        self._made = 0
        self._at = run.started_at or run.created_at
        self._messages = MessageTeller()
        self._asked: dict[str, object] = {}
        self._inside: list[Namespace] = []
        self._error: str | None = None
        self._has_ended = False
        self._tellers: Mapping[str, Callable[[Namespace, Any], Iterator[ProtocolEvent]]] = {
            "metadata": self._begun,
            "values": self._values,
            "updates": self._updates,
            "messages": self._message,
            "tools": self._tool,
            "custom": self._custom,
            "tasks": self._task,
            "checkpoints": self._checkpoint,
            "error": self._failed,
            "end": self._end,
        }

    def of(self, record: RunEvent) -> Iterator[ProtocolEvent]:
        """The events one record becomes; none for what the protocol has no channel for."""
        name, *segments = record.event.split("|")
        namespace = tuple(segments)
        self._at = record.created_at
        yield from self._entered(namespace)
        if name in self._tellers:
            yield from self._tellers[name](namespace, record.data)

    def gone(self) -> Iterator[ProtocolEvent]:
        """The end of a run whose records ended without saying so: it was rolled back, or deleted."""
        if not self._has_ended:
            yield from self._ended("interrupted")

    def _begun(self, namespace: Namespace, _: object) -> Iterator[ProtocolEvent]:
        yield self._lifecycle(namespace, "running")

    def _values(self, namespace: Namespace, values: JsonObject) -> Iterator[ProtocolEvent]:
        yield self._event("values", namespace, {name: value for name, value in values.items() if name != INTERRUPT})
        self._note(namespace, values.get(INTERRUPT))

    def _updates(self, namespace: Namespace, updates: JsonObject) -> Iterator[ProtocolEvent]:
        for node, values in updates.items():
            if not node.startswith("__"):
                yield self._event("updates", namespace, {"node": node, "values": {} if values is None else values}, node=node)
        self._note(namespace, updates.get(INTERRUPT))

    def _message(self, namespace: Namespace, piece: tuple[JsonObject, JsonObject]) -> Iterator[ProtocolEvent]:
        message, about = piece
        for told in self._messages.of(message, about):
            yield self._event("messages", namespace, told, node=_text(about.get("langgraph_node")))

    def _tool(self, namespace: Namespace, told: JsonObject) -> Iterator[ProtocolEvent]:
        yield self._event("tools", namespace, told)

    def _custom(self, namespace: Namespace, written: object) -> Iterator[ProtocolEvent]:
        yield self._event("custom", namespace, custom_data(written))

    def _checkpoint(self, namespace: Namespace, told: JsonObject) -> Iterator[ProtocolEvent]:
        yield self._event("checkpoints", namespace, checkpoint_data(told))

    def _task(self, namespace: Namespace, told: JsonObject) -> Iterator[ProtocolEvent]:
        yield self._event("tasks", namespace, told)
        yield from self._left(namespace, told)

    def _failed(self, _: Namespace, error: JsonObject) -> Iterator[ProtocolEvent]:
        self._error = f"{error.get('error')}: {error.get('message')}"
        yield from ()

    def _end(self, _: Namespace, end: JsonObject) -> Iterator[ProtocolEvent]:
        status = RunStatus(str(end["status"]))
        if status is RunStatus.interrupted:
            yield from self._requests()
        yield from self._ended(PHASES[status])

    def _note(self, namespace: Namespace, interrupts: object) -> None:
        """What the run asks. What a graph inside asks, the run asks too, and there it is noted."""
        for interrupt in interrupts if isinstance(interrupts, list) and namespace == ROOT else ():
            self._asked[str(interrupt.get("id"))] = interrupt.get("value")

    def _requests(self) -> Iterator[ProtocolEvent]:
        """Told at the end of the run, since only then answers are taken."""
        for interrupt_id, asked in self._asked.items():
            # The protocol calls it `payload`; the Python client 0.4 reads `value`.
            data: JsonObject = {"interrupt_id": interrupt_id, "payload": asked, "value": asked}
            yield self._event("input.requested", ROOT, data, event_id=self._synthetic("input", ROOT, interrupt_id))

    def _entered(self, namespace: Namespace) -> Iterator[ProtocolEvent]:
        """Say of each graph inside when it is first heard of."""
        for depth in range(1, len(namespace) + 1):
            if (inner := namespace[:depth]) not in self._inside:
                self._inside.append(inner)
                yield self._lifecycle(inner, "started")

    def _left(self, namespace: Namespace, task: JsonObject) -> Iterator[ProtocolEvent]:
        """A task that has a result and ran a graph inside: that graph has ended."""
        inner = (*namespace, f"{task.get('name')}:{task.get('id')}")
        if "result" in task and inner in self._inside:
            self._inside.remove(inner)
            phase = "failed" if task.get("error") else "interrupted" if task.get("interrupts") else "completed"
            yield self._lifecycle(inner, phase, error=_text(task.get("error")))

    def _ended(self, phase: str) -> Iterator[ProtocolEvent]:
        self._has_ended = True
        for told in self._messages.rest():
            yield self._event("messages", ROOT, told)
        while self._inside:
            yield self._lifecycle(self._inside.pop(), phase)
        yield self._lifecycle(ROOT, phase, error=self._error if phase == "failed" else None)

    def _lifecycle(self, namespace: Namespace, phase: str, *, error: str | None = None) -> ProtocolEvent:
        data: JsonObject = {"event": phase, "graph_name": node_of(namespace[-1]) if namespace else self._graph_name}
        if error:
            data["error"] = error
        return self._event("lifecycle", namespace, data, event_id=self._synthetic("lc", namespace, phase))

    def _synthetic(self, kind: str, namespace: Namespace, what: str) -> str:
        """The id of an event no graph made. The JavaScript client takes the run's id out of it."""
        return f"synth:{self._run.run_id}:{kind}|{'|'.join(namespace)}|{what}"

    def _event(
        self, method: str, namespace: Namespace, data: object, *, event_id: str | None = None, node: str | None = None
    ) -> ProtocolEvent:
        self._made += 1
        event_id = event_id or f"{self._run.run_id}:{self._made}"
        return ProtocolEvent(position(self._run, self._made), event_id, method, namespace, self._at, data, node)


def node_of(segment: str) -> str:
    """The node in a segment of a namespace: `node:task`."""
    return segment.split(":", maxsplit=1)[0]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def custom_data(data: object) -> JsonObject:
    """What a node wrote: named if it wrote just a name and a payload."""
    if isinstance(data, dict) and data.keys() == {"name", "payload"} and isinstance(data["name"], str):
        return data
    return {"payload": data}


def checkpoint_data(told: JsonObject) -> JsonObject:
    """A checkpoint without the state in it."""
    metadata = told.get("metadata")
    about = metadata if isinstance(metadata, Mapping) else {}
    own: JsonObject = {"id": _checkpoint_id(told.get("config")), "step": about.get("step"), "source": about.get("source")}
    parent_id = _checkpoint_id(told.get("parent_config"))
    return {**own, "parent_id": parent_id} if parent_id else own


def _checkpoint_id(config: object) -> str | None:
    configurable = config.get("configurable") if isinstance(config, Mapping) else None
    return _text(configurable.get("checkpoint_id")) if isinstance(configurable, Mapping) else None
