"""The built-in builder as a LangChain chat model: reads a task's prompt, answers with the JSON a language model would give.

It is no language model: the answers are made by rules, cost nothing, and are the same every time. So its token counts
are zero, because no tokens were bought, and `response_metadata` says what answered.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import override

from nodes.artifacts import AppSpec, BuildRequest, Component, EvidenceReport, Finding
from nodes.blueprint import architect, engineer, reviewer
from nodes.blueprint.reader import read_description
from nodes.errors import BuildError

NAME = "built-in builder, no language model"
CHUNK_CHARACTERS = 400
"""Small enough that a stream shows progress, large enough that a 40 KB answer is a hundred events."""

_TASK = re.compile(r"^Task:\s*(\w+)\s*$", re.MULTILINE)
_INPUT = re.compile(r'<input name="(\w+)">\n?(.*?)\n?</input>', re.DOTALL)
_FINDINGS = TypeAdapter(tuple[Finding, ...])
_NAMES = TypeAdapter(list[str])
_OBJECT = TypeAdapter(dict[str, Any])
_FILES = TypeAdapter(dict[str, str])


class UnreadablePrompt(BuildError):
    """The built-in builder reads only the prompts of its own tasks. For free text, choose a language model."""


class BlueprintChatModel(BaseChatModel):
    """Answers the four tasks of the crew without a model. Raises `BuildError`s, such as `DescriptionOutOfDomain`."""

    @property
    @override
    def _llm_type(self) -> str:
        return "appyard-builtin"

    @property
    @override
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": "builtin", "is": NAME}

    @override
    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        message = AIMessage(answer(_prompt(messages)), usage_metadata=_no_tokens(), response_metadata=_metadata())
        return ChatResult(generations=[ChatGeneration(message=message)])

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages)

    @override
    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(answer(_prompt(messages))):
            if run_manager:
                run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(answer(_prompt(messages))):
            if run_manager:
                await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk


def _no_tokens() -> UsageMetadata:
    return UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)


def _metadata() -> dict[str, Any]:
    return {"model_name": "builtin", "model_provider": "appyard", "answered_by": NAME, "finish_reason": "stop"}


def _chunks(text: str) -> Iterator[ChatGenerationChunk]:
    pieces = [text[start : start + CHUNK_CHARACTERS] for start in range(0, len(text), CHUNK_CHARACTERS)]
    for piece in pieces[:-1]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
    last = AIMessageChunk(content=pieces[-1], usage_metadata=_no_tokens(), response_metadata=_metadata(), chunk_position="last")
    yield ChatGenerationChunk(message=last)


def _prompt(messages: list[BaseMessage]) -> str:
    """The last message that carries a task: later ones may be a framework's repetition or complaint."""
    texts = [str(message.text) for message in messages if isinstance(message, HumanMessage)]
    return next((text for text in reversed(texts) if _TASK.search(text)), texts[-1] if texts else "")


def answer(prompt: str) -> str:
    """The JSON answer to one task's prompt. Raises `UnreadablePrompt`, and the reader's refusals."""
    task = _TASK.search(prompt)
    if task is None:
        raise UnreadablePrompt("The prompt has no line “Task: <name>”.")
    perform = TASKS.get(task.group(1))
    if perform is None:
        raise UnreadablePrompt(f"It knows the tasks {', '.join(TASKS)}, not {task.group(1)}.")
    inputs = {name: text.strip() for name, text in _INPUT.findall(prompt)}
    try:
        return perform(inputs).model_dump_json()
    except KeyError as error:
        raise UnreadablePrompt(f"The task {task.group(1)} lacks the input {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise UnreadablePrompt(f"An input of {task.group(1)} does not fit: {first['loc']}: {first['msg']}.") from error


def _analyze(inputs: dict[str, str]) -> BaseModel:
    previous = AppSpec.model_validate_json(inputs["previous"]) if _given(inputs.get("previous", "")) else None
    return read_description(BuildRequest.model_validate_json(inputs["request"]), feedback=inputs.get("feedback", ""), previous=previous)


def _design(inputs: dict[str, str]) -> BaseModel:
    return architect.plan(AppSpec.model_validate_json(inputs["spec"]))


def _write(inputs: dict[str, str]) -> BaseModel:
    return engineer.write(
        AppSpec.model_validate_json(inputs["spec"]),
        Component.model_validate_json(inputs["component"]),
        own_files=_FILES.validate_json(inputs.get("own_files") or "{}"),
        findings=_FINDINGS.validate_json(inputs.get("findings") or "[]"),
    )


def _review(inputs: dict[str, str]) -> BaseModel:
    report = _OBJECT.validate_json(inputs["report"])
    report.pop("verdict", None)
    names = inputs.get("components") or "[]"
    components = _NAMES.validate_json(names) if names.startswith("[") else [name.strip(" -") for name in re.split(r"[,\n]", names)]
    return reviewer.review(EvidenceReport.model_validate(report), components)


def _given(text: str) -> bool:
    return text not in {"", "null", "{}", '""'}


TASKS: dict[str, Callable[[dict[str, str]], BaseModel]] = {
    "analyze_requirements": _analyze,
    "design_architecture": _design,
    "write_component": _write,
    "review_app": _review,
}
"""Task name → what answers it."""
