"""The workflow API, from HTTP to the database and back."""

import asyncio
import io
import zipfile
from uuid import uuid4

import pytest

from nodes.artifacts import Changeset, OpenQuestion, RecipeKind, RecipeSpec, UnmetPreference
from nodes.context import AgentTask
from nodes.errors import BudgetExhausted, ModelUnavailable
from tests.factories import make_finding
from tests.integration.server.conftest import DESCRIPTION, SPEC, RunAppyard, script, write_samples


async def test_a_build_is_accepted_followed_and_fetched(appyard: RunAppyard) -> None:
    yard = await appyard()
    answer = await yard.client.post("/api/start", json={"app_description": DESCRIPTION, "user_id": "maria"})
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == body["status_query_url"] == f"http://appyard/api/status/{body['workflow_id']}"
    status = await yard.ended(body["workflow_id"])
    assert status["runtime_status"] == "Completed"
    assert status["custom_status"] == {"current_agent": None, "progress": 100, "stage": "package", "message": "The package is ready."}
    assert [turn["role"] for turn in status["conversation_history"]][:1] == ["user"]
    package = await yard.client.get(status["output"]["package"])
    assert "claims/app/records/claims/samples.py" in zipfile.ZipFile(io.BytesIO(package.content)).namelist()


async def test_a_preference_the_builder_does_not_meet_is_reported(appyard: RunAppyard) -> None:
    wish = UnmetPreference(preference="React", reason="Pages are rendered by the server.")
    spec = SPEC.model_copy(update={"unmet_preferences": (wish,)})
    yard = await appyard(script(analyze_requirements=[spec]))
    status = await yard.ended(await yard.start(tech_stack_preferences=["React"]))
    assert status["unmet_preferences"] == [wish.model_dump()]
    assert status["input"]["tech_stack_preferences"] == ["React"]


async def test_where_nobody_is_asked_the_status_lists_what_was_left_open_and_built(appyard: RunAppyard) -> None:
    asked = OpenQuestion(name="currency", question="Which currency?", default="Euro")
    yard = await appyard(script(analyze_requirements=[SPEC.model_copy(update={"open_questions": (asked,)})]))
    status = await yard.ended(await yard.start(options={"gates": {"requirements": "auto"}}))
    assert (status["runtime_status"], status["open_questions"]) == ("Completed", [asked.model_dump()])


async def test_recipes_are_named_at_the_gate_and_in_the_status(appyard: RunAppyard) -> None:
    recipe = RecipeSpec(kind=RecipeKind.comments, record="claim")
    yard = await appyard(script(analyze_requirements=[SPEC.model_copy(update={"recipes": (recipe,)})]))
    status = await yard.ended(await yard.start(options={"gates": {"requirements": "always"}}))
    assert status["review"]["request"]["question"] == "recipe: comments of claim. Is this what you need?"
    assert status["recipes"] == [recipe.model_dump(mode="json")]


async def test_starting_twice_with_one_key_is_one_build(appyard: RunAppyard) -> None:
    yard = await appyard()
    body, headers = {"app_description": DESCRIPTION}, {"Idempotency-Key": "order-66"}
    requests = [yard.client.post("/api/start", json=body, headers=headers) for _ in range(2)]
    first, second = await asyncio.gather(*requests)
    assert first.json()["workflow_id"] == second.json()["workflow_id"]
    assert len((await yard.client.get("/api/builds")).json()["items"]) == 1


