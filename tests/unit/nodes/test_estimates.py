import pytest

from nodes.agents.models import BUILTIN, ModelName
from nodes.agents.pricing import load_prices
from nodes.agents.roster import load_roster
from nodes.artifacts import BuildRequest
from nodes.blueprint.frame import generate_frame
from nodes.context import BuildOptions
from nodes.costs import CostEstimate, EstimateBasis, Range
from nodes.errors import ModelNotConfigured
from nodes.estimates import Estimator

CLAIMS = BuildRequest(app_description="Employees submit travel claims with an amount and a date. A manager approves or rejects them.")
UNREADABLE = BuildRequest(app_description="Ein Programm, mit dem Vereine ihre Mitglieder verwalten.")
PAID = BuildOptions(model="openai:gpt-5-mini", repair_rounds=2)


def estimated(request: BuildRequest = CLAIMS, options: BuildOptions = PAID) -> CostEstimate:
    return Estimator(load_roster(), load_prices(), BUILTIN, generate_frame).estimate(request, options)


def test_one_claim_is_three_calls_at_best_and_more_with_an_engineer_and_repairs() -> None:
    estimate = estimated()
    assert (estimate.basis, estimate.components) == (EstimateBasis.this_app, 1)
    assert {task.task: (task.calls.low, task.calls.high) for task in estimate.tasks} == {
        "analyze_requirements": (1, 2),
        "design_architecture": (1, 2),
        "write_component": (0, 4),
        "review_app": (1, 6),
    }
    assert estimate.calls == Range(low=3, high=14)


def test_the_whole_is_the_sum_of_its_tasks() -> None:
    estimate = estimated()
    assert estimate.cost_usd is not None
    assert estimate.cost_usd.low == pytest.approx(sum(task.cost_usd.low for task in estimate.tasks if task.cost_usd))
    assert estimate.tokens.high == sum(task.input_tokens.high + task.output_tokens.high for task in estimate.tasks)
    assert 0 < estimate.cost_usd.low < estimate.cost_usd.high < 1


def test_a_budget_below_the_most_it_may_cost_is_said_to_pause() -> None:
    generous, tight = (estimated(options=PAID.model_copy(update={"budget_usd": budget})) for budget in (10.0, 0.01))
    assert (generous.may_pause, tight.may_pause) == (False, True)


def test_the_built_in_builder_costs_nothing() -> None:
    assert estimated(options=BuildOptions()).cost_usd == Range(low=0, high=0)


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
