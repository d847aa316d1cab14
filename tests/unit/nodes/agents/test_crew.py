import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from nodes.agents.crew import CrewAICrew
from nodes.agents.models import BUILTIN, ChatModels, ModelName, ModelSettings
from nodes.agents.roster import load_roster
from nodes.artifacts import AgentResult, QaReview
from nodes.context import AgentTask, BuildOptions
from nodes.errors import (
    AgentOutputInvalid,
    BudgetExhausted,
    BudgetNotKeepable,
    DescriptionOutOfDomain,
    ModelNotConfigured,
    ModelUnavailable,
    TokensExhausted,
)
from tests.unit.nodes.agents.scripted_model import (
    CACHED_TOKENS,
    CALL_USD,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    Hang,
    OneModel,
    ScriptedChatModel,
    crew_around,
)

GOOD = '{"summary": "fine", "concerns": [], "components_to_repair": []}'
FINE = QaReview(summary="fine")
Review = AgentTask[QaReview]


async def test_a_good_answer_takes_one_call_and_its_use_is_exact(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=[GOOD])
    answer = await crew_around(chat, storage).perform(review_task, BuildOptions())
    assert answer.value == FINE
    assert answer.result == AgentResult(
        agent="QA Engineer",
        task="review_app",
        model="openai:gpt-5-mini",
        calls=1,
        input_tokens=INPUT_TOKENS,
        output_tokens=OUTPUT_TOKENS,
        cached_tokens=CACHED_TOKENS,
        cost_usd=CALL_USD,
        duration_seconds=answer.result.duration_seconds,
    )
    assert chat.started == 1


async def test_the_model_reads_role_task_and_inputs_untouched(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=[GOOD])
    inputs = {**review_task.inputs, "files": "{input} {tools} {tool_names} {role}"}
    await crew_around(chat, storage).perform(AgentTask("review_app", inputs, QaReview), BuildOptions())
    prompt = chat.prompts[0]
    assert prompt.startswith("You are QA Engineer. ")
    assert "\nTask: review_app\n" in prompt
    assert '<input name="files">\n{input} {tools} {tool_names} {role}\n</input>' in prompt


async def test_a_bad_answer_is_mended_by_a_second_call_that_hears_the_complaint(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=["It looks fine to me.", GOOD])
    answer = await crew_around(chat, storage).perform(review_task, BuildOptions())
    assert answer.value == FINE
    assert (answer.result.calls, answer.result.input_tokens) == (2, 2 * INPUT_TOKENS)
    assert answer.result.cost_usd == pytest.approx(2 * CALL_USD)
    assert "The answer has no JSON object" in chat.prompts[1]
    assert "It looks fine to me." in chat.prompts[1]


async def test_three_bad_answers_end_the_task_with_the_last_complaint(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=["one", "two", '{"verdict": "fine"}'])
    with pytest.raises(AgentOutputInvalid, match=r"QA Engineer, after 3 answers: .*\n- summary: Field required"):
        await crew_around(chat, storage).perform(review_task, BuildOptions())
    assert chat.started == 3


async def test_a_model_that_answers_a_complaint_with_the_same_words_is_not_asked_a_third_time(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=["useless"])
    with pytest.raises(AgentOutputInvalid, match="QA Engineer, after the same answer twice: "):
        await crew_around(chat, storage).perform(review_task, BuildOptions())
    assert chat.started == 2


async def test_an_empty_answer_is_asked_again(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=["", GOOD])
    assert (await crew_around(chat, storage).perform(review_task, BuildOptions())).value == FINE


async def test_the_tasks_own_check_is_part_of_the_guardrail(storage: Path, review_task: Review) -> None:
    chat = ScriptedChatModel(replies=['{"summary": "no"}', GOOD])
    checked = AgentTask("review_app", review_task.inputs, QaReview, check=lambda review: "too short" if review.summary == "no" else None)
    assert (await crew_around(chat, storage).perform(checked, BuildOptions())).value == FINE
    assert "too short" in chat.prompts[1]


async def test_the_last_answer_that_fitted_its_schema_is_handed_over_with_the_refusal(review_task: Review, storage: Path) -> None:
    task = replace(review_task, check=lambda review: "say more")
    crew = crew_around(ScriptedChatModel(replies=[GOOD, GOOD]), storage)
    with pytest.raises(AgentOutputInvalid) as invalid:
        await crew.perform(task, BuildOptions())
    assert invalid.value.answer == FINE


