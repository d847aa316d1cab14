"""Assistants, the store and what the server says of itself, through the official SDK on the toy graphs."""

import re
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError, ConflictError, NotFoundError, UnprocessableEntityError

from tests.integration.server.conftest import Appyard, RunAppyard

Client: TypeAlias = Any
"""A LangGraphClient; its TypedDicts are narrower than what it sends and receives."""

TOYS = Path(__file__).parents[2] / "acceptance/toy_graph/langgraph.json"


@pytest.fixture
async def yard(appyard: RunAppyard) -> Appyard:
    return await appyard(config=TOYS)


@pytest.fixture
def client(yard: Appyard) -> Client:
    return LangGraphClient(yard.client)


@pytest.mark.requirement("assistant.of_graph")
async def test_every_graph_is_an_assistant(client: Client) -> None:
    (by_search,) = await client.assistants.search(graph_id="toy")
    assert by_search == await client.assistants.get("toy") == await client.assistants.get(by_search["assistant_id"])
    assert {**by_search, "assistant_id": "", "created_at": "", "updated_at": ""} == {
        "assistant_id": "",
        "graph_id": "toy",
        "name": "toy",
        "description": "Plans, works side by side, asks, finishes.",
        "version": 1,
        "config": {},
        "context": {},
        "metadata": {"created_by": "system"},
        "created_at": "",
        "updated_at": "",
    }
    with pytest.raises(UnprocessableEntityError):
        await client.assistants.get("nobody")
    with pytest.raises(NotFoundError):
        await client.assistants.get(str(uuid4()))


@pytest.mark.requirement("assistant.versions")
async def test_an_assistant_goes_back_to_an_earlier_version(client: Client) -> None:
    made = await client.assistants.create("toy", name="careful", config={"configurable": {"x": 1}}, metadata={"team": "a"})
    changed = await client.assistants.update(made["assistant_id"], config={"configurable": {"x": 2}}, metadata={"tier": "b"})
    assert (changed["version"], changed["config"], changed["metadata"]) == (2, {"configurable": {"x": 2}}, {"team": "a", "tier": "b"})
    assert [version["version"] for version in await client.assistants.get_versions(made["assistant_id"])] == [2, 1]
    again = await client.assistants.set_latest(made["assistant_id"], 1)
    assert (again["version"], again["config"], again["metadata"]) == (1, made["config"], made["metadata"])
    assert (await client.assistants.update(made["assistant_id"], name="third"))["version"] == 3
    with pytest.raises(NotFoundError):
        await client.assistants.set_latest(made["assistant_id"], 9)


@pytest.mark.requirement("assistant.search")
async def test_assistants_are_found_by_graph_name_and_metadata(client: Client) -> None:
    made = await client.assistants.create("toy", name="Careful reviewer", metadata={"team": "a"})
    with pytest.raises(ConflictError):
        await client.assistants.create("toy", assistant_id=made["assistant_id"])
    assert await client.assistants.create("toy", assistant_id=made["assistant_id"], if_exists="do_nothing") == made
    assert await client.assistants.search(name="reviewer", metadata={"team": "a"}, graph_id="toy") == [made]
    assert await client.assistants.count(graph_id="toy") == 2
    page = await client.assistants.search(limit=1, sort_by="graph_id", sort_order="asc", select=["name"], response_format="object")
    assert page == {"assistants": [{"name": "appyard"}], "next": "1"}


@pytest.mark.requirement("assistant.delete")
async def test_an_assistant_goes_with_its_threads_if_asked_to(client: Client) -> None:
    made = await client.assistants.create("toy")
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, made["assistant_id"], input={"topic": "t"})
    await client.assistants.delete(made["assistant_id"], delete_threads=True)
    with pytest.raises(NotFoundError):
        await client.assistants.get(made["assistant_id"])
    with pytest.raises(NotFoundError):
        await client.threads.get(thread_id)
    with pytest.raises(ConflictError):
        await client.assistants.delete("toy")


@pytest.mark.requirement("assistant.graph")
async def test_an_assistant_describes_its_graph(client: Client) -> None:
    drawn = await client.assistants.get_graph("toy")
    assert [node["id"] for node in drawn["nodes"]] == ["__start__", "plan", "work", "join", "approve", "finish", "__end__"]
    assert "inside:ask" in [node["id"] for node in (await client.assistants.get_graph("nested", xray=True))["nodes"]]
    schemas = await client.assistants.get_schemas("appyard")
    assert (schemas["input_schema"]["title"], schemas["context_schema"]["title"]) == ("BuildInput", "BuildOptions")
    assert list(await client.assistants.get_subgraphs("nested", recurse=True)) == ["inside"]
    assert await client.assistants.get_subgraphs("toy") == {}


