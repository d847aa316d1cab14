"""Threads followed across their runs, and the streaming protocol, over a real server on the toy graph."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
import websockets
from fastapi import FastAPI
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from server.api.app import create_app
from server.api.keys import ApiKeys, hash_of
from server.bootstrap import open_services
from tests.integration.server.conftest import RunAppyard

TOYS = Path(__file__).parents[2] / "acceptance/toy_graph/langgraph.json"
GIVEN: dict[str, Any] = {"topic": "t", "n": 1}
EVERY_CHANNEL = ["values", "updates", "messages", "tools", "custom", "lifecycle", "input", "tasks", "checkpoints"]

Event = dict[str, Any]


@pytest.fixture
async def base_url(appyard: RunAppyard) -> AsyncIterator[str]:
    """A server behind a socket: streams that stay open need one."""
    yard = await appyard(config=TOYS)
    async with open_services(yard.world) as services, served(services) as url:
        yield url


@asynccontextmanager
async def served(services: object, *, api_key: str | None = None) -> AsyncIterator[str]:
    """The services behind HTTP on a port of this machine."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.services = services
        yield

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(lifespan, keys=ApiKeys([hash_of(api_key)]) if api_key else None), log_config=None, timeout_graceful_shutdown=1
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()


@pytest.fixture
async def sdk(base_url: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=base_url, api_key=None) as client:
        yield client


