"""Assistants as agents over Agent2Agent: JSON-RPC requests about tasks, answered at once or as a stream, and the agents' cards."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import ValidationError

from checkpoints import errors as persistence
from checkpoints.records import Assistant, JsonObject
from server.api.a2a_wire import (
    RpcRequest,
    SendParams,
    TaskParams,
    card_on_wire,
    failure,
    progress_on_wire,
    rest_on_wire,
    success,
    task_on_wire,
)
from server.api.commands import said
from server.api.dependencies import AgentTasksService
from server.api.errors import Problem
from server.api.run_responses import EVENT_STREAM, NOT_STORED
from server.api.sse import HEARTBEAT, with_heartbeats
from server.api.wire import AnyJson
from server.langgraph_json import APPYARD
from server.services import errors as services
from server.services.agent_tasks import AgentTasks, TakenMessage

INVALID_REQUEST, METHOD_NOT_FOUND = -32600, -32601

ERROR_CODES: Mapping[type[Exception], int] = {
    ValidationError: -32602,
    services.MessageUnusable: -32602,
    services.TaskNotFound: -32001,
    services.TaskNotCancelable: -32002,
    services.TaskNotWaiting: -32004,
    services.ResumeUnderWay: -32004,
    persistence.ThreadBusy: -32002,
}
"""The protocol's number for what a request is refused for; an agent that does not exist is HTTP's 404."""

router = APIRouter(tags=["a2a"], responses={404: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}})


@router.get("/.well-known/agent-card.json")
async def show_card(request: Request, tasks: AgentTasksService, assistant_id: str = APPYARD) -> JSONResponse:
    """What an assistant is as an agent; without an id our own builder."""
    agent = await tasks.agent(assistant_id)
    url = request.url_for("speak_to_agent", assistant_id=str(agent.assistant_id))
    return JSONResponse(card_on_wire(agent, str(url), version("appyard")))


@router.post("/a2a/{assistant_id}", responses={400: {"description": "What was sent is no request of JSON-RPC 2.0."}})
async def speak_to_agent(assistant_id: str, frame: Annotated[AnyJson, Body()], tasks: AgentTasksService) -> Response:
    """Take one request: message/send, message/stream, tasks/get, tasks/cancel, tasks/resubscribe."""
    agent = await tasks.agent(assistant_id)
    try:
        request = RpcRequest.model_validate(frame)
    except ValidationError as error:
        return JSONResponse(failure(frame.get("id") if isinstance(frame, Mapping) else None, INVALID_REQUEST, said(error)), 400)
    return await AgentCall(agent, tasks, request).answer()


class AgentCall:
    """One request to one agent."""

    def __init__(self, agent: Assistant, tasks: AgentTasks, request: RpcRequest) -> None:
        self._agent = agent
        self._tasks = tasks
        self._request = request
        self._methods: Mapping[str, Callable[[], Awaitable[Response]]] = {
            "message/send": self._send,
            "message/stream": self._stream,
            "tasks/get": self._get,
            "tasks/cancel": self._cancel,
            "tasks/resubscribe": self._follow_again,
        }

    async def answer(self) -> Response:
        """The answer; what refuses the request is part of the protocol."""
        carry_out = self._methods.get(self._request.method)
        if carry_out is None:
            return JSONResponse(failure(self._request.id, METHOD_NOT_FOUND, f"There is no method {self._request.method!r} here."))
        try:
            return await carry_out()
        except tuple(ERROR_CODES) as error:
            return JSONResponse(failure(self._request.id, ERROR_CODES[type(error)], said(error)))

    async def _send(self) -> Response:
        params = SendParams.model_validate(self._request.params)
        taken = await self._tasks.take(self._agent, params.message.message())
        if not params.configuration.blocking:
            return self._success(task_on_wire(await self._tasks.task(self._agent, taken.task_id)))
        # A build takes minutes; newlines, which JSON ignores, keep the connection open.
        return StreamingResponse(with_heartbeats(self._rest_of(taken), json.dumps, "\n"), media_type="application/json")

    async def _stream(self) -> Response:
        params = SendParams.model_validate(self._request.params)
        return self._streamed(await self._tasks.take(self._agent, params.message.message()), after=0)

    async def _follow_again(self) -> Response:
        taken = await self._tasks.latest(self._agent, TaskParams.model_validate(self._request.params).id)
        return self._streamed(taken, after=taken.run.last_event_seq)

    async def _get(self) -> Response:
        params = TaskParams.model_validate(self._request.params)
        return self._success(task_on_wire(await self._tasks.task(self._agent, params.id, params.contextId)))

    async def _cancel(self) -> Response:
        params = TaskParams.model_validate(self._request.params)
        return self._success(task_on_wire(await self._tasks.cancel(self._agent, params.id, params.contextId)))

    def _success(self, result: JsonObject) -> JSONResponse:
        return JSONResponse(success(self._request.id, result))

    def _streamed(self, taken: TakenMessage, *, after: int) -> StreamingResponse:
        text = with_heartbeats(self._updates_of(taken, after), partial(_frame, self._request.id), HEARTBEAT)
        return StreamingResponse(text, media_type=EVENT_STREAM, headers=dict(NOT_STORED))

    async def _rest_of(self, taken: TakenMessage) -> AsyncIterator[JsonObject]:
        yield success(self._request.id, task_on_wire(await self._tasks.rested(taken)))

    async def _updates_of(self, taken: TakenMessage, after: int) -> AsyncIterator[JsonObject]:
        """The task as it stands, what it tells while it works, and how it comes to rest."""
        yield task_on_wire(await self._tasks.task(self._agent, taken.task_id))
        async for event in self._tasks.events(taken, after=after):
            if event.event.partition("|")[0] == "custom":
                yield progress_on_wire(taken.task_id, taken.run.thread_id, event.data, position=event.seq)
        for update in rest_on_wire(await self._tasks.rested(taken)):
            yield update


def _frame(request_id: str | int | None, update: JsonObject) -> str:
    return f"data: {json.dumps(success(request_id, update))}\n\n"
