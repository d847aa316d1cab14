"""Streams of whole threads: the runs' own events, and the streaming protocol over server-sent events or a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, Field, ValidationError
from starlette.websockets import WebSocketDisconnect

from checkpoints.records import JsonObject
from server.api.commands import CommandFrame, CommandRunner, failure, malformed, said, success
from server.api.dependencies import CallerOfRequest, ThreadCommandsService, ThreadsService, ThreadStreamsService
from server.api.errors import Problem
from server.api.run_responses import EVENT_STREAM, NOT_STORED, after_event
from server.api.sse import HEARTBEAT, with_heartbeats
from server.api.wire import WireBody
from server.services.protocol import CHANNELS, ProtocolEvent, Subscription
from server.services.thread_streams import ThreadRecord, ThreadStreams

LAST_POSITION = 2**53 - 1
"""Positions are numbers in JavaScript too."""

router = APIRouter(tags=["thread streams"], responses={404: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}})

LastEventId = Annotated[str | None, Header()]


def _known_channel(channel: str) -> str:
    if channel not in CHANNELS and not channel.removeprefix("custom:"):
        raise ValueError("custom: is followed by a name")
    if channel not in CHANNELS and not channel.startswith("custom:"):
        raise ValueError(f"there is no channel {channel!r}; there are {', '.join(sorted(CHANNELS))}, and custom:<name>")
    return channel


Channel = Annotated[str, AfterValidator(_known_channel)]


class SubscribeBody(WireBody):
    """Which events: of these channels, at or below these namespaces, at most `depth` below, after position `since`."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=100)]
    namespaces: Annotated[tuple[tuple[str, ...], ...] | None, Field(max_length=1000)] = None
    depth: Annotated[int | None, Field(ge=0)] = None
    since: Annotated[int, Field(ge=0, le=LAST_POSITION)] = 0

    def subscription(self) -> Subscription:
        """As the service takes it."""
        return Subscription(frozenset(self.channels), self.namespaces or (), self.depth)


# ------------------------------------------------------------------------------------------------ server-sent events


@router.get("/threads/{thread_id}/stream", response_class=StreamingResponse)
async def join_thread(
    thread_id: UUID, threads: ThreadsService, streams: ThreadStreamsService, last_event_id: LastEventId = None
) -> StreamingResponse:
    """Follow the runs of a thread: the one under way and every later one; all after `Last-Event-ID`, or with -1 all there are."""
    await threads.get(thread_id)
    after = min(after_event(last_event_id, otherwise=await streams.now(thread_id)), LAST_POSITION)
    text = with_heartbeats(streams.records(thread_id, after=after), record_frame, HEARTBEAT)
    return StreamingResponse(text, media_type=EVENT_STREAM, headers=dict(NOT_STORED))


@router.post("/threads/{thread_id}/stream/events", response_class=StreamingResponse)
async def stream_events(
    thread_id: UUID, body: SubscribeBody, streams: ThreadStreamsService, caller: CallerOfRequest, last_event_id: LastEventId = None
) -> StreamingResponse:
    """The thread's events in the streaming protocol. The stream stays open across runs, and may begin before the thread does."""
    after = max(body.since, min(after_event(last_event_id, otherwise=0), LAST_POSITION))
    text = with_heartbeats(streams.events(thread_id, body.subscription(), after=after, caller=caller), event_frame, HEARTBEAT)
    return StreamingResponse(text, media_type=EVENT_STREAM, headers=dict(NOT_STORED))


def record_frame(told: ThreadRecord) -> str:
    """A run's event, with its position on the thread."""
    return f"event: {told.record.event}\ndata: {json.dumps(told.record.data)}\nid: {told.seq}\n\n"


def event_frame(event: ProtocolEvent) -> str:
    """An event of the protocol."""
    return f"event: {event.method}\ndata: {json.dumps(event.on_wire())}\nid: {event.seq}\n\n"


# ------------------------------------------------------------------------------------------------ sockets


@router.websocket("/threads/{thread_id}/stream/events")
async def open_socket(socket: WebSocket, thread_id: UUID, streams: ThreadStreamsService, commands: ThreadCommandsService) -> None:
    """Commands one way, their answers and the events subscribed to the other."""
    await socket.accept()
    async with SocketSession(socket, thread_id, streams).at_work() as session:
        await session.serve(CommandRunner(thread_id, commands, streams))


class SocketSession:
    """One client's socket: what it subscribed to ends with it, or when it says so."""

    def __init__(self, socket: WebSocket, thread_id: UUID, streams: ThreadStreams) -> None:
        self._socket = socket
        self._thread_id = thread_id
        self._streams = streams
        self._sending = asyncio.Lock()
        self._subscriptions: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["SocketSession"]:
        """Whatever happens, nothing is left running."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._drop_all)
            yield self

    async def serve(self, runner: CommandRunner) -> None:
        """Answer commands until the client goes."""
        try:
            while True:
                await self._answer(await self._socket.receive_text(), runner)
        except WebSocketDisconnect:
            return

    async def _answer(self, text: str, runner: CommandRunner) -> None:
        try:
            frame = CommandFrame.model_validate_json(text)
        except ValidationError:
            await self._send(malformed(_parsed(text)))
            return
        match frame.method:
            case "subscription.subscribe":
                await self._subscribe(frame)
            case "subscription.unsubscribe":
                await self._unsubscribe(frame)
            case "subscription.reconnect":  # what a socket subscribed to ended with it; resume with `since`
                await self._send(success(frame.id, {"restored": False}))
            case _:
                await self._send(await runner.answer(frame))

    async def _subscribe(self, frame: CommandFrame) -> None:
        try:
            body = SubscribeBody.model_validate(frame.params)
        except ValidationError as error:
            await self._send(failure(frame.id, "invalid_argument", said(error)))
            return
        subscription_id = str(uuid4())
        await self._send(success(frame.id, {"subscription_id": subscription_id}))
        self._subscriptions[subscription_id] = asyncio.create_task(self._forward(body), name=f"subscription:{subscription_id}")

    async def _unsubscribe(self, frame: CommandFrame) -> None:
        task = self._subscriptions.pop(str(frame.params.get("subscription_id")), None)
        if task is None:
            await self._send(failure(frame.id, "no_such_subscription", "This socket has no such subscription."))
            return
        await _ended([task])
        await self._send(success(frame.id, {}))

    async def _forward(self, body: SubscribeBody) -> None:
        async for event in self._streams.events(self._thread_id, body.subscription(), after=body.since):
            await self._send(event.on_wire())

    async def _send(self, message: JsonObject) -> None:
        async with self._sending:
            await self._socket.send_text(json.dumps(message))

    async def _drop_all(self) -> None:
        await _ended(list(self._subscriptions.values()))


async def _ended(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _parsed(text: str) -> Any:  # noqa: ANN401 - whatever the client sent
    try:
        return json.loads(text)
    except ValueError:
        return None
