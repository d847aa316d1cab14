"""The limits a person gives a build: when it begins, with an answer, or when it goes on."""

from dataclasses import asdict, dataclass

from nodes.artifacts import ReviewAnswer
from nodes.context import BuildOptions, effective_options


@dataclass(frozen=True)
class NewLimits:
    """Budgets in US dollars and in tokens; None: this one stays as it is."""

    budget_usd: float | None = None
    budget_tokens: int | None = None

    def __bool__(self) -> bool:
        """Whether any was given."""
        return bool(self.given())

    def given(self) -> dict[str, float]:
        """Those that were, by the names options and answers have for them."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

    def over(self, options: BuildOptions) -> BuildOptions:
        """The options with these limits instead of theirs."""
        return effective_options(options, BuildOptions.model_validate(self.given())) if self else options


NO_NEW_LIMITS = NewLimits()


def limits_of(answer: ReviewAnswer) -> NewLimits:
    """The limits an answer brings."""
    return NewLimits(answer.budget_usd, answer.budget_tokens)
