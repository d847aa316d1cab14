from dataclasses import replace

import pytest

from nodes.agents.models import BUILTIN, ModelName
from nodes.agents.pricing import load_prices
from nodes.agents.roster import Roster, load_roster
from nodes.artifacts import BuildRequest, GatePolicy, StackName, TargetPlatform
from nodes.blueprint.app_frames import app_frame
from nodes.blueprint.architect import plan
from nodes.blueprint.reader import read_description
from nodes.context import BuildOptions, GatePolicies
from nodes.costs import CostEstimate, EstimateBasis, KnownApp, Range
from nodes.errors import ModelNotConfigured
from nodes.estimates import Estimator
from server.commands.live_view import estimate_line

CLAIMS = BuildRequest(app_description="Employees submit travel claims with an amount and a date. A manager approves or rejects them.")
UNREADABLE = BuildRequest(app_description="Ein Programm, mit dem Vereine ihre Mitglieder verwalten.")
PAID = BuildOptions(model="openai:gpt-5-mini", repair_rounds=2)


def estimated(
    request: BuildRequest = CLAIMS, options: BuildOptions = PAID, roster: Roster | None = None, changes: KnownApp | None = None
) -> CostEstimate:
    return Estimator(roster or load_roster(), load_prices(), BUILTIN, app_frame).estimate(request, options, changes=changes)


def calls(estimate: CostEstimate) -> dict[str, tuple[float, float]]:
    return {task.task: (task.calls.low, task.calls.high) for task in estimate.tasks}


def test_one_claim_is_three_calls_at_best_and_more_with_an_engineer_and_repairs() -> None:
    estimate = estimated()
    assert (estimate.basis, estimate.components) == (EstimateBasis.this_app, 1)
    assert calls(estimate) == {
        "correct_requirements": (1, 2),
        "design_architecture": (1, 2),
        "write_component": (0, 4),
        "review_app": (1, 6),
    }
    assert estimate.calls == Range(low=3, high=14)


def test_a_program_is_specified_divided_and_written_in_one_to_three_parts() -> None:
    estimate = estimated(BuildRequest(app_description="A to-do list.", target_platform=TargetPlatform.cli))
    assert (estimate.basis, estimate.stack) == (EstimateBasis.program, StackName.python)
    assert calls(estimate) == {"specify_program": (1, 2), "divide_program": (1, 2), "write_program": (1, 12), "review_app": (1, 6)}


def test_records_on_nodejs_are_written_whole() -> None:
    estimate = estimated(CLAIMS.model_copy(update={"tech_stack_preferences": ("Node.js",)}))
    assert (estimate.basis, estimate.stack) == (EstimateBasis.this_app, StackName.node_records)
    assert calls(estimate) == {"correct_requirements": (1, 2), "divide_records": (1, 2), "write_records": (1, 4), "review_app": (1, 6)}


def test_a_change_asks_every_engineer_at_most_and_the_analyst_only_if_there_are_words() -> None:
    spec = read_description(CLAIMS)
    known = KnownApp(spec=spec, parts=plan(spec).components, feedback="Also store a note.")
    in_words, edited_files = estimated(changes=known), estimated(changes=known.model_copy(update={"feedback": ""}))
    assert (in_words.basis, calls(in_words)["write_component"]) == (EstimateBasis.change, (0, 4))
    assert [task.task for task in edited_files.tasks] == ["design_architecture", "write_component", "review_app"]


def test_a_question_the_analyst_may_ask_a_person_is_one_reading_more() -> None:
    asking = PAID.model_copy(update={"gates": GatePolicies(requirements=GatePolicy.on_findings)})
    assert calls(estimated(options=asking))["correct_requirements"] == (1, 4)


def test_an_agent_with_tools_may_ask_as_often_as_it_may_call_them() -> None:
    usual = load_roster()
    reading = usual.agents["qa_engineer"].model_copy(update={"tools": ("read_file",), "max_iter": 4})
    with_tools = estimated(roster=replace(usual, agents={**usual.agents, "qa_engineer": reading}))
    before, after = estimated().tasks[-1], with_tools.tasks[-1]
    assert (before.calls.high, after.calls.high) == (6, 18)
    assert after.calls.low == before.calls.low
    assert after.input_tokens.high > 3 * before.input_tokens.high


def test_the_whole_is_the_sum_of_its_tasks() -> None:
    estimate = estimated()
    assert estimate.cost_usd is not None
    assert estimate.cost_usd.low == pytest.approx(sum(task.cost_usd.low for task in estimate.tasks if task.cost_usd))
    assert estimate.tokens.high == sum(task.input_tokens.high + task.output_tokens.high for task in estimate.tasks)
    assert 0 < estimate.cost_usd.low < estimate.cost_usd.high < 1


def test_a_budget_below_the_most_it_may_cost_is_said_to_pause() -> None:
    generous, tight = (estimated(options=PAID.model_copy(update={"budget_usd": budget})) for budget in (10.0, 0.01))
    assert (generous.may_pause, tight.may_pause) == (False, True)
    many, few = (estimated(options=PAID.model_copy(update={"budget_tokens": budget})) for budget in (10_000_000, 10_000))
    assert (many.may_pause, few.may_pause) == (False, True)


def test_the_built_in_builder_costs_nothing_and_uses_no_tokens() -> None:
    estimate = estimated(options=BuildOptions())
    assert (estimate.is_free, estimate.models, estimate.tokens, estimate.cost_usd) == (True, "", Range(low=0, high=0), Range(low=0, high=0))
    assert estimate_line(estimate) == "It costs nothing: the built-in builder asks no language model."


def test_a_model_without_a_price_has_no_cost_and_a_description_nobody_reads_is_a_typical_app() -> None:
    estimate = estimated(UNREADABLE, BuildOptions(model="openai:unheard-of"))
    assert (estimate.cost_usd, estimate.basis) == (None, EstimateBasis.typical_app)
    assert estimate.components > 1


def test_each_agent_is_reckoned_with_its_own_model() -> None:
    estimate = estimated(options=PAID.model_copy(update={"models_by_agent": {"QA Engineer": "builtin"}}))
    by_task = {task.task: task for task in estimate.tasks}
    assert by_task["review_app"].model == str(BUILTIN)
    assert by_task["review_app"].cost_usd == Range(low=0, high=0)
    assert by_task["write_component"].model == str(ModelName.parse("openai:gpt-5-mini"))


def test_an_agent_nobody_knows_is_named() -> None:
    with pytest.raises(ModelNotConfigured, match="There is no agent 'typist'"):
        estimated(options=BuildOptions(models_by_agent={"typist": "builtin"}))
