"""What a build will cost: an estimate with a range, told before any money is spent. The types; `nodes.estimates` reckons."""

from enum import StrEnum
from typing import assert_never

from pydantic import Field

from nodes.artifacts import AppSpec, Artifact, Component, StackName


class EstimateBasis(StrEnum):
    """What was reckoned with: this app as the built-in reader understands it, a typical one if it does not, a program of the
    usual size, or what there is already of the app that is changed.
    """

    this_app = "this_app"
    typical_app = "typical_app"
    program = "program"
    change = "change"


class KnownApp(Artifact):
    """The app a change is asked of: how it was understood, its parts, and what is asked in words, if anything is."""

    spec: AppSpec
    parts: tuple[Component, ...]
    feedback: str


class Range(Artifact):
    """From the least to the most that is to be expected; neither is a promise."""

    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(low=self.low + other.low, high=self.high + other.high)

    @property
    def middle(self) -> float:
        """Halfway between the ends."""
        return (self.low + self.high) / 2


class TaskEstimate(Artifact):
    """One task of the build: how many calls of which model, their tokens and their cost (None: the price is unknown)."""

    task: str
    agent: str
    model: str
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cost_usd: Range | None


class Learned(Artifact):
    """What the range was fitted to: how many finished builds, and what they used, as a share of the middle of `plain_tokens`."""

    builds: int
    shares: Range
    plain_tokens: Range


class CostEstimate(Artifact):
    """The whole build. `low`: every first answer is taken. `high`: every answer is asked for twice, and each part is written
    again in every second of the repair rounds. Where builds like it were finished, the range is fitted to what those used.
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
    stack: StackName = StackName.python_web
    budget_tokens: int | None = None
    learned: Learned | None = None

    @property
    def is_free(self) -> bool:
        """Whether no language model is asked."""
        return self.tokens.high == 0

    @property
    def models(self) -> str:
        """The language models that are asked, by name: builds that ask others are not like it."""
        return ", ".join(sorted({task.model for task in self.tasks if task.input_tokens.high}))

    @property
    def based_on(self) -> str:
        """What the range follows from, in a sentence."""
        said = f"Based on {_reckoned_with(self.basis)}"
        if self.learned is None:
            return f"{said}."
        shares = f"{self.learned.shares.low:.2f} to {self.learned.shares.high:.2f}"
        return f"{said}, and on {self.learned.builds} finished builds like it, which used {shares} times the middle of what that gives."


def may_reach(cost_usd: Range | None, tokens: Range, *, budget_usd: float | None, budget_tokens: int | None) -> bool:
    """Whether one of the build's own limits may be reached. A cost nobody knows may reach any."""
    in_dollars = budget_usd is not None and (cost_usd is None or cost_usd.high > budget_usd)
    return in_dollars or (budget_tokens is not None and tokens.high > budget_tokens)


def _reckoned_with(basis: EstimateBasis) -> str:
    match basis:
        case EstimateBasis.this_app:
            return "the app as the built-in reader understands it"
        case EstimateBasis.typical_app:
            return "a typical app, since the built-in reader does not understand this one"
        case EstimateBasis.program:
            return "a program of one to three parts"
        case EstimateBasis.change:
            return "the app that is changed"
        case unknown:
            assert_never(unknown)
