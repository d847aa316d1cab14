"""Agent2Agent on the wire, version 0.3.0: what requests hold, and tasks, updates and the agent's card as they are answered."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias
from uuid import UUID, uuid5

from pydantic import Field

from checkpoints.records import Approval, Assistant, JsonObject
from server.api.wire import JsonMap, WireBody
from server.services.agent_tasks import AgentMessage, AgentTask, TaskState

PROTOCOL_VERSION = "0.3.0"


class RpcRequest(WireBody):
    """Any request of JSON-RPC 2.0."""

    jsonrpc: Literal["2.0"]
    id: str | int | None = None
    method: str
    params: JsonMap = Field(default_factory=dict)


class TextPart(WireBody):
    """Words."""

    kind: Literal["text"]
    text: str


class DataPart(WireBody):
    """An object."""

    kind: Literal["data"]
    data: JsonMap


Part: TypeAlias = Annotated[TextPart | DataPart, Field(discriminator="kind")]


class MessageBody(WireBody):
    """What another agent says."""

    role: Literal["user"] = "user"
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=1000)]
    messageId: str  # noqa: N815 - the protocol's word
    contextId: UUID | None = None  # noqa: N815 - the protocol's word
    taskId: UUID | None = None  # noqa: N815 - the protocol's word

    def message(self) -> AgentMessage:
        """As the service takes it."""
        return AgentMessage(
            text="\n".join(part.text for part in self.parts if isinstance(part, TextPart)),
            data=tuple(part.data for part in self.parts if isinstance(part, DataPart)),
            context_id=self.contextId,
            task_id=self.taskId,
        )


class SendConfiguration(WireBody):
    """How to answer."""

    blocking: bool = True


class SendParams(WireBody):
    """`message/send` and `message/stream`."""

    message: MessageBody
    configuration: SendConfiguration = SendConfiguration()


class TaskParams(WireBody):
    """`tasks/get`, `tasks/cancel` and `tasks/resubscribe`. Only langgraph-api's clients send the context, too."""

    id: UUID
    contextId: UUID | None = None  # noqa: N815 - the protocol's word


# ---------------------------------------------------------------------------------------------------------- answers


def success(request_id: str | int | None, result: JsonObject) -> JsonObject:
    """What a request came to."""
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def failure(request_id: object, code: int, message: str) -> JsonObject:
    """Why a request was refused."""
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def task_on_wire(task: AgentTask) -> JsonObject:
    """The task with its status, and its output once it is completed."""
    shown: JsonObject = {"kind": "task", **named(task.task_id, task.context_id, "id"), "status": status_on_wire(task)}
    return shown if task.output is None else {**shown, "artifacts": [artifact_on_wire(task.task_id, task.output)]}


def rest_on_wire(task: AgentTask) -> list[JsonObject]:
    """How a stream ends: with the output, if there is one, and the status in which the task rests."""
    names = named(task.task_id, task.context_id)
    ended: JsonObject = {"kind": "status-update", **names, "status": status_on_wire(task), "final": True}
    if task.output is None:
        return [ended]
    artifact = artifact_on_wire(task.task_id, task.output)
    return [{"kind": "artifact-update", **names, "artifact": artifact, "append": False, "lastChunk": True}, ended]


def progress_on_wire(task_id: UUID, context_id: UUID, told: object, *, position: int) -> JsonObject:
    """The task works, and this is what it tells."""
    part: JsonObject = {"kind": "data", "data": told} if isinstance(told, Mapping) else {"kind": "text", "text": str(told)}
    message = message_on_wire(task_id, context_id, [part], about=str(position))
    status = {"state": TaskState.working, "message": message}
    return {"kind": "status-update", **named(task_id, context_id), "status": status, "final": False}


def status_on_wire(task: AgentTask) -> JsonObject:
    """The state; with what is asked, or why it failed."""
    status: JsonObject = {"state": task.state, "timestamp": task.changed_at.isoformat()}
    parts = [part for asked in task.asked for part in question_parts(asked)]
    if task.failure:
        parts = [{"kind": "text", "text": task.failure}]
    return {**status, "message": message_on_wire(task.task_id, task.context_id, parts, about=status["timestamp"])} if parts else status


def question_parts(asked: Approval) -> list[JsonObject]:
    """A question as words, if it has some, and as an object with its interrupt's id, by which one of several is answered."""
    words = asked.request.get("question") if isinstance(asked.request, Mapping) else asked.request
    data: JsonObject = {"kind": "data", "data": {"id": asked.interrupt_id, "value": asked.request}}
    return [{"kind": "text", "text": words}, data] if isinstance(words, str) else [data]


def artifact_on_wire(task_id: UUID, output: JsonObject) -> JsonObject:
    """The output as an object, and before it the words of its last message."""
    parts: list[JsonObject] = [{"kind": "data", "data": output}]
    messages = output.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if isinstance(last, Mapping) and isinstance(last.get("content"), str):
        parts.insert(0, {"kind": "text", "text": last["content"]})
    return {"artifactId": str(uuid5(task_id, "output")), "name": "Output", "parts": parts}


def message_on_wire(task_id: UUID, context_id: UUID, parts: Sequence[JsonObject], *, about: object) -> JsonObject:
    """What the agent says; its id stays the same however often it is told."""
    identity = str(uuid5(task_id, str(about)))
    return {"kind": "message", "role": "agent", "messageId": identity, **named(task_id, context_id), "parts": list(parts)}


def named(task_id: UUID, context_id: UUID, called: str = "taskId") -> JsonObject:
    """Which task, in which context."""
    return {called: str(task_id), "contextId": str(context_id)}


def card_on_wire(agent: Assistant, url: str, version: str) -> JsonObject:
    """What other agents read before they speak to this one."""
    description = agent.description or f"Runs the graph {agent.graph_id}."
    modes = ["text/plain", "application/json"]
    return {
        "protocolVersion": PROTOCOL_VERSION,
        "name": agent.name,
        "description": description,
        "url": url,
        "preferredTransport": "JSONRPC",
        "version": version,
        "capabilities": {"streaming": True, "pushNotifications": False, "stateTransitionHistory": False},
        "defaultInputModes": modes,
        "defaultOutputModes": modes,
        "skills": [{"id": agent.graph_id, "name": agent.name, "description": description, "tags": ["langgraph", agent.graph_id]}],
    }
