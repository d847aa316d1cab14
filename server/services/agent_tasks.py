"""Assistants as agents for other agents: a message begins a task or answers what it asks. Knows no Agent2Agent.

A task is the run its message began, with the runs after it that answered or went on: so it is the same task whichever door the
answer came through.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from checkpoints.errors import RunNotFound
from checkpoints.records import Approval, Assistant, CancelAction, IfExists, JsonObject, Run, RunEvent, RunStatus
from server.langgraph_json import APPYARD
from server.services.assistants import Assistants
from server.services.builds import KIND, Ledger
from server.services.errors import MessageUnusable, NothingToCancel, TaskNotCancelable, TaskNotFound, TaskNotWaiting
from server.services.run_order import RunOrder, order_of
from server.services.run_streams import RunStreams
from server.services.runs import NewRun, Runs
from server.services.thread_state import StateChange, ThreadStates

BUILDS_FOR = "agent"
"""Who asked for the build, where people are named."""
MOST_RUNS = 1000
"""Runs of a task that are looked at."""


class TaskState(StrEnum):
    """How a task stands, in the words of Agent2Agent."""

    submitted = "submitted"
    working = "working"
    input_required = "input-required"
    completed = "completed"
    failed = "failed"
    canceled = "canceled"


STATES: Mapping[RunStatus, TaskState] = {
    RunStatus.pending: TaskState.submitted,
    RunStatus.running: TaskState.working,
    RunStatus.interrupted: TaskState.input_required,
    RunStatus.success: TaskState.completed,
    RunStatus.error: TaskState.failed,
    RunStatus.timeout: TaskState.failed,
    RunStatus.cancelled: TaskState.canceled,
}


@dataclass(frozen=True)
class AgentMessage:
    """What another agent says: words, and objects beside them; in a context, about a task, or about something new."""

    text: str = ""
    data: tuple[JsonObject, ...] = ()
    context_id: UUID | None = None
    task_id: UUID | None = None


@dataclass(frozen=True)
class AgentTask:
    """How a task stands: what it asks, what it came to, or why it failed."""

    task_id: UUID
    context_id: UUID
    state: TaskState
    changed_at: datetime
    asked: tuple[Approval, ...] = ()
    output: JsonObject | None = None
    failure: str | None = None


@dataclass(frozen=True)
class TakenMessage:
    """The task a message belongs to, and the run that carries it out."""

    task_id: UUID
    run: Run


class AgentTasks:
    """The use cases of agents that give work to assistants."""

    def __init__(self, ledger: Ledger, assistants: Assistants, runs: Runs, run_streams: RunStreams, states: ThreadStates) -> None:
        self._ledger = ledger
        self._assistants = assistants
        self._runs = runs
        self._run_streams = run_streams
        self._states = states

    async def agent(self, id_or_graph: str) -> Assistant:
        """The assistant that is spoken to. Raises `AssistantNotFound`, `GraphNotFound`."""
        return await self._assistants.find(id_or_graph)

    async def take(self, agent: Assistant, message: AgentMessage) -> TakenMessage:
        """Begin a task, or go on with one that asks.

        Raises `TaskNotFound`, `TaskNotWaiting`, `MessageUnusable`, `ResumeUnderWay`, `GraphNotLoaded`.
        """
        thread_id, task_id = message.context_id or uuid4(), message.task_id
        if task_id:
            thread_id = (await self._last_run(agent, task_id, message.context_id)).thread_id
        waiting = await self._ledger.approvals.waiting(thread_id)
        if waiting:
            task_id = task_id or await self._newest_task(thread_id)
            order = _recording(RunOrder(command={"resume": answer_in(message, waiting)}))
        elif task_id:
            raise TaskNotWaiting(str(task_id))
        else:
            schema = (await self._assistants.schemas(str(agent.assistant_id))).input_schema or {}
            order = _recording(RunOrder(input=input_from(message, schema)))
        async with self._ledger.database.transaction() as transaction:
            about = metadata_of(agent, message)
            await self._ledger.threads.create(thread_id, metadata=about, if_exists=IfExists.do_nothing, transaction=transaction)
            run, _ = await self._runs.accept_within(transaction, thread_id, NewRun(str(agent.assistant_id), order, metadata={}))
        return TakenMessage(task_id or run.run_id, run)

    async def task(self, agent: Assistant, task_id: UUID, context_id: UUID | None = None) -> AgentTask:
        """How the task stands. Raises `TaskNotFound`."""
        return await self._told(task_id, await self._last_run(agent, task_id, context_id))

    async def latest(self, agent: Assistant, task_id: UUID) -> TakenMessage:
        """The run that carries the task out, to follow it. Raises `TaskNotFound`."""
        return TakenMessage(task_id, await self._last_run(agent, task_id, None))

    def events(self, taken: TakenMessage, *, after: int = 0) -> AsyncIterator[RunEvent]:
        """What happens in the task until it rests."""
        return self._run_streams.events(taken.run, after=after)

    async def rested(self, taken: TakenMessage) -> AgentTask:
        """How the task stands once its run is over."""
        await self._run_streams.ended(taken.run)
        try:
            return await self._told(taken.task_id, await self._ledger.runs.get(taken.run.run_id))
        except RunNotFound:
            return AgentTask(taken.task_id, taken.run.thread_id, TaskState.canceled, taken.run.updated_at)

    async def cancel(self, agent: Assistant, task_id: UUID, context_id: UUID | None = None) -> AgentTask:
        """Stop a task that works; one that waits asks no more. Raises `TaskNotFound`, `TaskNotCancelable`, `ThreadBusy`."""
        run = await self._last_run(agent, task_id, context_id)
        task = await self._told(task_id, run)
        match task.state:
            case TaskState.submitted | TaskState.working:
                try:
                    await self._runs.cancel(run.thread_id, run.run_id, CancelAction.interrupt)
                except NothingToCancel as error:
                    raise TaskNotCancelable(f"{task_id} has just ended.") from error
            case TaskState.input_required:
                await self._states.update(run.thread_id, StateChange(None, as_node="__end__"))
            case TaskState.completed | TaskState.failed | TaskState.canceled:
                raise TaskNotCancelable(f"{task_id} is {task.state}.")
        return await self.rested(TakenMessage(task_id, run))

    # ------------------------------------------------------------------------------------------------ reading the ledger

    async def _last_run(self, agent: Assistant, task_id: UUID, context_id: UUID | None) -> Run:
        """The newest run of a task of this agent. Raises `TaskNotFound`."""
        try:
            first = await self._ledger.runs.get(task_id)
        except RunNotFound as error:
            raise TaskNotFound(str(task_id)) from error
        if first.assistant_id != agent.assistant_id or context_id not in (None, first.thread_id):
            raise TaskNotFound(str(task_id))
        last = first
        for run in await self._ledger.runs.created_after(first.thread_id, first):
            if not goes_on(run):
                break
            last = run
        return last

    async def _newest_task(self, thread_id: UUID) -> UUID | None:
        runs = await self._ledger.runs.list_of_thread(thread_id, limit=MOST_RUNS)
        return next((run.run_id for run in runs if not goes_on(run)), None)

    async def _told(self, task_id: UUID, run: Run) -> AgentTask:
        state, output = STATES[run.status], None
        asked = tuple(await self._ledger.approvals.waiting(run.thread_id)) if state is TaskState.input_required else ()
        if state is TaskState.input_required and not asked:
            state = TaskState.canceled
        if state is TaskState.completed:
            outcome = await self._ledger.runs.outcome(run.run_id)
            output = outcome.output if outcome and isinstance(outcome.output, dict) else None
        failure = str(run.error.get("message", "")) if run.error else None
        return AgentTask(task_id, run.thread_id, state, run.updated_at, asked, output, failure)


def metadata_of(agent: Assistant, message: AgentMessage) -> JsonObject:
    """Of a new thread. A build of our own is one like any other: people find it, decide on it and fetch its package."""
    if agent.graph_id != APPYARD:
        return {}
    return {**KIND, "user_id": BUILDS_FOR, "description": message.text[:200]}


def goes_on(run: Run) -> bool:
    """Whether the run answers or continues what an earlier one began."""
    return order_of(run).input is None


def answer_in(message: AgentMessage, waiting: Sequence[Approval]) -> object:
    """What a message answers: an object's `resume`, by interrupt id if it is a list; else the object itself; else the words."""
    if not message.data:
        return message.text
    answer = {name: value for given in message.data for name, value in given.items()}
    if answer.keys() != {"resume"}:
        return answer
    resume = answer["resume"]
    if not isinstance(resume, list):
        return resume
    answers = {str(one.get("id")): one.get("value") for one in resume if isinstance(one, Mapping)}
    if unknown := answers.keys() - {approval.interrupt_id for approval in waiting}:
        raise MessageUnusable(f"It answers {', '.join(sorted(unknown))}, which nobody asked.")
    return answers


