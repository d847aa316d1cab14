"""What an agent costs: CPU per call, wall time of a fan-out over its slowest call, memory per run.

Run with `python -m benchmarks.agents` from the repository's folder. The model is scripted, so all time but its own is ours.
"""

import asyncio
import gc
import operator
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, TypedDict

import psutil
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from typing_extensions import override

from nodes.agents.crew import CrewAICrew
from nodes.artifacts import AgentResult, Changeset, QaReview
from nodes.context import AgentTask, BuildOptions
from tests.unit.nodes.agents.scripted_model import ScriptedChatModel, crew_around

CALLS = 200
LEAK_RUNS = 300
WIDTHS = (1, 4, 16, 32)
MODEL_SECONDS = (0.2, 1.0)
REVIEW = AgentTask("review_app", {"spec": "{}", "report": "{}", "files": "[]", "components": "[]"}, QaReview)
INPUTS = {"contract": "{}", "spec": "{}", "component": "part", "own_files": "{}", "findings": "[]", "feedback": ""}


class SlowModel(ScriptedChatModel):
    """Takes `seconds` to answer, as a real one does."""

    seconds: float

    @override
    async def _reply(self, messages: list[BaseMessage]) -> str:
        await asyncio.sleep(self.seconds)
        return await super()._reply(messages)


class State(TypedDict, total=False):
    """The number of an engineer, and what all of them gave."""

    number: int
    results: Annotated[list[AgentResult], operator.add]


async def cpu_ms_per_call(crew: CrewAICrew) -> float:
    started = time.process_time()
    for _ in range(CALLS):
        await crew.perform(REVIEW, BuildOptions())
    return (time.process_time() - started) * 1000 / CALLS


async def kilobytes_per_run(crew: CrewAICrew, chat: ScriptedChatModel) -> float:
    """Growth of the resident set, after as many runs to warm up as are measured."""
    process, sizes = psutil.Process(), []
    for _ in range(2):
        for _ in range(LEAK_RUNS):
            await crew.perform(REVIEW, BuildOptions())
        chat.prompts.clear()  # the scripted model keeps every prompt; that is not what is measured
        gc.collect()
        sizes.append(process.memory_info().rss)
    return (sizes[1] - sizes[0]) / 1024 / LEAK_RUNS


async def fan_out_seconds(crew: CrewAICrew, width: int) -> float:
    """Wall time of one wave of engineers inside a checkpointed graph."""

    async def engineer(state: State) -> State:
        answer = await crew.perform(AgentTask("write_component", INPUTS, Changeset, component=f"part{state['number']}"), BuildOptions())
        return {"results": [answer.result]}

    builder = StateGraph(State).add_node("engineer", engineer).add_edge("engineer", END)
    builder.add_conditional_edges(START, lambda _: [Send("engineer", {"number": number}) for number in range(width)], ["engineer"])
    graph = builder.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": f"{width}"}}
    started = time.perf_counter()
    done = await graph.ainvoke({}, config)
    elapsed = time.perf_counter() - started
    assert len(done["results"]) == width, "an engineer is missing"
    return elapsed


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        chat = ScriptedChatModel(replies=['{"summary": "fine"}'])
        quick = crew_around(chat, Path(folder))
        print(f"import and self-test  {await _warm_seconds(quick):8.2f} s")
        await cpu_ms_per_call(quick)
        print(f"CPU per agent call    {await cpu_ms_per_call(quick):8.2f} ms")
        print(f"memory per run        {await kilobytes_per_run(quick, chat):8.2f} KB over {LEAK_RUNS} runs")
        for seconds in MODEL_SECONDS:
            slow = SlowModel(replies=['{"component": "part", "changes": []}'], seconds=seconds)
            crew = crew_around(slow, Path(folder))
            await crew.warm()
            for width in WIDTHS:
                elapsed = await fan_out_seconds(crew, width)
                print(f"fan-out {width:2d} × {seconds:.1f} s      {elapsed:8.2f} s  {elapsed / seconds:5.2f} × the slowest call")


async def _warm_seconds(crew: CrewAICrew) -> float:
    started = time.perf_counter()
    tested = await crew.warm()
    assert tested.ok, tested.reasons
    return time.perf_counter() - started


if __name__ == "__main__":
    asyncio.run(main())
