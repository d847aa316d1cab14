"""Check at start that the installed CrewAI does what `executor` and `llm` rely on: awaited calls, exact counts, cancelling."""

import asyncio
import contextvars
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel, PrivateAttr
from typing_extensions import override

from nodes.agents.budget import Budget
from nodes.agents.crewai_import import import_runtime
from nodes.agents.journal import InMemoryJournal, outside_a_graph
from nodes.agents.models import BUILTIN, ChatModel
from nodes.agents.roster import AgentEntry, TaskEntry
from nodes.artifacts import Artifact

if TYPE_CHECKING:
    from nodes.agents.calls import ModelCalls

SUPPORTED_CREWAI = "1.15."
PATIENCE_SECONDS = 10.0
"""Each step takes milliseconds; this is for a machine that swaps."""


class SelfTest(Artifact):
    """Whether agents can work here, and if not, why. `crewai_version` is empty if CrewAI cannot be imported."""

    ok: bool
    crewai_version: str = ""
    reasons: tuple[str, ...] = ()


class _Greeting(BaseModel):
    hello: str


class _Rehearsal(BaseChatModel):
    """Says its lines in order, then says nothing until it is cancelled."""

    lines: tuple[str, ...]
    _said: int = PrivateAttr(default=0)
    _heard: list[str] = PrivateAttr(default_factory=list)
    _waiting: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)
    _cancelled: bool = PrivateAttr(default=False)

    @property
    @override
    def _llm_type(self) -> str:
        return "rehearsal"

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._said += 1
        self._heard.append(str(messages[-1].content))
        if self._said > len(self.lines):
            await self._wait_to_be_cancelled()
        used = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        message = AIMessage(content=self.lines[self._said - 1], usage_metadata=used)
        return ChatResult(generations=[ChatGeneration(message=message)])

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise RuntimeError("the model was called synchronously")

    async def _wait_to_be_cancelled(self) -> None:
        self._waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self._cancelled = True
            raise


async def self_test(storage: Path) -> SelfTest:
    """Import CrewAI (3 to 6 seconds the first time, in a thread) and rehearse; `storage` as for `import_runtime`."""
    try:
        runtime = await asyncio.to_thread(import_runtime, storage)
    except (ImportError, OSError) as error:
        return SelfTest(ok=False, reasons=(f"CrewAI cannot be imported: {error}",))
    reasons = []
    if not runtime.CREWAI_VERSION.startswith(SUPPORTED_CREWAI):
        reasons.append(f"CrewAI {runtime.CREWAI_VERSION} is installed; tested is {SUPPORTED_CREWAI}x")
    # A fresh context: inside a graph's run, the rehearsal must neither stream nor be traced as part of it.
    reasons += await asyncio.create_task(_rehearse(), context=contextvars.Context())
    return SelfTest(ok=not reasons, crewai_version=runtime.CREWAI_VERSION, reasons=tuple(reasons))


async def _rehearse() -> list[str]:
    found = []
    for scene in (_answers_at_once, _asks_again, _can_be_cancelled):
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found += await scene()
        except TimeoutError:
            found.append(f"{scene.__name__.strip('_')}: no end after {PATIENCE_SECONDS:.0f} seconds")
        except Exception as error:  # noqa: BLE001 - whatever CrewAI's internals raise is the finding
            found.append(f"{scene.__name__.strip('_')}: {type(error).__name__}: {error}")
    return found


async def _answers_at_once() -> list[str]:
    chat = _Rehearsal(lines=('{"hello": "there"}',))
    value, calls, synchronous = await _perform(chat)
    return _differences(
        ("the answer", value, _Greeting(hello="there")),
        ("model calls for a good answer", chat._said, 1),  # noqa: SLF001 - our own rehearsal
        ("synchronous model calls", synchronous, 0),
        ("counted output tokens", calls.totals.usage.output_tokens, 5),
    )


async def _asks_again() -> list[str]:
    chat = _Rehearsal(lines=("no JSON at all", '{"hello": "again"}'))
    value, calls, synchronous = await _perform(chat)
    return _differences(
        ("the mended answer", value, _Greeting(hello="again")),
        ("model calls for a bad answer and a good one", chat._said, 2),  # noqa: SLF001 - our own rehearsal
        ("synchronous model calls", synchronous, 0),
        ("counted output tokens", calls.totals.usage.output_tokens, 10),
        ("the complaint reaches the model", "no JSON object" in chat._heard[-1], True),  # noqa: SLF001 - our own rehearsal
    )


async def _can_be_cancelled() -> list[str]:
    chat = _Rehearsal(lines=())
    task, waiting = asyncio.create_task(_perform(chat)), asyncio.create_task(chat._waiting.wait())  # noqa: SLF001 - our own rehearsal
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return _differences(("cancelling reaches the model call", chat._cancelled, True))  # noqa: SLF001 - our own rehearsal


async def _perform(chat: _Rehearsal) -> "tuple[_Greeting, ModelCalls, int]":
    from nodes.agents import runtime
    from nodes.agents.calls import ModelCalls, RetryPolicy
    from nodes.agents.llm import ChatModelLLM
    from nodes.agents.money import Money

    calls = ModelCalls(ChatModel(BUILTIN, chat), outside_a_graph(), InMemoryJournal(), Money(Budget(), None), RetryPolicy(tries=1))
    llm = ChatModelLLM(model="rehearsal", calls=calls)
    assignment = runtime.Assignment(
        agent=AgentEntry(role="Rehearsal", goal="Greet", backstory="An actor."),
        task=TaskEntry(description="Greet.", expected_output="A greeting.", agent="rehearsal"),
        name="rehearse",
        description="Greet.",
        answer=_Greeting,
    )
    value = await runtime.run_with(assignment, llm, calls)
    return value, calls, llm.synchronous_calls


def _differences(*observed: tuple[str, object, object]) -> list[str]:
    return [f"{what}: {found!r} instead of {expected!r}" for what, found, expected in observed if found != expected]
