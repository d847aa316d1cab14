"""The tools of one task: what the model is offered, how often it may call, and what a call comes to. Imports CrewAI."""

from collections.abc import Mapping, Sequence
from typing import Any

from crewai import Task
from crewai.agents.agent_builder.base_agent import BaseAgent
from crewai.tools import BaseTool, tool
from crewai.utilities.agent_utils import convert_tools_to_openai_schema, execute_single_native_tool_call
from crewai.utilities.types import LLMMessage

from nodes.agents.source_reading import OURS, SourceReading

MAX_RESULT_CHARACTERS = 40_000
"""About 10,000 tokens; what is left out is said, so that the model can ask for less."""

MAX_CALLS_AT_ONCE = 8
TOO_MANY = f"Not run: at most {MAX_CALLS_AT_ONCE} calls in one answer."
NO_MORE = "You have called tools as often as this task allows. Answer the task now, from what you know."


class Toolbox:
    """`rounds_left` bounds the answers that may call tools, over all attempts of the task; each may call several."""

    def __init__(self, tools: Sequence[BaseTool], rounds: int) -> None:
        self.rounds_left = rounds
        self._tools = list(tools)
        self.offered, self._functions, _ = convert_tools_to_openai_schema(tools)

    def run(self, call: Mapping[str, Any], agent: BaseAgent | None, task: Task | None) -> LLMMessage:
        """The message that answers one call, with CrewAI's tool hooks and events; a failure is told to the model."""
        done = execute_single_native_tool_call(
            dict(call),
            available_functions=self._functions,
            original_tools=self._tools,
            structured_tools=None,
            tools_handler=None,
            agent=agent,
            task=task,
            crew=None,
            event_source=self,
        )
        result = done.result
        if len(result) > MAX_RESULT_CHARACTERS:
            result = f"{result[:MAX_RESULT_CHARACTERS]}\n({len(result) - MAX_RESULT_CHARACTERS} more characters are not shown)"
        return answered(call, result)


def answered(call: Mapping[str, Any], result: str) -> LLMMessage:
    """The message that answers one call."""
    return {"role": "tool", "tool_call_id": call["id"], "name": call["function"]["name"], "content": result}


def named_tools(names: Sequence[str], own: Mapping[str, Any], files: Mapping[str, str]) -> list[BaseTool]:
    """The tools agents.yaml names: of tools.py, and ours for reading `files`, which are left out where a task has none."""
    reading = SourceReading(files)
    ours = {name: tool(name)(getattr(reading, name)) for name in OURS} if files else {}
    return [found for name in names if (found := own.get(name) or ours.get(name))]
