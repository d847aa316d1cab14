"""A graph that takes one step after the other, for tests that stop what runs it in the middle.

Each step waits `sleep` seconds, says on the custom stream that it begins, and writes its number.
"""

import asyncio
import contextlib
import operator
from typing import Annotated, Literal

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    n: int
    sleep: float
    taken: Annotated[list[int], operator.add]


async def step(state: State) -> State:
    number = len(state["taken"]) + 1
    get_stream_writer()({"step": number})
    if seconds := state.get("sleep"):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), seconds)
    return {"taken": [number]}


def more(state: State) -> Literal["step", "__end__"]:
    return "step" if len(state["taken"]) < state["n"] else "__end__"


graph = StateGraph(State).add_node(step).add_edge(START, "step").add_conditional_edges("step", more).compile(name="steps")
