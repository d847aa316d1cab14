"""A graph with a graph inside that asks a person."""

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    answer: str


async def ask(_: State) -> State:
    return {"answer": interrupt("how?")}


inner = StateGraph(State).add_node(ask).add_edge(START, "ask").add_edge("ask", END).compile()
graph = StateGraph(State).add_node("inside", inner).add_edge(START, "inside").add_edge("inside", END).compile()