async def test_a_key_reused_for_another_body_is_refused(appyard: RunAppyard) -> None:
    yard = await appyard()
    headers = {"Idempotency-Key": "order-66"}
    await yard.client.post("/api/start", json={"app_description": DESCRIPTION}, headers=headers)
    answer = await yard.client.post("/api/start", json={"app_description": "Something else."}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (409, "IdempotencyConflict")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"app_description": ""}, "at least 1 character"),
        ({"app_description": "   "}, "is empty"),
        ({"app_description": "x" * 200_000}, "at most 20000 characters"),
        ({"app_description": "claims \x00"}, "contains a NUL character"),
        ({"app_description": "\x01\x02\x03 claims"}, "is this a binary file?"),
        ({"app_description": "Claims.", "target_platform": "toaster"}, "'web', 'api', 'mobile', 'desktop' or 'cli'"),
        ({"app_description": "Claims.", "app_desc": "Claims."}, "app_desc"),
        ({}, "app_description: Field required"),
    ],
)
async def test_bad_input_is_said_and_starts_nothing(appyard: RunAppyard, body: dict[str, object], said: str) -> None:
    yard = await appyard()
    answer = await yard.client.post("/api/start", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert (await yard.client.get("/api/builds")).json() == {"items": []}


async def test_a_build_that_waits_goes_on_with_the_decision(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    build = await yard.start()
    waiting = await yard.ended(build)
    assert waiting["runtime_status"] == "AwaitingApproval"
    subject = waiting["review"]["request"]["subject_sha256"]
    answer = await yard.client.post(f"/api/approval/{build}", json={"approved": True, "reviewer": "li", "subject_sha256": subject})
    assert answer.status_code == 200
    done = await yard.ended(build)
    assert done["runtime_status"] == "Completed"
    assert done["output"]["delivery"]["accepted_findings"] == 1
    assert {"role": "li", "content": "approved"} in done["conversation_history"]


@pytest.mark.parametrize("route", ["approval", "resume"])
async def test_a_build_whose_budget_is_used_waits_and_goes_on_with_a_higher_one(appyard: RunAppyard, route: str) -> None:
    no_money = BudgetExhausted(spent_usd=0.98, budget_usd=1.0, next_call_usd=0.25)
    yard = await appyard(script(write_component=[no_money, write_samples]))
    build = await yard.start(options={"budget_usd": 1.0})
    waiting = await yard.ended(build)
    assert (waiting["runtime_status"], waiting["review"]["request"]["gate"]) == ("AwaitingApproval", "budget")
    decision = {"approved": True} if route == "approval" else {}
    refused = await yard.client.post(f"/api/{route}/{build}", json={**decision, "budget_usd": 1.0})
    assert (refused.status_code, refused.json()["error"]) == (422, "BudgetNotRaised")
    taken = await yard.client.post(f"/api/{route}/{build}", json={**decision, "budget_usd": 2.0})
    assert taken.is_success
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    assert yard.crew.options[-1].budget_usd == 2.0


async def test_of_twenty_decisions_at_once_exactly_one_is_taken(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    build = await yard.start()
    await yard.ended(build)
    bodies = [{"approved": number % 2 == 0, "reviewer": str(number)} for number in range(20)]
    answers = await asyncio.gather(*(yard.client.post(f"/api/approval/{build}", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    winner = next(body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 200)
    assert (await yard.ended(build))["runtime_status"] == ("Completed" if winner["approved"] else "Rejected")


async def test_a_decision_for_something_else_is_refused_and_the_build_still_waits(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    build = await yard.start()
    await yard.ended(build)
    answer = await yard.client.post(f"/api/approval/{build}", json={"approved": True, "subject_sha256": "0" * 64})
    assert (answer.status_code, answer.json()["error"]) == (409, "DecisionStale")
    assert (await yard.status(build))["runtime_status"] == "AwaitingApproval"


async def test_deciding_what_does_not_wait_or_exist_is_refused(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start()
    await yard.ended(build)
    finished = await yard.client.post(f"/api/approval/{build}", json={"approved": True})
    assert (finished.status_code, finished.json()["detail"]) == (
        409,
        "The build does not wait for a decision. It is Completed.",
    )
    unknown = await yard.client.post(f"/api/approval/{uuid4()}", json={"approved": True})
    assert unknown.status_code == 404
    undecided = await yard.client.post(f"/api/approval/{build}", json={"reviewer": "li"})
    assert undecided.status_code == 422


async def test_an_agent_that_fails_fails_the_build_and_resuming_repeats_only_that(appyard: RunAppyard) -> None:
    yard = await appyard(script(write_component=[ModelUnavailable("after 3 attempts"), *script()["write_component"]]))
    build = await yard.start()
    failed = await yard.ended(build)
    assert failed["runtime_status"] == "Failed"
    assert failed["error"].endswith("after 3 attempts")
    assert (await yard.client.get(f"/api/builds/{build}/artifact.zip")).status_code == 409
    resumed = await yard.client.post(f"/api/resume/{build}")
    assert resumed.status_code == 202
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    assert yard.crew.names().count("analyze_requirements") == 1


async def test_a_running_build_is_canceled_at_once_and_can_be_resumed(appyard: RunAppyard) -> None:
    entered, never = asyncio.Event(), asyncio.Event()

    async def held_at_first(task: AgentTask[Changeset]) -> Changeset:
        if not entered.is_set():
            entered.set()
            await never.wait()
        return write_samples(task)

    yard = await appyard(script(write_component=[held_at_first]))
    build = await yard.start()
    await entered.wait()
    assert (await yard.client.post(f"/api/cancel/{build}")).status_code == 202
    assert (await yard.ended(build))["runtime_status"] == "Canceled"
    again = await yard.client.post(f"/api/cancel/{build}")
    assert (again.status_code, again.json()["error"]) == (409, "BuildFinished")
    await yard.client.post(f"/api/resume/{build}")
    assert (await yard.ended(build))["runtime_status"] == "Completed"


async def test_events_are_replayed_after_the_last_one_seen_without_gap_or_repetition(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start()
    await yard.ended(build)
    whole = (await yard.client.get(f"/api/events/{build}")).text
    ids = [line.removeprefix("id: ") for line in whole.splitlines() if line.startswith("id: ")]
    rest = (await yard.client.get(f"/api/events/{build}", headers={"Last-Event-ID": ids[2]})).text
    assert [line.removeprefix("id: ") for line in rest.splitlines() if line.startswith("id: ")] == ids[3:]
    assert whole.rstrip().splitlines()[-3:-1] == ["event: end", 'data: {"status": "success"}']


async def test_an_unanswered_question_expires_and_can_be_asked_again(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]], review_expiry_hours=1e-9)
    build = await yard.start()
    await yard.ended(build)
    await yard.world.ledger.approvals.expire_due()
    assert (await yard.status(build))["runtime_status"] == "Expired"
    late = await yard.client.post(f"/api/approval/{build}", json={"approved": True})
    assert late.status_code == 409


async def test_a_server_with_a_key_answers_nobody_without_it(appyard: RunAppyard) -> None:
    yard = await appyard(api_key="s3cret")
    assert (await yard.client.get("/api/builds")).status_code == 401
    assert (await yard.client.get("/api/builds", headers={"x-api-key": "wrong"})).status_code == 401
    assert (await yard.client.get("/api/builds", headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert (await yard.client.get("/api/builds", headers={"x-api-key": "s3cret"})).status_code == 200
    assert (await yard.client.get("/api/builds", headers={"Authorization": "Bearer s3cret"})).status_code == 200
    assert (await yard.client.get("/ok")).status_code == 200


async def test_a_body_of_three_megabytes_is_refused(appyard: RunAppyard) -> None:
    yard = await appyard()
    answer = await yard.client.post("/api/start", json={"app_description": "x", "requirements": "y" * 3_000_000})
    assert answer.status_code == 413


async def test_a_build_starts_from_a_template_as_it_is(appyard: RunAppyard) -> None:
    yard = await appyard()
    listed = (await yard.client.get("/api/templates")).json()["items"]
    assert "polls" in {template["name"] for template in listed}
    answer = await yard.client.post("/api/start", json={"template": "polls", "options": {"gates": {"requirements": "always"}}})
    status = await yard.ended(answer.json()["workflow_id"])
    assert (status["runtime_status"], status["title"], status["usage"]["calls"]) == ("AwaitingApproval", "Polls", 0)


async def test_a_description_beside_a_template_says_what_should_be_different(appyard: RunAppyard) -> None:
    yard = await appyard(script(analyze_requirements=[SPEC]))
    status = await yard.ended(await yard.start(template="polls"))
    assert (status["runtime_status"], status["title"]) == ("Completed", SPEC.title)


async def test_a_template_nobody_knows_is_refused_before_anything_starts(appyard: RunAppyard) -> None:
    yard = await appyard()
    answer = await yard.client.post("/api/start", json={"template": "nothing"})
    assert (answer.status_code, (await yard.client.get("/api/builds")).json()["items"]) == (404, [])
