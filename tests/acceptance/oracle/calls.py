"""The calls that are made to a server of the LangGraph API, one after the other, to compare what it answers.

`{name}` in a path or a body stands for what an earlier call kept; `{project}` is another at each time. With one
worker of the toy graph at a time the order of what is streamed is certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GIVEN = {"topic": "t", "n": 1}
RUN = {"assistant_id": "toy", "input": GIVEN}
NOBODY = "00000000-0000-4000-8000-000000000000"
PREFLIGHT = {"Origin": "https://pages.example", "Access-Control-Request-Method": "POST"}


@dataclass(frozen=True)
class Call:
    """One request. `keeps` says what of the answer later calls need: a name, and where it is in the answer."""

    name: str
    method: str
    path: str
    body: Any = None
    keeps: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def get(name: str, path: str, **details: Any) -> Call:
    return Call(name, "GET", path, **details)


def post(name: str, path: str, body: Any = None, **details: Any) -> Call:
    return Call(name, "POST", path, {} if body is None else body, **details)


def new_thread(name: str) -> Call:
    return post(f"new thread {name}", "/threads", keeps={name: "thread_id"})


def streamed(mode: str, **details: Any) -> tuple[Call, Call]:
    """A run on a thread of its own, followed in one mode."""
    thread = f"thread_{mode.replace('-', '_')}"
    body = {**RUN, "stream_mode": [mode], **details}
    return new_thread(thread), post(f"stream {mode}", f"/threads/{{{thread}}}/runs/stream", body)


SERVER = (
    get("ok", "/ok"),
    Call("preflight", "OPTIONS", "/threads", headers=PREFLIGHT),
)

ASSISTANTS = (
    post("find assistants", "/assistants/search", {"graph_id": "toy", "limit": 1}, keeps={"toy": "0.assistant_id"}),
    post("find assistants, two fields", "/assistants/search", {"graph_id": "toy", "select": ["graph_id", "name"]}),
    post("count assistants", "/assistants/count", {"graph_id": "toy"}),
    get("read an assistant", "/assistants/{toy}"),
    get("read an assistant nobody made", f"/assistants/{NOBODY}"),
    get("draw the graph", "/assistants/{toy}/graph"),
    get("draw a graph with one inside", "/assistants/nested/graph?xray=true"),
    get("schemas", "/assistants/{toy}/schemas"),
    get("graphs inside", "/assistants/nested/subgraphs"),
    post("create an assistant", "/assistants", {"graph_id": "toy", "name": "mine", "metadata": {"a": 1}}, keeps={"mine": "assistant_id"}),
    post("create it twice", "/assistants", {"graph_id": "toy", "assistant_id": "{mine}"}),
    post("create it twice, and take the first", "/assistants", {"graph_id": "toy", "assistant_id": "{mine}", "if_exists": "do_nothing"}),
    post("create one of no graph", "/assistants", {"graph_id": "none"}),
    Call("change an assistant", "PATCH", "/assistants/{mine}", {"name": "second", "metadata": {"b": 2}}),
    post("its versions", "/assistants/{mine}/versions"),
    post("go back to a version", "/assistants/{mine}/latest", {"version": 1}),
    Call("delete an assistant", "DELETE", "/assistants/{mine}"),
    get("read a deleted assistant", "/assistants/{mine}"),
)

THREADS = (
    post("create a thread", "/threads", {"metadata": {"project": "{project}"}}, keeps={"thread": "thread_id"}),
    post("create it twice", "/threads", {"thread_id": "{thread}"}),
    post("create it twice, and take the first", "/threads", {"thread_id": "{thread}", "if_exists": "do_nothing"}),
    get("read a thread", "/threads/{thread}"),
    get("state before the first run", "/threads/{thread}/state"),
    post("history before the first run", "/threads/{thread}/history"),
    Call("change a thread", "PATCH", "/threads/{thread}", {"metadata": {"more": True}}),
    post("find threads", "/threads/search", {"metadata": {"project": "{project}"}}),
    post("find threads, two fields", "/threads/search", {"metadata": {"project": "{project}"}, "select": ["thread_id", "status"]}),
    post("count threads", "/threads/count", {"metadata": {"project": "{project}"}}),
    get("read a thread nobody made", f"/threads/{NOBODY}"),
    get("read a thread by no id", "/threads/not-an-id"),
)

RUNS = (
    post("wait for the question", "/threads/{thread}/runs/wait", RUN),
    get("read a thread that asks", "/threads/{thread}"),
    get("state that asks", "/threads/{thread}/state"),
    post(
        "history",
        "/threads/{thread}/history",
        {"limit": 10},
        keeps={"newest": "0.checkpoint.checkpoint_id", "before": "1.checkpoint.checkpoint_id"},
    ),
    post("history by source", "/threads/{thread}/history", {"metadata": {"source": "input"}}),
    get("state at a checkpoint", "/threads/{thread}/state/{before}"),
    post("find threads that ask", "/threads/search", {"status": "interrupted", "metadata": {"project": "{project}"}}),
    post("copy a thread", "/threads/{thread}/copy", keeps={"copy": "thread_id"}),
    get("state of the copy", "/threads/{copy}/state"),
    post("answer", "/threads/{thread}/runs/wait", {"assistant_id": "toy", "command": {"resume": "yes"}}),
    get("read a thread that ended", "/threads/{thread}"),
    get("its runs", "/threads/{thread}/runs", keeps={"run": "0.run_id"}),
    get("one run", "/threads/{thread}/runs/{run}"),
    get("join a run that ended", "/threads/{thread}/runs/{run}/join"),
    post("stop a run that ended", "/threads/{thread}/runs/{run}/cancel"),
    Call("delete a run", "DELETE", "/threads/{thread}/runs/{run}"),
    get("a run nobody began", f"/threads/{{thread}}/runs/{NOBODY}"),
    new_thread("failing"),
    post("a run that fails", "/threads/{failing}/runs/wait", {"assistant_id": "toy", "input": {"fail": True}}),
    get("a thread that failed", "/threads/{failing}"),
    new_thread("sleeping"),
    post("a run that lasts", "/threads/{sleeping}/runs", {**RUN, "input": {**GIVEN, "sleep": 20}}, keeps={"lasting": "run_id"}),
    post("another is rejected", "/threads/{sleeping}/runs", {**RUN, "multitask_strategy": "reject"}),
    post("stop it", "/threads/{sleeping}/runs/{lasting}/cancel?wait=true&action=interrupt"),
    get("a run that was stopped", "/threads/{sleeping}/runs/{lasting}"),
    post("wait, without a thread", "/runs/wait", RUN),
    post("several, without a thread", "/runs/batch", [RUN]),
    post("a run that makes its thread", f"/threads/{NOBODY[:-1]}1/runs/wait", {**RUN, "if_not_exists": "create"}),
    Call("delete that thread", "DELETE", f"/threads/{NOBODY[:-1]}1"),
)

STREAMS = (
    *streamed("values"),
    *streamed("updates"),
    *streamed("custom"),
    *streamed("messages-tuple"),
    *streamed("messages"),
    *streamed("tasks"),
    *streamed("checkpoints"),
    *streamed("debug"),
    new_thread("failed"),
    post(
        "stream of a run that fails",
        "/threads/{failed}/runs/stream",
        {"assistant_id": "toy", "input": {"fail": True}, "stream_mode": ["values"]},
    ),
    new_thread("inside"),
    post(
        "stream of a graph inside",
        "/threads/{inside}/runs/stream",
        {"assistant_id": "nested", "input": {}, "stream_mode": ["updates"], "stream_subgraphs": True},
    ),
    new_thread("rejoined"),
    post(
        "a run to rejoin",
        "/threads/{rejoined}/runs",
        {**RUN, "stream_mode": ["updates"], "stream_resumable": True},
        keeps={"over": "run_id"},
    ),
    get("wait for its end", "/threads/{rejoined}/runs/{over}/join"),
    get("rejoin a run from its beginning", "/threads/{rejoined}/runs/{over}/stream", headers={"Last-Event-ID": "-1"}),
    get("rejoin a run that ended", "/threads/{rejoined}/runs/{over}/stream"),
    post("stream, without a thread", "/runs/stream", {**RUN, "stream_mode": ["updates"]}),
)

STATE = (
    new_thread("edited"),
    post("stop before a node", "/threads/{edited}/runs/wait", {**RUN, "interrupt_before": ["join"]}),
    get("state before a node", "/threads/{edited}/state"),
    post("go on, and stop after it", "/threads/{edited}/runs/wait", {"assistant_id": "toy", "input": None, "interrupt_after": ["join"]}),
    post("change the state", "/threads/{edited}/state", {"values": {"approved": "by hand"}, "as_node": "approve"}),
    get("state that was changed", "/threads/{edited}/state"),
    post("go on from there", "/threads/{edited}/runs/wait", {"assistant_id": "toy", "input": None}),
    post("change the state as nobody", "/threads/{edited}/state", {"values": {}, "as_node": "nobody"}),
    post(
        "go elsewhere", "/threads/{copy}/runs/wait", {"assistant_id": "toy", "command": {"update": {"approved": "skip"}, "goto": "finish"}}
    ),
    get("state after going elsewhere", "/threads/{copy}/state"),
    new_thread("ended"),
    post("ask", "/threads/{ended}/runs/wait", RUN),
    post("end by a change", "/threads/{ended}/state", {"values": None, "as_node": "__end__"}),
    get("a thread that was ended", "/threads/{ended}"),
)

STORE = (
    Call("put an item", "PUT", "/store/items", {"namespace": ["oracle", "x"], "key": "k", "value": {"stars": 3}}),
    get("read an item", "/store/items?namespace=oracle.x&key=k"),
    post("find items", "/store/items/search", {"namespace_prefix": ["oracle"], "filter": {"stars": 3}}),
    post("list namespaces", "/store/namespaces", {"prefix": ["oracle"]}),
    Call("delete an item", "DELETE", "/store/items", {"namespace": ["oracle", "x"], "key": "k"}),
    get("read a deleted item", "/store/items?namespace=oracle.x&key=k"),
    Call("put under a namespace with a period", "PUT", "/store/items", {"namespace": ["a.b"], "key": "k", "value": {}}),
)

REFUSED = (
    post("a run on no thread", f"/threads/{NOBODY}/runs/wait", RUN),
    post("a run on no id", "/threads/not-an-id/runs/wait", RUN),
    post("a run of no assistant", "/threads/{thread}/runs", {"input": GIVEN}),
    post("a run of an unknown graph", "/threads/{thread}/runs", {**RUN, "assistant_id": "none"}),
    post("a run of an assistant nobody made", "/threads/{thread}/runs", {**RUN, "assistant_id": NOBODY}),
    post("an unknown stream mode", "/threads/{thread}/runs/stream", {**RUN, "stream_mode": "bogus"}),
    post("a negative delay", "/threads/{thread}/runs", {**RUN, "after_seconds": -1}),
    post("an unknown strategy", "/threads/{thread}/runs", {**RUN, "multitask_strategy": "shout"}),
    post("a search of no size", "/threads/search", {"limit": 0}),
    post("metadata that is text", "/threads", {"metadata": "text"}),
    Call("delete a thread", "DELETE", "/threads/{thread}"),
    get("read a deleted thread", "/threads/{thread}"),
)

CALLS = (*SERVER, *ASSISTANTS, *THREADS, *RUNS, *STREAMS, *STATE, *STORE, *REFUSED)
