"""Time travel: a new build from a checkpoint of another, with edits, while the other stays as it was; page, API and thread API."""

from typing import Any
from uuid import uuid4

from langgraph_sdk.client import LangGraphClient

from tests.integration.server.conftest import SPEC, Appyard, RunAppyard
from tests.integration.server.dashboard_pages import Form, see, send


async def checkpoints(yard: Appyard, build: str) -> dict[str, str]:
    """The checkpoints of a build by what comes next."""
    history = await LangGraphClient(yard.client).threads.get_history(build, limit=50)
    return {"+".join(state["next"]): str(state["checkpoint_id"]) for state in history}


async def fork_form(yard: Appyard, build: str, following: str) -> Form:
    point = (await checkpoints(yard, build))[following]
    return (await see(yard.client, f"/builds/{build}/history?checkpoint={point}")).form("/fork")


async def delivered(yard: Appyard) -> dict[str, Any]:
    return await yard.ended(await yard.start(user_id="maria"))


async def test_a_build_begins_again_with_its_specification_edited_and_the_first_stays_as_it_is(appyard: RunAppyard) -> None:
    yard = await appyard()
    before = await delivered(yard)
    build = before["workflow_id"]
    package = (await yard.client.get(f"/api/builds/{build}/artifact.zip")).content
    form = await fork_form(yard, build, "design_architecture")
    page = await see(yard.client, f"/builds/{build}/history?checkpoint={form.fields['checkpoint_id']}")
    assert "Understood" in page.text
    edited = form.fields["specification"].replace(f"title: {before['title']}", "title: Travel costs")
    assert edited != form.fields["specification"]
    broken = await send(yard.client, form, specification=edited.replace("records:", "records: ["))
    assert (broken.status_code, "The new build was not started" in broken.text, "Travel costs" in broken.text) == (422, True, True)
    answer = await send(yard.client, form, specification=edited, reviewer="li", budget_usd="3")
    assert answer.status_code == 303, answer.text
    fork = answer.headers["location"].rpartition("/")[2]
    status = await yard.ended(fork)
    assert (status["runtime_status"], status["title"]) == ("Completed", "Travel costs")
    assert status["output"]["spec"]["records"] == before["output"]["spec"]["records"]  # with where each item comes from
    assert yard.crew.names().count("analyze_requirements") == 1
    assert yard.crew.options[-1].budget_usd == 3
    assert await yard.status(build) == before
    assert (await yard.client.get(f"/api/builds/{build}/artifact.zip")).content == package
    assert f"Begun from a step of {before['title']}" in (await see(yard.client, f"/builds/{fork}")).text
    assert "A build that began here" in (await see(yard.client, f"/builds/{build}/history")).text


async def test_a_fork_over_http_goes_on_anywhere_and_says_what_it_cannot_edit(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = (await delivered(yard))["workflow_id"]
    points = await checkpoints(yard, build)

    async def fork(following: str, **body: object) -> Any:
        return await yard.client.post(f"/api/builds/{build}/fork", json={"checkpoint_id": points[following], **body})

    refused = [
        await fork(""),
        await fork("verify_app", spec=SPEC.model_dump(mode="json")),
        await fork("verify_app", app_description="Members borrow books."),
        await fork("design_architecture", spec=SPEC.model_copy(update={"roles": ()}).model_dump(mode="json")),
        await yard.client.post(f"/api/builds/{build}/fork", json={"checkpoint_id": str(uuid4())}),
        await yard.client.post(f"/api/builds/{uuid4()}/fork", json={"checkpoint_id": points["verify_app"]}),
    ]
    assert [answer.status_code for answer in refused] == [409, 409, 409, 422, 404, 404]
    checked = await fork("verify_app", options={"gates": {"app": "always"}}, requested_by="li")
    assert checked.status_code == 202
    waiting = await yard.ended(checked.json()["workflow_id"])
    assert (waiting["runtime_status"], waiting["input"]["user_id"]) == ("AwaitingApproval", "maria")
    again = await fork("analyze_requirements", app_description="Employees submit bills. A manager approves them.")
    status = await yard.ended(again.json()["workflow_id"])
    assert (status["runtime_status"], status["input"]["app_description"][:22]) == ("Completed", "Employees submit bills")
    read = [task.inputs for task in yard.crew.tasks if task.name == "analyze_requirements"]
    assert "Employees submit bills" in str(read[-1])


async def test_the_thread_api_forks_a_copy_of_a_build_with_an_edited_state(appyard: RunAppyard) -> None:
    yard = await appyard()
    before = await delivered(yard)
    build, threads, runs = before["workflow_id"], LangGraphClient(yard.client).threads, LangGraphClient(yard.client).runs
    point = (await checkpoints(yard, build))["design_architecture"]
    copy = (await threads.copy(build))["thread_id"]  # type: ignore[func-returns-value]  # the SDK says it answers nothing
    spec = SPEC.model_copy(update={"title": "Costs"}).model_dump(mode="json")
    await threads.update_state(copy, {"spec": spec}, as_node="analyze_requirements", checkpoint_id=point)
    values = await runs.wait(copy, "appyard", input=None)
    assert (values["spec"]["title"], values["outcome"]["ending"]) == ("Costs", "delivered")
    assert await yard.status(build) == before
