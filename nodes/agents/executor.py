"""How CrewAI runs an agent here: model calls awaited where they are made, so that they can be cancelled there.

CrewAI 1.15 runs "async" calls in a small thread pool, where a cancelled call goes on and is billed, and drives them by
a flow of 32 steps. One call, or a few with tools between them, need neither. The methods overridden here are internals of 1.15;
`self_test` checks that they still behave as this module needs.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crewai.agents.agent_executor import AgentExecutor, AgentExecutorState
from crewai.agents.parser import AgentFinish
from crewai.llms.base_llm import BaseLLM
from crewai.utilities.agent_utils import aget_llm_response
from crewai_core.printer import PRINTER
from typing_extensions import override

from nodes.agents.toolbox import MAX_CALLS_AT_ONCE, NO_MORE, TOO_MANY, Toolbox, answered

_SLOT = re.compile(r"\{(input|tool_names|tools)\}")


class DirectExecutor(AgentExecutor):
    """Sets up the messages, awaits an answer, with the tools it asks for if the task has some, and is done."""

    @override
    def _class_bound_methods(self) -> dict[Any, Any]:
        return {}  # binding the flow's 32 steps, none of which runs, takes 1.3 ms

    @override
    def _create_initial_state(self) -> AgentExecutorState:
        return AgentExecutorState()  # the parent builds a new pydantic class for each executor: 5 ms, then discarded

    @staticmethod
    @override
    def _format_prompt(prompt: str, inputs: dict[str, str]) -> str:
        """The parent also replaces `{tools}` inside the inputs; inputs are data."""
        return _SLOT.sub(lambda slot: inputs[slot.group(1)], prompt)

    @override
    async def invoke_async(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Run once; raises RuntimeError if this executor is already running."""
        with self._running_alone():
            self.state.messages.clear()
            self.state.iterations = 0
            self._setup_messages(inputs)
            text = await self._answer()
            self.state.current_answer = AgentFinish(thought="", output=text, text=text)
            self._append_message_to_state(text)
            self.state.is_finished = True
            return {"output": text}

    async def _answer(self) -> str:
        """Ask until the model answers instead of calling tools, as often as its toolbox allows; then without tools."""
        toolbox: Toolbox | None = getattr(self.llm, "toolbox", None)
        while toolbox and toolbox.rounds_left and self._has_room():
            toolbox.rounds_left -= 1
            said = await self._ask(toolbox.offered)
            if isinstance(said, str):
                return said
            self.state.messages.append({"role": "assistant", "content": None, "tool_calls": said})
            for call in said[:MAX_CALLS_AT_ONCE]:
                self.state.messages.append(await asyncio.to_thread(toolbox.run, call, self.agent, self.task))
            self.state.messages += [answered(call, TOO_MANY) for call in said[MAX_CALLS_AT_ONCE:]]
        if toolbox and self.state.messages[-1]["role"] == "tool":
            self.state.messages.append({"role": "user", "content": NO_MORE})
        return str(await self._ask())

    def _has_room(self) -> bool:
        """Whether what tools tell may still grow: the other half of the model's context is for the answer and its repair."""
        llm = self.llm
        return isinstance(llm, BaseLLM) and llm.get_input_tokens_count(self.state.messages) * 2 < llm.get_context_window_size()

    async def _ask(self, tools: list[dict[str, Any]] | None = None) -> str | list[dict[str, Any]]:
        """One model call with CrewAI's hooks. A prompt that is too long surfaces as the adapter's `ModelRefused`.

        The parent would answer it with `SystemExit`, or by summarising the inputs.
        """
        if self.llm is None:
            raise RuntimeError("the executor was given no language model")
        answer = await aget_llm_response(
            llm=self.llm,
            messages=list(self.state.messages),
            callbacks=self.callbacks,
            printer=PRINTER,
            tools=tools,
            from_task=self.task,
            from_agent=self.agent,
            response_model=None if tools else self.response_model,
            executor_context=self,
            verbose=False,
        )
        return answer if isinstance(answer, list) else str(answer)

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
