"""A graph whose nodes are instant: plan, work side by side, join, ask a person, finish.

`sleep` makes each worker wait, `fail` makes the plan raise; both are for tests of streams, cancelling and errors.
"""

import asyncio
import contextlib
import operator
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send, interrupt
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    topic: str
    n: int
    fail: bool
    sleep: float
    results: Annotated[list[str], operator.add]
    messages: Annotated[list[AnyMessage], add_messages]
    report: str
    approved: Any


class Work(TypedDict):
    i: int
    topic: str
    sleep: float


async def plan(state: State) -> State:
    if state.get("fail"):
        raise ValueError("The plan failed on purpose.")
    get_stream_writer()({"progress": "planned"})
    return {"n": state.get("n") or 2}


def fan_out(state: State) -> list[Send]:
    return [Send("work", Work(i=i, topic=state.get("topic", ""), sleep=state.get("sleep") or 0)) for i in range(state.get("n") or 2)]


async def work(given: Work) -> State:
    if given["sleep"]:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), given["sleep"])
    get_stream_writer()({"progress": "worked", "i": given["i"]})
    return {"results": [f"{given['topic']}#{given['i']}"]}


async def join(state: State) -> State:
    report = ",".join(sorted(state["results"]))
    return {"report": report, "messages": [AIMessage(content=f"draft: {report}", id="draft-1")]}


async def approve(state: State) -> State:
    return {"approved": interrupt({"question": "publish?", "report": state["report"]})}


async def finish(state: State) -> State:
    return {"messages": [AIMessage(content=f"done: {state['approved']}", id="done-1")]}


builder = StateGraph(State)
for node in (plan, work, join, approve, finish):
    builder.add_node(node)
builder.add_edge(START, "plan")
builder.add_conditional_edges("plan", fan_out, ["work"])
builder.add_edge("work", "join")
builder.add_edge("join", "approve")
builder.add_edge("approve", "finish")
builder.add_edge("finish", END)
graph = builder.compile(name="toy")
