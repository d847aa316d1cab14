"""Keep to the rates of models, together with everybody else who asks them."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import Field

from nodes.agents.models import ModelName
from nodes.artifacts import Artifact


class RateLimit(Artifact):
    """How often a model may be asked, by calls, by input tokens, or by both."""

    calls_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)

    def takes_seconds(self, tokens: int) -> float:
        """How much of the rate one call of so many input tokens takes."""
        by_calls = 60 / self.calls_per_minute if self.calls_per_minute else 0.0
        by_tokens = 60 * tokens / self.tokens_per_minute if self.tokens_per_minute else 0.0
        return max(by_calls, by_tokens)


class Turns(Protocol):
    """Where the turns of all workers are kept."""

    async def take_turn(self, model: str, takes_seconds: float) -> float:
        """Seconds to wait before `model` may be asked."""

    async def hold_off(self, model: str, seconds: float) -> None:
        """Let nobody ask `model` for so long."""


class Pace:
    """The rates of all models; without `turns`, or a limit for a model, nobody waits."""

    def __init__(self, turns: Turns | None = None, limits: Mapping[str, RateLimit] | None = None) -> None:
        self._turns = turns
        self._limits = limits or {}

    async def seconds_to_turn(self, model: ModelName, tokens: int) -> float:
        """Take a turn: how long to wait for it. Callers take turns in the order in which they ask."""
        limit = self._limits.get(str(model))
        return await self._turns.take_turn(str(model), limit.takes_seconds(tokens)) if limit and self._turns else 0.0

    async def hold_off(self, model: ModelName, seconds: float) -> None:
        """What one caller was told (Retry-After) holds for all."""
        if str(model) in self._limits and self._turns:
            await self._turns.hold_off(str(model), seconds)
