"""The built-in builder answers the crew's prompts as a chat model, free of charge, and refuses by raising."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from nodes.artifacts import AppSpec, ArchitecturePlan, BuildRequest, Changeset, EvidenceReport, QaReview
from nodes.blueprint.chat_model import BlueprintChatModel, UnreadablePrompt
from nodes.errors import DescriptionOutOfDomain
from tests.unit.nodes.blueprint.descriptions import OPEN

MODEL = BlueprintChatModel()


def prompt(task: str, **inputs: str) -> list[HumanMessage]:
    blocks = "\n".join(f'<input name="{name}">\n{text}\n</input>' for name, text in inputs.items())
    return [HumanMessage(f"Current Task: \nTask: {task}\n\nDo the task.\n{blocks}\n")]


def request(text: str) -> str:
    return BuildRequest(app_description=text).model_dump_json()


async def specify(text: str) -> AppSpec:
    return AppSpec.model_validate_json(
        (await MODEL.ainvoke(prompt("analyze_requirements", request=request(text), previous="", feedback=""))).text
    )


async def test_the_four_tasks_follow_from_one_another() -> None:
    spec = await specify(OPEN["claims"].text)
    plan = ArchitecturePlan.model_validate_json(
        (await MODEL.ainvoke(prompt("design_architecture", spec=spec.model_dump_json(), feedback=""))).text
    )
    component = plan.components[0].model_dump_json()
    written = prompt(
        "write_component", contract="{}", spec=spec.model_dump_json(), component=component, own_files="{}", findings="[]", feedback=""
    )
    assert Changeset.model_validate_json((await MODEL.ainvoke(written)).text).component == "claims"
    report = EvidenceReport(version=1, tree_sha256="0" * 64, sandbox="none", checks=()).model_dump_json()
    reviewed = prompt("review_app", spec=spec.model_dump_json(), report=report, files="[]", components='["claims"]')
    assert "Nothing was checked" in QaReview.model_validate_json((await MODEL.ainvoke(reviewed)).text).summary


async def test_feedback_changes_the_specification_there_is() -> None:
    spec = await specify(OPEN["customers"].text)
    asked = prompt(
        "analyze_requirements",
        request=request(OPEN["customers"].text),
        previous=spec.model_dump_json(),
        feedback="Customers also have an address.",
    )
    assert "address" in {field.name for field in AppSpec.model_validate_json((await MODEL.ainvoke(asked)).text).record("customer").fields}


async def test_it_costs_nothing_and_says_what_it_is() -> None:
    message = await MODEL.ainvoke(prompt("analyze_requirements", request=request(OPEN["claims"].text)))
    assert message.usage_metadata == {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    assert message.response_metadata["answered_by"] == "built-in builder, no language model"
    assert MODEL._llm_type == "appyard-builtin"


async def test_a_stream_brings_the_same_answer_in_chunks() -> None:
    messages = prompt("analyze_requirements", request=request(OPEN["claims"].text))
    chunks = [chunk async for chunk in MODEL.astream(messages)]
    assert len(chunks) > 5
    assert "".join(chunk.text for chunk in chunks) == (await MODEL.ainvoke(messages)).text
    assert MODEL.invoke(messages).text == (await MODEL.ainvoke(messages)).text
    assert "".join(chunk.text for chunk in MODEL.stream(messages)) == MODEL.invoke(messages).text


async def test_a_refusal_reaches_the_caller_as_the_domain_error() -> None:
    with pytest.raises(DescriptionOutOfDomain, match="game"):
        await MODEL.ainvoke(prompt("analyze_requirements", request=request("Create a 2048 game for the web.")))


async def test_the_task_is_found_behind_a_frameworks_complaints() -> None:
    messages = [
        SystemMessage("You are an analyst."),
        *prompt("analyze_requirements", request=request(OPEN["claims"].text)),
        AIMessage("{}"),
        HumanMessage("Try again."),
    ]
    assert json.loads((await MODEL.ainvoke(messages)).text)["name"] == "accounting_claims"


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([HumanMessage("Write me a poem.")], "no line"),
        (prompt("paint_picture"), "not paint_picture"),
        (prompt("design_architecture"), "lacks the input 'spec'"),
        (prompt("analyze_requirements", request="{}"), "does not fit"),
        (prompt("review_app", report="not JSON"), "does not fit"),
    ],
)
async def test_a_prompt_it_cannot_read_is_named(messages: list[HumanMessage], reason: str) -> None:
    with pytest.raises(UnreadablePrompt, match=reason):
        await MODEL.ainvoke(messages)
