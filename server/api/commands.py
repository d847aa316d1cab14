"""Commands of the streaming protocol: `{id, method, params}` is answered by `{type: success | error}`, over HTTP or a socket."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, Field, ValidationError, model_validator

from checkpoints import errors as persistence
from checkpoints.records import JsonObject, MultitaskStrategy
from nodes.errors import BudgetNotKeepable, ModelNotConfigured
from server.api.dependencies import CallerOfRequest, ThreadCommandsService, ThreadStreamsService
from server.api.runs_schemas import SendBody
from server.api.wire import AnyJson, JsonMap, WireBody
from server.services import errors as services
from server.services.caller import ANYONE, Caller
from server.services.commands import Respond, StartRun, ThreadCommands
from server.services.thread_streams import AgentNode, ThreadStreams

router = APIRouter(tags=["protocol"])

ERROR_CODES: Mapping[type[Exception], str] = {
    ValidationError: "invalid_argument",
    BudgetNotKeepable: "invalid_argument",
    ModelNotConfigured: "invalid_argument",
    persistence.AssistantNotFound: "invalid_argument",
    persistence.ThreadNotFound: "invalid_argument",
    persistence.RunNotFound: "no_such_run",
    services.GraphNotFound: "invalid_argument",
    services.GraphNotLoaded: "unknown_error",
    services.InterruptNotFound: "no_such_interrupt",
    services.ResumeUnderWay: "no_such_interrupt",
    services.ThreadOccupied: "invalid_argument",
    services.ThreadWithoutGraph: "invalid_argument",
}
"""The protocol's word for what a command is refused for."""


class CommandFrame(WireBody):
    """Any command."""

    id: Annotated[int, Field(ge=0, strict=True)]
    method: str
    params: JsonMap = Field(default_factory=dict)


class RunStartParams(WireBody):
    """`run.start`. Clients send the strategy under two names."""

    assistant_id: Annotated[str, Field(min_length=1, max_length=500)]
    input: AnyJson = None
    config: JsonMap | None = None
    context: JsonMap | None = None
    metadata: JsonMap | None = None
    multitask_strategy: Annotated[
        MultitaskStrategy | None, Field(validation_alias=AliasChoices("multitask_strategy", "multitaskStrategy"))
    ] = None

    def wanted(self) -> StartRun:
        """As the service takes it."""
        return StartRun(
            assistant=self.assistant_id,
            input=self.input,
            config=self.config or {},
            context=self.context or {},
            metadata=self.metadata or {},
            strategy=self.multitask_strategy or MultitaskStrategy.enqueue,
        )


class AnswerBody(WireBody):
    """The answer to one interrupt."""

    interrupt_id: str
    response: AnyJson = None


class InputRespondParams(WireBody):
    """`input.respond`: one answer, or several that belong to one step."""

    interrupt_id: str | None = None
    response: AnyJson = None
    responses: Annotated[tuple[AnswerBody, ...], Field(max_length=1000)] = ()
    update: JsonMap | None = None
    goto: str | SendBody | list[str | SendBody] | None = None
    config: JsonMap | None = None
    metadata: JsonMap | None = None

    @model_validator(mode="after")
    def _answers_something(self) -> "InputRespondParams":
        if (self.interrupt_id is None) == (not self.responses):
            raise ValueError("give either interrupt_id with response, or responses")
        return self

    def given(self) -> Respond:
        """As the service takes it."""
        one = {self.interrupt_id: self.response} if self.interrupt_id else {}
        return Respond(
            answers=one | {answer.interrupt_id: answer.response for answer in self.responses},
            beside=self.model_dump(include={"update", "goto"}, exclude_none=True),
            config=self.config or {},
            metadata=self.metadata or {},
        )


class GetTreeParams(WireBody):
    """`agent.getTree`; without an id of the run that began last."""

    run_id: UUID | None = None


class CommandRunner:
    """Carries out the commands that both ways of sending them share."""

    def __init__(self, thread_id: UUID, commands: ThreadCommands, streams: ThreadStreams, *, caller: Caller = ANYONE) -> None:
        self._thread_id = thread_id
        self._caller = caller
        self._commands = commands
        self._streams = streams
        self._methods: Mapping[str, Callable[[JsonObject], Awaitable[JsonObject]]] = {
            "run.start": self._start,
            "input.respond": self._respond,
            "agent.getTree": self._tree,
        }

    async def answer(self, frame: CommandFrame) -> JsonObject:
        """The answer to a command; what refuses it is part of the protocol."""
        carry_out = self._methods.get(frame.method)
        if carry_out is None:
            return failure(frame.id, "unknown_command", f"Unknown protocol command: {frame.method}")
        try:
            return success(frame.id, await carry_out(frame.params))
        except tuple(ERROR_CODES) as error:
            return failure(frame.id, ERROR_CODES[type(error)], said(error))

    async def _start(self, params: JsonObject) -> JsonObject:
        run = await self._commands.start(self._thread_id, RunStartParams.model_validate(params).wanted(), caller=self._caller)
        return {"run_id": str(run.run_id)}

    async def _respond(self, params: JsonObject) -> JsonObject:
        run = await self._commands.respond(self._thread_id, InputRespondParams.model_validate(params).given(), caller=self._caller)
        return {"run_id": str(run.run_id)}

    async def _tree(self, params: JsonObject) -> JsonObject:
        tree = await self._streams.tree(self._thread_id, GetTreeParams.model_validate(params).run_id)
        return {"tree": tree_on_wire(tree)}


@router.post("/threads/{thread_id}/commands")
async def send_command(
    thread_id: UUID,
    frame: Annotated[AnyJson, Body()],
    commands: ThreadCommandsService,
    streams: ThreadStreamsService,
    caller: CallerOfRequest,
) -> JSONResponse:
    """Tell a thread what to do: `run.start`, `input.respond`, `agent.getTree`. A refusal too is answered with 200."""
    try:
        command = CommandFrame.model_validate(frame)
    except ValidationError:
        return JSONResponse(malformed(frame), 400)
    return JSONResponse(await CommandRunner(thread_id, commands, streams, caller=caller).answer(command))


def success(command_id: int, result: JsonObject) -> JsonObject:
    """What a command came to. A new stream tells a thread from its first event on, hence 0: nothing is left out."""
    return {"type": "success", "id": command_id, "result": result, "meta": {"applied_through_seq": 0}}


def failure(command_id: object, code: str, message: str) -> JsonObject:
    """Why a command was not carried out; `code` is one of the protocol's."""
    return {"type": "error", "id": command_id, "error": code, "message": message}


def malformed(frame: object) -> JsonObject:
    """The answer to what is no command."""
    command_id = frame.get("id") if isinstance(frame, Mapping) else None
    return failure(command_id, "invalid_argument", "A protocol command has an integer id, a string method and an object of params.")


def said(error: Exception) -> str:
    """The error's message; of unreadable parameters which they are."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, found['loc'])) or 'params'}: {found['msg']}" for found in error.errors()[:5])


def tree_on_wire(node: AgentNode) -> JsonObject:
    """The graphs of a run as the protocol shows them."""
    return {
        "namespace": list(node.namespace),
        "status": node.phase,
        "graph_name": node.graph_name,
        "children": [tree_on_wire(child) for child in node.children],
    }
