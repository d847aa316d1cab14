"""State, history, forks and copies of threads, through the official SDK on the toy graph."""

from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError

from tests.integration.server.conftest import Appyard, RunAppyard

Client: TypeAlias = Any
"""A LangGraphClient; its TypedDicts are narrower than what it sends and receives."""

TOYS = Path(__file__).parents[2] / "acceptance/toy_graph/langgraph.json"
GIVEN: dict[str, Any] = {"topic": "t", "n": 2}


@pytest.fixture
async def yard(appyard: RunAppyard) -> Appyard:
    return await appyard(config=TOYS)


@pytest.fixture
def client(yard: Appyard) -> Client:
    return LangGraphClient(yard.client)


async def waiting(client: Client, graph: str = "toy") -> str:
    """A thread that asks a person."""
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], graph, input=GIVEN)
    return str(thread["thread_id"])


@pytest.mark.requirement("state.get")
async def test_a_thread_on_which_nothing_ran_has_an_empty_state(client: Client) -> None:
    thread_id = (await client.threads.create())["thread_id"]
    assert await client.threads.get_state(thread_id) == {
        "values": {},
        "next": [],
        "tasks": [],
        "metadata": None,
        "created_at": None,
        "checkpoint": None,
        "parent_checkpoint": None,
        "interrupts": [],
        "checkpoint_id": None,
        "parent_checkpoint_id": None,
    }
    assert await client.threads.get_history(thread_id) == []


@pytest.mark.requirement("state.get")
async def test_a_state_says_what_comes_next_and_what_is_asked(client: Client) -> None:
    state = await client.threads.get_state(await waiting(client))
    (task,) = state["tasks"]
    asked = {"value": {"question": "publish?", "report": "t#0,t#1"}, "id": state["interrupts"][0]["id"], "response_schema": None}
    assert state["next"] == ["approve"]
    assert state["interrupts"] == [asked]
    assert {**task, "id": "", "path": []} == {
        "id": "", "name": "approve", "path": [], "error": None, "interrupts": [asked], "checkpoint": None, "state": None, "result": None,
    }  # fmt: skip


@pytest.mark.requirement("state.select")
async def test_a_state_is_reduced_to_the_parts_asked_for(client: Client) -> None:
    thread_id = await waiting(client)
    assert await client.threads.get_state(thread_id, select=["next", "values.report"]) == {
        "next": ["approve"],
        "values": {"report": "t#0,t#1"},
    }
    (newest,) = await client.threads.get_history(thread_id, limit=1, select=["next"])
    assert newest == {"next": ["approve"]}


@pytest.mark.requirement("state.history")
async def test_history_pages_backwards_and_filters_by_metadata(client: Client) -> None:
    thread_id = await waiting(client)
    everything = await client.threads.get_history(thread_id, limit=20)
    assert [state["metadata"]["step"] for state in everything] == [3, 2, 1, 0, -1]
    second = everything[1]["checkpoint"]
    by_checkpoint = await client.threads.get_history(thread_id, limit=2, before=second)
    by_id = await client.threads.get_history(thread_id, limit=2, before=second["checkpoint_id"])
    assert by_checkpoint == by_id == everything[2:4]
    assert await client.threads.get_history(thread_id, metadata={"source": "input"}) == everything[4:]


@pytest.mark.requirement("state.checkpoint")
async def test_a_state_is_read_at_an_earlier_checkpoint_by_id_and_by_key(client: Client) -> None:
    thread_id = await waiting(client)
    earlier = (await client.threads.get_history(thread_id, limit=2))[1]
    by_id = await client.threads.get_state(thread_id, checkpoint_id=earlier["checkpoint"]["checkpoint_id"])
    by_key = await client.threads.get_state(thread_id, checkpoint=earlier["checkpoint"])
    assert by_id == by_key == earlier


@pytest.mark.requirement("state.update")
async def test_an_update_takes_the_place_of_the_node_and_the_run_goes_on(client: Client) -> None:
    thread_id = await waiting(client)
    changed = await client.threads.update_state(thread_id, {"approved": "by hand"}, as_node="approve")
    state = await client.threads.get_state(thread_id)
    assert changed["checkpoint"] == state["checkpoint"]
    assert (state["next"], state["interrupts"]) == (["finish"], [])
    done = await client.runs.wait(thread_id, "toy", input=None)
    assert done["messages"][-1]["content"] == "done: by hand"


