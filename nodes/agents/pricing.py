"""What tokens cost, by a dated table. A model without a price costs None, never 0."""

import re
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from nodes.agents.models import ModelName, Provider
from nodes.artifacts import Artifact

OUR_PRICES = Path(__file__).with_name("prices.yaml")
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Usage(Artifact):
    """Tokens of one call. `cached_tokens` are part of `input_tokens`. `estimated`: the endpoint did not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            estimated=self.estimated or other.estimated,
        )


class Price(Artifact):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    cached: float = Field(ge=0)
    output: float = Field(ge=0)

    def of(self, usage: Usage) -> float:
        """US dollars for `usage`."""
        fresh = usage.input_tokens - usage.cached_tokens
        return (fresh * self.input + usage.cached_tokens * self.cached + usage.output_tokens * self.output) / 1_000_000


class PriceTable(BaseModel):
    """Prices by model, or by deployment name at Azure, and the day they were read off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    source: str = ""
    models: dict[str, Price]

    def price(self, name: ModelName) -> Price | None:
        """The price of `name`; a dated snapshot (`gpt-4o-2024-08-06`) costs what its model costs. None: unknown."""
        model = "builtin" if name.provider is Provider.builtin else name.model
        return self.models.get(model) or self.models.get(_SNAPSHOT.sub("", model))


def load_prices(own: Path | None = None) -> PriceTable:
    """Our prices; those of a file of one's own, of the same form, go before them, and its date is the table's.

    Raises OSError, and pydantic's ValidationError naming what is wrong with it.
    """
    ours = _read(OUR_PRICES)
    if own is None:
        return ours
    theirs = _read(own)
    return theirs.model_copy(update={"models": {**ours.models, **theirs.models}})


def _read(path: Path) -> PriceTable:
    return PriceTable.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
