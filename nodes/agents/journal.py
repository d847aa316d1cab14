"""Remember every answered model call until its node is through, so that a crash never pays for an answer twice.

The key is (thread, LangGraph task, n-th call of this execution of the node): LangGraph gives an interrupted node the
same task id when it runs again, and the node asks the same questions in the same order.
"""

import asyncio
import hashlib
import itertools
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from langchain_core.messages import BaseMessage
from langchain_core.runnables.config import var_child_runnable_config

from nodes.agents.pricing import Usage
from nodes.artifacts import Artifact


class ToolRequest(Artifact):
    """A tool the model wants called; `arguments` is one JSON object."""

    id: str
    name: str
    arguments: str


class ModelAnswer(Artifact):
    """What a model said, and what that used. `truncated`: it reached its output limit."""

    text: str
    truncated: bool = False
    tool_requests: tuple[ToolRequest, ...] = ()
    usage: Usage = Usage()


class Saved(Artifact):
    """What a call would have taken, had its answer not been there already. `cost_usd` None: nobody knows."""

    tokens: int
    cost_usd: float | None = None


class JournaledCall(Artifact):
    """An answered call. `cost_usd` is what was paid when it was answered; None if the price is unknown.

    `duration_seconds` runs from the first try to the answer, waits between tries included. `question_sha256` stands for all
    that decides the answer, if it may serve other builds; `saved` is set where another build's answer served this one.
    """

    prompt_sha256: str
    model: str
    answer: ModelAnswer
    cost_usd: float | None = None
    duration_seconds: float = 0.0
    question_sha256: str = ""
    saved: Saved | None = None


class CallJournal(Protocol):
    """Where answered calls are kept. Every method returns only after its effect is durable."""

    async def find(self, thread_id: str, task_id: str, n: int) -> JournaledCall | None:
        """The answer recorded under this key and not retired, or None."""

    async def record(self, thread_id: str, task_id: str, n: int, call: JournaledCall) -> None:
        """Keep an answer; an answer that already stands under this key stays."""

    async def retire(self, thread_id: str, task_id: str, first: int) -> None:
        """Never replay the answers from number `first` on: they were useless. What they cost stays spent."""

    async def record_lost(self, thread_id: str, call: JournaledCall) -> None:
        """Account for an answer that broke off: its tokens were used, and it is never replayed."""

    async def spent_usd(self, thread_id: str) -> float:
        """What all answers of the thread cost together, retired and lost ones included; unknown costs count as 0."""

    async def spent_tokens(self, thread_id: str) -> int:
        """The tokens they read and wrote together."""


class InMemoryJournal:
    """A journal that dies with its process: for tests, for Studio, and for calls made outside a graph."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str, int], JournaledCall] = {}
        self._retired: list[tuple[str, JournaledCall]] = []

    async def find(self, thread_id: str, task_id: str, n: int) -> JournaledCall | None:
        return self._calls.get((thread_id, task_id, n))

    async def record(self, thread_id: str, task_id: str, n: int, call: JournaledCall) -> None:
        self._calls.setdefault((thread_id, task_id, n), call)

    async def retire(self, thread_id: str, task_id: str, first: int) -> None:
        useless = [key for key in self._calls if key[:2] == (thread_id, task_id) and key[2] >= first]
        self._retired += [(thread_id, self._calls.pop(key)) for key in useless]

    async def record_lost(self, thread_id: str, call: JournaledCall) -> None:
        self._retired.append((thread_id, call))

    async def spent_usd(self, thread_id: str) -> float:
        return sum(call.cost_usd or 0.0 for call in self._of_thread(thread_id))

    async def spent_tokens(self, thread_id: str) -> int:
        return sum(call.answer.usage.input_tokens + call.answer.usage.output_tokens for call in self._of_thread(thread_id))

    def _of_thread(self, thread_id: str) -> list[JournaledCall]:
        kept = [call for key, call in self._calls.items() if key[0] == thread_id]
        return kept + [call for owner, call in self._retired if owner == thread_id]


@dataclass(frozen=True)
class NodeExecution:
    """One run of one node of a graph. `next_call` numbers its model calls from 0; a repeated run starts at 0 again."""

    thread_id: str
    task_id: str
    next_call: Callable[[], int] = field(default_factory=lambda: itertools.count().__next__)


def current_execution(continued_task_id: str = "") -> NodeExecution | None:
    """The node execution we are inside of, from LangGraph's running config; None outside a checkpointed graph.

    `continued_task_id` stands in for LangGraph's own where the node goes on with what another task of it began.
    """
    config = var_child_runnable_config.get()
    settings = (config or {}).get("configurable", {})
    thread_id, task_id = settings.get("thread_id"), settings.get("__pregel_task_id")
    if not thread_id or not task_id:
        return None
    # The scratchpad is made anew whenever a node starts, and with it this counter.
    return NodeExecution(str(thread_id), continued_task_id or task_id, settings["__pregel_scratchpad"].call_counter)


def outside_a_graph() -> NodeExecution:
    """Stands for an execution that nobody will repeat."""
    return NodeExecution(f"outside-{uuid4()}", "outside")


def prompt_sha256(messages: Sequence[BaseMessage], tools: Sequence[object] = ()) -> str:
    """Stands for what was asked. The model's name is left out: a build may be resumed with another model."""
    asked: list[object] = [[message.type, message.content, *getattr(message, "tool_calls", ())] for message in messages]
    asked += tools
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


async def completed(work: Coroutine[Any, Any, None]) -> None:
    """Await a write to its end even if we are cancelled meanwhile; the cancellation follows."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
