"""A graph made by a factory, which keeps a note in the store for every thread to read."""

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    note: str
    notes: list[str]


async def remember(state: State, *, runtime: Runtime[None]) -> State:
    store = runtime.store
    assert isinstance(store, BaseStore)
    await store.aput(("notes",), state["note"], {"text": state["note"]})
    return {"notes": sorted(item.key for item in await store.asearch(("notes",)))}


def make_graph() -> StateGraph[State]:
    return StateGraph(State).add_node(remember).add_edge(START, "remember")
