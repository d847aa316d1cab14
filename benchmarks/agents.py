"""What an agent costs: CPU per call, memory per run, how soon a cancelled call ends, wall time of a fan-out over its slowest call.

Run with `python -m benchmarks.agents` from the repository's folder. The model is scripted, so all time but its own is ours.
"""

import asyncio
import gc
import operator
import statistics
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
from tests.integration.agents.fault_server import Hang, fault_server
from tests.unit.nodes.agents.scripted_model import ScriptedChatModel, crew_around

CALLS = 200
LEAK_RUNS = 2000
LOOK_EVERY = 200
CANCELS = 20
WIDTHS = (1, 4, 16, 32)
MODEL_SECONDS = (0.2, 1.0)
REVIEW = AgentTask("review_app", {"spec": "{}", "report": "{}", "files": "[]", "components": "[]"}, QaReview)
INPUTS = {"contract": "{}", "spec": "{}", "signatures": "{}", "component": "part", "own_files": "{}", "findings": "[]", "feedback": ""}


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
    """How the resident set grows with each run: the slope of a line through its size, after a warm-up."""
    process, sizes = psutil.Process(), []
    for _ in range(LEAK_RUNS // LOOK_EVERY + 1):
        for _ in range(LOOK_EVERY):
            await crew.perform(REVIEW, BuildOptions())
        chat.prompts.clear()  # the scripted model keeps every prompt; that is not what is measured
        gc.collect()
        sizes.append(process.memory_info().rss / 1024)
    runs = [number * LOOK_EVERY for number in range(len(sizes))]
    return statistics.linear_regression(runs, sizes).slope


async def cancel_ms(folder: Path) -> float:
    """From the cancelling of an agent's task until its endpoint sees the connection closed, over real HTTP."""
    async with fault_server(Hang()) as server:
        task = asyncio.create_task(server.crew(folder).perform(REVIEW, BuildOptions()))
        await server.hanging.wait()
        started = time.perf_counter()
        task.cancel()
        await server.hung_up.wait()
        elapsed = (time.perf_counter() - started) * 1000
        await asyncio.gather(task, return_exceptions=True)
    return elapsed


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
        cancels = [await cancel_ms(Path(folder)) for _ in range(CANCELS)]
        print(f"cancelled call ends   {statistics.median(cancels):8.2f} ms, worst {max(cancels):.2f} of {CANCELS}")
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
