"""Whether a limit can be kept with a model: asked before a build is accepted, and again before each call."""

from dataclasses import dataclass

from nodes.agents.models import ModelName, Provider
from nodes.agents.pricing import Price


@dataclass(frozen=True)
class Limited:
    """Which limits there are: the build's own in dollars and in tokens, and those of the day, which are in dollars."""

    in_dollars: bool = False
    in_tokens: bool = False
    by_day: bool = False

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.in_dollars or self.in_tokens or self.by_day


def why_unkeepable(limited: Limited, name: ModelName, price: Price | None, *, limits_answers: bool) -> str | None:
    """Why a limit could be exceeded with this model, and the ways out; None if none could be.

    `limits_answers`: whether its answers have a longest length.
    """
    if name.provider is Provider.builtin:
        return None
    if price is None and limited.by_day:
        return (
            f"{name} has no price, and there is a budget of the day in dollars. Choose a model that has one, or have whoever runs "
            "the server give its price in a file that APPYARD_PRICES_FILE names."
        )
    if price is None and limited.in_dollars:
        return (
            f"{name} has no price, so a budget in dollars cannot be kept. Set one in tokens instead (budget_tokens, --budget-tokens), "
            "give its price in a file that APPYARD_PRICES_FILE names, or set no budget."
        )
    costs = price is not None and price.output > 0 and (limited.in_dollars or limited.by_day)
    if not limits_answers and (costs or limited.in_tokens):
        return f"{name} has no limit of its output, so no budget can be kept. Set one with APPYARD_MODEL_OUTPUT_TOKENS, or set no budget."
    return None
