"""Threads over HTTP, through the official SDK."""

from uuid import uuid4

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.integration.server.conftest import RunAppyard


async def client_of(appyard: RunAppyard) -> LangGraphClient:
    return LangGraphClient((await appyard()).client)


@pytest.mark.requirement("thread.crud")
async def test_a_thread_is_created_found_changed_and_deleted(appyard: RunAppyard) -> None:
    client = await client_of(appyard)
    created = await client.threads.create(metadata={"project": "claims"}, graph_id="appyard")
    assert {**created, "thread_id": "", "created_at": "", "updated_at": "", "state_updated_at": ""} == {
        "thread_id": "",
        "created_at": "",
        "updated_at": "",
        "state_updated_at": "",
        "metadata": {"project": "claims", "graph_id": "appyard"},
        "status": "idle",
        "config": {},
        "values": None,
        "interrupts": {},
        "error": None,
    }
    changed = await client.threads.update(created["thread_id"], metadata={"project": "loans"})
    assert (await client.threads.search(metadata={"project": "loans"})) == [changed]
    await client.threads.delete(created["thread_id"])
    with pytest.raises(NotFoundError):
        await client.threads.get(created["thread_id"])


@pytest.mark.requirement("thread.if_exists")
async def test_creating_a_thread_twice_is_refused_unless_asked_otherwise(appyard: RunAppyard) -> None:
    client = await client_of(appyard)
    first = await client.threads.create(thread_id=str(uuid4()), metadata={"n": 1})
    with pytest.raises(ConflictError):
        await client.threads.create(thread_id=first["thread_id"], if_exists="raise")
    assert await client.threads.create(thread_id=first["thread_id"], if_exists="do_nothing") == first


@pytest.mark.requirement("thread.pagination", "thread.count")
async def test_pages_say_how_many_there_are_and_where_to_go_on(appyard: RunAppyard) -> None:
    yard = await appyard()
    client = LangGraphClient(yard.client)
    for _ in range(3):
        await client.threads.create(metadata={"project": "claims"})
    first = await yard.client.post("/threads/search", json={"metadata": {"project": "claims"}, "limit": 2})
    last = await yard.client.post("/threads/search", json={"metadata": {"project": "claims"}, "limit": 2, "offset": 2})
    assert (first.headers["x-pagination-total"], first.headers["x-pagination-next"], len(first.json())) == ("3", "2", 2)
    assert (last.headers["x-pagination-total"], "x-pagination-next" in last.headers, len(last.json())) == ("3", False, 1)
    assert await client.threads.count(metadata={"project": "claims"}) == 3


@pytest.mark.requirement("thread.bad_input")
async def test_what_cannot_be_understood_is_refused_with_a_sentence(appyard: RunAppyard) -> None:
    http = (await appyard()).client
    answers = [
        await http.get("/threads/not-a-uuid"),
        await http.post("/threads", json={"metadata": "text"}),
        await http.post("/threads", json={"ttl": {"ttl": -1}}),
        await http.post("/threads", json={"metadata": {"graph_id": "a\x00"}}),
        await http.post(
            "/threads", content=b'{"metadata":' + b'{"a":' * 300 + b"1" + b"}" * 301, headers={"Content-Type": "application/json"}
        ),
        await http.post("/threads", content=b"{", headers={"Content-Type": "application/json"}),
        await http.post("/threads/search", json={"limit": 0}),
        await http.post("/threads/search", json={"sort_by": "secret; DROP TABLE threads"}),
        await http.post("/threads/search", json={"extract": {"x": "values.__class__()["}}),
        await http.post("/threads/prune", json={"thread_ids": ["x"]}),
    ]
    assert [answer.status_code for answer in answers] == [422] * len(answers)
    assert all(answer.json()["detail"] for answer in answers)