@pytest.mark.requirement("server.broken_graph")
async def test_a_graph_that_cannot_be_imported_says_why_and_harms_no_other(client: Client) -> None:
    with pytest.raises(APIStatusError, match="No module named 'not_installed_anywhere'") as refused:
        await client.assistants.get_graph("broken")
    assert refused.value.status_code == 503
    assert (await client.runs.wait(None, "toy", input={"topic": "t"}))["report"] == "t#0,t#1"


@pytest.mark.requirement("store.items")
async def test_graphs_and_clients_share_one_store(client: Client) -> None:
    await client.store.put_item(["notes"], "by client", {"text": "hello", "stars": 3})
    noted = await client.runs.wait(None, "notes", input={"note": "by graph"})
    assert noted["notes"] == ["by client", "by graph"]
    assert (await client.store.get_item(["notes"], "by graph"))["value"] == {"text": "by graph"}
    found = await client.store.search_items(["notes"], filter={"stars": {"$gte": 3}})
    assert [item["key"] for item in found["items"]] == ["by client"]
    await client.store.delete_item(["notes"], "by client")
    assert await client.store.get_item(["notes"], "by client") is None


@pytest.mark.requirement("store.namespaces")
async def test_namespaces_are_listed_by_prefix_suffix_and_depth(client: Client) -> None:
    for namespace in (["users", "maria", "likes"], ["users", "li", "likes"], ["usersets", "x"]):
        await client.store.put_item(namespace, "k", {})
    assert (await client.store.list_namespaces(prefix=["users"]))["namespaces"] == [["users", "li", "likes"], ["users", "maria", "likes"]]
    assert (await client.store.list_namespaces(suffix=["x"]))["namespaces"] == [["usersets", "x"]]
    assert (await client.store.list_namespaces(max_depth=1))["namespaces"] == [["users"], ["usersets"]]
    assert len((await client.store.search_items(["users"]))["items"]) == 2


@pytest.mark.requirement("store.ttl")
async def test_an_item_is_gone_when_its_time_is_over(yard: Appyard, client: Client) -> None:
    await client.store.put_item(["notes"], "short", {"text": "x"}, ttl=1)
    assert (await client.store.get_item(["notes"], "short", refresh_ttl=False))["value"] == {"text": "x"}
    async with yard.world.ledger.database.direct_connection() as connection:
        await connection.execute("UPDATE store SET expires_at = now()")
    assert await client.store.get_item(["notes"], "short") is None


@pytest.mark.requirement("store.bad_input")
@pytest.mark.parametrize("namespace", [[], [""], ["a.b"], ["langgraph", "x"]])
async def test_a_namespace_that_cannot_be_is_refused(yard: Appyard, namespace: list[str]) -> None:
    answer = await yard.client.put("/store/items", json={"namespace": namespace, "key": "k", "value": {}})
    assert answer.status_code == 422, answer.text


@pytest.mark.requirement("server.info")
async def test_the_server_says_what_it_is(yard: Appyard) -> None:
    information = (await yard.client.get("/info")).json()
    assert (information["flags"]["assistants"], information["flags"]["crons"]) == (True, True)
    assert information["graphs"] == ["appyard", "broken", "nested", "notes", "steps", "toy"]
    assert (await yard.client.get("/ok", params={"check_db": 1})).json() == {"ok": True}


@pytest.mark.requirement("server.docs")
async def test_the_documentation_asks_nothing_of_other_hosts(appyard: RunAppyard) -> None:
    client = (await appyard()).client
    for page in ("/docs", "/redoc"):
        shown = (await client.get(page)).text
        fetched = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"([^\"]+)\"", shown)
        assert fetched
        assert [(address, (await client.get(address)).status_code) for address in fetched] == [(address, 200) for address in fetched]
        assert not [address for address in fetched if not address.startswith("/")]


@pytest.mark.requirement("server.metrics")
async def test_what_waits_is_counted(yard: Appyard, client: Client) -> None:
    await client.runs.wait((await client.threads.create())["thread_id"], "toy", input={"topic": "t"})
    text = (await yard.client.get("/metrics")).text
    assert "# TYPE appyard_approvals_waiting gauge\nappyard_approvals_waiting 1.0\n" in text
    assert (await yard.client.get("/metrics", params={"format": "json"})).json()["appyard_runs"] == {"pending": 0.0, "running": 0.0}


@pytest.mark.requirement("server.cors")
@pytest.mark.parametrize(("origin", "status"), [("http://localhost:3000", 200), ("https://elsewhere.example", 400)])
async def test_only_pages_of_this_machine_may_call_unless_configured(appyard: RunAppyard, origin: str, status: int) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    answer = await (await appyard()).client.options("/threads", headers=headers)
    assert answer.status_code == status
    assert ("access-control-allow-private-network" in answer.headers, answer.headers.get("access-control-allow-origin")) == (
        True,
        origin if status == 200 else None,
    )
