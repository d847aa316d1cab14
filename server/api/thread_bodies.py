"""The bodies of the thread routes, as clients of the LangGraph API send and expect them."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator

from checkpoints.records import IfExists, JsonObject, PruneStrategy, Thread, ThreadSort, ThreadStatus, ThreadStorage
from checkpoints.threads import ThreadFilter
from server.api.state_bodies import Superstep
from server.api.wire import JsonMap, PageLimit, PageOffset, WireBody, WireTime
from server.services.threads import Page, Supersteps, TimeToLive

LONGEST_TTL_MINUTES = 60 * 24 * 365 * 100.0


class TtlBody(WireBody):
    """A time to live, in minutes from now."""

    ttl: Annotated[float, Field(gt=0, le=LONGEST_TTL_MINUTES, allow_inf_nan=False)]
    strategy: PruneStrategy = PruneStrategy.delete

    def time_to_live(self) -> TimeToLive:
        """As the service takes it."""
        return TimeToLive(self.ttl, self.strategy)


class ThreadCreate(WireBody):
    """A thread to create."""

    thread_id: UUID | None = None
    metadata: JsonMap | None = None
    if_exists: IfExists = IfExists.raises
    ttl: TtlBody | None = None
    supersteps: Annotated[tuple[Superstep, ...], Field(max_length=1000)] = ()

    def changes(self) -> Supersteps:
        """As the service takes it."""
        return [[update.change() for update in step.updates] for step in self.supersteps]


class ThreadPatch(WireBody):
    """What to change about a thread."""

    metadata: JsonMap | None = None
    ttl: TtlBody | None = None


class ThreadPrune(WireBody):
    """Which threads to delete, or to reduce to their latest state."""

    thread_ids: Annotated[tuple[UUID, ...], Field(max_length=1000)]
    strategy: PruneStrategy = PruneStrategy.delete


class ThreadsPruned(WireBody):
    """How many of them there were."""

    pruned_count: int


class ThreadCount(WireBody):
    """Which threads to count; what is left out matches any."""

    metadata: JsonMap | None = None
    values: JsonMap | None = None
    status: ThreadStatus | None = None
    ids: Annotated[tuple[UUID, ...], Field(max_length=1000)] | None = None

    def which(self) -> ThreadFilter:
        """As the repository takes it."""
        return ThreadFilter(ids=self.ids, status=self.status, metadata=without_empty(self.metadata), values=without_empty(self.values))


def without_empty(given: JsonMap | None) -> JsonObject | None:
    """An empty filter matches everything; NULL values among them."""
    return dict(given) if given else None


class ThreadField(StrEnum):
    """What a search can be reduced to."""

    thread_id = "thread_id"
    created_at = "created_at"
    updated_at = "updated_at"
    state_updated_at = "state_updated_at"
    metadata = "metadata"
    config = "config"
    status = "status"
    values = "values"
    interrupts = "interrupts"
    error = "error"


EXTRACT_PATH = re.compile(r"(values|metadata|config|interrupts)(\.[^.\[\]]+|\[-?\d{1,6}\])*")
PATH_STEP = re.compile(r"[.\[\]]+")


class ThreadSearch(ThreadCount):
    """A page of threads to find. `extract` maps a name of one's own to a path such as `values.messages[-1].content`."""

    limit: PageLimit = 10
    offset: PageOffset = 0
    sort_by: ThreadSort = ThreadSort.created_at
    sort_order: Literal["asc", "desc", "ASC", "DESC"] = "desc"
    select: tuple[ThreadField, ...] | None = None
    extract: Annotated[dict[str, str], Field(max_length=10)] | None = None

    @field_validator("extract")
    @classmethod
    def _paths_can_be_followed(cls, extract: dict[str, str] | None) -> dict[str, str] | None:
        for path in (extract or {}).values():
            if not EXTRACT_PATH.fullmatch(path):
                raise ValueError(f"{path!r} is no path; write one such as values.messages[-1].content")
        return extract

    def page(self) -> Page:
        """As the service takes it."""
        return Page(self.limit, self.offset, self.sort_by, descending=self.sort_order.lower() == "desc")


class TtlInfo(WireBody):
    """How long a thread lives."""

    strategy: PruneStrategy
    ttl_minutes: float
    expires_at: WireTime


class ThreadOnWire(WireBody):
    """A thread as clients see it; fields that were not asked for are left out. `interrupts` is by task."""

    thread_id: UUID | None = None
    created_at: WireTime | None = None
    updated_at: WireTime | None = None
    state_updated_at: WireTime | None = None
    metadata: JsonMap | None = None
    status: ThreadStatus | None = None
    config: JsonMap | None = None
    values: JsonMap | None = None
    interrupts: JsonMap | None = None
    error: JsonMap | None = None
    ttl: TtlInfo | None = None
    extracted: JsonMap | None = None


class StoredOnWire(WireBody):
    """So many rows of so many bytes."""

    count: int
    bytes: int


class ChannelOnWire(WireBody):
    """The stored versions of one channel."""

    versions: int
    bytes: int


class ChannelsOnWire(StoredOnWire):
    """The stored values of all channels."""

    by_channel: dict[str, ChannelOnWire]


class StorageOnWire(WireBody):
    """What is kept of a thread's states."""

    thread_id: UUID
    total_bytes: int
    checkpoints: StoredOnWire
    channel_values: ChannelsOnWire
    pending_writes: StoredOnWire


def storage_on_wire(thread_id: UUID, storage: ThreadStorage) -> StorageOnWire:
    """The figures as they are answered."""
    values = storage.channel_values
    return StorageOnWire(
        thread_id=thread_id,
        total_bytes=storage.checkpoints.bytes + storage.pending_writes.bytes + values.bytes,
        checkpoints=StoredOnWire(count=storage.checkpoints.count, bytes=storage.checkpoints.bytes),
        pending_writes=StoredOnWire(count=storage.pending_writes.count, bytes=storage.pending_writes.bytes),
        channel_values=ChannelsOnWire(
            count=values.count,
            bytes=values.bytes,
            by_channel={name: ChannelOnWire(versions=one.count, bytes=one.bytes) for name, one in storage.channels.items()},
        ),
    )


EVERY_FIELD = tuple(ThreadField)


def thread_on_wire(
    thread: Thread,
    *,
    fields: Sequence[ThreadField] = EVERY_FIELD,
    extract: Mapping[str, str] | None = None,
    with_ttl: bool = False,
) -> ThreadOnWire:
    """The thread as it is answered; only what is set here is sent."""
    shown: dict[str, Any] = {field.value: getattr(thread, field) for field in fields}
    if extract:
        shown["extracted"] = {name: value_at(thread, path) for name, path in extract.items()}
    if with_ttl and thread.ttl_strategy:
        shown["ttl"] = TtlInfo.model_construct(strategy=thread.ttl_strategy, ttl_minutes=thread.ttl_minutes, expires_at=thread.expires_at)
    return ThreadOnWire.model_construct(**shown)  # read from our own rows: nothing to validate


def value_at(thread: Thread, path: str) -> object:
    """What a thread has at a path such as `values.messages[-1]`; None if there is nothing."""
    first, *steps = (step for step in PATH_STEP.split(path) if step)
    found: object = getattr(thread, first)
    for step in steps:
        match found:
            case Mapping():
                found = found.get(step)
            case list() if re.fullmatch(r"-?\d+", step) and -len(found) <= int(step) < len(found):
                found = found[int(step)]
            case _:
                return None
    return found
