"""Runs over HTTP on the toy graph, through the official SDK: results, streams, double texting, cancelling, rolling back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError

from checkpoints.records import ApprovalStatus
from tests.integration.server.conftest import Appyard, RunAppyard

TOYS = Path(__file__).parents[2] / "acceptance/toy_graph/langgraph.json"
GIVEN: dict[str, Any] = {"topic": "t", "n": 2}
SLOW = {**GIVEN, "sleep": 30}
EVERY_MODE = ["values", "updates", "messages-tuple", "custom", "tasks", "checkpoints", "debug", "events"]


@pytest.fixture
async def yard(appyard: RunAppyard) -> Appyard:
    return await appyard(config=TOYS)


@pytest.fixture
def client(yard: Appyard) -> LangGraphClient:
    return LangGraphClient(yard.client)


@pytest.fixture
async def thread_id(client: LangGraphClient) -> str:
    return str((await client.threads.create())["thread_id"])


async def slow_run(yard: Appyard, client: LangGraphClient, thread_id: str, **details: Any) -> str:
    """A run whose workers are asleep; they have written their plan."""
    run = await client.runs.create(thread_id, "toy", input=SLOW, stream_mode=["custom"], **details)
    async for event in yard.world.ledger.run_events.follow(UUID(run["run_id"])):
        if event.event == "custom":
            break
    return str(run["run_id"])


async def status_of(client: LangGraphClient, thread_id: str, run_id: str) -> str:
    return str((await client.runs.get(thread_id, run_id))["status"])


async def names(stream: AsyncIterator[Any]) -> list[str]:
    return [part.event async for part in stream]


# ------------------------------------------------------------------------------------------------ results


@pytest.mark.requirement("run.wait")
async def test_waiting_gives_the_values_and_what_is_asked(client: LangGraphClient, thread_id: str) -> None:
    result: Any = await client.runs.wait(thread_id, "toy", input=GIVEN)
    (asked,) = result.pop("__interrupt__")
    (message,) = result.pop("messages")
    assert result == {"topic": "t", "n": 2, "results": ["t#0", "t#1"], "report": "t#0,t#1"}
    assert (message["type"], message["content"]) == ("ai", "draft: t#0,t#1")
    assert asked["value"] == {"question": "publish?", "report": "t#0,t#1"}
    assert (await client.threads.get(thread_id))["status"] == "interrupted"
    assert [run["status"] for run in await client.runs.list(thread_id)] == ["success"]


@pytest.mark.requirement("run.resume", "run.resume_by_id")
@pytest.mark.parametrize("by_id", [False, True])
async def test_an_answer_resumes_the_graph_and_is_on_record(yard: Appyard, client: LangGraphClient, thread_id: str, *, by_id: bool) -> None:
    asked: Any = (await client.runs.wait(thread_id, "toy", input=GIVEN))["__interrupt__"][0]["id"]
    result: Any = await client.runs.wait(thread_id, "toy", command={"resume": {asked: "yes"} if by_id else "yes"})
    (approval,) = await yard.world.ledger.approvals.of_thread(UUID(thread_id))
    assert result["approved"] == "yes"
    assert result["messages"][-1]["content"] == "done: yes"
    assert (approval.status, approval.decision) == (ApprovalStatus.decided, "yes")
    assert (await client.threads.get(thread_id))["status"] == "idle"


@pytest.mark.requirement("run.resume_once")
async def test_of_two_answers_at_once_one_is_refused(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN)
    answers = [client.runs.create(thread_id, "toy", command={"resume": word}, after_seconds=3600) for word in ("yes", "no")]
    ends = await asyncio.gather(*answers, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["ConflictError", "dict"]


@pytest.mark.requirement("run.command")
async def test_going_elsewhere_drops_the_question(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN)
    result: Any = await client.runs.wait(thread_id, "toy", command={"update": {"approved": "skip"}, "goto": "finish"})
    assert (result["messages"][-1]["content"], "__interrupt__" in result) == ("done: skip", False)
    assert (await client.threads.get_state(thread_id))["interrupts"] == []


@pytest.mark.requirement("run.interrupt_before_after", "run.continue")
async def test_a_run_stops_before_and_after_nodes_and_goes_on_with_null_input(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN, interrupt_before=["join"])
    assert (await client.threads.get_state(thread_id))["next"] == ["join"]
    await client.runs.wait(thread_id, "toy", input=None, interrupt_after=["join"])
    assert (await client.threads.get_state(thread_id))["next"] == ["approve"]
    assert (await client.threads.get(thread_id))["status"] == "interrupted"


@pytest.mark.requirement("run.checkpoint_id")
async def test_a_run_begins_at_an_earlier_checkpoint(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN)
    before = await client.threads.get_history(thread_id, limit=20)
    (fork,) = [state["checkpoint"]["checkpoint_id"] for state in before if state["next"] == ["join"]]
    result: Any = await client.runs.wait(thread_id, "toy", input=None, checkpoint_id=fork)
    after = await client.threads.get_history(thread_id, limit=50)
    assert result["report"] == "t#0,t#1"
    assert len(after) > len(before)


@pytest.mark.requirement("run.error")
async def test_an_error_keeps_its_name_and_message(client: LangGraphClient, thread_id: str) -> None:
    error = {"error": "ValueError", "message": "The plan failed on purpose."}
    assert await client.runs.wait(thread_id, "toy", input={"fail": True}, raise_error=False) == {"__error__": error}
    streamed = [(part.event, part.data) async for part in client.runs.stream(thread_id, "toy", input={"fail": True}, stream_mode="updates")]
    assert streamed[-2:] == [("error", error), ("end", {"status": "error"})]
    thread = await client.threads.get(thread_id)
    assert (thread["status"], thread["error"]) == ("error", error)


@pytest.mark.requirement("run.durability")
async def test_with_durability_exit_only_the_end_is_kept(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN, durability="exit")
    assert len(await client.threads.get_history(thread_id, limit=50)) == 1


# ------------------------------------------------------------------------------------------------ streams


@pytest.mark.requirement("stream.modes", "stream.headers")
async def test_every_mode_is_streamed_under_its_name(client: LangGraphClient, thread_id: str) -> None:
    created: list[Any] = []
    stream = client.runs.stream(thread_id, "toy", input=GIVEN, stream_mode=EVERY_MODE, on_run_created=created.append)
    seen = await names(stream)
    (run,) = await client.runs.list(thread_id)
    assert {name.removesuffix("-tuple") for name in EVERY_MODE} | {"metadata", "end"} == set(seen)
    assert (seen[0], seen[-1]) == ("metadata", "end")
    assert created == [{"run_id": run["run_id"], "thread_id": thread_id}]


@pytest.mark.requirement("stream.exact_modes")
async def test_only_what_was_asked_for_is_streamed(client: LangGraphClient, thread_id: str) -> None:
    parts = [(part.event, part.data, part.id) async for part in client.runs.stream(thread_id, "toy", input=GIVEN, stream_mode="custom")]
    progress = [("custom", {"progress": "planned"}, None), *(("custom", {"progress": "worked", "i": i}, None) for i in (0, 1))]
    assert parts[1:] == [*progress, ("end", {"status": "interrupted"}, None)]


@pytest.mark.requirement("stream.modes")
async def test_parts_of_the_sdks_second_version_name_their_type(client: LangGraphClient, thread_id: str) -> None:
    stream: Any = client.runs.stream(thread_id, "toy", input=GIVEN, stream_mode=["updates"], version="v2")
    parts = [(part["type"], part["ns"]) async for part in stream]
    assert parts[0] == ("metadata", [])
    assert ("updates", []) in parts


@pytest.mark.requirement("stream.messages")
async def test_messages_come_whole_with_their_metadata_first(client: LangGraphClient, thread_id: str) -> None:
    parts = [part async for part in client.runs.stream(thread_id, "toy", input=GIVEN, stream_mode="messages")]
    about, whole = parts[1:3]
    assert [part.event for part in parts] == ["metadata", "messages/metadata", "messages/complete", "end"]
    assert about.data["draft-1"]["metadata"]["langgraph_node"] == "join"
    assert [message["content"] for message in whole.data] == ["draft: t#0,t#1"]


@pytest.mark.requirement("stream.subgraphs")
async def test_what_a_subgraph_streams_carries_its_namespace(client: LangGraphClient, thread_id: str) -> None:
    seen = await names(client.runs.stream(thread_id, "nested", input={}, stream_mode="updates", stream_subgraphs=True))
    assert [name.split(":")[0] for name in seen] == ["metadata", "updates|inside", "updates", "end"]


@pytest.mark.requirement("stream.resumable")
async def test_a_resumable_stream_is_replayed_from_any_event(client: LangGraphClient, thread_id: str) -> None:
    modes = ["updates", "custom", "values"]
    full = [part async for part in client.runs.stream(thread_id, "toy", input=GIVEN, stream_mode=modes, stream_resumable=True)]
    run_id = full[0].data["run_id"]
    rest = [part async for part in client.runs.join_stream(thread_id, run_id, last_event_id=full[3].id)]
    everything = [part async for part in client.runs.join_stream(thread_id, run_id, last_event_id="-1")]
    assert [part.id for part in full] == [str(number) for number in range(1, len(full) + 1)]
    assert (rest, everything) == (full[4:], full)
    assert await names(client.runs.join_stream(thread_id, run_id)) == []


@pytest.mark.requirement("stream.join_modes")
async def test_rejoining_can_be_limited_to_some_modes(client: LangGraphClient, thread_id: str) -> None:
    run = await client.runs.create(thread_id, "toy", input=GIVEN, stream_mode=["updates", "values"], stream_resumable=True)
    await client.runs.join(thread_id, run["run_id"])
    seen = await names(client.runs.join_stream(thread_id, run["run_id"], stream_mode=["updates"], last_event_id="-1"))
    assert set(seen) == {"metadata", "updates", "end"}


@pytest.mark.requirement("run.join")
async def test_joining_gives_what_the_run_came_to(client: LangGraphClient, thread_id: str) -> None:
    run = await client.runs.create(thread_id, "toy", input=GIVEN, stream_mode="custom")
    first: Any = await client.runs.join(thread_id, run["run_id"])
    assert first["report"] == "t#0,t#1"
    assert await client.runs.join(thread_id, run["run_id"]) == first


# ------------------------------------------------------------------------------------------------ double texting


@pytest.mark.requirement("multitask.reject")
async def test_a_busy_thread_rejects_a_second_run(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    run_id = await slow_run(yard, client, thread_id)
    with pytest.raises(ConflictError, match="already running a task"):
        await client.runs.create(thread_id, "toy", input=GIVEN, multitask_strategy="reject")
    assert [run["run_id"] for run in await client.runs.list(thread_id)] == [run_id]


@pytest.mark.requirement("multitask.enqueue")
async def test_a_second_run_waits_its_turn(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    first = await slow_run(yard, client, thread_id)
    second = await client.runs.create(thread_id, "toy", input={**GIVEN, "topic": "second", "sleep": 0})
    assert [await status_of(client, thread_id, run) for run in (first, second["run_id"])] == ["running", "pending"]
    await client.runs.cancel(thread_id, first, wait=True)
    result: Any = await client.runs.join(thread_id, second["run_id"])
    assert result["topic"] == "second"


@pytest.mark.requirement("multitask.interrupt")
async def test_a_second_run_interrupts_the_first(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    first = await slow_run(yard, client, thread_id)
    result: Any = await client.runs.wait(thread_id, "toy", input={**GIVEN, "topic": "second", "sleep": 0}, multitask_strategy="interrupt")
    assert (result["topic"], await status_of(client, thread_id, first)) == ("second", "interrupted")


@pytest.mark.requirement("multitask.rollback")
async def test_a_second_run_takes_the_place_of_the_first(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    first = await slow_run(yard, client, thread_id)
    second = await client.runs.create(thread_id, "toy", input={**GIVEN, "topic": "second", "sleep": 0}, multitask_strategy="rollback")
    await client.runs.join(thread_id, second["run_id"])
    history = await client.threads.get_history(thread_id, limit=50)
    assert [run["run_id"] for run in await client.runs.list(thread_id)] == [second["run_id"]]
    assert {state["metadata"]["run_id"] for state in history} == {second["run_id"]}
    with pytest.raises(NotFoundError):
        await client.runs.get(thread_id, first)


# ------------------------------------------------------------------------------------------------ stopping


@pytest.mark.requirement("run.cancel")
async def test_a_cancelled_run_keeps_what_it_did(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    run_id = await slow_run(yard, client, thread_id)
    await client.runs.cancel(thread_id, run_id, wait=True)
    assert await status_of(client, thread_id, run_id) == "interrupted"
    assert (await client.threads.get_state(thread_id))["next"] == ["work", "work"]
    assert (await client.threads.get(thread_id))["status"] != "busy"
    with pytest.raises(NotFoundError):
        await client.runs.cancel(thread_id, run_id)


@pytest.mark.requirement("run.cancel_rollback")
async def test_a_run_rolled_back_never_was(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN)
    before = await client.threads.get_state(thread_id)
    thread = await client.threads.get(thread_id)
    run_id = await slow_run(yard, client, thread_id)
    await client.runs.cancel(thread_id, run_id, wait=True, action="rollback")
    assert await client.threads.get_state(thread_id) == before
    assert (await client.threads.get(thread_id))["interrupts"] == thread["interrupts"]
    result: Any = await client.runs.wait(thread_id, "toy", command={"resume": "yes"})
    assert result["approved"] == "yes"


@pytest.mark.requirement("run.cancel_many")
@pytest.mark.parametrize("everything", [False, True])
async def test_several_runs_are_cancelled_at_once(yard: Appyard, client: LangGraphClient, thread_id: str, *, everything: bool) -> None:
    running = await slow_run(yard, client, thread_id)
    waiting = (await client.runs.create(thread_id, "toy", input=GIVEN))["run_id"]
    which: Any = {"status": "all"} if everything else {"thread_id": thread_id, "run_ids": [running, waiting]}
    await client.runs.cancel_many(**which)
    await client.runs.join(thread_id, running)
    assert [await status_of(client, thread_id, run) for run in (running, waiting)] == ["interrupted", "interrupted"]


@pytest.mark.requirement("run.list")
async def test_the_runs_of_a_thread_are_listed_by_their_status(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN)
    await client.runs.wait(thread_id, "toy", input={"fail": True}, raise_error=False)
    listed = {status: len(await client.runs.list(thread_id, status=status)) for status in ("success", "error", "running")}
    assert listed == {"success": 1, "error": 1, "running": 0}


@pytest.mark.requirement("run.delete")
async def test_only_a_run_that_has_ended_is_deleted(yard: Appyard, client: LangGraphClient, thread_id: str) -> None:
    run_id = await slow_run(yard, client, thread_id)
    with pytest.raises(ConflictError):
        await client.runs.delete(thread_id, run_id)
    await client.runs.cancel(thread_id, run_id, wait=True)
    await client.runs.delete(thread_id, run_id)
    assert await client.runs.list(thread_id) == []


# ------------------------------------------------------------------------------------------------ accepting


@pytest.mark.requirement("run.after_seconds")
async def test_a_run_for_later_does_not_hold_up_the_thread(client: LangGraphClient, thread_id: str) -> None:
    later = await client.runs.create(thread_id, "toy", input={**GIVEN, "topic": "later"}, after_seconds=1)
    now: Any = await client.runs.wait(thread_id, "toy", input=GIVEN)
    assert (now["topic"], await status_of(client, thread_id, later["run_id"])) == ("t", "pending")
    result: Any = await client.runs.join(thread_id, later["run_id"])
    assert result["topic"] == "later"


@pytest.mark.requirement("run.if_not_exists")
async def test_a_missing_thread_is_refused_or_created(client: LangGraphClient) -> None:
    thread_id = str(uuid4())
    with pytest.raises(NotFoundError):
        await client.runs.create(thread_id, "toy", input=GIVEN)
    result: Any = await client.runs.wait(thread_id, "toy", input=GIVEN, if_not_exists="create")
    thread = await client.threads.get(thread_id)
    assert result["report"] == "t#0,t#1"
    assert {name: thread["metadata"][name] for name in ("graph_id",)} == {"graph_id": "toy"}


@pytest.mark.requirement("run.fields")
async def test_a_run_says_what_it_was_asked(client: LangGraphClient, thread_id: str) -> None:
    run = await client.runs.create(thread_id, "toy", input=GIVEN, metadata={"m": 1}, stream_mode="updates", multitask_strategy="enqueue")
    (assistant,) = await client.assistants.search(graph_id="toy")
    assert set(run) == {
        "run_id", "thread_id", "assistant_id", "created_at", "updated_at", "status", "metadata", "kwargs", "multitask_strategy",
    }  # fmt: skip
    assert (run["thread_id"], run["assistant_id"], run["status"]) == (thread_id, assistant["assistant_id"], "pending")
    assert (run["metadata"]["m"], run["metadata"]["graph_id"], run["multitask_strategy"]) == (1, "toy", "enqueue")
    assert run["kwargs"]["input"] == GIVEN


@pytest.mark.requirement("run.alone", "run.batch")
async def test_runs_without_a_thread_leave_nothing_behind(client: LangGraphClient) -> None:
    result: Any = await client.runs.wait(None, "toy", input=GIVEN)
    seen = await names(client.runs.stream(None, "toy", input=GIVEN, stream_mode="updates"))
    assert (result["report"], seen[0], seen[-1]) == ("t#0,t#1", "metadata", "end")
    assert await client.threads.search() == []
    batch = await client.runs.create_batch([{"assistant_id": "toy", "input": GIVEN}, {"assistant_id": "toy", "input": GIVEN}])
    assert len({run["thread_id"] for run in batch}) == 2


@pytest.mark.requirement("run.bad_input")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"assistant_id": "toy", "stream_mode": "bogus"},
        {"assistant_id": "toy", "after_seconds": -1},
        {"assistant_id": "toy", "multitask_strategy": "shout"},
        {"assistant_id": "toy", "config": "none"},
        {"assistant_id": "toy", "command": {"goto": 5}},
        {"assistant_id": "no such graph"},
    ],
)
async def test_a_run_that_cannot_be_understood_is_refused(yard: Appyard, thread_id: str, body: dict[str, Any]) -> None:
    answer = await yard.client.post(f"/threads/{thread_id}/runs/stream", json=body)
    assert (answer.status_code, list(answer.json())) == (422, ["detail"])
    assert (await yard.client.get(f"/threads/{thread_id}/runs")).json() == []


@pytest.mark.requirement("run.bad_input")
async def test_what_the_graph_cannot_do_ends_the_run_with_an_error(client: LangGraphClient, thread_id: str) -> None:
    await client.runs.wait(thread_id, "toy", input=GIVEN)
    nowhere: Any = await client.runs.wait(thread_id, "toy", command={"goto": "nowhere"}, raise_error=False)
    nothing: Any = await client.runs.wait(thread_id, "toy", command={"resume": {"0" * 32: "yes"}}, raise_error=False)
    assert [ended["__error__"]["error"] for ended in (nowhere, nothing)] == ["NodeNotFound", "UnknownInterruptError"]


@pytest.mark.requirement("run.bad_input")
async def test_an_unknown_assistant_is_not_found(client: LangGraphClient, thread_id: str) -> None:
    with pytest.raises(NotFoundError):
        await client.runs.create(thread_id, str(uuid4()), input=GIVEN)
