"""Bodies that are too deep, too large, or not for PostgreSQL: kept, or refused with an answer that says why."""

from pathlib import Path

import pytest

from tests.integration.server.conftest import RunAppyard

TOY = Path(__file__).parents[2] / "acceptance" / "toy_graph" / "langgraph.json"
JSON = {"Content-Type": "application/json"}
BODIES = {
    "/threads": '{"metadata": %s}',
    "/runs": '{"assistant_id": "toy", "input": %s}',
    "/runs/crons": '{"assistant_id": "toy", "schedule": "0 0 * * *", "input": %s}',
    "/a2a/toy": '{"jsonrpc": "2.0", "method": "message/send", "params": %s}',
    "/api/start": '{"app_description": "Employees submit claims.", "additional_context": %s}',
    "/store/items/search": '{"namespace_prefix": ["a"], "filter": %s}',
}


@pytest.mark.requirement("server.deep")
@pytest.mark.parametrize("path", BODIES)
async def test_json_of_too_many_levels_is_refused(appyard: RunAppyard, path: str) -> None:
    client = (await appyard(config=TOY)).client
    for levels, statuses in ((300, {200, 422}), (10_000, {400, 422})):
        deep = '{"a":' * levels + "1" + "}" * levels
        answer = await client.post(path, content=BODIES[path] % deep, headers=JSON)
        assert answer.status_code in statuses, answer.text
        said = answer.json()
        assert len(str(said.get("detail") or said["error"]["message"])) < 500


@pytest.mark.requirement("server.large")
async def test_a_state_of_ten_megabytes_is_kept_and_a_body_of_forty_refused(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    large = "x" * 10 * 1024 * 1024
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    ran = await client.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "toy", "input": {"topic": large, "n": 1}})
    assert ran.json()["topic"] == large
    assert (await client.get(f"/threads/{thread}/state")).json()["values"]["report"] == f"{large}#0"
    refused = await client.post(f"/threads/{thread}/runs", json={"assistant_id": "toy", "input": {"topic": large * 4}})
    assert refused.status_code == 413


@pytest.mark.requirement("server.any_input")
async def test_characters_postgres_cannot_hold_are_refused(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    await client.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "toy", "input": {"n": 1}})
    answers = [
        await client.put("/store/items", json={"namespace": ["a\0b"], "key": "k", "value": {}}),
        await client.post("/store/items/search", json={"namespace_prefix": ["a\0b"]}),
        await client.post("/store/items/search", json={"namespace_prefix": ["a"], "filter": {"a": "\0"}}),
        await client.post(f"/threads/{thread}/history", json={"metadata": {"a": "\0"}}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422]
