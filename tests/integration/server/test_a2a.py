"""Assistants as agents, through the official Agent2Agent client."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.client.errors import A2AClientError
from a2a.helpers.proto_helpers import new_data_message, new_text_message
from a2a.types import CancelTaskRequest, GetTaskRequest, Message, Role, SendMessageRequest
from a2a.utils.errors import A2AError, TaskNotCancelableError, TaskNotFoundError
from google.protobuf.json_format import MessageToDict
from langgraph_sdk.client import LangGraphClient

from tests.integration.server.conftest import DESCRIPTION, RunAppyard

TOY = Path(__file__).parents[2] / "acceptance" / "toy_graph" / "langgraph.json"


async def agent_of(client: httpx.AsyncClient, assistant: str, *, streaming: bool = False) -> Client:
    card = f"/.well-known/agent-card.json?assistant_id={assistant}"
    return await create_client("http://appyard", ClientConfig(streaming=streaming, httpx_client=client), relative_card_path=card)


async def said(agent: Client, message: Message, about: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What the agent answers to a message, in a task if `about` is one."""
    message.role = Role.ROLE_USER
    if about:
        message.task_id, message.context_id = about["id"], about["contextId"]
    return [MessageToDict(answer) async for answer in agent.send_message(SendMessageRequest(message=message))]


def texts(status: dict[str, Any]) -> list[str]:
    return [part["text"] for part in status["message"]["parts"] if "text" in part]


@pytest.mark.requirement("a2a.build")
async def test_an_agent_has_an_app_built_and_approves_it(appyard: RunAppyard) -> None:
    client = (await appyard()).client
    assistant = await LangGraphClient(client).assistants.create(
        "appyard", context={"gates": dict.fromkeys(("requirements", "architecture", "app"), "always")}
    )
    agent = await agent_of(client, assistant["assistant_id"])

    (first,) = await said(agent, new_text_message(DESCRIPTION))
    asked = first["task"]
    gates = [texts(asked["status"])[0]]
    while asked["status"]["state"] == "TASK_STATE_INPUT_REQUIRED":
        (answer,) = await said(agent, new_text_message("approved"), asked)
        asked = answer["task"]
        gates += texts(asked["status"]) if "message" in asked["status"] else []

    assert (asked["id"], asked["status"]["state"]) == (first["task"]["id"], "TASK_STATE_COMPLETED")
    assert [gate.split(".")[-1].strip() or gate for gate in gates] == ["Is this what you need?", "Build it like this?", "Package it?"]
    (output,) = asked["artifacts"][0]["parts"]
    assert output["data"]["delivery"]["file_name"].endswith(".zip")
    package = await client.get(f"/api/builds/{asked['contextId']}/artifact.zip")
    assert (package.status_code, package.headers["content-type"]) == (200, "application/zip")


@pytest.mark.requirement("a2a.stream")
async def test_a_stream_tells_what_the_graph_tells_and_ends_with_what_it_asks(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    agent = await agent_of(client, "toy", streaming=True)

    task, *updates = await said(agent, new_data_message({"topic": "a"}))
    *told, asked = [update["statusUpdate"]["status"] for update in updates]
    (again,) = [MessageToDict(await agent.get_task(GetTaskRequest(id=task["task"]["id"])))]
    _, *rest = await said(agent, new_text_message("yes"), task["task"])

    planned, *worked = [part["data"] for status in told for part in status["message"]["parts"]]
    assert (planned, sorted(work["i"] for work in worked)) == ({"progress": "planned"}, [0, 1])
    assert (asked["state"], texts(asked)) == ("TASK_STATE_INPUT_REQUIRED", ["publish?"])
    assert again["status"] == asked
    artifact, ended = rest
    words, output = artifact["artifactUpdate"]["artifact"]["parts"]
    assert (words["text"], output["data"]["approved"]) == ("done: yes", "yes")
    assert ended["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


@pytest.mark.requirement("a2a.message")
async def test_words_go_to_the_messages_objects_to_the_input_and_a_list_of_answers_to_its_questions(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    agent = await agent_of(client, "toy")
    message = new_text_message("hello")
    message.parts.extend(new_data_message({"topic": "b"}).parts)

    (asked,) = await said(agent, message)
    (question,) = [part["data"] for part in asked["task"]["status"]["message"]["parts"] if "data" in part]
    answers = {"resume": [{"id": question["id"], "value": {"choice": "A"}}]}
    (done,) = await said(agent, new_data_message(answers), asked["task"])

    assert question["value"] == {"question": "publish?", "report": "b#0,b#1"}
    output = done["task"]["artifacts"][0]["parts"][1]["data"]
    assert [said["content"] for said in output["messages"]] == ["hello", "draft: b#0,b#1", "done: {'choice': 'A'}"]
    assert output["approved"] == {"choice": "A"}


@pytest.mark.requirement("a2a.cancel")
async def test_a_task_that_works_or_waits_is_cancelled_and_one_that_ended_is_not(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    agent = await agent_of(client, "toy")
    (waits,) = await said(agent, new_data_message({"topic": "a"}))
    works = await rpc(client, "message/send", {"message": slow_message(), "configuration": {"blocking": False}})

    for task in (waits["task"], works["result"]):
        cancelled = await agent.cancel_task(CancelTaskRequest(id=task["id"]))
        assert MessageToDict(cancelled)["status"]["state"] == "TASK_STATE_CANCELED"
        with pytest.raises(TaskNotCancelableError):
            await agent.cancel_task(CancelTaskRequest(id=task["id"]))
    assert (await LangGraphClient(client).threads.get(waits["task"]["contextId"]))["status"] == "idle"


@pytest.mark.requirement("a2a.bad_input")
async def test_what_cannot_be_done_has_the_protocols_number(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    agent = await agent_of(client, "toy")
    (failed,) = await said(agent, new_data_message({"fail": True}))
    assert failed["task"]["status"]["state"] == "TASK_STATE_FAILED"
    assert texts(failed["task"]["status"]) == ["The plan failed on purpose."]

    with pytest.raises(TaskNotFoundError):
        await agent.get_task(GetTaskRequest(id=str(uuid4())))
    with pytest.raises((A2AError, A2AClientError), match="asks nothing"):
        await said(agent, new_text_message("yes"), failed["task"])

    numbers = {
        method: (await rpc(client, method, params))["error"]["code"]
        for method, params in {
            "tasks/nothing": {},
            "tasks/get": {"id": "no id"},
            "message/send": {"message": {"messageId": "1", "parts": [{"kind": "file", "file": {}}]}},
        }.items()
    }
    assert numbers == {"tasks/nothing": -32601, "tasks/get": -32602, "message/send": -32602}
    refused = await client.post("/a2a/toy", json={"jsonrpc": "1.0", "id": 7})
    assert (refused.status_code, refused.json()["error"]["code"], refused.json()["id"]) == (400, -32600, 7)
    assert (await client.post(f"/a2a/{uuid4()}", json={})).status_code == 404


async def rpc(client: httpx.AsyncClient, method: str, params: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/a2a/toy", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return dict(answer.json())


def slow_message() -> dict[str, Any]:
    return {"messageId": "1", "role": "user", "parts": [{"kind": "data", "data": {"topic": "a", "sleep": 30}}]}
