"""The bodies of the run routes, as clients of the LangGraph API send and expect them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import override

from checkpoints.records import WIRE_STATUS, JsonObject, MultitaskStrategy, Run, RunStatus
from server.api.wire import AnyJson, JsonMap, WebhookUrl, WireBody, WireTime
from server.services.run_order import Durability, RunOrder
from server.services.runs import NewRun

LONGEST_DELAY_SECONDS = 60 * 60 * 24 * 365.0


AskedStreamMode: TypeAlias = Literal["values", "messages", "messages-tuple", "tasks", "checkpoints", "updates", "events", "debug", "custom"]
"""What a client of these routes may ask for; any other is refused, as by langgraph-api."""


class OnDisconnect(StrEnum):
    """What happens to the run when the client that waits for it goes."""

    cancel = "cancel"
    keep_going = "continue"


class CheckpointBody(WireBody):
    """Where on the thread to begin; None is its latest state."""

    checkpoint_id: str | None = None
    checkpoint_ns: str | None = None
    checkpoint_map: JsonMap | None = None

    def configurable(self) -> JsonObject:
        """As LangGraph's config has it."""
        return {name: value for name, value in self.model_dump().items() if value}


class SendBody(WireBody):
    """A node to go to, with an input of its own."""

    node: str
    input: AnyJson = None


class CommandBody(WireBody):
    """What to do instead of taking input: answer an interrupt, write to the state, go to a node."""

    resume: AnyJson = None
    update: JsonMap | list[tuple[str, AnyJson]] | None = None
    goto: str | SendBody | list[str | SendBody] | None = None


class RunCreate(WireBody):
    """A run to begin."""

    assistant_id: Annotated[str, Field(min_length=1, max_length=500)]
    input: AnyJson = None
    command: CommandBody | None = None
    metadata: JsonMap | None = None
    config: JsonMap | None = None
    context: JsonMap | None = None
    checkpoint: CheckpointBody | None = None
    checkpoint_id: str | None = None
    stream_mode: AskedStreamMode | tuple[AskedStreamMode, ...] = "values"
    stream_subgraphs: bool = False
    stream_resumable: bool = False
    interrupt_before: Literal["*"] | tuple[str, ...] | None = None
    interrupt_after: Literal["*"] | tuple[str, ...] | None = None
    durability: Durability | None = None
    checkpoint_during: bool | None = None
    multitask_strategy: MultitaskStrategy = MultitaskStrategy.enqueue
    if_not_exists: Literal["create", "reject"] = "reject"
    on_disconnect: OnDisconnect = OnDisconnect.keep_going
    after_seconds: Annotated[float, Field(ge=0, le=LONGEST_DELAY_SECONDS, allow_inf_nan=False)] = 0
    feedback_keys: tuple[str, ...] | None = None
    webhook: WebhookUrl | None = None

    def new_run(self, *, watched: bool = True) -> NewRun:
        """As the service takes it. What nobody watches is not recorded, unless it can be replayed later."""
        order = self.order()
        return NewRun(
            assistant=self.assistant_id,
            order=order if watched or self.stream_resumable else order.model_copy(update={"stream_mode": ()}),
            metadata=dict(self.metadata or {}),
            strategy=self.multitask_strategy,
            creates_thread=self.if_not_exists == "create",
            after_seconds=self.after_seconds,
        )

    def order(self) -> RunOrder:
        """What the run is to do."""
        checkpoint = (self.checkpoint or CheckpointBody()).configurable()
        if self.checkpoint_id:
            checkpoint["checkpoint_id"] = self.checkpoint_id
        config: JsonObject = dict(self.config or {})
        if checkpoint:
            given = config.get("configurable")
            config["configurable"] = {**(given if isinstance(given, Mapping) else {}), **checkpoint}
        return RunOrder(
            input=self.input,
            command=self.command.model_dump(exclude_unset=True) if self.command and self.command.model_fields_set else None,
            config=config,
            context=dict(self.context or {}),
            stream_mode=(self.stream_mode,) if isinstance(self.stream_mode, str) else self.stream_mode,
            stream_subgraphs=self.stream_subgraphs,
            stream_resumable=self.stream_resumable,
            interrupt_before=self.interrupt_before,
            interrupt_after=self.interrupt_after,
            durability=self.durability or ("exit" if self.checkpoint_during is False else "async"),
            keeps_output=True,
            feedback_keys=self.feedback_keys,
            webhook=self.webhook,
        )


class RunCreateAlone(RunCreate):
    """A run to begin on a thread of its own, which goes with it unless it is to be kept."""

    on_completion: Literal["delete", "keep"] = "delete"

    @override
    def order(self) -> RunOrder:
        """What the run is to do."""
        return super().order().model_copy(update={"is_temporary": self.on_completion == "delete"})


class RunsCancel(WireBody):
    """Which runs to cancel: some of a thread, or all that have a status."""

    thread_id: UUID | None = None
    run_ids: Annotated[tuple[UUID, ...], Field(max_length=1000)] | None = None
    status: Literal["pending", "running", "all"] | None = None

    @model_validator(mode="after")
    def _names_runs(self) -> "RunsCancel":
        if (self.status is None) == (self.thread_id is None or not self.run_ids):
            raise ValueError("give either status, or thread_id with run_ids")
        return self

    def statuses(self) -> Sequence[RunStatus]:
        """As the service takes them."""
        return (RunStatus.pending, RunStatus.running) if self.status == "all" else (RunStatus(self.status or "pending"),)


def without_blanks(modes: list[str] | None) -> list[str] | None:
    """The SDK sends an empty `stream_mode` for "all", and several as one word with commas."""
    return [mode for given in modes or () for mode in given.split(",") if mode] or None


class WireRunStatus(StrEnum):
    """The words clients know; see `WIRE_STATUS`."""

    pending = "pending"
    running = "running"
    error = "error"
    success = "success"
    timeout = "timeout"
    interrupted = "interrupted"

    def statuses(self) -> tuple[RunStatus, ...]:
        """Ours that are called so on the wire."""
        return tuple(status for status, called in WIRE_STATUS.items() if called == self.value)


class RunField(StrEnum):
    """What a list of runs can be reduced to."""

    run_id = "run_id"
    thread_id = "thread_id"
    assistant_id = "assistant_id"
    created_at = "created_at"
    updated_at = "updated_at"
    status = "status"
    metadata = "metadata"
    kwargs = "kwargs"
    multitask_strategy = "multitask_strategy"


class RunOnWire(WireBody):
    """A run as clients see it; fields that were not asked for are left out."""

    run_id: UUID | None = None
    thread_id: UUID | None = None
    assistant_id: UUID | None = None
    created_at: WireTime | None = None
    updated_at: WireTime | None = None
    status: WireRunStatus | None = None
    metadata: JsonMap | None = None
    kwargs: JsonMap | None = None
    multitask_strategy: MultitaskStrategy | None = None


EVERY_FIELD = tuple(RunField)


def run_on_wire(run: Run, fields: Sequence[RunField] = EVERY_FIELD) -> RunOnWire:
    """The run as it is answered; only what is set here is sent."""
    shown: dict[str, Any] = {field.value: getattr(run, field) for field in fields}
    if "status" in shown:
        shown["status"] = WireRunStatus(WIRE_STATUS[run.status])
    return RunOnWire.model_construct(**shown)  # read from our own rows: nothing to validate