def input_from(message: AgentMessage, schema: JsonObject) -> JsonObject:
    """The graph's input: the message's objects, and its words where the graph takes words. Raises `MessageUnusable`."""
    given: JsonObject = {name: value for part in message.data for name, value in part.items()}
    if not message.text:
        return given
    if "messages" in _properties(schema):
        return {**given, "messages": [{"role": "user", "content": message.text}]}
    place = place_of_words(schema)
    if not place:
        raise MessageUnusable("The agent takes no words. Send a data part with what its input schema asks for.")
    return _put(given, place, message.text)


def place_of_words(schema: JsonObject) -> tuple[str, ...]:
    """Where a graph takes its one text: down the only required property, until it is a string. Empty if nowhere."""
    definitions, path, seen = schema.get("$defs"), list[str](), set[str]()
    current: object = schema
    while isinstance(current, Mapping):
        reference = current.get("$ref")
        if isinstance(reference, str) and isinstance(definitions, Mapping):
            if reference in seen:
                return ()
            seen.add(reference)
            current = definitions.get(reference.rpartition("/")[2])
            continue
        if current.get("type") == "string":
            return tuple(path)
        required = current.get("required")
        if not isinstance(required, list) or len(required) != 1:
            return ()
        path.append(str(required[0]))
        current = _properties(current).get(path[-1])
    return ()


def _properties(schema: Mapping[str, object]) -> Mapping[str, object]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _put(given: JsonObject, place: tuple[str, ...], text: str) -> JsonObject:
    name, *rest = place
    inside = given.get(name)
    return {**given, name: _put(dict(inside) if isinstance(inside, Mapping) else {}, tuple(rest), text) if rest else text}


def _recording(order: RunOrder) -> RunOrder:
    """The order of a run whose progress is told as it comes, and whose output is kept."""
    return order.model_copy(update={"stream_mode": ("custom",), "stream_resumable": True, "keeps_output": True, "durability": "async"})
