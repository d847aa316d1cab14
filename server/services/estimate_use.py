"""Estimates beside what was used: of one build, and how well builds were estimated altogether. Words and figures; reads nothing."""

from checkpoints.records import EstimateFigures, EstimateMade, EstimateOutcome
from nodes.artifacts import Artifact
from nodes.costs import CostEstimate, Range


class EstimateUse(Artifact):
    """What a build, or a change of its app, was estimated to use, and used so far. Answers of other builds count as used.

    `within`: whether that lies in the range; None until it is over.
    """

    is_change: bool
    tokens: Range
    cost_usd: Range | None
    used_tokens: int
    used_usd: float
    calls: int
    is_over: bool
    within: bool | None
    words: str


class EstimateLine(Artifact):
    """Of finished builds (or changes) with the same models on the same stack: how many, how many used what they were told,
    and what half of them used at most, over the middle of the range they were told.
    """

    models: str
    stack: str
    is_change: bool
    builds: int
    within: int
    median_share: float
    words: str


class EstimateReport(Artifact):
    """How well builds were estimated, the most frequent kind first."""

    lines: tuple[EstimateLine, ...]


def estimate_made(estimate: CostEstimate, *, is_change: bool) -> EstimateMade:
    """As it is kept."""
    plain = estimate.learned.plain_tokens if estimate.learned else estimate.tokens
    return EstimateMade(
        is_change=is_change,
        models=estimate.models,
        stack=estimate.stack,
        tokens_low=estimate.tokens.low,
        tokens_high=estimate.tokens.high,
        plain_low=plain.low,
        plain_high=plain.high,
        estimate=estimate.model_dump(mode="json"),
    )


def estimate_use(outcome: EstimateOutcome) -> EstimateUse:
    """An estimate as a client sees it, beside what was used."""
    estimate = CostEstimate.model_validate(outcome.estimate)
    tokens = estimate.tokens
    return EstimateUse(
        is_change=outcome.is_change,
        tokens=tokens,
        cost_usd=estimate.cost_usd,
        used_tokens=outcome.tokens,
        used_usd=float(outcome.cost_usd),
        calls=outcome.calls,
        is_over=outcome.is_over,
        within=round(tokens.low) <= outcome.tokens <= round(tokens.high) if outcome.is_over else None,
        words=_use_in_words(estimate, outcome),
    )


def estimate_line(figures: EstimateFigures) -> EstimateLine:
    """How well builds of a kind were estimated, with a sentence."""
    noun = "change" if figures.is_change else "build"
    of_all = f"{figures.within} of {figures.builds} finished {noun}{'s' * (figures.builds != 1)}"
    words = f"{of_all} used what was estimated; half of them at most {figures.median_share:.2f} times the middle of the range."
    return EstimateLine(**figures.model_dump(), words=words)


def _use_in_words(estimate: CostEstimate, outcome: EstimateOutcome) -> str:
    """`Estimated 20,000 to 60,000 tokens, used 31,000.`"""
    what = "The change was estimated" if outcome.is_change else "Estimated"
    if estimate.is_free:
        return f"{what} to cost nothing, used {outcome.tokens:,} tokens."
    told = f"{what} {'at ' if outcome.is_change else ''}{estimate.tokens.low:,.0f} to {estimate.tokens.high:,.0f} tokens"
    return f"{told}, used {outcome.tokens:,}{'' if outcome.is_over else ' so far'}."
