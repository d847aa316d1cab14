"""Let answers serve other builds that ask the very same: found before a model is asked, kept once their task ended well.

What led nowhere is not kept, and what was found and led nowhere is discarded, so that it does not come back for ever.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.messages import BaseMessage

from nodes.agents.journal import JournaledCall, ModelAnswer, Saved
from nodes.agents.models import ChatModel
from nodes.agents.pricing import Usage


@dataclass(frozen=True)
class KeptAnswer:
    """An answer with what it used, and what it cost whoever paid for it; None: nobody knew."""

    answer: ModelAnswer
    cost_usd: float | None


class AnswerCache(Protocol):
    """Where answers are kept, for whoever owns a thread. It holds nothing for those who did not ask for it."""

    async def find(self, thread_id: str, model: str, question_sha256: str) -> KeptAnswer | None:
        """The answer kept for whoever owns this thread, or None."""

    async def keep(self, thread_id: str, calls: Sequence[JournaledCall]) -> None:
        """Keep the answers of a task that ended well."""

    async def discard(self, thread_id: str, *, questions: Collection[str] | None = None, components: Collection[str] | None = None) -> None:
        """Give no other build what this thread was answered: to these questions, for these components, or at all."""


@dataclass
class SharedAnswers:
    """The answers of one task, on their way into the cache and out of it. Without a `cache` nothing happens."""

    cache: AnswerCache | None
    thread_id: str
    _given: list[JournaledCall] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)

    async def find(self, model: str, question: str, prompt: str) -> JournaledCall | None:
        """An answer another build paid for, as a call that cost nothing and used no tokens."""
        if self.cache is None or question in self._refused or (kept := await self.cache.find(self.thread_id, model, question)) is None:
            return None
        used = kept.answer.usage
        return JournaledCall(
            prompt_sha256=prompt,
            question_sha256=question,
            model=model,
            answer=kept.answer.model_copy(update={"usage": Usage()}),
            cost_usd=0.0,
            saved=Saved(tokens=used.input_tokens + used.output_tokens, cost_usd=kept.cost_usd),
        )

    def give(self, call: JournaledCall) -> None:
        """The task was answered this, wherever it came from."""
        self._given.append(call)

    def refuse_last(self) -> None:
        """What was answered last cannot be used."""
        if self._given:
            self._refused.append(self._given.pop().question_sha256)

    async def end(self, *, well: bool) -> None:
        """Keep what was of use, if the task ended well, and discard the rest."""
        if self.cache is None:
            return
        useless = self._refused if well else [*self._refused, *(call.question_sha256 for call in self._given)]
        if led_nowhere := [question for question in useless if question]:
            await self.cache.discard(self.thread_id, questions=led_nowhere)
        bought = [call for call in self._given if well and call.saved is None and call.question_sha256]
        if bought:
            await self.cache.keep(self.thread_id, bought)


def question_sha256(model: ChatModel, messages: Sequence[BaseMessage], arguments: Mapping[str, Any]) -> str:
    """Stands for all that decides an answer: who is asked where, with which options, and everything that is sent.

    `arguments` is what goes with the messages: tools on offer, and the form the answer is held to.
    """
    said = [
        [
            message.type,
            message.content,
            message.name,
            getattr(message, "tool_calls", []),
            getattr(message, "invalid_tool_calls", []),
            getattr(message, "tool_call_id", None),
        ]
        for message in messages
    ]
    asked = [str(model.name), model.endpoint, dict(model.options), model.answer_form, said, dict(arguments)]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
