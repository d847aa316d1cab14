"""Ranges fitted to past builds: explained, bounded, and still the sum of their parts."""

import pytest

from nodes.artifacts import BuildRequest
from nodes.context import BuildOptions
from nodes.costs import CostEstimate, Range
from nodes.learned_ranges import PastBuild, fitted
from tests.unit.nodes.test_estimates import estimated

PLAIN = estimated()


def past(*shares: float) -> list[PastBuild]:
    """Builds that used these shares of the middle of the range."""
    return [PastBuild(plain_tokens=PLAIN.tokens, used_tokens=PLAIN.tokens.middle * share) for share in shares]


def tokens_of_tasks(estimate: CostEstimate) -> Range:
    return sum((task.input_tokens + task.output_tokens for task in estimate.tasks), Range(low=0, high=0))


def test_a_range_is_fitted_to_nine_of_ten_builds_with_a_margin_and_says_so() -> None:
    estimate = fitted(PLAIN, past(0.2, 0.3, 0.3, 0.4, 0.5))
    middle = PLAIN.tokens.middle
    assert estimate.tokens.low == pytest.approx(middle * 0.24 / 1.25)
    assert estimate.tokens.high == pytest.approx(middle * 0.46 * 1.25)
    assert estimate.based_on.endswith("and on 5 finished builds like it, which used 0.20 to 0.50 times the middle of what that gives.")


@pytest.mark.parametrize("share", [0.0001, 0.05, 0.3, 1.0, 3.0, 1000.0])
def test_parts_add_up_to_the_fitted_range_which_stays_within_its_bounds(share: float) -> None:
    estimate = fitted(PLAIN, past(*[share] * 5))
    assert tokens_of_tasks(estimate).low == pytest.approx(estimate.tokens.low)
    assert tokens_of_tasks(estimate).high == pytest.approx(estimate.tokens.high)
    assert estimate.cost_usd is not None
    assert estimate.cost_usd.high == pytest.approx(sum(task.cost_usd.high for task in estimate.tasks if task.cost_usd))
    assert all(task.input_tokens.low <= task.input_tokens.high for task in estimate.tasks)
    assert PLAIN.tokens.low / 4 <= estimate.tokens.low <= estimate.tokens.high <= PLAIN.tokens.high * 4


def test_too_few_builds_say_nothing_and_what_is_free_stays_so() -> None:
    free = estimated(options=BuildOptions())
    assert fitted(PLAIN, past(0.3, 0.3, 0.3, 0.3)) == PLAIN
    assert fitted(free, past(*[0.3] * 5)) == free


def test_a_fitted_range_decides_whether_the_budget_may_be_reached() -> None:
    tight = estimated(BuildRequest(app_description="Members borrow tools."), BuildOptions(model="openai:gpt-5-mini", budget_usd=0.02))
    assert tight.may_pause
    assert not fitted(tight, past(*[0.05] * 5)).may_pause
