"""Hear what an endpoint sends of an answer while it sends it, so that a try that breaks off is paid for as far as it came."""

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk
from typing_extensions import override

from nodes.agents.pricing import Usage
from nodes.agents.used_tokens import told_usage


class PartialAnswer(BaseCallbackHandler):
    """The pieces of one streamed answer. Nothing is heard of an answer that comes in one piece."""

    run_inline = True  # otherwise LangChain starts a thread for every piece

    def __init__(self) -> None:
        self.usage: Usage | None = None
        """What the endpoint told, which it does at the end."""
        self._pieces: list[str] = []

    def __bool__(self) -> bool:
        """Whether the endpoint had begun to answer."""
        return bool(self._pieces) or self.usage is not None

    @property
    def text(self) -> str:
        """What was answered so far."""
        return "".join(self._pieces)

    @override
    def on_llm_new_token(self, token: str | list[Any], *, chunk: GenerationChunk | ChatGenerationChunk | None = None, **_: Any) -> None:
        message = chunk.message if isinstance(chunk, ChatGenerationChunk) else None
        if isinstance(token, str) and token:
            self._pieces.append(token)
        if isinstance(message, AIMessageChunk):  # a model that answers by a tool writes its answer there
            self._pieces += [str(piece["args"] or "") for piece in message.tool_call_chunks]
            self.usage = told_usage(message) or self.usage
