"""Assistants as tools for other agents: what each is called and takes, and what a call of it comes to. Knows no MCP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from checkpoints.assistants import EVERY_ASSISTANT
from checkpoints.records import Assistant, AssistantSort, JsonObject
from server.services.assistants import Assistants
from server.services.errors import GraphNotFound, GraphNotLoaded, ToolNotFound
from server.services.run_order import RunOrder
from server.services.run_streams import RunStreams
from server.services.runs import NewRun, Runs

MOST_TOOLS = 1000
LONGEST_NAME = 64
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class AssistantTool:
    """An assistant that can be called; `input_schema` is its graph's."""

    name: str
    description: str
    input_schema: JsonObject
    assistant_id: UUID


@dataclass(frozen=True)
class ToolAnswer:
    """What a call came to: values, with what is asked under `__interrupt__`, or the error under `__error__`.

    The thread stays, so that a question can be answered and the state be read.
    """

    values: JsonObject
    thread_id: UUID
    run_id: UUID

    @property
    def is_error(self) -> bool:
        """Whether the run failed."""
        return "__error__" in self.values


class McpTools:
    """The use cases of agents that call assistants."""

    def __init__(self, assistants: Assistants, runs: Runs, run_streams: RunStreams) -> None:
        self._assistants = assistants
        self._runs = runs
        self._run_streams = run_streams

    async def tools(self) -> tuple[AssistantTool, ...]:
        """Every assistant whose graph can be loaded and takes an object, the oldest first, at most 1,000."""
        named = await self._named()
        found = [await self._tool(name, assistant) for name, assistant in named.items()]
        return tuple(tool for tool in found if tool)

    async def call(self, name: str, arguments: JsonObject) -> ToolAnswer:
        """Run the assistant on a thread of its own and wait for the end. Raises `ToolNotFound`."""
        assistant = (await self._named()).get(name)
        if assistant is None:
            raise ToolNotFound(repr(name))
        order = RunOrder(input=arguments, stream_mode=(), keeps_output=True)
        (run,) = await self._runs.accept_alone([NewRun(str(assistant.assistant_id), order, metadata={"called_as_tool": name})])
        return ToolAnswer(await self._run_streams.result(run), run.thread_id, run.run_id)

    async def _named(self) -> Mapping[str, Assistant]:
        page = await self._assistants.search(
            EVERY_ASSISTANT, sort_by=AssistantSort.created_at, descending=False, limit=MOST_TOOLS, offset=0
        )
        named: dict[str, Assistant] = {}
        for assistant in page.assistants:
            named[tool_name(assistant, named)] = assistant
        return named

    async def _tool(self, name: str, assistant: Assistant) -> AssistantTool | None:
        try:
            schema = (await self._assistants.schemas(str(assistant.assistant_id))).input_schema
        except (GraphNotLoaded, GraphNotFound):
            return None
        schema = {"type": "object", **(schema or {})}
        if schema["type"] != "object":
            return None
        return AssistantTool(name, assistant.description or f"Runs the graph {assistant.graph_id}.", schema, assistant.assistant_id)


def tool_name(assistant: Assistant, taken: Mapping[str, Assistant]) -> str:
    """The assistant's name as MCP allows names; with its id behind it if an older one is called the same."""
    name = NOT_IN_A_NAME.sub("_", assistant.name)[:LONGEST_NAME]
    if name and name not in taken:
        return name
    return f"{name[: LONGEST_NAME - 33]}_{assistant.assistant_id.hex}"
