"""An endpoint that speaks OpenAI's chat completions over real HTTP on loopback, and fails as it is told.

    async with fault_server(Status(429, retry_after="0"), Answer('{"summary": "fine"}')) as server:
        crew = server.crew(tmp_path)

Each request takes the next reply; after the last, the last is repeated. `server.requests` are the bodies received.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodes.agents.calls import RetryPolicy
from nodes.agents.crew import CrewAICrew
from nodes.agents.journal import CallJournal
from nodes.agents.models import AnswerForm, ChatModels, ModelName, ModelSettings
from nodes.agents.pace import Pace
from nodes.agents.roster import Roster

MODEL = ModelName.parse("openai:gpt-5-mini")
DEPLOYMENT = ModelName.parse("azure:gpt-5-mini")
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100000\r\n\r\n"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200, "prompt_tokens_details": {"cached_tokens": 400}}


@dataclass(frozen=True)
class Answer:
    """A completion. `usage` None: the endpoint does not tell what it used."""

    text: str
    finish: str = "stop"
    usage: Mapping[str, Any] | None = field(default_factory=lambda: USAGE)
    refusal: str | None = None


@dataclass(frozen=True)
class ToolCall:
    """A completion that calls the tool called `name`, or else the first it was offered."""

    arguments: str
    name: str = ""


@dataclass(frozen=True)
class Status:
    """An error with OpenAI's error body; `location` is where a redirect leads."""

    status: int
    code: str | None = None
    message: str = "scripted failure"
    retry_after: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class Raw:
    """A body as it is."""

    body: str
    status: int = 200
    kind: str = "application/json"


class Hang:
    """Takes the request and never answers."""


@dataclass(frozen=True)
class CutStream:
    """Begins an answer, then closes the connection in the middle; `politely`, as if that were the end.

    `tells_usage`: after it told what it used.
    """

    politely: bool = False
    tells_usage: bool = False


class HalfAnswer:
    """Begins an answer, and never goes on."""


class StreamError:
    """Begins an answer, then sends an error event, as gateways do."""


Reply = Answer | ToolCall | Status | Raw | Hang | HalfAnswer | CutStream | StreamError


@dataclass
class FaultServer:
    replies: tuple[Reply, ...]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closes the connection of a request that hangs."""

    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    connections: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    def crew(
        self,
        storage: Path,
        *,
        tries: int = 3,
        form: AnswerForm = AnswerForm.prompt,
        journal: CallJournal | None = None,
        seconds: float = 20.0,
        model: ModelName = MODEL,
        roster: Roster | None = None,
        context_tokens: int | None = None,
        pace: Pace | None = None,
    ) -> CrewAICrew:
        settings = ModelSettings(
            openai_base_url=self.url,
            azure_endpoint=self.url.removesuffix("/v1"),
            azure_api_key="key",
            request_timeout_seconds=seconds,
            answer_form=form,
            max_output_tokens=1000,
            context_tokens=context_tokens,
        )
        retries = RetryPolicy(tries=tries, first_wait_seconds=0.0, longest_wait_seconds=30.0)
        return CrewAICrew(ChatModels(settings), model, storage, retries=retries, journal=journal, roster=roster, pace=pace)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections[writer] = task
        try:
            while body := await _request(reader):
                reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
                self.requests.append(body)
                await self._reply(reply, body, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _reply(self, reply: Reply, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match reply:
            case Hang():
                self.hanging.set()
                await reader.read()  # ends when the client gives up
                self.hung_up.set()
                raise ConnectionResetError
            case Status():
                given = {"Retry-After": reply.retry_after, "Location": reply.location}
                headers = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
                error = {"error": {"message": reply.message, "type": "scripted", "code": reply.code, "param": None}}
                _send(writer, json.dumps(error), status=reply.status, headers=headers)
            case Raw():
                _send(writer, reply.body, status=reply.status, kind=reply.kind)
            case ToolCall() if not body.get("stream"):
                _send(writer, json.dumps(_tool_completion(reply, body)))
            case ToolCall():
                _send(writer, _tool_events(reply, body), kind="text/event-stream")
            case Answer() if not body.get("stream"):
                _send(writer, json.dumps(_completion(reply)))
            case Answer():
                _send(writer, _events(reply, end="data: [DONE]\n\n"), kind="text/event-stream")
            case CutStream(politely=False) | HalfAnswer():
                writer.write(BEGUN + HALF.encode() + (USED.encode() if isinstance(reply, CutStream) and reply.tells_usage else b""))
                await writer.drain()
                await reader.read() if isinstance(reply, HalfAnswer) else None
                raise ConnectionResetError
            case StreamError() | CutStream():
                overloaded = 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
                _send(writer, HALF + (overloaded if isinstance(reply, StreamError) else ""), kind="text/event-stream")
        await writer.drain()


@asynccontextmanager
async def fault_server(*replies: Reply) -> AsyncIterator[FaultServer]:
    scripted = FaultServer(replies)
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield scripted
    finally:
        server.close()
        for writer in scripted.connections:
            writer.close()
        await asyncio.gather(*scripted.connections.values())


async def _request(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length"))
    body: dict[str, Any] = json.loads(await reader.readexactly(length))
    return body


def _send(writer: asyncio.StreamWriter, body: str, *, status: int = 200, kind: str = "application/json", headers: str = "") -> None:
    content = body.encode()
    head = f"HTTP/1.1 {status} Scripted\r\nContent-Type: {kind}\r\n{headers}Connection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text, "refusal": answer.refusal}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish}
    told = {"usage": answer.usage} if answer.usage else {}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-5-mini", "choices": [choice], **told}


def _tool_call(called: ToolCall, body: dict[str, Any]) -> dict[str, Any]:
    name = called.name or body["tools"][0]["function"]["name"]
    return {"id": "t1", "type": "function", "function": {"name": name, "arguments": called.arguments}}


def _tool_completion(called: ToolCall, body: dict[str, Any]) -> dict[str, Any]:
    completion = _completion(Answer("", finish="tool_calls"))
    completion["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [_tool_call(called, body)]}
    return completion


def _tool_events(called: ToolCall, body: dict[str, Any]) -> str:
    delta = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **_tool_call(called, body)}]}
    begun = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini"}
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return f"data: {json.dumps({**begun, 'choices': [choice]})}\n\n" + _events(Answer("", finish="tool_calls"), end="data: [DONE]\n\n")


def _chunk(**content: Any) -> str:
    return f"data: {json.dumps({'id': 'c1', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'gpt-5-mini', **content})}\n\n"


USED = _chunk(choices=[], usage=USAGE)


def _events(answer: Answer, end: str = "") -> str:
    pieces = ["", *(answer.text[start : start + 8] for start in range(0, len(answer.text), 8))]
    deltas = [_chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}]) for piece in pieces]
    last = _chunk(choices=[{"index": 0, "delta": {}, "finish_reason": answer.finish}])
    told = _chunk(choices=[], usage=answer.usage) if answer.usage else ""
    return "".join(deltas) + (last + told + end if end.startswith("data: [DONE]") else end)


HALF = _events(Answer('{"summary": "half of it'))
