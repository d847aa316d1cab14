"""What makes two questions the same for the cache: everything that decides the answer, and nothing else."""

from collections.abc import Mapping
from dataclasses import replace

from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from nodes.agents.answer_forms import form_arguments
from nodes.agents.models import AnswerForm, ChatModel, ChatModels, ModelName, ModelSettings
from nodes.agents.shared_answers import question_sha256
from nodes.artifacts import Changeset, QaReview

MODEL = ChatModel(ModelName.parse("openai:m"), FakeListChatModel(responses=[""]), endpoint="https://one")
SAID = HumanMessage("Review it.")
TOOLS = {"tools": [{"type": "function", "function": {"name": "read_file", "parameters": {}}}], "tool_choice": "auto"}


def called(name: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"id": "1", "name": name, "args": {}}])


def test_whatever_decides_an_answer_makes_another_question() -> None:
    asked: list[tuple[ChatModel, list[BaseMessage], Mapping[str, object]]] = [
        (MODEL, [SAID], {}),
        (replace(MODEL, name=ModelName.parse("azure:m")), [SAID], {}),
        (replace(MODEL, endpoint="https://other"), [SAID], {}),
        (replace(MODEL, options={"temperature": 0.7}), [SAID], {}),
        (MODEL, [HumanMessage("Review it again.")], {}),
        (MODEL, [AIMessage("Review it.")], {}),
        (MODEL, [SAID, called("read_file"), ToolMessage("a", tool_call_id="1")], {}),
        (MODEL, [SAID, called("list_files"), ToolMessage("a", tool_call_id="1")], {}),
        (MODEL, [SAID, called("read_file"), ToolMessage("b", tool_call_id="1")], {}),
        (MODEL, [SAID], TOOLS),
        (MODEL, [SAID], form_arguments(QaReview, AnswerForm.json_schema)),
        (MODEL, [SAID], form_arguments(Changeset, AnswerForm.json_schema)),
        (MODEL, [SAID], form_arguments(QaReview, AnswerForm.tools)),
    ]
    questions = [question_sha256(*one) for one in asked]
    assert len(set(questions)) == len(asked)
    assert [question_sha256(*one) for one in asked] == questions


def test_options_that_are_set_for_a_model_are_part_of_its_questions() -> None:
    settings = ModelSettings(openai_base_url="http://127.0.0.1:9/v1")
    name = ModelName.parse("openai:m")
    different = [settings, replace(settings, temperature=0.2), replace(settings, max_output_tokens=500)]
    assert len({question_sha256(ChatModels(one).open(name), [SAID], {}) for one in different}) == len(different)
