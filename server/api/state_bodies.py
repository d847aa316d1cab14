"""The bodies of the state routes, as clients of the LangGraph API send and expect them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from server.api.wire import AnyJson, JsonMap, WireBody
from server.services.thread_state import CheckpointKey, HistoryPage, StateChange


class CheckpointBody(WireBody):
    """Where a checkpoint is, as a state answers it. The thread is the one of the path."""

    checkpoint_id: UUID | None = None
    checkpoint_ns: Annotated[str, Field(max_length=10_000)] | None = None

    def key(self) -> CheckpointKey:
        """As the service takes it."""
        return CheckpointKey(str(self.checkpoint_id) if self.checkpoint_id else None, self.checkpoint_ns or "")


StatePart = Annotated[
    str, Field(pattern=r"^(values(\..+)?|next|tasks|checkpoint|metadata|created_at|parent_checkpoint|interrupts)$", max_length=500)
]
"""What a state can be reduced to; `values.messages` is one of its values."""


class StateAt(WireBody):
    """Which state to read."""

    checkpoint: CheckpointBody
    subgraphs: bool = False
    select: tuple[StatePart, ...] = ()


class StateUpdateBody(WireBody):
    """How to change a state: `values` as if `as_node` had returned them, at the newest or another checkpoint."""

    values: AnyJson = None
    as_node: str | None = None
    checkpoint: CheckpointBody | None = None
    checkpoint_id: UUID | None = None

    def change(self) -> StateChange:
        """As the service takes it."""
        return StateChange(self.values, self.as_node)

    def at(self) -> CheckpointKey:
        """The checkpoint to change from."""
        if self.checkpoint:
            return self.checkpoint.key()
        return CheckpointKey(str(self.checkpoint_id) if self.checkpoint_id else None)


class SuperstepUpdate(WireBody):
    """What one node did in a step."""

    values: AnyJson = None
    command: JsonMap | None = None
    as_node: str

    def change(self) -> StateChange:
        """As the service takes it."""
        return StateChange(self.values, self.as_node, dict(self.command) if self.command else None)


class Superstep(WireBody):
    """What the nodes of one step did."""

    updates: Annotated[tuple[SuperstepUpdate, ...], Field(min_length=1, max_length=1000)]


class HistorySearch(WireBody):
    """Which checkpoints to list. `before` is an id, a checkpoint, or a config that contains one."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 1
    before: "UUID | CheckpointBody | BeforeConfig | None" = None
    metadata: JsonMap | None = None
    checkpoint: CheckpointBody | None = None
    select: tuple[StatePart, ...] = ()

    def page(self) -> HistoryPage:
        """As the service takes it."""
        return HistoryPage(
            self.limit,
            _key_of(self.before),
            dict(self.metadata) if self.metadata else None,
            CheckpointKey(checkpoint_ns=self.checkpoint.checkpoint_ns or "") if self.checkpoint else CheckpointKey(),
            self.select,
        )


class BeforeConfig(WireBody):
    """A checkpoint in the form of LangGraph's config."""

    configurable: CheckpointBody


def _key_of(before: UUID | CheckpointBody | BeforeConfig | None) -> CheckpointKey | None:
    match before:
        case None:
            return None
        case UUID():
            return CheckpointKey(str(before))
        case CheckpointBody():
            return before.key()
        case BeforeConfig():
            return before.configurable.key()


class TaskOnWire(WireBody):
    """One task of a state."""

    id: str
    name: str
    path: object = None
    error: str | None = None
    interrupts: tuple[JsonMap, ...] = ()
    checkpoint: JsonMap | None = None
    state: JsonMap | None = None
    result: object = None


class StateOnWire(WireBody):
    """The state of a thread at a checkpoint; parts that were not asked for are left out."""

    values: AnyJson = None
    next: tuple[str, ...] = ()
    tasks: tuple[TaskOnWire, ...] = ()
    metadata: JsonMap | None = None
    created_at: str | None = None
    checkpoint: JsonMap | None = None
    parent_checkpoint: JsonMap | None = None
    interrupts: tuple[JsonMap, ...] = ()
    checkpoint_id: str | None = None
    parent_checkpoint_id: str | None = None


class StateChanged(WireBody):
    """The checkpoint a change made."""

    checkpoint: JsonMap
    configurable: JsonMap
    checkpoint_id: str
