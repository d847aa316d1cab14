"""A graph that says on whose behalf it runs."""

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from typing_extensions import TypedDict


class Tone(TypedDict, total=False):
    tone: str


class State(TypedDict, total=False):
    user: str
    permissions: list[str]
    context: Tone


async def look(_: State, config: RunnableConfig, runtime: Runtime[Tone]) -> State:
    configurable = config["configurable"]
    server = runtime.server_info
    assert server is not None
    assert server.user is not None
    assert server.user.identity == configurable["langgraph_auth_user_id"]
    user = configurable["langgraph_auth_user"]
    return {"user": user["identity"], "permissions": user["permissions"], "context": runtime.context or {}}


graph = StateGraph(State, context_schema=Tone).add_node(look).add_edge(START, "look").compile(name="whoami")