@pytest.mark.requirement("state.update_supersedes")
async def test_after_an_update_the_old_question_is_superseded_and_asked_anew(yard: Appyard, client: Client) -> None:
    thread_id = await waiting(client)
    await client.threads.update_state(thread_id, {"report": "better"}, as_node="join")
    assert (await client.threads.get(thread_id))["interrupts"] == {}
    asked = await client.runs.wait(thread_id, "toy", input=None)
    assert asked["__interrupt__"][0]["value"] == {"question": "publish?", "report": "better"}
    approvals = await yard.world.ledger.approvals.of_thread(UUID(thread_id))
    assert [approval.status.value for approval in approvals] == ["superseded", "pending"]


@pytest.mark.requirement("state.end")
async def test_ending_by_update_leaves_an_idle_thread(client: Client) -> None:
    thread_id = await waiting(client)
    await client.threads.update_state(thread_id, None, as_node="__end__")
    thread = await client.threads.get(thread_id)
    assert (thread["status"], (await client.threads.get_state(thread_id))["next"]) == ("idle", [])


@pytest.mark.requirement("state.fork")
async def test_an_update_at_an_earlier_checkpoint_forks(client: Client) -> None:
    thread_id = await waiting(client)
    before_join = next(state for state in await client.threads.get_history(thread_id) if state["next"] == ["join"])
    await client.threads.update_state(thread_id, {"results": ["one more"]}, as_node="work", checkpoint=before_join["checkpoint"])
    forked = await client.threads.get_state(thread_id)
    assert forked["parent_checkpoint"] == before_join["checkpoint"]
    asked = await client.runs.wait(thread_id, "toy", input=None)
    assert asked["__interrupt__"][0]["value"]["report"] == "one more,t#0,t#1"


@pytest.mark.requirement("state.bad_input")
@pytest.mark.parametrize(("values", "as_node"), [({"approved": 1}, "nobody"), ({"results": 5}, "work"), ("text", "join")])
async def test_an_update_the_graph_refuses_changes_nothing(client: Client, values: Any, as_node: str) -> None:
    thread_id = await waiting(client)
    before = await client.threads.get_state(thread_id)
    with pytest.raises(UnprocessableEntityError, match="cannot be changed like this"):
        await client.threads.update_state(thread_id, values, as_node=as_node)
    assert await client.threads.get_state(thread_id) == before


@pytest.mark.requirement("state.busy")
async def test_a_running_thread_is_not_updated(client: Client) -> None:
    thread_id = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread_id, "toy", input={**GIVEN, "sleep": 30})
    with pytest.raises(ConflictError):
        await client.threads.update_state(thread_id, {"topic": "other"}, as_node="plan")
    await client.runs.cancel(thread_id, run["run_id"], wait=True)


@pytest.mark.requirement("state.bad_input")
async def test_a_checkpoint_that_is_not_there_is_not_found(client: Client) -> None:
    thread_id = await waiting(client)
    with pytest.raises(NotFoundError):
        await client.threads.get_state(thread_id, checkpoint_id=str(uuid4()))
    with pytest.raises(NotFoundError):
        await client.threads.update_state(thread_id, {"report": "x"}, as_node="join", checkpoint_id=str(uuid4()))
    with pytest.raises(NotFoundError):
        await client.threads.get_state(str(uuid4()))


@pytest.mark.requirement("state.bad_input")
async def test_a_thread_without_a_graph_is_not_updated(client: Client) -> None:
    thread_id = (await client.threads.create())["thread_id"]
    with pytest.raises(UnprocessableEntityError, match="No graph has run"):
        await client.threads.update_state(thread_id, {"topic": "t"})


