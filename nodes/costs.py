"""What a build will cost: an estimate with a range, told before any money is spent. The types; `nodes.estimates` reckons."""

from enum import StrEnum

from pydantic import Field

from nodes.artifacts import Artifact


class EstimateBasis(StrEnum):
    """What was reckoned with: this app as the built-in reader understands it, or a typical one if it does not."""

    this_app = "this_app"
    typical_app = "typical_app"


class Range(Artifact):
    """From the least to the most that is to be expected; neither is a promise."""

    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(low=self.low + other.low, high=self.high + other.high)


class TaskEstimate(Artifact):
    """One task of the build: how many calls of which model, their tokens and their cost (None: the price is unknown)."""

    task: str
    agent: str
    model: str
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost_usd: Range | None


class CostEstimate(Artifact):
    """The whole build. `low`: every first answer is taken. `high`: every answer is asked for twice, and each part is written
    again in every second of the repair rounds.
    """

    basis: EstimateBasis
    components: int
    calls: Range
    tokens: Range
    cost_usd: Range | None = Field(description="US dollars; null if a model has no price.")
    prices_as_of: str
    budget_usd: float | None
    left_today_usd: float | None = Field(default=None, description="What is left of today's limits; null if there are none.")
    may_pause: bool = Field(description="Whether the build may reach a limit, where it pauses and asks.")
    tasks: tuple[TaskEstimate, ...]
