"""`auth.path` of langgraph.json through the official SDK: two people, of whom neither reaches what is the other's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError

from server.services.caller import Caller
from server.services.protocol import Subscription
from server.services.thread_streams import ThreadStreams
from tests.integration.server.conftest import Appyard, RunAppyard

PEOPLE = Path(__file__).parents[2] / "acceptance/toy_graph/people.json"
ASKING: dict[str, Any] = {"topic": "t", "n": 1}

pytestmark = pytest.mark.requirement("server.auth")


@pytest.fixture
async def yard(appyard: RunAppyard) -> Appyard:
    return await appyard(config=PEOPLE)


def signed_in(yard: Appyard, name: str) -> LangGraphClient:
    """The SDK's client with the token of this person."""
    transport = yard.client._transport  # the application, without a socket
    headers = {"Authorization": f"Bearer for-{name}"}
    return LangGraphClient(httpx.AsyncClient(transport=transport, base_url="http://appyard", headers=headers, timeout=30))


@pytest.fixture
def alice(yard: Appyard) -> LangGraphClient:
    return signed_in(yard, "alice")


@pytest.fixture
def bob(yard: Appyard) -> LangGraphClient:
    return signed_in(yard, "bob")


@dataclass(frozen=True)
class Possessions:
    """One thing of each kind."""

    thread_id: str
    run_id: str
    checkpoint_id: str
    assistant_id: str
    cron_id: str


@pytest.fixture
async def alices(alice: LangGraphClient) -> Possessions:
    """A thread that waits for an answer, an assistant, and a cron; all made by alice."""
    thread = await alice.threads.create()
    await alice.runs.wait(thread["thread_id"], "toy", input=ASKING)
    (run,) = await alice.runs.list(thread["thread_id"])
    state = await alice.threads.get_state(thread["thread_id"])
    assistant = await alice.assistants.create("toy", name="Alice's")
    cron = await alice.crons.create_for_thread(thread["thread_id"], assistant["assistant_id"], schedule="0 0 1 1 *")
    checkpoint = state["checkpoint"]
    assert checkpoint["checkpoint_id"]
    return Possessions(thread["thread_id"], run["run_id"], checkpoint["checkpoint_id"], assistant["assistant_id"], cron["cron_id"])


async def all_of(stream: Any) -> list[Any]:
    return [part async for part in (await stream if isawaitable(stream) else stream)]


Attempt = Callable[[LangGraphClient, Possessions], Awaitable[Any]]

ATTEMPTS: dict[str, Attempt] = {
    "get thread": lambda bob, its: bob.threads.get(its.thread_id),
    "update thread": lambda bob, its: bob.threads.update(its.thread_id, metadata={"owner": "bob"}),
    "delete thread": lambda bob, its: bob.threads.delete(its.thread_id),
    "copy thread": lambda bob, its: bob.threads.copy(its.thread_id),
    "get state": lambda bob, its: bob.threads.get_state(its.thread_id),
    "get state at checkpoint": lambda bob, its: bob.threads.get_state(its.thread_id, checkpoint_id=its.checkpoint_id),
    "update state": lambda bob, its: bob.threads.update_state(its.thread_id, {"topic": "bob's"}),
    "history": lambda bob, its: bob.threads.get_history(its.thread_id),
    "follow thread": lambda bob, its: all_of(bob.threads.join_stream(its.thread_id)),
    "begin run": lambda bob, its: bob.runs.create(its.thread_id, "toy", input=ASKING),
    "begin run, creating": lambda bob, its: bob.runs.create(its.thread_id, "toy", input=ASKING, if_not_exists="create"),
    "resume": lambda bob, its: bob.runs.wait(its.thread_id, "toy", command={"resume": "by bob"}),
    "stream run": lambda bob, its: all_of(bob.runs.stream(its.thread_id, "toy", input=ASKING)),
    "list runs": lambda bob, its: bob.runs.list(its.thread_id),
    "get run": lambda bob, its: bob.runs.get(its.thread_id, its.run_id),
    "join run": lambda bob, its: bob.runs.join(its.thread_id, its.run_id),
    "join stream": lambda bob, its: all_of(bob.runs.join_stream(its.thread_id, its.run_id)),
    "cancel run": lambda bob, its: bob.runs.cancel(its.thread_id, its.run_id),
    "cancel runs": lambda bob, its: bob.runs.cancel_many(thread_id=its.thread_id, run_ids=[its.run_id]),
    "cancel all runs": lambda bob, its: bob.runs.cancel_many(status="all"),
    "delete run": lambda bob, its: bob.runs.delete(its.thread_id, its.run_id),
    "get assistant": lambda bob, its: bob.assistants.get(its.assistant_id),
    "update assistant": lambda bob, its: bob.assistants.update(its.assistant_id, name="Bob's"),
    "delete assistant": lambda bob, its: bob.assistants.delete(its.assistant_id),
    "assistant's versions": lambda bob, its: bob.assistants.get_versions(its.assistant_id),
    "assistant's schemas": lambda bob, its: bob.assistants.get_schemas(its.assistant_id),
    "run of assistant": lambda bob, its: bob.runs.wait(None, its.assistant_id, input=ASKING),
    "cron on thread": lambda bob, its: bob.crons.create_for_thread(its.thread_id, "toy", schedule="0 0 1 1 *"),
    "cron of assistant": lambda bob, its: bob.crons.create(its.assistant_id, schedule="0 0 1 1 *"),
    "update cron": lambda bob, its: bob.crons.update(its.cron_id, enabled=False),
    "delete cron": lambda bob, its: bob.crons.delete(its.cron_id),
}