@pytest.mark.requirement("state.subgraphs")
async def test_the_state_of_a_graph_inside_is_read_with_its_parents(client: Client) -> None:
    thread_id = await waiting(client, "nested")
    (task,) = (await client.threads.get_state(thread_id))["tasks"]
    assert task["checkpoint"] is not None
    (with_state,) = (await client.threads.get_state(thread_id, subgraphs=True))["tasks"]
    assert with_state["state"]["next"] == ["ask"]
    inside = await client.threads.get_state(thread_id, checkpoint=task["checkpoint"])
    assert inside["next"] == ["ask"]
    assert (await client.threads.get_history(thread_id, checkpoint=task["checkpoint"]))[0]["next"] == ["ask"]


@pytest.mark.requirement("thread.copy")
async def test_a_copy_goes_its_own_way(client: Client) -> None:
    thread_id = await waiting(client)
    copy = await client.threads.copy(thread_id)
    assert (copy["status"], copy["interrupts"]) == ("interrupted", (await client.threads.get(thread_id))["interrupts"])
    done = await client.runs.wait(copy["thread_id"], "toy", command={"resume": "copy"})
    assert done["approved"] == "copy"
    assert (await client.threads.get_state(thread_id))["next"] == ["approve"]


@pytest.mark.requirement("thread.prune")
async def test_pruning_keeps_the_latest_state_and_the_question(client: Client) -> None:
    thread_id = await waiting(client)
    assert await client.threads.prune([thread_id, str(uuid4())], strategy="keep_latest") == {"pruned_count": 1}
    assert len(await client.threads.get_history(thread_id, limit=50)) == 1
    assert (await client.runs.wait(thread_id, "toy", command={"resume": "yes"}))["approved"] == "yes"


@pytest.mark.requirement("thread.storage")
async def test_storage_shrinks_by_pruning(client: Client) -> None:
    thread_id = await waiting(client)
    before = await client.http.get(f"/threads/{thread_id}/storage")
    await client.threads.prune([thread_id], strategy="keep_latest")
    after = await client.http.get(f"/threads/{thread_id}/storage")
    assert (before["checkpoints"]["count"], after["checkpoints"]["count"]) == (5, 1)
    assert 0 < after["total_bytes"] < before["total_bytes"]
    assert after["channel_values"]["by_channel"]["results"]["versions"] == 1


@pytest.mark.requirement("thread.supersteps")
async def test_a_thread_begins_with_the_state_its_supersteps_lead_to(client: Client) -> None:
    steps = [
        {"updates": [{"values": {"topic": "given"}, "as_node": "__start__"}]},
        {"updates": [{"values": {"report": "written elsewhere"}, "as_node": "join"}]},
    ]
    thread = await client.threads.create(graph_id="toy", supersteps=steps)
    assert thread["values"] == {"topic": "given", "report": "written elsewhere", "messages": [], "results": []}
    assert (await client.threads.get_state(thread["thread_id"]))["next"] == ["approve"]


@pytest.mark.requirement("thread.supersteps")
async def test_a_thread_with_a_superstep_the_graph_refuses_is_not_created(client: Client) -> None:
    thread_id = str(uuid4())
    with pytest.raises(UnprocessableEntityError):
        await client.threads.create(thread_id=thread_id, graph_id="toy", supersteps=[{"updates": [{"values": {}, "as_node": "nobody"}]}])
    with pytest.raises(NotFoundError):
        await client.threads.get(thread_id)


@pytest.mark.requirement("thread.ttl")
async def test_a_thread_lives_as_long_as_the_configuration_says_unless_told_otherwise(client: Client) -> None:
    usual = await client.threads.get((await client.threads.create())["thread_id"], include=["ttl"])
    told = await client.threads.get((await client.threads.create(ttl=5))["thread_id"], include=["ttl"])
    assert (usual["ttl"]["strategy"], usual["ttl"]["ttl_minutes"]) == ("keep_latest", 60)
    assert (told["ttl"]["strategy"], told["ttl"]["ttl_minutes"]) == ("delete", 5)


@pytest.mark.requirement("thread.search")
async def test_threads_are_found_by_what_they_hold_and_answered_in_part(client: Client) -> None:
    thread_id = await waiting(client)
    found = await client.threads.search(
        values={"report": "t#0,t#1"}, status="interrupted", select=["thread_id"], extract={"last": "values.messages[-1].content"}
    )
    assert found == [{"thread_id": thread_id, "extracted": {"last": "draft: t#0,t#1"}}]
