"""Runs as clients of the LangGraph API use them: accepted beside, instead of or after one another; cancelled; deleted.

What a run and its thread are told is one transaction with the queue's job. Following a run is in `run_streams`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from checkpoints.connection import Transaction
from checkpoints.errors import IllegalRunTransition, RunNotFound, ThreadBusy, ThreadExists, ThreadNotFound
from checkpoints.records import (
    Approval,
    Assistant,
    CancelAction,
    JsonObject,
    MultitaskStrategy,
    Run,
    RunStatus,
)
from server.run_queue import RunQueue
from server.services.assistants import Assistants
from server.services.builds import Ledger
from server.services.caller import ANYONE, OF_THE_SERVER, Caller
from server.services.decisions import Door, Origin
from server.services.errors import NothingToCancel, ResumeUnderWay, RunUnfinished, ThreadOccupied
from server.services.new_builds import NewBuilds
from server.services.notices import Receivers
from server.services.run_order import RunOrder, order_of
from server.services.webhooks import RunEnd, drafts_for

DISPLACES: Mapping[MultitaskStrategy, CancelAction | None] = {
    MultitaskStrategy.reject: None,
    MultitaskStrategy.enqueue: None,
    MultitaskStrategy.interrupt: CancelAction.interrupt,
    MultitaskStrategy.rollback: CancelAction.rollback,
}
"""What a new run does to the unfinished ones of its thread."""


@dataclass(frozen=True)
class NewRun:
    """A run somebody asks for. `assistant` is an id or the name of a graph."""

    assistant: str
    order: RunOrder
    metadata: JsonObject
    strategy: MultitaskStrategy = MultitaskStrategy.enqueue
    creates_thread: bool = False
    after_seconds: float = 0


class Runs:
    """The use cases of runs."""

    def __init__(self, ledger: Ledger, run_queue: RunQueue, assistants: Assistants, new_builds: NewBuilds) -> None:
        self._database = ledger.database
        self._threads = ledger.threads
        self._runs = ledger.runs
        self._approvals = ledger.approvals
        self._webhooks = ledger.webhooks
        self._assistants = assistants
        self._new_builds = new_builds
        self._run_queue = run_queue

    # ------------------------------------------------------------------------------------------------ accepting

    async def accept(self, thread_id: UUID, new: NewRun, *, caller: Caller = ANYONE) -> Run:
        """Accept a run on a thread; what it displaces is stopped.

        Raises `ThreadNotFound`, also for a thread the caller may not see,
        `AssistantNotFound`, `GraphNotFound`, `ThreadOccupied`, `ResumeUnderWay`, and for a build `BudgetNotKeepable` and
        `ModelNotConfigured`.
        """
        assistant = await self._assistants.find(new.assistant)
        async with self._database.transaction() as transaction:
            await self._enter(thread_id, transaction, caller, creates=new.creates_thread)
            run, displaced = await self._accept(thread_id, assistant, new, transaction, caller)
        for stopped in displaced:
            await self._run_queue.cancel(stopped)
        return run

    async def _enter(self, thread_id: UUID, transaction: Transaction, caller: Caller, *, creates: bool = False) -> None:
        """See to it that the thread is there and the caller may see it. Raises `ThreadNotFound`."""
        if creates:
            with suppress(ThreadExists):
                await self._threads.create(thread_id, metadata=caller.thread_metadata, transaction=transaction)
                return
        if caller.visible is not None and not await self._threads.contains(thread_id, caller.visible, transaction=transaction):
            raise ThreadNotFound(str(thread_id))

    async def accept_alone(self, new: Sequence[NewRun], *, caller: Caller = ANYONE) -> list[Run]:
        """Accept runs that each get a thread of their own; all or none. Raises `AssistantNotFound`, `GraphNotFound`."""
        assistants = [await self._assistants.find(one.assistant) for one in new]
        async with self._database.transaction() as transaction:
            pairs = zip(assistants, new, strict=True)
            return [await self._accept_alone(assistant, one, transaction, caller) for assistant, one in pairs]

    async def accept_within(
        self, transaction: Transaction, thread_id: UUID | None, new: NewRun, *, caller: Caller = ANYONE
    ) -> tuple[Run, list[UUID]]:
        """Accept a run together with what else `transaction` does; without a thread it gets one of its own.

        Also the runs it displaces, whose workers the caller tells once the transaction is committed. Raises as `accept`.
        """
        assistant = await self._assistants.find(new.assistant, transaction=transaction)
        if thread_id is None:
            return await self._accept_alone(assistant, new, transaction, caller), []
        await self._enter(thread_id, transaction, caller)
        return await self._accept(thread_id, assistant, new, transaction, caller)

    async def _accept_alone(self, assistant: Assistant, new: NewRun, transaction: Transaction, caller: Caller) -> Run:
        thread = await self._threads.create(uuid4(), metadata=caller.thread_metadata, transaction=transaction)
        run, _ = await self._accept(thread.thread_id, assistant, new, transaction, caller)
        return run

    async def _accept(
        self, thread_id: UUID, assistant: Assistant, new: NewRun, transaction: Transaction, caller: Caller
    ) -> tuple[Run, list[UUID]]:
        order = await self._new_builds.order(completed(new.order, assistant, caller))
        about: JsonObject = {**assistant.metadata, "graph_id": assistant.graph_id, "assistant_id": str(assistant.assistant_id)}
        try:
            run = await self._runs.create(
                thread_id,
                assistant.assistant_id,
                transaction,
                kwargs=order.model_dump(mode="json", exclude_defaults=True),
                metadata={**about, **new.metadata},
                multitask_strategy=new.strategy,
            )
        except ThreadBusy:
            raise ThreadOccupied from None
        displaced = await self._displace(run, transaction)
        if order.resumes:
            await self._answer(run, order, transaction, caller)
        await self._threads.remember_graph(
            thread_id, assistant.graph_id, assistant.assistant_id, transaction, is_temporary=order.is_temporary
        )
        await self._new_builds.name_user(run, order, caller, transaction)
        await self._run_queue.enqueue(run.run_id, thread_id, transaction, after_seconds=new.after_seconds)
        return run, displaced

    async def _displace(self, run: Run, transaction: Transaction) -> list[UUID]:
        """Stop what the new run takes the place of; `create` holds the thread's lock, so nobody adds to it."""
        action = DISPLACES[run.multitask_strategy]
        if action is None:
            return []
        others = [other for other in await self._runs.active(run.thread_id, transaction=transaction) if other.run_id != run.run_id]
        for other in others:
            await self._stop(other, action, transaction)
        return [other.run_id for other in others]

    async def _answer(self, run: Run, order: RunOrder, transaction: Transaction, caller: Caller) -> None:
        """Record which questions the run answers; of two answers at once the second is refused. Raises `ResumeUnderWay`."""
        for other in await self._runs.active(run.thread_id, transaction=transaction):
            if other.run_id != run.run_id and other.cancel_requested is None and order_of(other).resumes:
                raise ResumeUnderWay
        waiting = await self._approvals.waiting(run.thread_id, transaction=transaction)
        for interrupt_id, answer in answers(order, waiting).items():
            await self._approvals.decide(
                run.thread_id,
                interrupt_id,
                answer,
                decided_by=decided_by(answer, caller),
                run_id=run.run_id,
                via=Origin(Door.langgraph),
                transaction=transaction,
            )

    # ------------------------------------------------------------------------------------------------ looking

    async def get(self, thread_id: UUID, run_id: UUID) -> Run:
        """One run of a thread. Raises `RunNotFound`."""
        run = await self._runs.get(run_id)
        if run.thread_id != thread_id:
            raise RunNotFound(str(run_id))
        return run

    async def list_of_thread(self, thread_id: UUID, *, statuses: Sequence[RunStatus] | None, limit: int, offset: int) -> list[Run]:
        """One page of a thread's runs, the newest first. Raises `ThreadNotFound`."""
        await self._threads.get(thread_id)
        return await self._runs.list_of_thread(thread_id, statuses=statuses, limit=limit, offset=offset)

    # ------------------------------------------------------------------------------------------------ stopping

    async def cancel(self, thread_id: UUID, run_id: UUID, action: CancelAction) -> None:
        """Ask a run to stop. Raises `RunNotFound`, `NothingToCancel`."""
        await self._cancel([await self.get(thread_id, run_id)], action)

    async def cancel_some(self, thread_id: UUID, run_ids: Sequence[UUID], action: CancelAction) -> None:
        """Ask several runs of a thread to stop. Raises `RunNotFound`, `NothingToCancel`."""
        await self._cancel([await self.get(thread_id, run_id) for run_id in run_ids], action)

    async def cancel_all(self, statuses: Sequence[RunStatus], action: CancelAction, *, caller: Caller = ANYONE) -> None:
        """Ask every run that is in one of these statuses, and whose thread the caller may see, to stop. Raises `NothingToCancel`."""
        await self._cancel(await self._runs.unfinished(statuses, visible=caller.visible), action)

    async def _cancel(self, runs: Sequence[Run], action: CancelAction) -> None:
        async with self._database.transaction() as transaction:
            stopped = [run.run_id for run in runs if await self._stop(run, action, transaction)]
        if not stopped:
            raise NothingToCancel
        for run_id in stopped:
            await self._run_queue.cancel(run_id)

    async def _stop(self, run: Run, action: CancelAction, transaction: Transaction) -> bool:
        """Cancel a run that waits, or tell the worker of one that runs; False if it has ended."""
        try:
            asked = await self._runs.request_cancel(run.run_id, action, transaction=transaction)
        except (IllegalRunTransition, RunNotFound):
            return False
        if asked.status is RunStatus.cancelled and action is CancelAction.rollback:
            await self._runs.delete(run.run_id, transaction=transaction)  # nobody worked on it: nothing else to undo
        elif asked.status is RunStatus.cancelled:
            await self._webhooks.add(drafts_for(RunEnd(asked), Receivers()), transaction)
        return True

    async def delete(self, thread_id: UUID, run_id: UUID) -> None:
        """Delete a run that has ended. Raises `RunNotFound`, `RunUnfinished`."""
        await self.get(thread_id, run_id)
        try:
            await self._runs.delete(run_id)
        except IllegalRunTransition as error:
            raise RunUnfinished(error.detail) from error


