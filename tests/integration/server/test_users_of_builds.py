"""Whose money of the day a build of the LangGraph API uses: the caller's, where the server tells callers apart, or whom it names."""

import json
from pathlib import Path
from typing import Any

import httpx
from langgraph_sdk.client import LangGraphClient

from tests.integration.server.conftest import DESCRIPTION, Appyard, RunAppyard

PEOPLE = Path(__file__).parents[2] / "acceptance/toy_graph/people.py"


def asking(user_id: str | None = None) -> dict[str, Any]:
    named = {"user_id": user_id} if user_id else {}
    return {"request": {"app_description": DESCRIPTION, **named}}


async def user_of(client: LangGraphClient, thread_id: str) -> object:
    metadata = (await client.threads.get(thread_id))["metadata"] or {}
    return metadata.get("user_id")


async def test_a_build_is_its_callers_whatever_it_says(appyard: RunAppyard, tmp_path: Path) -> None:
    config = tmp_path / "langgraph.json"
    config.write_text(json.dumps({"graphs": {}, "auth": {"path": f"{PEOPLE}:auth"}}), encoding="utf-8")
    yard = await appyard(config=config)
    alice = signed_in(yard, "alice")
    thread = await alice.threads.create(metadata={"user_id": "somebody else"})
    await alice.runs.wait(thread["thread_id"], "appyard", input=asking("bob"))
    await alice.threads.update(thread["thread_id"], metadata={"user_id": "bob", "colour": "red"})
    kept = (await alice.threads.get(thread["thread_id"]))["metadata"] or {}
    assert (kept["user_id"], kept["colour"]) == ("alice", "red")


async def test_without_callers_a_build_is_whose_the_request_says(appyard: RunAppyard) -> None:
    yard = await appyard()
    client = LangGraphClient(yard.client)
    named, unnamed, claimed = [(await client.threads.create(metadata=given))["thread_id"] for given in ({}, {}, {"user_id": "li"})]
    await client.runs.wait(named, "appyard", input=asking("ada"))
    await client.runs.wait(unnamed, "appyard", input=asking())
    await client.runs.wait(claimed, "appyard", input=asking("ada"))
    assert [await user_of(client, thread_id) for thread_id in (named, unnamed, claimed)] == ["ada", "local", "li"]


def signed_in(yard: Appyard, name: str) -> LangGraphClient:
    """The SDK's client with the token of this person."""
    headers = {"Authorization": f"Bearer for-{name}"}
    return LangGraphClient(httpx.AsyncClient(transport=yard.client._transport, base_url="http://appyard", headers=headers, timeout=30))
