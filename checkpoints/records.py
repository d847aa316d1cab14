"""The rows that are remembered, as frozen types, and which changes of status are legal. Knows no SQL.

Statuses are ours; the words of the LangGraph API differ in two places, and `WIRE_STATUS` is the translation.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict

JsonObject: TypeAlias = dict[str, object]


class Record(BaseModel):
    """One row. Columns a type does not mention are ignored, so an older program can read a newer schema."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# ------------------------------------------------------------------------------------------------ assistants


class Assistant(Record):
    """A graph with its configuration, as clients of the LangGraph API name it."""

    assistant_id: UUID
    graph_id: str
    name: str
    description: str | None = None
    version: int = 1
    config: JsonObject = {}
    context: JsonObject = {}
    metadata: JsonObject = {}
    created_at: datetime
    updated_at: datetime


class AssistantSort(StrEnum):
    """What a search can be sorted by."""

    assistant_id = "assistant_id"
    created_at = "created_at"
    updated_at = "updated_at"
    name = "name"
    graph_id = "graph_id"


# ------------------------------------------------------------------------------------------------ threads


class ThreadStatus(StrEnum):
    """`busy` while a run is pending or running; otherwise what the last run left behind."""

    idle = "idle"
    busy = "busy"
    interrupted = "interrupted"
    error = "error"


class PruneStrategy(StrEnum):
    """What pruning leaves: nothing, or the thread with its latest state."""

    delete = "delete"
    keep_latest = "keep_latest"


class Thread(Record):
    """A conversation with a graph. `values` is a snapshot for lists and searches; the checkpoints are the truth."""

    thread_id: UUID
    status: ThreadStatus
    metadata: JsonObject = {}
    config: JsonObject = {}
    values: JsonObject | None = None
    interrupts: JsonObject = {}
    graph_id: str | None = None
    graph_version: str | None = None
    error: JsonObject | None = None
    ttl_strategy: PruneStrategy | None = None
    ttl_minutes: float | None = None
    expires_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    state_updated_at: datetime


class Stored(Record):
    """So many rows, and their bytes as stored."""

    count: int = 0
    bytes: int = 0


class ThreadStorage(Record):
    """What LangGraph keeps of a thread."""

    checkpoints: Stored = Stored()
    pending_writes: Stored = Stored()
    channels: Mapping[str, Stored] = {}

    @property
    def channel_values(self) -> Stored:
        """All channels together."""
        return Stored(count=sum(one.count for one in self.channels.values()), bytes=sum(one.bytes for one in self.channels.values()))


class IfExists(StrEnum):
    """What creating a thread does when the id is taken."""

    raises = "raise"
    do_nothing = "do_nothing"


class ThreadSort(StrEnum):
    """What a search can be sorted by."""

    thread_id = "thread_id"
    status = "status"
    created_at = "created_at"
    updated_at = "updated_at"
    state_updated_at = "state_updated_at"


# ------------------------------------------------------------------------------------------------ runs


