"""Gates from HTTP to the database and back: who may decide, what a decision is bound to, and what is kept of it."""

import asyncio
import copy
import os
from typing import Any

import pytest

from nodes.artifacts import Changeset
from nodes.context import AgentTask
from nodes.errors import SandboxUnavailable
from nodes.sandbox.bubblewrap import BubblewrapSandbox
from nodes.sandbox.processes import descendants
from nodes.sandbox.protocol import Command
from tests.factories import make_finding, make_plan, make_record, make_spec
from tests.integration.server.conftest import Appyard, RunAppyard, script, write_samples

ALWAYS = {"gates": {"requirements": "always"}}


async def approve(yard: Appyard, build: str, reviewer: str, **more: object) -> Any:
    """The answer to an approval."""
    return await yard.client.post(f"/api/approval/{build}", json={"approved": True, "reviewer": reviewer, **more})


async def test_with_four_eyes_whoever_asked_may_reject_but_not_approve_and_every_decision_is_kept(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    build = await yard.start(user_id="Maria", options={"four_eyes": True})
    waiting = await yard.ended(build)
    assert waiting["review"]["request"]["askers"] == ["Maria"]

    refused = await approve(yard, build, " maria ")
    page = await yard.client.post(f"/builds/{build}/decision", data={"decision": "approved", "reviewer": "Maria"})
    taken = await approve(yard, build, "li")

    assert (refused.status_code, refused.json()["error"]) == (403, "RequesterMayNotApprove")
    assert "maria asked for it, so somebody else has to approve it" in refused.json()["detail"]
    assert (page.status_code, "Somebody else has to approve this" in page.text) == (403, True)
    assert taken.status_code == 200
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    [kept] = (await yard.client.get(f"/api/builds/{build}/decisions")).json()["items"]
    assert [kept[name] for name in ("gate", "decision", "decided_by", "decided_via", "decided_from")] == [
        "app",
        "approved",
        "li",
        "api",
        "127.0.0.1",
    ]
    assert "through the API from 127.0.0.1" in (await yard.client.get(f"/builds/{build}/history")).text


async def test_four_eyes_of_the_server_hold_for_the_langgraph_api_too(appyard: RunAppyard) -> None:
    yard = await appyard(four_eyes=True, rounds=[[make_finding(component=None)]])
    thread = (await yard.client.post("/threads", json={})).json()["thread_id"]
    request = {"app_description": "Employees submit claims.", "user_id": "maria"}
    started = {"assistant_id": "appyard", "input": {"request": request}, "context": {"four_eyes": False}}
    await yard.client.post(f"/threads/{thread}/runs/wait", json=started)
    resumed = {"assistant_id": "appyard", "command": {"resume": {"decision": "approved", "decided_by": "maria"}}}
    await yard.client.post(f"/threads/{thread}/runs/wait", json=resumed)
    [asked_again] = (await yard.client.get(f"/threads/{thread}")).json()["interrupts"].values()
    assert asked_again[0]["value"]["question"].startswith("maria asked for it, so somebody else")


async def test_a_decision_for_an_earlier_reading_is_refused_with_what_changed_since(appyard: RunAppyard) -> None:
    spec, other = make_spec(make_record("claim")), make_spec(make_record("claim"), make_record("receipt"))
    yard = await appyard(script(analyze_requirements=[spec, other]))
    build = await yard.start(options=ALWAYS)
    seen = (await yard.ended(build))["review"]["request"]["subject_sha256"]
    wish = {"decision": "changes_requested", "feedback": "Claims have receipts."}
    await yard.client.post(f"/api/approval/{build}", json=wish)
    await yard.ended(build)

    stale = await approve(yard, build, "li", subject_sha256=seen)

    assert (stale.status_code, stale.json()["error"]) == (409, "DecisionStale")
    assert any("receipt" in change.lower() for change in stale.json()["changes"])
    page = await yard.client.post(f"/builds/{build}/decision", data={"decision": "approved", "subject_sha256": seen})
    assert (page.status_code, stale.json()["changes"][0] in page.text) == (409, True)


async def test_a_paused_build_says_so_everywhere_and_goes_on_without_asking_an_agent_again(appyard: RunAppyard) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def held_at_first(task: AgentTask[Changeset]) -> Changeset:
        if not begun.is_set():
            begun.set()
            await never.wait()
        return write_samples(task)

    yard = await appyard(script(write_component=[held_at_first]))
    build = await yard.start()
    await asyncio.wait_for(begun.wait(), 30)
    pausing = await yard.client.post(f"/api/pause/{build}", json={"reviewer": "li"})
    paused = await yard.ended(build)
    listed = (await yard.client.get("/api/builds")).json()["items"]
    again = await yard.client.post(f"/api/pause/{build}")
    page = (await yard.client.get(f"/builds/{build}")).text
    in_list = (await yard.client.get("/builds?status=Paused")).text
    await yard.client.post(f"/api/resume/{build}")

    assert pausing.status_code == 202
    assert paused["runtime_status"] == listed[0]["runtime_status"] == "Paused"
    assert "Paused" in page
    assert build in in_list
    assert (again.status_code, again.json()["error"]) == (409, "BuildNotRunning")
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    assert yard.crew.names().count("analyze_requirements") == 1


@pytest.mark.parametrize("stop", ["cancel", "pause"])
async def test_what_runs_in_the_sandbox_is_gone_two_seconds_after_a_build_was_stopped(appyard: RunAppyard, stop: str) -> None:
    try:
        sandbox = BubblewrapSandbox()
    except SandboxUnavailable as problem:
        pytest.skip(problem.detail)

    async def works_in_sandbox(task: AgentTask[Changeset]) -> Changeset:
        await sandbox.run(Command(argv=("sh", "-c", "sleep 300 & sleep 300")))
        return write_samples(task)

    yard = await appyard(script(write_component=[works_in_sandbox]))
    before = descendants(os.getpid())
    build = await yard.start()
    while len(descendants(os.getpid()) - before) < 4:  # noqa: ASYNC110 - nobody tells of processes; these: bwrap, shell, two sleeps
        await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await yard.client.post(f"/api/{stop}/{build}")
        while descendants(os.getpid()) - before:  # noqa: ASYNC110 - nor that they are gone
            await asyncio.sleep(0)
    assert (await yard.ended(build))["runtime_status"] == {"cancel": "Canceled", "pause": "Paused"}[stop]


async def test_an_edited_specification_is_built_and_one_that_breaks_is_refused_with_the_place(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start(options=ALWAYS)
    await yard.ended(build)
    spec = (await yard.client.get(f"/api/builds/{build}/spec")).json()
    malformed = copy.deepcopy(spec)
    malformed["records"][0]["fields"][0]["type"] = "colour"
    contradictory = copy.deepcopy(spec) | {"permissions": []}
    edited = copy.deepcopy(spec)
    edited["records"][0]["fields"].append({"name": "receipt", "label": "Receipt number", "type": "text", "required": True})

    first = await approve(yard, build, "li", spec=malformed)
    second = await approve(yard, build, "li", spec=contradictory)
    taken = await approve(yard, build, "li", spec=edited)
    status = await yard.ended(build)

    assert (first.status_code, first.json()["detail"].partition(":")[0]) == (422, "spec.records.0.fields.0.type")
    assert (second.status_code, second.json()["error"]) == (422, "SpecificationRefused")
    assert "Nobody may read claim." in second.json()["detail"]
    assert taken.status_code == 200
    assert status["output"]["spec"]["records"][0]["fields"][-1]["label"] == "Receipt number"
    [kept] = (await yard.client.get(f"/api/builds/{build}/decisions")).json()["items"]
    assert (kept["edited"], kept["decision"]) == (True, "approved")


async def test_comments_on_items_reach_the_analyst_and_those_on_lines_the_engineer_whose_file_it_is(appyard: RunAppyard) -> None:
    spec = make_spec(make_record("claim"), make_record("receipt"))
    yard = await appyard(script(analyze_requirements=[spec], design_architecture=[make_plan(spec)]))
    build = await yard.start(options={"gates": {"requirements": "always", "app": "always"}})
    await yard.ended(build)
    on_item = {"place": "records/claim/fields/title", "text": "Call it subject."}
    await comment(yard, build, on_item)
    assert yard.crew.tasks[-1].inputs["feedback"] == "Claims, Title: Call it subject."
    await approve(yard, build, "li")
    await yard.ended(build)

    on_line = {"place": "app/records/receipts/samples.py", "line": 1, "text": "Three samples, <b>please</b>."}
    await comment(yard, build, on_line)

    assert yard.crew.names()[-2:] == ["write_component(receipt#2)", "review_app"]
    assert yard.crew.tasks[-2].inputs["feedback"] == "app/records/receipts/samples.py:1: Three samples, <b>please</b>."
    kept = (await yard.client.get(f"/api/builds/{build}/decisions")).json()["items"]
    assert [one for decision in kept for one in decision["comments"]] == [on_item | {"line": None}, on_line]
    history = (await yard.client.get(f"/builds/{build}/history")).text
    assert "Three samples, &lt;b&gt;please&lt;/b&gt;." in history


async def test_edited_files_are_handed_in_while_the_app_waits_for_a_decision(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start(options={"gates": {"app": "always"}})
    await yard.ended(build)
    taken = await yard.client.post(f"/api/builds/{build}/changes", json={"files": {"README.md": "# Ours\\n"}, "requested_by": "li"})
    assert taken.status_code == 202, taken.text
    status = await yard.ended(build)
    assert (status["runtime_status"], status["review"]["request"]["version"]) == ("AwaitingApproval", 2)
    kept = (await yard.client.get(f"/api/builds/{build}/decisions")).json()["items"]
    assert [(one["decision"], one["decided_by"]) for one in kept] == [("changes_requested", "li"), (None, None)]


async def test_what_is_too_much_to_read_is_refused_with_the_limit(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    build = await yard.start()
    await yard.ended(build)
    many = [{"place": "README.md", "text": "x" * 4000}] * 1250
    five_megabytes = await yard.client.post(f"/api/approval/{build}", json={"decision": "changes_requested", "comments": many})
    long = await yard.client.post(f"/api/approval/{build}", json={"decision": "changes_requested", "comments": many[:201]})
    on_page = await yard.client.post(f"/builds/{build}/decision", data={"decision": "changes_requested", "feedback": "x" * 5_000_000})
    assert five_megabytes.status_code == 413
    assert (long.status_code, "at most 200 items" in long.text) == (422, True)
    assert (on_page.status_code, "Field exceeded maximum size of 1024KB. Go back, make it shorter" in on_page.text) == (400, True)
    assert (await yard.status(build))["runtime_status"] == "AwaitingApproval"


async def comment(yard: Appyard, build: str, comment: dict[str, object]) -> None:
    """Ask for changes by this comment alone, and wait for what comes of it."""
    answer = await yard.client.post(f"/api/approval/{build}", json={"decision": "changes_requested", "comments": [comment]})
    assert answer.status_code == 200, answer.text
    await yard.ended(build)


async def test_the_inbox_tells_what_waits_asked_last_first_page_by_page(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    builds = [await yard.start(user_id=name) for name in ("ada", "bo", "cy")]
    for build in builds:
        await yard.ended(build)
    first = (await yard.client.get("/api/inbox?limit=2")).json()
    rest = (await yard.client.get("/api/inbox", params={"limit": 2, "before": first["next"]})).json()
    asked = {(await yard.status(build))["review"]["opened_at"]: build for build in builds}

    assert [item["workflow_id"] for item in [*first["items"], *rest["items"]]] == [asked[moment] for moment in sorted(asked, reverse=True)]
    assert rest["next"] is None
    searched = await yard.client.post("/threads/search", json={"status": "interrupted", "select": ["thread_id", "values", "interrupts"]})
    [interrupt] = searched.json()[0]["interrupts"].values()
    assert interrupt[0]["value"]["gate"] == "app"
    assert "spec" in searched.json()[0]["values"]