async def test_what_a_builtin_model_refuses_surfaces_unchanged(review_task: Review, storage: Path) -> None:
    refusal = DescriptionOutOfDomain("A game.")
    with pytest.raises(DescriptionOutOfDomain) as caught:
        await crew_around(ScriptedChatModel(replies=[refusal]), storage).perform(review_task, BuildOptions())
    assert caught.value is refusal


async def test_cancelling_the_task_cancels_the_model_call(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=[Hang()])
    crew = crew_around(chat, storage)
    assert (await crew.warm()).reasons == ()
    task = asyncio.create_task(crew.perform(review_task, BuildOptions()))
    await chat.begun()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (chat.started, chat.cancelled, chat.finished) == (1, 1, 0)


async def test_a_task_that_outlasts_its_time_is_given_up(review_task: Review, storage: Path, tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text("qa_engineer:\n  max_execution_time: 1\n")
    chat = ScriptedChatModel(replies=[Hang()])
    crew = CrewAICrew(OneModel(chat), BUILTIN, storage, roster=load_roster(tmp_path))
    with pytest.raises(ModelUnavailable, match="QA Engineer did not finish within 1 seconds"):
        await crew.perform(review_task, BuildOptions())
    assert chat.cancelled == 1


async def test_a_model_that_does_not_tell_its_use_is_estimated_and_marked(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=[GOOD], usage=False)
    result = (await crew_around(chat, storage).perform(review_task, BuildOptions())).result
    assert result.tokens_estimated
    assert (result.input_tokens, result.output_tokens) == (len(chat.prompts[0].replace("\n", "", 1)) // 4, len(GOOD) // 4)


async def test_a_call_beyond_the_budget_is_not_made(review_task: Review, storage: Path) -> None:
    chat = ScriptedChatModel(replies=[GOOD])
    crew = crew_around(chat, storage)
    with pytest.raises(BudgetExhausted):
        await crew.perform(review_task, BuildOptions(budget_usd=0.001))
    assert chat.started == 0
    assert (await crew.perform(review_task, BuildOptions(budget_usd=1.0))).value == FINE


async def test_a_budget_in_dollars_needs_a_price_and_one_in_tokens_needs_none(review_task: Review, storage: Path) -> None:
    crew = crew_around(ScriptedChatModel(replies=[GOOD]), storage)
    with pytest.raises(BudgetNotKeepable, match=r"openai:unheard-of has no price.* --budget-tokens"):
        await crew.perform(review_task, BuildOptions(model="openai:unheard-of", budget_usd=1.0))
    with pytest.raises(TokensExhausted, match="Used 0 of 10 tokens"):
        await crew.perform(review_task, BuildOptions(model="openai:unheard-of", budget_tokens=10))
    for options in (BuildOptions(model="openai:unheard-of"), BuildOptions(model="openai:unheard-of", budget_tokens=100_000)):
        assert (await crew.perform(review_task, options)).result.cost_usd is None


@pytest.mark.parametrize(
    ("options", "model"),
    [
        (BuildOptions(), "openai:roster"),
        (BuildOptions(model="openai:build"), "openai:build"),
        (BuildOptions(model="openai:build", models_by_agent={"qa_engineer": "openai:agent"}), "openai:agent"),
        (BuildOptions(models_by_agent={"QA Engineer": "azure:agent"}), "azure:agent"),
        (BuildOptions(models_by_agent={"solution_architect": "openai:other"}), "openai:roster"),
    ],
)
def test_the_closest_choice_of_a_model_wins(options: BuildOptions, model: str, storage: Path, tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text("qa_engineer:\n  llm: openai:roster\n")
    crew = CrewAICrew(OneModel(ScriptedChatModel()), BUILTIN, storage, roster=load_roster(tmp_path))
    assert crew.model_of("review_app", options) == ModelName.parse(model)
    assert crew.model_of("write_component", BuildOptions()) == BUILTIN


@pytest.mark.parametrize(("tokens", "little"), [(16_000, True), (32_000, False), (None, False)])
def test_a_model_that_reads_little_is_known_by_its_context(tokens: int | None, little: object, storage: Path) -> None:
    models = ChatModels(ModelSettings(openai_base_url="http://127.0.0.1:1/v1", context_tokens=tokens))
    crew = CrewAICrew(models, ModelName.parse("openai:small"), storage)
    assert crew.reads_little("write_rule", BuildOptions()) is little


def test_a_model_for_an_agent_that_does_not_exist_is_refused(storage: Path) -> None:
    crew = crew_around(ScriptedChatModel(), storage)
    with pytest.raises(ModelNotConfigured, match="no agent 'poet'; there are requirements_analyst"):
        crew.model_of("review_app", BuildOptions(models_by_agent={"poet": "builtin"}))
