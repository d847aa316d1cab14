"""A chat model that says what a test wrote down, and a crew of agents around it.

    chat = ScriptedChatModel(replies=['{"summary": "fine"}'])
    crew = crew_around(chat, tmp_path)
    answer = await crew.perform(task, BuildOptions())
    assert chat.prompts == [...]

Replies are texts, exceptions to raise, or `Hang()` to wait until cancelled. After the last one, the last is repeated.
With `reply_to` the answer is computed from the prompt instead, for agents that work side by side. `pause` says how many
turns of the loop an answer takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr
from typing_extensions import override

from nodes.agents.calls import RetryPolicy
from nodes.agents.crew import CrewAICrew
from nodes.agents.journal import CallJournal
from nodes.agents.models import ChatModel, ModelName, Provider
from nodes.agents.shared_answers import AnswerCache

PAID = ModelName(Provider.openai, "gpt-5-mini")
INPUT_TOKENS, OUTPUT_TOKENS, CACHED_TOKENS = 1000, 200, 400
CALL_TOKENS = INPUT_TOKENS + OUTPUT_TOKENS
CALL_USD = (600 * 0.25 + 400 * 0.025 + 200 * 2.00) / 1_000_000
"""What one scripted call costs at the price of `PAID`."""


PATIENCE_SECONDS = 30.0


class Hang:
    """A reply that never comes."""


class ScriptedChatModel(BaseChatModel):
    """Counts what was started, finished and cancelled; `prompts` are the texts of all messages of each call."""

    replies: Sequence[Any] = ()
    reply_to: Callable[[str], str] | None = None
    pause: Callable[[], int] | None = None
    chunk_characters: int = 16
    usage: bool = True
    prompts: list[str] = Field(default_factory=list)
    started: int = 0
    finished: int = 0
    cancelled: int = 0
    _begun: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)

    @property
    @override
    def _llm_type(self) -> str:
        return "scripted"

    async def begun(self) -> None:
        """Wait for the first call."""
        await self._begun.wait()

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = await self._reply(messages)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text, usage_metadata=self._usage()))])

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        text = await self._reply(messages)
        for start in range(0, len(text), self.chunk_characters):
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=AIMessageChunk(content=text[start : start + self.chunk_characters]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=self._usage()))

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise AssertionError("the model was called synchronously")

    async def _reply(self, messages: list[BaseMessage]) -> str:
        prompt = "\n".join(str(message.content) for message in messages)
        self.prompts.append(prompt)
        reply = self.replies[min(self.started, len(self.replies) - 1)] if self.reply_to is None else self.reply_to(prompt)
        self.started += 1
        self._begun.set()
        for _ in range(self.pause() if self.pause else 0):
            await asyncio.sleep(0)
        if isinstance(reply, Hang):
            await self._until_cancelled()
        if isinstance(reply, BaseException):
            raise reply
        self.finished += 1
        return str(reply)

    async def _until_cancelled(self) -> None:
        """For at most the time a test may take, so that a call nobody cancels fails it."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def _usage(self) -> UsageMetadata | None:
        if not self.usage:
            return None
        return UsageMetadata(
            input_tokens=INPUT_TOKENS,
            output_tokens=OUTPUT_TOKENS,
            total_tokens=INPUT_TOKENS + OUTPUT_TOKENS,
            input_token_details={"cache_read": CACHED_TOKENS},
        )


class OneModel:
    """A `ModelSource` with a single chat model; the names it was asked for are kept."""

    def __init__(self, chat: BaseChatModel, max_output_tokens: int | None = 1000) -> None:
        self.opened: list[str] = []
        self._chat = chat
        self._max_output_tokens = max_output_tokens

    def open(self, name: ModelName) -> ChatModel:
        self.opened.append(str(name))
        return ChatModel(name, self._chat, max_output_tokens=self._max_output_tokens)


def crew_around(
    chat: BaseChatModel, storage: Path, *, journal: CallJournal | None = None, tries: int = 2, cache: AnswerCache | None = None
) -> CrewAICrew:
    """Our agents, all with `chat` as their model, which is priced like `PAID`; tries follow each other at once."""
    retries = RetryPolicy(tries=tries, first_wait_seconds=0.0)
    return CrewAICrew(OneModel(chat), PAID, storage, journal=journal, retries=retries, cache=cache)
