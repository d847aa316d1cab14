"""Make the model calls of one task: each journaled, within the budget, retried in this one place, and counted."""

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import openai
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from nodes.agents.answer_forms import answered_text, form_arguments, requested_tools
from nodes.agents.budget import Budget, DayBudgets, held_today
from nodes.agents.failures import CONFUSION, ENDPOINT_ERRORS, FILTERED, NotACompletion, Transient, judge
from nodes.agents.journal import CallJournal, JournaledCall, ModelAnswer, NodeExecution, completed, prompt_sha256
from nodes.agents.models import ChatModel, Provider
from nodes.agents.pace import Pace
from nodes.agents.pricing import Price, Usage
from nodes.agents.prompt import CHARACTERS_PER_TOKEN
from nodes.agents.shared_answers import AnswerCache, SharedAnswers, question_sha256
from nodes.errors import ModelNotConfigured, ModelRefused, ModelUnavailable

log = logging.getLogger(__name__)

OfferedTool = dict[str, Any]
"""A function as OpenAI's chat completions take it in `tools`."""

MESSAGE_OVERHEAD_TOKENS = 16
"""More than any chat format adds around a message."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often a call is tried, and how long is waited in between.

    The wait doubles from `first_wait_seconds`, or is what the endpoint asks for. If that is more than
    `longest_wait_seconds` the call is given up at once: the build is resumed later instead of occupying a worker.
    """

    tries: int = 4
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0

    def wait_seconds(self, failed_tries: int, asked_seconds: float | None) -> float:
        """Seconds before the next try; up to a fifth is added so that parallel engineers do not return in step."""
        doubled = min(self.first_wait_seconds * 2 ** (failed_tries - 1), self.longest_wait_seconds)
        return (doubled if asked_seconds is None else asked_seconds) * (1 + random.random() / 5)  # noqa: S311 - no secret

    def longest_seconds(self, timeout_seconds: float) -> float:
        """How long a call can take at most, with all its tries and the waits between them; turns of a rate come on top."""
        return self.tries * (timeout_seconds + self.longest_wait_seconds * 1.2)


@dataclass(frozen=True)
class Money:
    """What calls may cost. `budget_usd` None: no limit of the build. `days` None: none of a day. `price` None: unknown."""

    budget: Budget
    price: Price | None
    budget_usd: float | None = None
    days: DayBudgets | None = None


@dataclass
class Totals:
    """What the calls of one task used so far. `replayed` of `calls` were answered from the journal or the cache."""

    calls: int = 0
    replayed: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0

    def add(self, call: JournaledCall, *, replayed: bool) -> None:
        self.calls += 1
        self.replayed += replayed
        self.usage += call.answer.usage
        self.cost_usd = None if self.cost_usd is None or call.cost_usd is None else self.cost_usd + call.cost_usd


