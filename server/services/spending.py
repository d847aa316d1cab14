"""What models cost: what was spent, from the ledger of calls, and what a build will cost, before it starts."""

import asyncio
from datetime import datetime
from typing import Protocol
from uuid import UUID

from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.day_budgets import DayBudgetRepository
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import CostDimension
from nodes.artifacts import Artifact, BudgetLimit, BuildRequest
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
    """How many answers are kept for other builds now; how many of the calls asked for they answered, and what that saved."""

    answers: int
    hits: int
    saved_tokens: int
    saved_usd: float


class DayBudgetReport(Artifact):
    """A limit of today (UTC) and what is used of it. `held_usd`: what calls under way may still cost."""

    limit: BudgetLimit
    limit_usd: float
    spent_usd: float
    held_usd: float
    resumes_at: datetime

    @property
    def left_usd(self) -> float:
        """What may be spent today."""
        return max(0.0, self.limit_usd - self.spent_usd - self.held_usd)


class CostReport(Artifact):
    """What was spent, the dearest first, and all of it together. `total` also covers lines beyond the limit.

    `cache` is of the user asked for, or of all. `today` are the limits there are: that of all, and the user's asked for.
    """

    by: CostDimension
    lines: tuple[CostLine, ...]
    total: UsageReport
    cache: CacheReport
    today: tuple[DayBudgetReport, ...] = ()


class Spending:
    """The use cases of money."""

    def __init__(
        self,
        model_calls: ModelCallRepository,
        cached_answers: CachedAnswerRepository,
        day_budgets: DayBudgetRepository,
        estimating: Estimating,
        *,
        defaults: BuildOptions,
    ) -> None:
        self._model_calls = model_calls
        self._cached_answers = cached_answers
        self._day_budgets = day_budgets
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
        kept = await self._cached_answers.count(user_id)
        used = usage_report(total)
        cache = CacheReport(answers=kept, hits=used.reused_calls, saved_tokens=used.saved_tokens, saved_usd=used.saved_usd)
        today = tuple(budget for budget in await self._today(user_id or "") if user_id or budget.limit is BudgetLimit.day)
        return CostReport(by=by, lines=lines, total=used, cache=cache, today=today)

    async def _today(self, user_id: str) -> tuple[DayBudgetReport, ...]:
        budgets = await self._day_budgets.today(user_id) if self._day_budgets.limits else []
        return tuple(DayBudgetReport.model_validate(budget.model_dump()) for budget in budgets)

    async def estimate_if_paid(self, request: BuildRequest, options: BuildOptions) -> CostEstimate | None:
        """The same for a build that will cost money; None for one that costs nothing."""
        paid = self._estimating.is_paid(effective_options(self._defaults, options))
        return await self.estimate(request, options) if paid else None

    async def estimate(self, request: BuildRequest, options: BuildOptions) -> CostEstimate:
        """What a build will cost, with a range, and what is left of its user's day. Raises `ModelNotConfigured`."""
        estimate = await asyncio.to_thread(self._estimating.estimate, request, effective_options(self._defaults, options))
        left = min((budget.left_usd for budget in await self._today(request.user_id)), default=None)
        if left is None:
            return estimate
        short = estimate.cost_usd is None or estimate.cost_usd.high > left
        return estimate.model_copy(update={"left_today_usd": left, "may_pause": estimate.may_pause or short})
