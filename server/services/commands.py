"""What a client of the streaming protocol tells a thread to do: begin a run, answer what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from checkpoints.records import JsonObject, MultitaskStrategy, Run
from server.services.builds import Ledger
from server.services.caller import ANYONE, Caller
from server.services.errors import InterruptNotFound, ThreadWithoutGraph
from server.services.protocol import RECORDED_MODES
from server.services.run_order import RunOrder
from server.services.runs import NewRun, Runs


@dataclass(frozen=True)
class StartRun:
    """A run to begin; without input it goes on from where the thread, or the checkpoint in its config, stands."""

    assistant: str
    input: object = None
    config: JsonObject = field(default_factory=dict)
    context: JsonObject = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)
    strategy: MultitaskStrategy = MultitaskStrategy.enqueue


@dataclass(frozen=True)
class Respond:
    """Answers by interrupt, with what else is to happen in the same step: a change of the state, a node to go to."""

    answers: Mapping[str, object]
    beside: JsonObject = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)


class ThreadCommands:
    """The use cases behind the protocol's commands."""

    def __init__(self, ledger: Ledger, runs: Runs) -> None:
        self._threads = ledger.threads
        self._approvals = ledger.approvals
        self._runs = runs

    async def start(self, thread_id: UUID, wanted: StartRun, *, caller: Caller = ANYONE) -> Run:
        """Begin a run; the thread is created if need be. Raises `AssistantNotFound`, `GraphNotFound`, `ThreadOccupied`."""
        order = _recording(RunOrder(input=wanted.input, config=wanted.config, context=wanted.context))
        new = NewRun(wanted.assistant, order, wanted.metadata, wanted.strategy, creates_thread=True)
        return await self._runs.accept(thread_id, new, caller=caller)

    async def respond(self, thread_id: UUID, given: Respond, *, caller: Caller = ANYONE) -> Run:
        """Go on with answers. Raises `ThreadNotFound`, `InterruptNotFound`, `ResumeUnderWay`, `ThreadWithoutGraph`."""
        thread = await self._threads.get(thread_id)
        asked = {approval.interrupt_id for approval in await self._approvals.waiting(thread_id)}
        if unknown := sorted(given.answers.keys() - asked):
            raise InterruptNotFound(", ".join(unknown))
        assistant = thread.metadata.get("assistant_id") or thread.graph_id
        if assistant is None:
            raise ThreadWithoutGraph
        order = _recording(RunOrder(command={"resume": dict(given.answers), **given.beside}, config=given.config))
        return await self._runs.accept(thread_id, NewRun(str(assistant), order, given.metadata), caller=caller)


def _recording(order: RunOrder) -> RunOrder:
    """The order of a run whose every channel may be looked at later."""
    kept = {"stream_mode": RECORDED_MODES, "stream_subgraphs": True, "stream_resumable": True, "keeps_output": True}
    return order.model_copy(update={**kept, "durability": "async"})
