"""How CrewAI runs an agent, truly asynchronous: a model call is awaited where it is made and can be cancelled there.

CrewAI 1.15 runs "async" calls in a small thread pool, where a cancelled call goes on and is billed. The methods
overridden here are internals of 1.15; `self_test` checks that they still behave as this module needs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from crewai.agents.agent_executor import AgentExecutor, AgentExecutorState
from crewai.agents.parser import AgentFinish, OutputParserError
from crewai.flow.flow import router
from crewai.flow.flow_definition import FlowDefinition
from crewai.utilities.agent_utils import aget_llm_response, process_llm_response
from crewai_core.printer import PRINTER
from pydantic import BaseModel
from typing_extensions import override

_SLOT = re.compile(r"\{(input|tool_names|tools)\}")


class AsyncExecutor(AgentExecutor):
    """CrewAI's flow of model call, tool run, model call, with the two steps that call the model made asynchronous."""

    @classmethod
    @override
    def flow_definition(cls) -> FlowDefinition:
        """A flow's steps are read off its own class only, so a subclass would have none; give it the parent's."""
        return AgentExecutor.flow_definition()

    @override
    def _create_initial_state(self) -> AgentExecutorState:
        return AgentExecutorState()  # the parent builds a new pydantic class for each executor: 5 ms, then discarded

    @staticmethod
    @override
    def _format_prompt(prompt: str, inputs: dict[str, str]) -> str:
        """The parent also replaces `{tools}` inside the inputs; inputs are data."""
        return _SLOT.sub(lambda slot: inputs[slot.group(1)], prompt)

    @router("continue_reasoning")
    @override
    async def call_llm_and_parse(self) -> Literal["parsed", "parser_error"]:  # type: ignore[override]  # a flow awaits it
        """The step of an agent that finds its tool calls in the text."""
        if self.state.is_finished:
            return "parsed"
        try:
            text = str(await self._ask(None if self.original_tools else self.response_model))
            self.state.current_answer = process_llm_response(text, self.use_stop_words)
        except OutputParserError as error:
            self._last_parser_error = error
            return "parser_error"
        return "parsed"

    @router("continue_reasoning_native")
    @override
    async def call_llm_native_tools(  # type: ignore[override]  # a flow awaits it
        self,
    ) -> Literal["native_tool_calls", "native_finished", "todo_satisfied"]:
        """The step of an agent whose model asks for tools by name."""
        if self.state.is_finished:
            return "native_finished"
        self.state.pending_tool_calls.clear()
        answer = await self._ask(None, tools=self._openai_tools)
        if isinstance(answer, list) and answer and self._is_tool_call_list(answer):
            self.state.pending_tool_calls = list(answer)
            return "native_tool_calls"
        self._finish(str(answer))
        return self._route_finish_with_todos("native_finished")

    async def _ask(self, response_model: type[BaseModel] | None, tools: list[dict[str, Any]] | None = None) -> object:
        """One model call with CrewAI's hooks. A prompt that is too long surfaces as the adapter's `ModelRefused`.

        The parent would answer it with `SystemExit`, or by summarising the inputs.
        """
        if self.llm is None:
            raise RuntimeError("the executor was given no language model")
        return await aget_llm_response(
            llm=self.llm,
            messages=list(self.state.messages),
            callbacks=self.callbacks,
            printer=PRINTER,
            tools=tools,
            from_task=self.task,
            from_agent=self.agent,
            response_model=response_model,
            executor_context=self,
            verbose=False,
        )

    def _finish(self, text: str) -> AgentFinish:
        finish = AgentFinish(thought="", output=text, text=text)
        self.state.current_answer = finish
        self._append_message_to_state(text)
        return finish


class DirectExecutor(AsyncExecutor):
    """An agent without tools needs no flow: set up the messages, await one call."""

    @override
    def _class_bound_methods(self) -> dict[Any, Any]:
        return {}  # binding the flow's 32 steps, none of which runs, takes 1.3 ms

    @override
    async def invoke_async(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Run once; raises RuntimeError if this executor is already running, or if the agent has tools."""
        if self.original_tools:
            raise RuntimeError("An agent with tools needs the AsyncExecutor.")
        with self._running_alone():
            self.state.messages.clear()
            self.state.iterations = 0
            self._setup_messages(inputs)
            finish = self._finish(str(await self._ask(self.response_model)))
            self.state.is_finished = True
            return {"output": finish.output}

    @contextmanager
    def _running_alone(self) -> Iterator[None]:
        with self._execution_lock:
            if self._is_executing:
                raise RuntimeError("Executor is already running.")
            self._is_executing = True
            self._has_been_invoked = True
        try:
            yield
        finally:
            self._is_executing = False
