"""The bodies of the cron routes, as clients of the LangGraph API send and expect them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field
from typing_extensions import override

from checkpoints.crons import CronDraft, CronFilter
from checkpoints.records import Cron, CronSort, JsonObject, MultitaskStrategy
from server.api.thread_bodies import without_empty
from server.api.wire import AnyJson, JsonMap, PageLimit, PageOffset, WebhookUrl, WireBody, WireTime
from server.services.crons import CronChange
from server.services.run_order import Durability, WireStreamMode

NOT_OF_THE_RUN = frozenset({"timezone", "end_time", "enabled", "on_run_completed", "metadata"})
"""What a cron keeps beside its payload."""

Schedule = Annotated[str, Field(min_length=1, max_length=200)]
TimeZone = Annotated[str, Field(min_length=1, max_length=100)]


class OnRunCompleted(StrEnum):
    """What happens to the thread of a run that got one of its own."""

    delete = "delete"
    keep = "keep"


class CronPatch(WireBody):
    """What to change about a cron; what is left out stays. `end_time` null takes the end away."""

    schedule: Schedule | None = None
    timezone: TimeZone | None = None
    end_time: AwareDatetime | None = None
    enabled: bool | None = None
    on_run_completed: OnRunCompleted | None = None
    metadata: JsonMap | None = None
    input: AnyJson = None
    config: JsonMap | None = None
    context: JsonMap | None = None
    webhook: WebhookUrl | None = None
    interrupt_before: Literal["*"] | tuple[str, ...] | None = None
    interrupt_after: Literal["*"] | tuple[str, ...] | None = None
    stream_mode: WireStreamMode | tuple[WireStreamMode, ...] | None = None
    stream_subgraphs: bool | None = None
    stream_resumable: bool | None = None
    durability: Durability | None = None

    def payload(self) -> JsonObject:
        """What the runs are asked to do, with stream modes always as a list."""
        given: JsonObject = self.model_dump(mode="json", exclude=set(NOT_OF_THE_RUN), exclude_none=True)
        if isinstance(self.stream_mode, str):
            given["stream_mode"] = [self.stream_mode]
        return given

    def change(self) -> CronChange:
        """As the service takes it."""
        given: JsonObject = self.model_dump(include={"schedule", "timezone", "enabled"}, exclude_none=True)
        if "end_time" in self.model_fields_set:
            given["end_time"] = self.end_time
        if self.on_run_completed:
            given["deletes_thread"] = self.on_run_completed is OnRunCompleted.delete
        return CronChange(given, self.payload(), dict(self.metadata or {}))


class ThreadCronCreate(CronPatch):
    """A cron to create on a thread."""

    assistant_id: Annotated[str, Field(min_length=1, max_length=500)]
    schedule: Schedule
    multitask_strategy: MultitaskStrategy = MultitaskStrategy.enqueue

    def draft(self) -> CronDraft:
        """As the service takes it."""
        return CronDraft(
            schedule=self.schedule,
            timezone=self.timezone,
            end_time=self.end_time,
            enabled=self.enabled is not False,
            deletes_thread=None,
            payload={"stream_mode": ["values"], "durability": "async", **self.payload()},
            metadata=dict(self.metadata or {}),
        )


class CronCreate(ThreadCronCreate):
    """A cron to create whose runs each get a thread of their own."""

    @override
    def draft(self) -> CronDraft:
        """As the service takes it."""
        return super().draft().model_copy(update={"deletes_thread": self.on_run_completed is not OnRunCompleted.keep})


class CronCount(WireBody):
    """Which crons to count; what is left out matches any."""

    assistant_id: str | None = None
    thread_id: UUID | None = None
    enabled: bool | None = None
    metadata: JsonMap | None = None

    def which(self) -> CronFilter:
        """As the service takes it, beside the assistant."""
        return CronFilter(thread_id=self.thread_id, enabled=self.enabled, metadata=without_empty(self.metadata))


class CronField(StrEnum):
    """What a search can be reduced to."""

    cron_id = "cron_id"
    assistant_id = "assistant_id"
    thread_id = "thread_id"
    on_run_completed = "on_run_completed"
    end_time = "end_time"
    schedule = "schedule"
    timezone = "timezone"
    created_at = "created_at"
    updated_at = "updated_at"
    user_id = "user_id"
    payload = "payload"
    next_run_date = "next_run_date"
    metadata = "metadata"
    enabled = "enabled"


class CronSearch(CronCount):
    """A page of crons to find."""

    limit: PageLimit = 10
    offset: PageOffset = 0
    sort_by: CronSort = CronSort.created_at
    sort_order: Literal["asc", "desc", "ASC", "DESC"] = "desc"
    select: tuple[CronField, ...] | None = None


class CronOnWire(WireBody):
    """A cron as clients see it; fields that were not asked for are left out."""

    cron_id: UUID | None = None
    assistant_id: UUID | None = None
    thread_id: UUID | None = None
    on_run_completed: OnRunCompleted | None = None
    end_time: WireTime | None = None
    schedule: str | None = None
    timezone: str | None = None
    created_at: WireTime | None = None
    updated_at: WireTime | None = None
    user_id: str | None = None
    payload: JsonMap | None = None
    next_run_date: WireTime | None = None
    metadata: JsonMap | None = None
    enabled: bool | None = None


EVERY_FIELD = tuple(CronField)


def cron_on_wire(cron: Cron, fields: Sequence[CronField] = EVERY_FIELD) -> CronOnWire:
    """The cron as it is answered; only what is set here is sent."""
    about: dict[str, Any] = {**cron.model_dump(), "on_run_completed": _on_run_completed(cron), "user_id": None}
    return CronOnWire.model_construct(**{field.value: about[field] for field in fields})  # our own row: nothing to validate


def _on_run_completed(cron: Cron) -> OnRunCompleted | None:
    if cron.deletes_thread is None:
        return None
    return OnRunCompleted.delete if cron.deletes_thread else OnRunCompleted.keep