async def status_of(attempt: Awaitable[Any]) -> int:
    try:
        await attempt
    except httpx.HTTPStatusError as refused:
        return refused.response.status_code
    return 200


async def test_nobody_reaches_what_is_somebody_elses(alice: LangGraphClient, bob: LangGraphClient, alices: Possessions) -> None:
    before = await alice.threads.get(alices.thread_id)
    answers = {name: await status_of(attempt(bob, alices)) for name, attempt in ATTEMPTS.items()}
    assert answers == dict.fromkeys(ATTEMPTS, 404)
    assert await alice.threads.get(alices.thread_id) == before
    assert await status_of(alice.runs.wait(alices.thread_id, "toy", command={"resume": "by alice"})) == 200


async def test_nobody_finds_or_counts_what_is_somebody_elses(alice: LangGraphClient, bob: LangGraphClient, alices: Possessions) -> None:
    async def found(client: LangGraphClient) -> dict[str, object]:
        return {
            "threads": [thread["thread_id"] for thread in await client.threads.search(ids=[alices.thread_id])],
            "threads counted": await client.threads.count(metadata={"owner": "alice"}),
            "assistants": [one["assistant_id"] for one in await client.assistants.search(metadata={"owner": "alice"})],
            "assistants counted": await client.assistants.count(),
            "crons": [cron["cron_id"] for cron in await client.crons.search()],
            "crons counted": await client.crons.count(),
        }

    hers = {"threads": [alices.thread_id], "assistants": [alices.assistant_id], "crons": [alices.cron_id]}
    assert await found(alice) == {**hers, "threads counted": 1, "assistants counted": 1, "crons counted": 1}
    assert await found(bob) == {
        **{kind: [] for kind in hers},
        "threads counted": 0,
        "assistants counted": 0,
        "crons counted": 0,
    }


async def test_what_is_made_along_the_way_has_its_owner(alice: LangGraphClient, bob: LangGraphClient, alices: Possessions) -> None:
    thread_id = str(uuid4())
    await alice.runs.wait(thread_id, "whoami", input={}, if_not_exists="create")
    run = await alice.runs.create(None, "whoami", input={}, on_completion="keep")
    copied = (await alice.http.client.post(f"/threads/{alices.thread_id}/copy")).json()
    for made in (thread_id, run["thread_id"], copied["thread_id"]):
        assert (await alice.threads.get(made))["metadata"]["owner"] == "alice"
        with pytest.raises(NotFoundError):
            await bob.threads.get(made)


async def command(client: LangGraphClient, thread_id: str, method: str, **params: object) -> int:
    """The status of a command of the streaming protocol."""
    sent = {"id": 1, "method": method, "params": params}
    return (await client.http.client.post(f"/threads/{thread_id}/commands", json=sent)).status_code


async def test_commands_are_let_through_on_threads_of_ones_own_only(
    alice: LangGraphClient, bob: LangGraphClient, alices: Possessions
) -> None:
    thread_id = str(uuid4())
    assert await command(alice, thread_id, "run.start", assistant_id="whoami", input={}) == 200
    assert (await alice.threads.get(thread_id))["metadata"]["owner"] == "alice"
    for method, params in [("run.start", {"assistant_id": "toy"}), ("input.respond", {}), ("agent.getTree", {}), ("unknown", {})]:
        assert await command(bob, alices.thread_id, method, **params) == 404


async def test_who_follows_a_thread_before_it_is_there_hears_nothing_if_it_becomes_somebody_elses(
    yard: Appyard, alice: LangGraphClient
) -> None:
    thread_id = uuid4()
    bob = Caller(visible={"owner": "bob"})
    events = ThreadStreams(yard.world.ledger).events(thread_id, Subscription(frozenset({"lifecycle"}), (), None), caller=bob)
    heard = asyncio.create_task(all_of(events))
    await alice.runs.wait(str(thread_id), "whoami", input={}, if_not_exists="create")
    assert await heard == []  # it ended by itself, for there will be nothing


