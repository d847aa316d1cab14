"""Messages as the streaming protocol tells them: a start, blocks that grow piece by piece, and a finish."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, BaseMessageChunk, ToolMessage
from pydantic import TypeAdapter

from checkpoints.records import JsonObject

_MESSAGE: TypeAdapter[Any] = TypeAdapter(AnyMessage)
_GROWS = {"text": "text", "reasoning": "reasoning", "tool_call_chunk": "args"}
"""Blocks that come in pieces, and the field that grows."""


@dataclass
class _Growing:
    """A message of which more may come: its blocks by what tells them apart, in the order they appeared."""

    message: BaseMessage
    blocks: dict[object, JsonObject] = field(default_factory=dict)


class MessageTeller:
    """Tells the messages of one run. Pieces of several messages may come mixed."""

    def __init__(self) -> None:
        self._growing: dict[str, _Growing] = {}

    def of(self, message: Mapping[str, object], about: Mapping[str, object]) -> Iterator[JsonObject]:
        """What a recorded message, or a piece of one, adds. Raises pydantic's ValidationError for what is no message."""
        parsed = cast("BaseMessage", _MESSAGE.validate_python(message))
        message_id = parsed.id or ""
        if message_id not in self._growing:
            self._growing[message_id] = _Growing(parsed)
            yield _told(message_id, event="message-start", role=_role(parsed), metadata=_about(parsed, about))
        elif isinstance(parsed, BaseMessageChunk):
            growing = self._growing[message_id]
            growing.message = growing.message + parsed if isinstance(growing.message, BaseMessageChunk) else parsed
        for block in parsed.content_blocks:
            yield from self._grow(message_id, cast("JsonObject", dict(block)))
        if not isinstance(parsed, BaseMessageChunk) or getattr(parsed, "chunk_position", None) == "last":
            yield from self._finish(message_id)

    def rest(self) -> Iterator[JsonObject]:
        """Finish what nobody said the end of."""
        for message_id in tuple(self._growing):
            yield from self._finish(message_id)

    def _grow(self, message_id: str, piece: JsonObject) -> Iterator[JsonObject]:
        blocks = self._growing[message_id].blocks
        key = piece.get("index", piece["type"])
        grows = _GROWS.get(str(piece["type"]))
        if key not in blocks:
            blocks[key] = {**piece, grows: ""} if grows else piece
            yield _told(message_id, event="content-block-start", index=len(blocks) - 1, content=dict(blocks[key]))
        if grows and piece.get(grows):
            blocks[key][grows] = f"{blocks[key].get(grows) or ''}{piece[grows]}"
            yield _told(message_id, event="content-block-delta", index=list(blocks).index(key), delta=_delta(piece))

    def _finish(self, message_id: str) -> Iterator[JsonObject]:
        growing = self._growing.pop(message_id)
        for index, block in enumerate(growing.blocks.values()):
            yield _told(message_id, event="content-block-finish", index=index, content=_finished(block))
        usage = growing.message.usage_metadata if isinstance(growing.message, AIMessage) else None
        yield _told(message_id, event="message-finish", **({"usage": dict(usage)} if usage else {}))


def _told(message_id: str, **data: object) -> JsonObject:
    """The Python client tells messages that come mixed apart by `id`, the JavaScript one by `run_id`."""
    return {**data, "id": message_id, "run_id": message_id}


def _role(message: BaseMessage) -> str:
    return message.type.removesuffix("MessageChunk").lower()


def _about(message: BaseMessage, about: Mapping[str, object]) -> JsonObject:
    """Where a message comes from."""
    known = {name: about[name] for name in ("langgraph_node", "ls_provider", "ls_model_name") if name in about}
    return {**known, "tool_call_id": message.tool_call_id} if isinstance(message, ToolMessage) else known


def _delta(piece: JsonObject) -> JsonObject:
    match piece["type"]:
        case "text":
            return {"type": "text-delta", "text": piece["text"]}
        case "reasoning":
            return {"type": "reasoning-delta", "reasoning": piece["reasoning"]}
        case _:
            return {"type": "tool-call-delta", "args": piece["args"]}


def _finished(block: JsonObject) -> JsonObject:
    """A tool call's arguments are read once they are complete."""
    if block["type"] != "tool_call_chunk":
        return block
    call = {"id": block.get("id"), "name": block.get("name")}
    try:
        arguments = json.loads(str(block["args"] or "{}"))
    except ValueError:
        arguments = None
    if isinstance(arguments, dict):
        return {"type": "tool_call", **call, "args": arguments}
    return {"type": "invalid_tool_call", **call, "args": block["args"], "error": "The arguments are no JSON object."}
