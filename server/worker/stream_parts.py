"""Turn what a graph streams into the events that clients of the LangGraph API know, each under its mode's name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import BaseMessage, BaseMessageChunk, message_chunk_to_message
from langgraph.types import StreamMode

from server.services.agent_text import AGENT_TEXT, text_of
from server.services.run_order import RunOrder, WireStreamMode
from server.services.thread_state import checkpoint_of

Namespace = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One thing a graph streamed."""

    namespace: Namespace
    mode: str
    chunk: Any


def graph_modes(order: RunOrder) -> list[StreamMode]:
    """What the graph is to stream: what the client asked for, and the values if what the run comes to is kept."""
    asked: set[StreamMode] = set()
    for mode in order.stream_mode:
        if mode == "messages-tuple":
            asked.add("messages")
        elif mode != "events":
            asked.add(cast("StreamMode", mode))  # LangGraph's type does not list "tools", which it streams
    if order.tells_text:
        asked.add("messages")
    return sorted(asked | {"values"} if order.keeps_output else asked)


class WireEvents:
    """Names and shapes the parts of one run. Messages are put together here, since a part holds only a piece of one."""

    def __init__(self, modes: Sequence[WireStreamMode], *, tells_text: bool = False) -> None:
        self._modes = frozenset(modes)
        self._tells_text = tells_text
        self._messages: dict[str, BaseMessage] = {}

    def of(self, part: Part) -> Iterator[tuple[str, object]]:
        """The events a part becomes: none if its mode was not asked for."""
        if part.mode == "messages":
            yield from self._of_message(part)
        elif part.mode == "debug":
            yield named(part.mode, part.namespace), with_checkpoints(part.chunk)
        elif part.mode in self._modes:
            yield named(part.mode, part.namespace), part.chunk

    def _of_message(self, part: Part) -> Iterator[tuple[str, object]]:
        message, metadata = part.chunk
        if self._tells_text and (piece := text_of(message, metadata)):
            yield AGENT_TEXT, piece
        if "messages-tuple" in self._modes:
            yield named("messages", part.namespace), part.chunk
        if "messages" in self._modes:
            if message.id not in self._messages:
                yield named("messages/metadata", part.namespace), {message.id: {"metadata": metadata}}
            whole = self._put_together(message)
            kind = "partial" if isinstance(message, BaseMessageChunk) else "complete"
            yield named(f"messages/{kind}", part.namespace), [message_chunk_to_message(whole)]

    def _put_together(self, message: BaseMessage) -> BaseMessage:
        known = self._messages.get(message.id or "")
        whole = message
        if isinstance(known, BaseMessageChunk) and isinstance(message, BaseMessageChunk):
            whole = known + message
        self._messages[message.id or ""] = whole
        return whole


def with_checkpoints(chunk: Any) -> object:  # noqa: ANN401 - what LangGraph streams under "debug"
    """A checkpoint as Studio reads it: with its key and its parent's, as states have them."""
    if chunk["type"] != "checkpoint":
        return chunk
    payload = chunk["payload"]
    parent = payload["parent_config"]
    keys = {"checkpoint": checkpoint_of(payload["config"]), "parent_checkpoint": checkpoint_of(parent) if parent else None}
    return {**chunk, "payload": {**payload, **keys}}


def named(event: str, namespace: Namespace) -> str:
    """The event's name; what a subgraph streams has its namespace behind it."""
    return "|".join((event, *namespace))