async def test_an_id_that_is_taken_is_not_handed_over(alice: LangGraphClient, bob: LangGraphClient, alices: Possessions) -> None:
    with pytest.raises(ConflictError):
        await bob.threads.create(thread_id=alices.thread_id, if_exists="do_nothing")
    with pytest.raises(ConflictError):
        await bob.assistants.create("toy", assistant_id=alices.assistant_id, if_exists="do_nothing")
    assert (await alice.threads.create(thread_id=alices.thread_id, if_exists="do_nothing"))["thread_id"] == alices.thread_id


async def test_pruning_passes_over_what_is_somebody_elses(alice: LangGraphClient, bob: LangGraphClient, alices: Possessions) -> None:
    own = await bob.threads.create()
    pruned = await bob.threads.prune([alices.thread_id, own["thread_id"], str(uuid4())])
    assert pruned == {"pruned_count": 1}
    assert (await alice.threads.get(alices.thread_id))["thread_id"] == alices.thread_id


async def test_deleting_an_assistant_with_its_threads_leaves_those_of_others(
    alice: LangGraphClient, bob: LangGraphClient, yard: Appyard
) -> None:
    shared = await alice.assistants.create("toy")
    hers, his = await alice.threads.create(), await bob.threads.create()
    await alice.runs.wait(hers["thread_id"], shared["assistant_id"], input=ASKING)
    ledger = yard.world.ledger
    async with ledger.database.transaction() as transaction:  # as if it had been bob's too
        await transaction.execute("remember_graph_of_thread", remembered(his["thread_id"], shared["assistant_id"]))
    await alice.assistants.delete(shared["assistant_id"], delete_threads=True)
    assert (await bob.threads.get(his["thread_id"]))["thread_id"] == his["thread_id"]
    with pytest.raises(NotFoundError):
        await alice.threads.get(hers["thread_id"])


def remembered(thread_id: str, assistant_id: str) -> dict[str, object]:
    return {"thread_id": thread_id, "graph_id": "toy", "assistant_id": assistant_id, "is_temporary": False}


async def test_the_store_keeps_people_apart(alice: LangGraphClient, bob: LangGraphClient) -> None:
    await alice.store.put_item(["notes"], "n", {"text": "alice's"})
    await bob.store.put_item(["notes"], "n", {"text": "bob's"})
    assert (await alice.store.get_item(["notes"], "n"))["value"] == {"text": "alice's"}
    assert [item["value"] for item in (await bob.store.search_items([]))["items"]] == [{"text": "bob's"}]
    assert (await bob.store.list_namespaces())["namespaces"] == [["bob", "notes"]]
    await bob.store.delete_item(["notes"], "n")
    assert (await alice.store.get_item(["notes"], "n"))["value"] == {"text": "alice's"}


async def test_graphs_are_told_who_calls_whatever_the_client_says(alice: LangGraphClient) -> None:
    forged = {"configurable": {"langgraph_auth_user": {"identity": "bob"}, "langgraph_auth_user_id": "bob"}}
    said = await alice.runs.wait(None, "whoami", input={}, config=forged)
    assert said == {"user": "alice", "permissions": ["build"], "context": {}}
    assert await alice.runs.wait(None, "whoami", input={}, context={"tone": "dry"}) == {**said, "context": {"tone": "dry"}}


@pytest.mark.parametrize("path", ["/threads/search", "/assistants/search", "/runs/crons/search", "/store/items/search", "/mcp", "/builds"])
async def test_who_is_not_signed_in_gets_401(yard: Appyard, path: str) -> None:
    answer = await yard.client.post(path, json={})
    assert (answer.status_code, answer.json(), answer.headers["WWW-Authenticate"]) == (401, {"detail": "Sign in first."}, "Bearer")


async def test_a_route_that_cannot_tell_people_apart_is_closed(yard: Appyard, alice: LangGraphClient) -> None:
    client = alice.http.client
    for method, path in [("GET", "/builds"), ("GET", "/api/costs"), ("POST", "/mcp"), ("GET", "/metrics"), ("GET", "/nowhere")]:
        assert (await client.request(method, path)).status_code == 403
    assert [(await yard.client.get(path)).status_code for path in ("/ok", "/info")] == [200, 200]


async def test_what_cannot_be_read_is_refused_before_its_route(alice: LangGraphClient) -> None:
    client = alice.http.client
    assert (await client.get("/threads/no-id")).status_code == 422
    assert (await client.post("/threads", content=b"[" * 200_000)).status_code == 422
    assert (await client.post("/threads", json=["no object"])).status_code == 422
    assert (await client.get("/store/items", params={"namespace": "", "key": "k"})).json() is None
