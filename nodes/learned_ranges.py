"""Fit an estimate's range to what finished builds like it used. Pure; bounded, so that a few odd builds spoil no estimate."""

from collections.abc import Sequence
from statistics import quantiles

from nodes.artifacts import Artifact
from nodes.costs import CostEstimate, Learned, Range, may_reach

ENOUGH_BUILDS = 5
"""Fewer say nothing of how far builds differ."""

MOST_BUILDS = 20
"""Older ones were estimated by other prompts."""

MARGIN = 1.25
"""How much less than nine of ten builds used, and more, is still to be expected."""

BOUND = 4.0
"""The range never leaves a quarter of its plain low end and four times its plain high end."""


class PastBuild(Artifact):
    """A finished build: the range before anything was learned, and what it used, in tokens."""

    plain_tokens: Range
    used_tokens: float


def fitted(estimate: CostEstimate, past: Sequence[PastBuild]) -> CostEstimate:
    """`estimate` with the range nine of ten past builds stayed in, and a margin; as it is, where there are too few."""
    shares = [build.used_tokens / build.plain_tokens.middle for build in past[:MOST_BUILDS] if build.plain_tokens.middle > 0]
    if len(shares) < ENOUGH_BUILDS or estimate.is_free:
        return estimate
    plain = estimate.tokens
    tenths = quantiles(shares, n=10, method="inclusive")
    least, most = plain.low / BOUND, plain.high * BOUND
    low = min(max(plain.middle * tenths[0] / MARGIN, least), most)
    high = min(max(plain.middle * tenths[-1] * MARGIN, least), most)

    def moved(part: Range) -> Range:
        return Range(low=_moved(part, plain, low), high=_moved(part, plain, high))

    tasks = tuple(
        task.model_copy(
            update={
                "input_tokens": moved(task.input_tokens),
                "output_tokens": moved(task.output_tokens),
                "cost_usd": task.cost_usd and moved(task.cost_usd),
            }
        )
        for task in estimate.tasks
    )
    cost, tokens = estimate.cost_usd and moved(estimate.cost_usd), Range(low=low, high=high)
    return estimate.model_copy(
        update={
            "tokens": tokens,
            "cost_usd": cost,
            "may_pause": may_reach(cost, tokens, budget_usd=estimate.budget_usd, budget_tokens=estimate.budget_tokens),
            "tasks": tasks,
            "learned": Learned(builds=len(shares), shares=Range(low=min(shares), high=max(shares)), plain_tokens=plain),
        }
    )


def _moved(part: Range, whole: Range, end: float) -> float:
    """Where `part` ends when the whole ends at `end`: between its own ends as far as that is between those of the whole.

    The parts then still add up to the whole, and none ends before it begins.
    """
    if end < whole.low:
        return part.low * end / whole.low
    if end > whole.high:
        return part.high * end / whole.high
    return part.low + (part.high - part.low) * (end - whole.low) / ((whole.high - whole.low) or 1.0)
