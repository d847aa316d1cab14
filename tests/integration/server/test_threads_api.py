"""Threads over HTTP, through the official SDK."""

from uuid import uuid4

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError

from tests.integration.server.conftest import RunAppyard


async def client_of(appyard: RunAppyard) -> LangGraphClient:
    return LangGraphClient((await appyard()).client)


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


async def test_creating_a_thread_twice_is_refused_unless_asked_otherwise(appyard: RunAppyard) -> None:
    client = await client_of(appyard)
    first = await client.threads.create(thread_id=str(uuid4()), metadata={"n": 1})
    with pytest.raises(ConflictError):
        await client.threads.create(thread_id=first["thread_id"], if_exists="raise")
    assert await client.threads.create(thread_id=first["thread_id"], if_exists="do_nothing") == first
