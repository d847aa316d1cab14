"""What models cost: what was spent, from the ledger of calls, and what a build will cost, before it starts."""

import asyncio
from typing import Protocol
from uuid import UUID

from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import CostDimension
from nodes.artifacts import Artifact, BuildRequest
from nodes.context import BuildOptions, effective_options
from nodes.costs import CostEstimate
from server.services.build_status import UsageReport, usage_report


class Estimating(Protocol):
    """Reckons without any call."""

    def is_paid(self, options: BuildOptions) -> bool:
        """Whether a model that costs money may be asked."""

    def estimate(self, request: BuildRequest, options: BuildOptions) -> CostEstimate:
        """Takes a few hundred milliseconds. Raises `ModelNotConfigured`."""


class CostLine(Artifact):
    """What was spent under one key."""

    key: str | None
    usage: UsageReport


class CacheReport(Artifact):
    """How many answers are kept for other builds, how often they served, and what that saved."""

    answers: int
    hits: int
    saved_usd: float


class CostReport(Artifact):
    """What was spent, the dearest first, and all of it together. `total` also covers lines beyond the limit.

    `cache` is of the user asked for, or of all.
    """

    by: CostDimension
    lines: tuple[CostLine, ...]
    total: UsageReport
    cache: CacheReport


class Spending:
    """The use cases of money."""

    def __init__(
        self, model_calls: ModelCallRepository, cached_answers: CachedAnswerRepository, estimating: Estimating, *, defaults: BuildOptions
    ) -> None:
        self._model_calls = model_calls
        self._cached_answers = cached_answers
        self._estimating = estimating
        self._defaults = defaults

    async def costs(
        self,
        by: CostDimension,
        *,
        workflow_id: UUID | None = None,
        user_id: str | None = None,
        days: int | None = None,
        limit: int = 100,
    ) -> CostReport:
        """What a build, a user or everybody spent, in the last days or ever."""
        total, *entries = await self._model_calls.costs(by, thread_id=workflow_id, user_id=user_id, days=days, limit=limit)
        lines = tuple(CostLine(key=entry.key, usage=usage_report(entry)) for entry in entries)
        kept = await self._cached_answers.figures(user_id)
        cache = CacheReport(answers=kept.answers, hits=kept.hits, saved_usd=float(kept.saved_usd))
        return CostReport(by=by, lines=lines, total=usage_report(total), cache=cache)

    async def estimate_if_paid(self, request: BuildRequest, options: BuildOptions) -> CostEstimate | None:
        """The same for a build that will cost money; None for one that costs nothing."""
        paid = self._estimating.is_paid(effective_options(self._defaults, options))
        return await self.estimate(request, options) if paid else None

    async def estimate(self, request: BuildRequest, options: BuildOptions) -> CostEstimate:
        """What a build will cost, with a range. Raises `ModelNotConfigured`."""
        return await asyncio.to_thread(self._estimating.estimate, request, effective_options(self._defaults, options))
