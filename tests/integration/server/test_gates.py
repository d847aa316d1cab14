"""Gates from HTTP to the database and back: who may decide, what a decision is bound to, and what is kept of it."""

from typing import Any

from tests.factories import make_finding, make_record, make_spec
from tests.integration.server.conftest import Appyard, RunAppyard, script

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