@pytest.fixture
async def http(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
        yield client


async def command(http: httpx.AsyncClient, thread_id: str, method: str, **params: object) -> Event:
    answer = await http.post(f"/threads/{thread_id}/commands", json={"id": 7, "method": method, "params": params})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told(http: httpx.AsyncClient, thread_id: str, until: Callable[[Event], bool], **body: object) -> list[Event]:
    """The events up to one of which `until` is true."""
    events = []
    async with http.stream("POST", f"/threads/{thread_id}/stream/events", json={"channels": EVERY_CHANNEL, **body}) as stream:
        assert stream.status_code == 200, await stream.aread()
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
                if until(events[-1]):
                    break
    return events


def stands(phase: str) -> Callable[[Event], bool]:
    """Whether an event says that the run is this far."""

    def says(event: Event) -> bool:
        return bool(event["method"] == "lifecycle" and not event["params"]["namespace"] and event["params"]["data"]["event"] == phase)

    return says


def of(events: list[Event], method: str) -> list[Any]:
    """What the events of a channel say."""
    return [event["params"]["data"] for event in events if event["method"] == method]


async def asked(http: httpx.AsyncClient, thread_id: str) -> list[Event]:
    """Begin a run of the toy graph; everything it tells until it asks."""
    assert (await command(http, thread_id, "run.start", assistant_id="toy", input=GIVEN))["type"] == "success"
    return await told(http, thread_id, stands("interrupted"))


@pytest.fixture
def thread_id() -> str:
    """The id of a thread that does not exist yet."""
    return str(uuid4())


# ------------------------------------------------------------------------------------------------ joining a thread


async def joined(sdk: LangGraphClient, thread_id: str, last_event_id: str, ends: int) -> list[tuple[str | None, str]]:
    """Ids and names of what a thread tells until as many runs have ended."""
    parts: list[tuple[str | None, str]] = []
    async with aclosing(await sdk.threads.join_stream(thread_id, last_event_id=last_event_id)) as stream:  # type: ignore[type-var]  # a generator, typed as iterator
        async for part in stream:
            parts.append((part.id, part.event))
            if [name for _, name in parts].count("end") == ends:
                break
    return parts


@pytest.mark.requirement("stream.thread")
async def test_a_thread_is_followed_through_its_runs_and_rejoined_at_any_event(sdk: LangGraphClient) -> None:
    thread_id = (await sdk.threads.create())["thread_id"]
    following = asyncio.create_task(joined(sdk, thread_id, "-1", 2))
    for details in ({"input": GIVEN}, {"command": {"resume": "yes"}}):
        async for _ in sdk.runs.stream(thread_id, "toy", stream_mode="updates", **details):
            pass
    followed = await following
    assert [name for _, name in followed].count("metadata") == 2
    for ends, cut in ((2, 2), (1, len(followed) - 3)):
        assert await joined(sdk, thread_id, str(followed[cut][0]), ends) == followed[cut + 1 :]


@pytest.mark.requirement("stream.thread")
async def test_who_joins_without_an_id_hears_only_what_comes(sdk: LangGraphClient, http: httpx.AsyncClient) -> None:
    thread_id = (await sdk.threads.create())["thread_id"]
    await sdk.runs.wait(thread_id, "toy", input={**GIVEN})
    async with http.stream("GET", f"/threads/{thread_id}/stream") as stream:
        run = await sdk.runs.create(thread_id, "toy", command={"resume": "yes"})
        lines = stream.aiter_lines()
        assert [await anext(lines), await anext(lines)] == ["event: metadata", f'data: {{"run_id": "{run["run_id"]}", "attempt": 1}}']


# ------------------------------------------------------------------------------------------------ the protocol


@pytest.mark.requirement("protocol.output")
@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_the_sdk_begins_a_run_answers_it_and_awaits_its_output(sdk: LangGraphClient, transport: Any) -> None:
    async with sdk.threads.stream(assistant_id="toy", transport=transport) as thread:
        await thread.run.start(input=GIVEN)
        async for event in thread.events:
            if event.get("method") == "lifecycle" and event["params"]["data"]["event"] == "interrupted":
                break
        assert [interrupt["value"] for interrupt in thread.interrupts] == [{"question": "publish?", "report": "t#0"}]
        await thread.run.respond("yes")
        assert (await thread.output)["approved"] == "yes"


@pytest.mark.requirement("protocol.channels")
async def test_every_channel_tells_in_its_shape(http: httpx.AsyncClient, thread_id: str) -> None:
    events = await asked(http, thread_id)
    assert of(events, "lifecycle") == [{"event": "running", "graph_name": "toy"}, {"event": "interrupted", "graph_name": "toy"}]
    assert of(events, "custom") == [{"payload": {"progress": "planned"}}, {"payload": {"progress": "worked", "i": 0}}]
    assert of(events, "updates")[:2] == [{"node": "plan", "values": {"n": 1}}, {"node": "work", "values": {"results": ["t#0"]}}]
    assert [told["event"] for told in of(events, "messages")] == [
        "message-start",
        "content-block-start",
        "content-block-delta",
        "content-block-finish",
        "message-finish",
    ]
    assert {(told["step"], told["source"]) for told in of(events, "checkpoints")} >= {(-1, "input"), (0, "loop")}
    assert [task["name"] for task in of(events, "tasks") if "triggers" in task] == ["plan", "work", "join", "approve"]
    assert all("__interrupt__" not in values for values in of(events, "values"))
    question = {"question": "publish?", "report": "t#0"}
    (request,) = of(events, "input.requested")
    assert (request["payload"], request["value"]) == (question, question)


@pytest.mark.requirement("protocol.subgraphs")
async def test_graphs_inside_are_told_apart(http: httpx.AsyncClient, thread_id: str) -> None:
    await command(http, thread_id, "run.start", assistant_id="nested", input={})
    events = await told(http, thread_id, stands("interrupted"), channels=["lifecycle"])
    inner = events[1]["params"]["namespace"]
    assert [(event["params"]["namespace"], event["params"]["data"]["event"]) for event in events] == [
        ([], "running"),
        (inner, "started"),
        (inner, "interrupted"),
        ([], "interrupted"),
    ]
    inside = await told(http, thread_id, lambda event: bool(event["seq"] == events[2]["seq"]), namespaces=[["inside"]])
    assert {tuple(event["params"]["namespace"]) for event in inside} == {tuple(inner)}
    answer = await command(http, thread_id, "agent.getTree")
    child = {"namespace": inner, "status": "interrupted", "graph_name": "inside", "children": []}
    root = {"namespace": [], "status": "interrupted", "graph_name": "nested", "children": [child]}
    assert answer == {"type": "success", "id": 7, "result": {"tree": root}, "meta": {"applied_through_seq": 0}}


@pytest.mark.requirement("protocol.resume")
@pytest.mark.requirement("protocol.commands")
async def test_a_stream_goes_on_exactly_after_any_position_across_runs(http: httpx.AsyncClient, thread_id: str) -> None:
    live = asyncio.create_task(told(http, thread_id, stands("completed")))  # before the thread exists
    (request,) = of(await asked(http, thread_id), "input.requested")
    answer = await command(http, thread_id, "input.respond", namespace=[], interrupt_id=request["interrupt_id"], response="yes")
    assert answer["type"] == "success"
    events = await live
    assert of(events, "values")[-1]["approved"] == "yes"
    assert all(one["seq"] < other["seq"] for one, other in pairwise(events))
    for cut in range(0, len(events) - 1, 9):
        assert await told(http, thread_id, stands("completed"), since=events[cut]["seq"]) == events[cut + 1 :]


@pytest.mark.requirement("protocol.failure")
async def test_a_run_that_fails_says_why(http: httpx.AsyncClient, thread_id: str) -> None:
    await command(http, thread_id, "run.start", assistant_id="toy", input={**GIVEN, "fail": True})
    events = await told(http, thread_id, stands("failed"))
    assert of(events, "lifecycle")[-1]["error"] == "ValueError: The plan failed on purpose."


@pytest.mark.requirement("protocol.failure")
async def test_a_run_that_is_rolled_back_ends_for_those_who_follow(http: httpx.AsyncClient, sdk: LangGraphClient, thread_id: str) -> None:
    started = await command(http, thread_id, "run.start", assistant_id="toy", input={**GIVEN, "sleep": 30})
    following = asyncio.create_task(told(http, thread_id, stands("interrupted")))
    await told(http, thread_id, lambda event: bool(event["method"] == "custom"))
    await sdk.runs.cancel(thread_id, started["result"]["run_id"], action="rollback")
    assert of(await following, "input.requested") == []


@pytest.mark.requirement("protocol.errors")
@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("state.get", {"namespace": []}, "unknown_command"),
        ("run.start", {}, "invalid_argument"),
        ("run.start", {"assistant_id": "nobody"}, "invalid_argument"),
        ("run.start", {"assistant_id": "toy", "multitaskStrategy": "never"}, "invalid_argument"),
        ("input.respond", {}, "invalid_argument"),
        ("input.respond", {"interrupt_id": "none", "response": 1}, "no_such_interrupt"),
        ("agent.getTree", {}, "no_such_run"),
    ],
)
async def test_a_refused_command_says_why(
    http: httpx.AsyncClient, sdk: LangGraphClient, thread_id: str, method: str, params: Event, code: str
) -> None:
    await sdk.threads.create(thread_id=thread_id)
    answer = await command(http, thread_id, method, **params)
    assert (answer["type"], answer["id"], answer["error"]) == ("error", 7, code)
    assert answer["message"]