def completed(order: RunOrder, assistant: Assistant, caller: Caller = ANYONE) -> RunOrder:
    """The order with the assistant's configuration under its own; each of `configurable` and context stands for a missing other.

    Who calls is told to the graph in `configurable`, whatever was sent under those names, and is no part of the context.
    """
    config = {**assistant.config, **order.config}
    configurable = {**_object(assistant.config, "configurable"), **_object(order.config, "configurable")}
    context = {**assistant.context, **order.context}
    configured = {name: value for name, value in (configurable or context).items() if not name.startswith("__")}
    config["configurable"] = _without_caller(configured) | caller.configurable() if caller.user else configured
    return order.model_copy(update={"graph_id": assistant.graph_id, "config": config, "context": context or _user_keys(configurable)})


def _user_keys(configurable: JsonObject) -> JsonObject:
    return {name: value for name, value in configurable.items() if not name.startswith(("__", "checkpoint_", "thread_id", OF_THE_SERVER))}


def _without_caller(configurable: JsonObject) -> JsonObject:
    return {name: value for name, value in configurable.items() if not name.startswith(OF_THE_SERVER)}


def _object(config: JsonObject, name: str) -> JsonObject:
    value = config.get(name)
    return {str(key): held for key, held in value.items()} if isinstance(value, Mapping) else {}


def decided_by(answer: object, caller: Caller) -> str | None:
    """Who answers: the caller, where the server knows its callers, or else whom the answer names."""
    named = answer.get("decided_by") if isinstance(answer, Mapping) else None
    return str(caller.user["identity"]) if caller.user else named if isinstance(named, str) else None


def answers(order: RunOrder, waiting: Sequence[Approval]) -> Mapping[str, object]:
    """Which of the waiting questions a resume answers: by interrupt id, or the only one there is."""
    resume = (order.command or {}).get("resume")
    asked = {approval.interrupt_id for approval in waiting}
    if isinstance(resume, Mapping) and resume and resume.keys() <= asked:
        return {str(interrupt_id): answer for interrupt_id, answer in resume.items()}
    return {next(iter(asked)): resume} if len(asked) == 1 else {}
