"""Make the model calls of one task: each journaled, within the budget, retried in this one place, and counted."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import openai
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import ensure_config, merge_configs
from pydantic import BaseModel

from nodes.agents.answer_forms import answered_text, form_arguments, requested_tools
from nodes.agents.failures import CONFUSION, ENDPOINT_ERRORS, FILTERED, NotACompletion, Transient, judge
from nodes.agents.journal import CallJournal, JournaledCall, ModelAnswer, NodeExecution, completed, prompt_sha256
from nodes.agents.models import ChatModel, Provider
from nodes.agents.money import Money, NextCall, reserved
from nodes.agents.pace import Pace
from nodes.agents.partial_answers import PartialAnswer
from nodes.agents.pricing import Usage
from nodes.agents.shared_answers import AnswerCache, SharedAnswers, question_sha256
from nodes.agents.used_tokens import estimated_usage, told_usage, usage_of_openai
from nodes.agents.waits import Tell, Wait, told, unheard
from nodes.errors import ModelRefused, ModelUnavailable
from nodes.progress import WaitCause

log = logging.getLogger(__name__)

HOLD_MARGIN_SECONDS = 30.0
"""How much longer than its call money of the day is held at most, should its worker die: the answer still has to be recorded."""

OfferedTool = dict[str, Any]
"""A function as OpenAI's chat completions take it in `tools`."""


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


@dataclass(frozen=True)
class Question:
    """What stands for a call in the journal, and in the cache; the latter is empty where nothing is shared."""

    prompt_sha256: str
    question_sha256: str


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
        tell: Tell = unheard,
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
        self._tell = tell

    async def answer(
        self, messages: Sequence[BaseMessage], answer: type[BaseModel] | None = None, tools: Sequence[OfferedTool] = ()
    ) -> ModelAnswer:
        """Ask, or return what was answered before a crash; an answer to another prompt is asked for anew.

        With `tools`, in OpenAI's form, the answer may ask for calls of them instead; it is then not held to a schema.

        Raises `BudgetExhausted`, `TokensExhausted`, `BudgetNotKeepable`, `ModelUnavailable`, `ModelRefused`, and what a built-in
        model raises.
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
        call = await self._paid(NextCall(self._execution, n, self.model, messages, arguments), Question(asked, question))
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

    async def _paid(self, call: NextCall, asked: Question) -> JournaledCall:
        """The answer, journaled, after as many tries as it takes."""
        started, failed_tries = time.monotonic(), 0
        while True:
            await self._turn(call)
            tried = await self._tried(call, asked, started)
            if isinstance(tried, JournaledCall):
                return tried
            verdict = judge(tried, str(self.model.name))
            if isinstance(verdict, ModelRefused):
                raise verdict from tried
            failed_tries += 1
            await self._wait_or_give_up(verdict, failed_tries, tried)

    async def _turn(self, call: NextCall) -> None:
        asked_tokens = estimated_usage(self.model.name, call.messages, "").input_tokens
        seconds = await self._pace.seconds_to_turn(self.model.name, asked_tokens)
        if seconds:
            with told(self._tell, Wait(WaitCause.shared_rate, seconds)):
                await asyncio.sleep(seconds)

    async def _tried(self, call: NextCall, asked: Question, started: float) -> JournaledCall | Exception:
        """One try: the answer, journaled, or what the endpoint did instead. What it had begun to answer is accounted for."""
        heard = PartialAnswer()
        hold_seconds = self.model.request_timeout_seconds + HOLD_MARGIN_SECONDS
        async with reserved(self._money, call, self._journal, hold_seconds=hold_seconds, tell=self._tell):
            try:
                async with asyncio.timeout(self.model.request_timeout_seconds):
                    given = await self._ask_once(call, heard)
            except openai.LengthFinishReasonError as error:
                given = self._cut_answer(error, call.messages)
            except ENDPOINT_ERRORS as error:
                await self._account_for(heard, call, asked, started)
                return error
            except (asyncio.CancelledError, ModelRefused):  # stopped by us, or by the endpoint's content filter
                await self._account_for(heard, call, asked, started)
                raise
            answered = self._journaled(given, asked, started)
            # A cancelled build has still paid for this answer: the record is completed before the cancellation goes on.
            await completed(self._journal.record(call.execution.thread_id, call.execution.task_id, call.n, answered))
        return answered

    async def _account_for(self, heard: PartialAnswer, call: NextCall, asked: Question, started: float) -> None:
        """An answer that broke off is billed by its endpoint, so it counts like any other and is never replayed."""
        if not heard:
            return
        usage = heard.usage or estimated_usage(self.model.name, call.messages, heard.text)
        lost = self._journaled(ModelAnswer(text=heard.text, truncated=True, usage=usage), asked, started)
        self.totals.add(lost, replayed=False)
        await completed(self._journal.record_lost(call.execution.thread_id, lost))

    def _journaled(self, given: ModelAnswer, asked: Question, started: float) -> JournaledCall:
        return JournaledCall(
            prompt_sha256=asked.prompt_sha256,
            model=str(self.model.name),
            answer=given,
            cost_usd=self._money.cost_usd(given.usage),
            duration_seconds=time.monotonic() - started,
            question_sha256=asked.question_sha256,
        )

    async def _wait_or_give_up(self, failure: Transient, failed_tries: int, error: Exception) -> None:
        retries, asked = self._retries, failure.retry_after_seconds
        tried = f"{self.model.name}: {failure.reason} ({failed_tries} of {retries.tries} tries)."
        if failed_tries >= retries.tries:
            raise ModelUnavailable(tried) from error
        if asked is not None and asked > retries.longest_wait_seconds:
            raise ModelUnavailable(f"{tried} It asks to wait {asked:.0f} seconds.") from error
        if asked:
            await self._pace.hold_off(self.model.name, asked)
        seconds = retries.wait_seconds(failed_tries, asked)
        cause = WaitCause.asked_to_wait if asked else WaitCause.failed_try
        with told(self._tell, Wait(cause, seconds, failure.reason, failed_tries + 1, retries.tries)):
            await asyncio.sleep(seconds)

    async def _ask_once(self, call: NextCall, heard: PartialAnswer) -> ModelAnswer:
        chat: Runnable[Any, AIMessage] = self.model.chat.bind(**call.arguments) if call.arguments else self.model.chat
        listening = merge_configs(ensure_config(), {"callbacks": [heard]})
        try:
            message = await chat.ainvoke(list(call.messages), listening)
        except CONFUSION as error:
            if self.model.name.provider is Provider.builtin or isinstance(error, ENDPOINT_ERRORS):
                raise
            raise NotACompletion(f"it sent something that is no completion ({type(error).__name__})") from error
        heard.usage = told_usage(message)
        return self._read(message, call.messages, calls_tools=call.arguments.get("tool_choice") == "auto")

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
        usage = told_usage(message) or estimated_usage(self.model.name, messages, text)
        return ModelAnswer(text=text, truncated=finish == "length", tool_requests=requests, usage=usage)

    def _cut_answer(self, error: openai.LengthFinishReasonError, messages: Sequence[BaseMessage]) -> ModelAnswer:
        """The client raises where a structured answer reaches its limit; the tokens were used all the same."""
        completion = error.completion
        text = (completion.choices[0].message.content or "") if completion.choices else ""
        used = usage_of_openai(completion.usage.model_dump()) if completion.usage else None
        usage = used or estimated_usage(self.model.name, messages, text)
        return ModelAnswer(text=text, truncated=True, usage=usage)
