"""Find out how an endpoint holds a model to a schema: by `json_schema`, by a tool, or not at all. One small call, remembered."""

import asyncio
import contextvars
from dataclasses import replace
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from nodes.agents.answer_forms import answered_text, form_arguments
from nodes.agents.failures import CONFUSION, ENDPOINT_ERRORS, refused_its_form
from nodes.agents.models import AnswerForm, ChatModel

PROBE_SECONDS = 60.0
"""A small model on a processor answers twenty tokens well within it."""

PROBE_SHARE = 0.1
"""Of the longest wait for a call: who waits half an hour for an answer has a queue before the model, and waits for this too."""


class Memory(Protocol):
    """Where findings are kept."""

    async def recall(self, endpoint: str, model: str) -> str | None:
        """The answer form found out before, or None."""

    async def remember(self, endpoint: str, model: str, answer_form: str) -> None:
        """Keep a finding."""


class _Probe(BaseModel):
    """What the model is asked for."""

    model_config = ConfigDict(extra="forbid")

    town: str
    inhabitants: int


QUESTION = "Name the capital of France and the number of its inhabitants."
"""Without a word of JSON, so that only a schema that is enforced makes the answer fit."""


class Capabilities:
    """What is known of endpoints. Each is asked once by a process, and not at all if another one knows."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory = memory
        self._known: dict[tuple[str, str], AnswerForm] = {}
        self._asking = asyncio.Lock()

    async def settled(self, model: ChatModel) -> ChatModel:
        """`model` with its answer form: as configured or known, else as a probe finds."""
        if model.answer_form is not None:
            return model
        async with self._asking:
            return replace(model, answer_form=await self._form(model))

    async def _form(self, model: ChatModel) -> AnswerForm:
        key = (model.endpoint, model.name.model)
        if known := self._known.get(key):
            return known
        remembered = await self._memory.recall(*key) if self._memory else None
        if remembered in tuple(AnswerForm):
            self._known[key] = AnswerForm(remembered)
            return self._known[key]
        # A fresh context: what the probe says belongs neither into the run's stream nor into its trace.
        found = await asyncio.create_task(probe(model), context=contextvars.Context())
        if found is None:
            return AnswerForm.prompt
        self._known[key] = found
        if self._memory:
            await self._memory.remember(*key, found.value)
        return found


async def probe(model: ChatModel) -> AnswerForm | None:
    """The strictest form the endpoint keeps to; None if it gave no answer, as to a wrong key: nothing is learned of that."""
    for form in (AnswerForm.json_schema, AnswerForm.tools):
        try:
            async with asyncio.timeout(max(PROBE_SECONDS, model.request_timeout_seconds * PROBE_SHARE)):
                message = await model.chat.bind(**form_arguments(_Probe, form)).ainvoke(QUESTION)
            _Probe.model_validate_json(answered_text(message, form))
        except ENDPOINT_ERRORS as error:
            if not refused_its_form(error, str(model.name)):
                return None
        except (*CONFUSION, ValidationError):
            continue
        else:
            return form
    return AnswerForm.prompt