class RunStatus(StrEnum):
    """`interrupted`: the graph stopped and waits for a person. `cancelled`: somebody stopped the run."""

    pending = "pending"
    running = "running"
    success = "success"
    interrupted = "interrupted"
    error = "error"
    timeout = "timeout"
    cancelled = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the run will never change again."""
        return not TRANSITIONS[self]


TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = MappingProxyType(
    {
        RunStatus.pending: frozenset({RunStatus.running, RunStatus.cancelled}),
        RunStatus.running: frozenset(
            {
                RunStatus.running,  # taken over from a worker that died
                RunStatus.pending,  # given back by a worker that shuts down
                RunStatus.success,
                RunStatus.interrupted,
                RunStatus.error,
                RunStatus.timeout,
                RunStatus.cancelled,
            }
        ),
        RunStatus.success: frozenset(),
        RunStatus.interrupted: frozenset(),
        RunStatus.error: frozenset(),
        RunStatus.timeout: frozenset(),
        RunStatus.cancelled: frozenset(),
    }
)
ACTIVE_STATUSES = tuple(status for status in RunStatus if not status.is_terminal)
TERMINAL_STATUSES = tuple(status for status in RunStatus if status.is_terminal)

WIRE_STATUS: Mapping[RunStatus, str] = MappingProxyType(
    # The LangGraph API has no word for "cancelled" and says `interrupted`; a run that stopped at an interrupt() is a
    # `success` there, and its thread is `interrupted` (observed with langgraph-api 0.16.7).
    {status: status.value for status in RunStatus} | {RunStatus.cancelled: "interrupted", RunStatus.interrupted: "success"}
)


class MultitaskStrategy(StrEnum):
    """What happens when a thread gets a run while it has an unfinished one."""

    reject = "reject"
    interrupt = "interrupt"
    rollback = "rollback"
    enqueue = "enqueue"


class CancelAction(StrEnum):
    """`interrupt` keeps what the run did; `rollback` deletes the run and its checkpoints once it has stopped."""

    interrupt = "interrupt"
    rollback = "rollback"


class Run(Record):
    """One execution of a graph on a thread. `kwargs` holds input, command, config, context and stream modes, exactly."""

    run_id: UUID
    thread_id: UUID
    assistant_id: UUID
    status: RunStatus
    metadata: JsonObject = {}
    kwargs: JsonObject = {}
    multitask_strategy: MultitaskStrategy
    attempt: int
    lease_owner: str | None = None
    lease_token: int
    lease_until: datetime | None = None
    cancel_requested: CancelAction | None = None
    error: JsonObject | None = None
    last_event_seq: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class RunOutcome(Record):
    """How far a run is, and what it came to; `output` is there once it has ended, if it was to be kept."""

    status: RunStatus
    error: JsonObject | None = None
    output: object = None


class ClaimedRun(Record):
    """A run this worker may work on, as long as `token` is the run's newest: every write of the attempt is fenced by it."""

    run: Run
    token: int


class RunHold(Record):
    """Proof that this process holds the run's advisory lock, so no other worker on it is alive."""

    run_id: UUID


class NewEvent(Record):
    """An event to append; `data` is anything JSON can hold."""

    event: str
    data: object = None


class RunEvent(Record):
    """Something that happened in a run. `seq` counts from 1 without gaps and is the SSE event id."""

    run_id: UUID
    seq: int
    event: str
    data: object = None
    created_at: datetime


# ------------------------------------------------------------------------------------------------ crons


class Cron(Record):
    """A run to begin again and again. Without a thread each run gets its own, which `deletes_thread` says goes with it.

    `payload` is what a client asked for, exactly. `next_run_date` is None once there is no next time. `caller` says on
    whose behalf the runs begin; it is read by the services and shown to nobody.
    """

    cron_id: UUID
    assistant_id: UUID
    thread_id: UUID | None = None
    schedule: str
    timezone: str | None = None
    end_time: datetime | None = None
    enabled: bool = True
    deletes_thread: bool | None = None
    payload: JsonObject = {}
    metadata: JsonObject = {}
    caller: JsonObject = {}
    next_run_date: datetime | None = None
    created_at: datetime
    updated_at: datetime


class CronSort(StrEnum):
    """What a search can be sorted by."""

    cron_id = "cron_id"
    assistant_id = "assistant_id"
    thread_id = "thread_id"
    next_run_date = "next_run_date"
    end_time = "end_time"
    created_at = "created_at"
    updated_at = "updated_at"


# ------------------------------------------------------------------------------------------------ approvals


class ApprovalStatus(StrEnum):
    """Only `pending` waits; the others are how it ended."""

    pending = "pending"
    decided = "decided"
    expired = "expired"
    superseded = "superseded"


class Approval(Record):
    """A question a run asked a person. `run_id` is the run that carries the decision into the graph."""

    thread_id: UUID
    interrupt_id: str
    status: ApprovalStatus
    request: object
    decision: object = None
    decided_by: str | None = None
    run_id: UUID | None = None
    opened_at: datetime
    expires_at: datetime | None = None
    decided_at: datetime | None = None
    decided_via: str | None = None
    decided_from: str | None = None
    reminders: int = 0
    escalated_at: datetime | None = None
    reopened_by: str | None = None


# ------------------------------------------------------------------------------------------------ artifacts, calls, keys


class StoredArtifact(Record):
    """What the store knows of some bytes, without the bytes."""

    sha256: str
    media_type: str
    size_bytes: int