@pytest.mark.requirement("protocol.errors")
@pytest.mark.parametrize("frame", [{"id": "x", "method": "run.start"}, {"id": 1}, {"id": -1, "method": "run.start"}, [], 1])
async def test_what_is_no_command_is_refused(http: httpx.AsyncClient, thread_id: str, frame: object) -> None:
    answer = await http.post(f"/threads/{thread_id}/commands", json=frame)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_argument")


@pytest.mark.requirement("protocol.errors")
@pytest.mark.parametrize(
    "body", [{"channels": []}, {"channels": ["bogus"]}, {"channels": ["custom:"]}, {"channels": ["values"], "since": -1}]
)
async def test_what_cannot_be_subscribed_to_is_refused(http: httpx.AsyncClient, thread_id: str, body: Event) -> None:
    assert (await http.post(f"/threads/{thread_id}/stream/events", json=body)).status_code == 422


# ------------------------------------------------------------------------------------------------ sockets


@pytest.mark.requirement("protocol.sockets")
async def test_a_socket_subscribes_commands_and_unsubscribes(base_url: str, thread_id: str) -> None:
    url = f"{base_url.replace('http', 'ws', 1)}/threads/{thread_id}/stream/events"
    async with websockets.connect(url) as connection:

        async def answered(command_id: int, method: str, **params: object) -> Event:
            await connection.send(json.dumps({"id": command_id, "method": method, "params": params}))
            while (message := json.loads(await connection.recv())).get("id") != command_id:
                pass
            return dict(message)

        subscription_id = (await answered(1, "subscription.subscribe", channels=["lifecycle"]))["result"]["subscription_id"]
        assert (await answered(2, "run.start", assistant_id="toy", input=GIVEN))["type"] == "success"
        while not stands("interrupted")(event := json.loads(await connection.recv())):
            assert event["method"] == "lifecycle"
        assert (await answered(3, "subscription.unsubscribe", subscription_id=subscription_id))["type"] == "success"
        assert (await answered(4, "subscription.unsubscribe", subscription_id=subscription_id))["error"] == "no_such_subscription"
        assert (await answered(5, "subscription.subscribe", channels=["bogus"]))["error"] == "invalid_argument"
        assert (await answered(6, "subscription.reconnect", run_id=""))["result"] == {"restored": False}
        await connection.send("no JSON")
        assert json.loads(await connection.recv())["error"] == "invalid_argument"


@pytest.mark.requirement("protocol.sockets")
@pytest.mark.parametrize(
    ("headers", "comes_in"),
    [
        ({"x-api-key": "secret"}, True),
        ({"x-api-key": "secret", "origin": "http://localhost:3000"}, True),
        ({"x-api-key": "secret", "origin": "https://elsewhere.example"}, False),
        ({"x-api-key": "wrong"}, False),
        ({}, False),
    ],
)
async def test_sockets_need_the_key_and_come_from_no_foreign_page(
    appyard: RunAppyard, thread_id: str, headers: dict[str, str], *, comes_in: bool
) -> None:
    yard = await appyard(config=TOYS)
    async with open_services(yard.world) as services, served(services, api_key="secret") as url:
        opening = websockets.connect(f"{url.replace('http', 'ws', 1)}/threads/{thread_id}/stream/events", additional_headers=headers)
        if comes_in:
            async with opening:
                return
        with pytest.raises(websockets.InvalidStatus) as refused:
            await opening
        assert refused.value.response.status_code == 403