class ModelCalls:
    """The calls of one task to one model, in order.

    `totals` is exact whether the task succeeds or fails, `truncated` tells of the last answer, and `first_n` is the
    number of the first call within the node's execution.
    """

    def __init__(
        self,
        model: ChatModel,
        execution: NodeExecution,
        journal: CallJournal,
        money: Money,
        retries: RetryPolicy,
        *,
        pace: Pace | None = None,
        cache: AnswerCache | None = None,
    ) -> None:
        self.model = model
        self.totals = Totals()
        self.truncated = False
        self.first_n: int | None = None
        self._execution = execution
        self._journal = journal
        self._money = money
        self._retries = retries
        self._pace = pace or Pace()
        self.shared = SharedAnswers(cache, execution.thread_id)

    async def answer(
        self, messages: Sequence[BaseMessage], answer: type[BaseModel] | None = None, tools: Sequence[OfferedTool] = ()
    ) -> ModelAnswer:
        """Ask, or return what was answered before a crash; an answer to another prompt is asked for anew.

        With `tools`, in OpenAI's form, the answer may ask for calls of them instead; it is then not held to a schema.

        Raises `BudgetExhausted`, `ModelUnavailable`, `ModelRefused`, and what a built-in model raises.
        """
        thread_id, task_id, n = self._execution.thread_id, self._execution.task_id, self._execution.next_call()
        self.first_n = n if self.first_n is None else self.first_n
        asked = prompt_sha256(messages, tools)
        arguments = self._arguments(answer, tools)
        question = question_sha256(self.model, messages, arguments) if self.shared.cache else ""
        if known := await self._journal.find(thread_id, task_id, n):
            if known.prompt_sha256 == asked:
                return self._counted(known, replayed=True)
            # Another version of Appyard, or another model, asks something else: what was paid for stays in the ledger.
            log.warning("journal_outdated", extra={"thread_id": thread_id, "task_id": task_id, "n": n})
            await self._journal.retire(thread_id, task_id, n)
        if kept := await self.shared.find(str(self.model.name), question, asked):
            await completed(self._journal.record(thread_id, task_id, n, kept))
            return self._counted(kept, replayed=True)
        async with self._reservation(messages, arguments, n):
            started = time.monotonic()
            given = await self._ask(messages, arguments)
            seconds = time.monotonic() - started
            cost = self._money.price.of(given.usage) if self._money.price else None
            call = JournaledCall(
                prompt_sha256=asked,
                model=str(self.model.name),
                answer=given,
                cost_usd=cost,
                duration_seconds=seconds,
                question_sha256=question,
            )
            # A cancelled build has still paid for this answer: the record is completed before the cancellation goes on.
            await completed(self._journal.record(thread_id, task_id, n, call))
        return self._counted(call, replayed=False)

    def _counted(self, call: JournaledCall, *, replayed: bool) -> ModelAnswer:
        self.shared.give(call)
        self.totals.add(call, replayed=replayed)
        self.truncated = call.answer.truncated
        return call.answer

    def _arguments(self, answer: type[BaseModel] | None, tools: Sequence[OfferedTool]) -> dict[str, Any]:
        """What is sent beside the messages. Structured output without LangChain's parser: on 10 MB of prose it holds the loop 20 s."""
        if tools:
            return {"tools": list(tools), "tool_choice": "auto"}
        return form_arguments(answer, self.model.answer_form) if answer is not None else {}

    @asynccontextmanager
    async def _reservation(self, messages: Sequence[BaseMessage], arguments: dict[str, Any], n: int) -> AsyncIterator[None]:
        money, thread_id = self._money, self._execution.thread_id
        async with AsyncExitStack() as reserved:
            if (money.budget_usd is not None or money.days) and (bound := self._bound_usd(messages, arguments)):
                if money.budget_usd is not None:
                    await reserved.enter_async_context(money.budget.reserve(self._journal, thread_id, bound, money.budget_usd))
                if money.days:
                    seconds = self._retries.longest_seconds(self.model.request_timeout_seconds)
                    held = held_today(money.days, thread_id, self._execution.task_id, n, bound, seconds=seconds)
                    await reserved.enter_async_context(held)
            yield

    def _bound_usd(self, messages: Sequence[BaseMessage], arguments: dict[str, Any]) -> float:
        """The most the call can cost. A token stands for at least one byte, so the bytes bound the tokens."""
        name, price, limit = self.model.name, self._money.price, self.model.max_output_tokens
        if price is None:
            raise ModelNotConfigured(
                f"{name} has no price, so the budget cannot be kept. Give one with APPYARD_PRICES_FILE, or set no budget."
            )
        if price.output and limit is None:
            raise ModelNotConfigured(f"{name} has no output limit, so the budget cannot be kept. Set one, or set no budget.")
        asked = "".join(str(message.content) + json.dumps(getattr(message, "tool_calls", ""), default=str) for message in messages)
        tokens = len((asked + json.dumps(arguments)).encode("utf-8", "surrogatepass")) + MESSAGE_OVERHEAD_TOKENS * (len(messages) + 1)
        return price.of(Usage(input_tokens=tokens, output_tokens=limit or 0))

    async def _ask(self, messages: Sequence[BaseMessage], arguments: dict[str, Any]) -> ModelAnswer:
        failed_tries = 0
        while True:
            await self._pace.wait(self.model.name, self._estimate(messages, "").input_tokens)
            try:
                async with asyncio.timeout(self.model.request_timeout_seconds):
                    return await self._ask_once(messages, arguments)
            except openai.LengthFinishReasonError as error:
                return self._cut_answer(error, messages)
            except ENDPOINT_ERRORS as error:
                verdict = judge(error, str(self.model.name))
                if isinstance(verdict, ModelRefused):
                    raise verdict from error
                failed_tries += 1
                await self._wait_or_give_up(verdict, failed_tries, error)

    async def _wait_or_give_up(self, failure: Transient, failed_tries: int, error: Exception) -> None:
        retries, asked = self._retries, failure.retry_after_seconds
        tried = f"{self.model.name}: {failure.reason} ({failed_tries} of {retries.tries} tries)."
        if failed_tries >= retries.tries:
            raise ModelUnavailable(tried) from error
        if asked is not None and asked > retries.longest_wait_seconds:
            raise ModelUnavailable(f"{tried} It asks to wait {asked:.0f} seconds.") from error
        if asked:
            await self._pace.hold_off(self.model.name, asked)
        await asyncio.sleep(retries.wait_seconds(failed_tries, asked))

    async def _ask_once(self, messages: Sequence[BaseMessage], arguments: dict[str, Any]) -> ModelAnswer:
        chat: Runnable[Any, AIMessage] = self.model.chat.bind(**arguments) if arguments else self.model.chat
        try:
            message = await chat.ainvoke(list(messages))
        except CONFUSION as error:
            if self.model.name.provider is Provider.builtin or isinstance(error, ENDPOINT_ERRORS):
                raise
            raise NotACompletion(f"it sent something that is no completion ({type(error).__name__})") from error
        return self._read(message, messages, calls_tools=arguments.get("tool_choice") == "auto")

    def _read(self, message: AIMessage, messages: Sequence[BaseMessage], *, calls_tools: bool) -> ModelAnswer:
        finish = message.response_metadata.get("finish_reason")
        if finish == "content_filter":
            raise ModelRefused(f"{self.model.name}: {FILTERED}")
        requests = requested_tools(message) if calls_tools else ()
        text = answered_text(message, None if calls_tools else self.model.answer_form) or str(
            message.additional_kwargs.get("refusal") or ""
        )
        if message.response_metadata and finish is None and not requests and not text.rstrip("` \n").endswith("}"):
            raise NotACompletion("it stopped in the middle of its answer")  # and closed the connection as if it had said all
        usage = _usage(message) or self._estimate(messages, text)
        return ModelAnswer(text=text, truncated=finish == "length", tool_requests=requests, usage=usage)

    def _cut_answer(self, error: openai.LengthFinishReasonError, messages: Sequence[BaseMessage]) -> ModelAnswer:
        """The client raises where a structured answer reaches its limit; the tokens were used all the same."""
        completion = error.completion
        text = (completion.choices[0].message.content or "") if completion.choices else ""
        usage = (_told_usage(completion.usage.model_dump()) if completion.usage else None) or self._estimate(messages, text)
        return ModelAnswer(text=text, truncated=True, usage=usage)

    def _estimate(self, messages: Sequence[BaseMessage], text: str) -> Usage:
        if self.model.name.provider is Provider.builtin:
            return Usage()
        asked = sum(len(str(message.content)) for message in messages)
        return Usage(input_tokens=asked // CHARACTERS_PER_TOKEN, output_tokens=len(text) // CHARACTERS_PER_TOKEN, estimated=True)


def _usage(message: AIMessage) -> Usage | None:
    if used := message.usage_metadata:
        cached = used.get("input_token_details", {}).get("cache_read", 0)
        return _believed(used["input_tokens"], used["output_tokens"], cached)
    # A streamed structured answer tells it only here (langchain-openai 1.7).
    if told := message.response_metadata.get("token_usage"):
        return _told_usage(told)
    return None


def _told_usage(told: dict[str, Any]) -> Usage | None:
    """What OpenAI's `usage` object says."""
    cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens")
    return _believed(told.get("prompt_tokens"), told.get("completion_tokens"), cached)


def _believed(asked: int | None, answered: int | None, cached: int | None) -> Usage | None:
    """None where the numbers cannot be: every prompt has tokens, and a negative number would give money back."""
    if not asked or asked < 0 or answered is None or answered < 0:
        return None
    return Usage(input_tokens=asked, output_tokens=answered, cached_tokens=min(max(cached or 0, 0), asked))