class ModelCall(Record):
    """One answered model call: the journal entry that saves repeating it, and the ledger entry that says what it cost."""

    thread_id: UUID
    task_id: str
    n: int
    prompt_sha256: str
    run_id: UUID | None = None
    node: str
    agent: str
    component: str | None = None
    attempt: int = 1
    model: str
    answer: object
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal | None = None
    duration_ms: int = 0
    question_sha256: str | None = None
    """Stands for all that decides the answer, where it may serve other builds."""

    saved_tokens: int | None = None
    saved_usd: Decimal | None = None
    """What the answer would have taken, had another build not paid for it; `saved_tokens` is None where a model was asked."""


class Usage(Record):
    """Sums over model calls. `cost_usd` covers the priced calls only; `unpriced_calls` counts the rest.

    Of the calls, `reused_calls` were answered by what other builds had paid for, which saved the rest.
    """

    calls: int = 0
    unpriced_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    duration_ms: int = 0
    reused_calls: int = 0
    saved_tokens: int = 0
    saved_usd: Decimal = Decimal(0)


class DayBudget(Record):
    """One limit of today and what is used of it, `held_usd` by calls under way. `limit` is `user_day` or, for all, `day`."""

    limit: str
    limit_usd: Decimal
    spent_usd: Decimal
    held_usd: Decimal
    resumes_at: datetime


class CachedAnswer(Record):
    """An answer that may serve other builds, and what it cost when it was paid for."""

    model: str
    question_sha256: str
    answer: object
    cost_usd: Decimal | None = None


class FoundAnswer(Record):
    """An answer from the cache, and what it cost whoever paid for it; None if nobody knew."""

    answer: object
    cost_usd: Decimal | None


class TenantCache(Record):
    """The cache of one tenant. `hours` None: nothing was said, so the server's setting decides; 0: it is off.

    `answers` are kept now; `hits` calls were answered by them, ever, which saved the rest.
    """

    user_id: str
    hours: float | None
    set_by: str | None
    set_at: datetime | None
    answers: int
    hits: int
    saved_tokens: int
    saved_usd: Decimal


class EstimateMade(Record):
    """An estimate of a build, or of a change of its app. `plain_…` is its range before it was fitted to past builds."""

    is_change: bool
    models: str
    stack: str
    tokens_low: float
    tokens_high: float
    plain_low: float
    plain_high: float
    estimate: object


class EstimateOutcome(Record):
    """An estimate, and what was used after it, with what other builds' answers saved. `is_over`: nothing more will be."""

    estimate: object
    is_change: bool
    is_over: bool
    calls: int
    tokens: int
    cost_usd: Decimal


class PastEstimate(Record):
    """The plain range of a finished build, and the tokens it used."""

    plain_low: float
    plain_high: float
    tokens: int


class EstimateFigures(Record):
    """Finished builds, or changes, with the same models on the same stack.

    `within` of them used what they were told they might; `median_share` is what half of them used at most, over the middle of that.
    """

    models: str
    stack: str
    is_change: bool
    builds: int
    within: int
    median_share: float


class CostDimension(StrEnum):
    """What costs can be summed up by. `day` is a day in UTC."""

    call = "call"
    build = "build"
    run = "run"
    user = "user"
    day = "day"
    node = "node"
    agent = "agent"
    component = "component"
    model = "model"


class CostEntry(Usage):
    """The usage under one key of a dimension; None where calls have none, as those of a deleted run.

    `is_total`: the sum over all keys, also those beyond a limit.
    """

    key: str | None
    is_total: bool = False


class AgentUsage(Usage):
    """The usage of one agent."""

    agent: str


class DeliveryStatus(StrEnum):
    """What came of something that was to be sent."""

    pending = "pending"
    delivered = "delivered"
    given_up = "given_up"


class WebhookDelivery(Record):
    """Something to send to a webhook. Its id is the receiver's means to know a repetition; `answer` is what came back last."""

    delivery_id: UUID
    run_id: UUID
    thread_id: UUID
    event: str
    url: str
    body: str
    status: DeliveryStatus
    attempts: int
    due_at: datetime
    answer: str | None = None
    created_at: datetime
    updated_at: datetime


class StoredAnswer(Record):
    """The answer that was given to the first request with an idempotency key."""

    status_code: int
    body: object
