"""What CrewAI takes for a language model: an adapter that hands each call to `ModelCalls`. Imports CrewAI.

CrewAI's own classes would bypass LangChain, and with it streaming, tracing and exact usage.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from crewai.utilities.types import LLMMessage
from langchain_core.messages import BaseMessage, convert_to_messages
from pydantic import BaseModel, Field, PrivateAttr
from typing_extensions import override

from nodes.agents.calls import ModelCalls, OfferedTool
from nodes.agents.journal import ModelAnswer
from nodes.agents.prompt import CHARACTERS_PER_TOKEN

NOTHING_SAID = "(the model answered with nothing)"
"""CrewAI fails on an empty text; this one reaches the guardrail, which asks again."""

_MESSAGE_KEYS = ("role", "content", "tool_calls", "tool_call_id", "name")

F = TypeVar("F", bound=Callable[..., Any])


def _without_crewai_retries(method: F) -> F:
    """Mark a call as already wrapped: CrewAI would add three attempts of its own around each of ours."""
    method._crewai_rate_limit_wrapped = True  # type: ignore[attr-defined]  # noqa: SLF001 - CrewAI's own mark
    return method


class ChatModelLLM(BaseLLM):
    """One per task, because CrewAI counts usage per instance; the chat model inside is shared."""

    llm_type: str = "appyard"
    calls: Any = Field(exclude=True)
    toolbox: Any = Field(default=None, exclude=True)
    """The task's `Toolbox`, or None; the executor runs what the model asks for."""

    tells: bool = False
    """Whether CrewAI's events of model calls are made, for listeners."""

    _loop: asyncio.AbstractEventLoop = PrivateAttr(default_factory=asyncio.get_running_loop)
    _synchronous_calls: int = PrivateAttr(default=0)

    @property
    def synchronous_calls(self) -> int:
        """How often CrewAI called from a thread instead of awaiting; the self-test expects 0."""
        return self._synchronous_calls

    def supports_function_calling(self) -> bool:
        return True

    @override
    def supports_stop_words(self) -> bool:
        return False  # cutting at a stop word would corrupt code

    @override
    def get_context_window_size(self) -> int:
        return int(self._calls().model.context_tokens)

    @override
    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        text = messages if isinstance(messages, str) else "".join(str(message.get("content") or "") for message in messages)
        return len(text) // CHARACTERS_PER_TOKEN

    @override
    @_without_crewai_retries
    async def acall(
        self,
        messages: Any,
        tools: Any = None,
        callbacks: Any = None,
        available_functions: Any = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: type[BaseModel] | None = None,
    ) -> Any:
        """The text of one answer, which CrewAI's guardrail judges; or, with `tools`, the calls it asks for, in OpenAI's form."""
        if not self.tells:
            return await self._answered(messages, response_model, tools)
        with llm_call_context():
            self._emit_call_started_event(messages, tools, from_task=from_task, from_agent=from_agent)
            try:
                answered = await self._answered(messages, response_model, tools)
            except Exception as error:
                self._emit_call_failed_event(str(error), from_task, from_agent)
                raise
            usage = self.get_token_usage_summary().model_dump()
            kind = LLMCallType.LLM_CALL if isinstance(answered, str) else LLMCallType.TOOL_CALL
            self._emit_call_completed_event(answered, kind, from_task, from_agent, messages, usage)
            return answered

    async def _answered(
        self, messages: str | list[LLMMessage], response_model: type[BaseModel] | None, tools: list[OfferedTool] | None
    ) -> str | list[dict[str, Any]]:
        answer = await self._calls().answer(self._converted(messages), response_model, tools or ())
        self._count(answer)
        if answer.tool_requests:
            return [
                {"id": asked.id, "type": "function", "function": {"name": asked.name, "arguments": asked.arguments}}
                for asked in answer.tool_requests
            ]
        return answer.text.strip() or NOTHING_SAID

    @override
    @_without_crewai_retries
    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        """What CrewAI would do from its own threads; counted, so that the self-test sees it."""
        self._synchronous_calls += 1
        return asyncio.run_coroutine_threadsafe(self.acall(messages, *args, **kwargs), self._loop).result()

    def _calls(self) -> ModelCalls:
        calls: ModelCalls = self.calls
        return calls

    def _converted(self, messages: str | list[LLMMessage]) -> list[BaseMessage]:
        formatted = [dict(message) for message in self._format_messages(messages)]
        kept = [{key: message[key] for key in _MESSAGE_KEYS if key in message} for message in formatted]
        return convert_to_messages([{**message, "content": message.get("content") or ""} for message in kept])

    def _count(self, answer: ModelAnswer) -> None:
        used = answer.usage
        self._track_token_usage_internal(
            {
                "prompt_tokens": used.input_tokens,
                "completion_tokens": used.output_tokens,
                "total_tokens": used.input_tokens + used.output_tokens,
                "cached_prompt_tokens": used.cached_tokens,
            }
        )
