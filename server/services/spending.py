"""What models cost: what was spent, from the ledger of calls, and what a build will cost, before it starts."""

import asyncio
from datetime import datetime
from typing import Protocol
from uuid import UUID

from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.connection import Transaction
from checkpoints.day_budgets import DayBudgetRepository
from checkpoints.estimates import EstimateRepository
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import CostDimension, EstimateOutcome
from nodes.artifacts import AppSpec, Artifact, BudgetLimit, BuildRequest
from nodes.context import BuildOptions, effective_options
from nodes.costs import CostEstimate, KnownApp, Range
from nodes.learned_ranges import MOST_BUILDS, PastBuild, fitted
from server.services.build_status import UsageReport, usage_report
from server.services.estimate_use import EstimateReport, estimate_line, estimate_made
from server.services.templates import Templates


class Estimating(Protocol):
    """Reckons without any call."""

    def is_paid(self, options: BuildOptions) -> bool:
        """Whether a model that costs money may be asked."""

    def check_limits(self, options: BuildOptions) -> None:
        """Raises `BudgetNotKeepable`, `ModelNotConfigured`."""

    def estimate(
        self, request: BuildRequest, options: BuildOptions, *, template: AppSpec | None = None, changes: KnownApp | None = None
    ) -> CostEstimate:
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
        estimates: EstimateRepository,
        estimating: Estimating,
        *,
        defaults: BuildOptions,
        templates: Templates,
    ) -> None:
        self._model_calls = model_calls
        self._cached_answers = cached_answers
        self._day_budgets = day_budgets
        self._estimates = estimates
        self._estimating = estimating
        self._templates = templates
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

    async def acceptable(self, options: BuildOptions) -> BuildOptions:
        """The options with the server's defaults beneath them, as every door accepts them.

        Raises `BudgetNotKeepable` where a model could exceed a limit, and `ModelNotConfigured`.
        """
        whole = effective_options(self._defaults, options)
        if self._estimating.is_paid(whole):
            await asyncio.to_thread(self._estimating.check_limits, whole)
        return whole

    async def estimate_if_paid(self, request: BuildRequest, options: BuildOptions, *, template: str | None = None) -> CostEstimate | None:
        """The same for a build that will cost money; None for one that costs nothing."""
        paid = self._estimating.is_paid(effective_options(self._defaults, options))
        return await self.estimate(request, options, template=template) if paid else None

    async def estimate(self, request: BuildRequest, options: BuildOptions, *, template: str | None = None) -> CostEstimate:
        """What a build will cost, with a range, and what is left of its user's day.

        Raises `ModelNotConfigured`, and for a template `TemplateNotFound` and `TemplateInvalid`.
        """
        spec = self._templates.named(template) if template else None
        return await self._reckoned(request, effective_options(self._defaults, options), template=spec)

    async def estimate_change_if_paid(self, request: BuildRequest, options: BuildOptions, known: KnownApp) -> CostEstimate | None:
        """What a change of an app will cost; `request` is what it was built from. None if that costs nothing."""
        return await self._reckoned(request, options, changes=known) if self._estimating.is_paid(options) else None

    async def _reckoned(
        self, request: BuildRequest, options: BuildOptions, *, template: AppSpec | None = None, changes: KnownApp | None = None
    ) -> CostEstimate:
        plain = await asyncio.to_thread(self._estimating.estimate, request, options, template=template, changes=changes)
        alike = await self._estimates.alike(plain.models, plain.stack, is_change=changes is not None, limit=MOST_BUILDS)
        past = [PastBuild(plain_tokens=Range(low=one.plain_low, high=one.plain_high), used_tokens=one.tokens) for one in alike]
        estimate = fitted(plain, past)
        left = min((budget.left_usd for budget in await self._today(request.user_id)), default=None)
        if left is None:
            return estimate
        short = estimate.cost_usd is None or estimate.cost_usd.high > left
        return estimate.model_copy(update={"left_today_usd": left, "may_pause": estimate.may_pause or short})

    async def keep_estimate(self, workflow_id: UUID, estimate: CostEstimate, transaction: Transaction, *, is_change: bool = False) -> None:
        """Keep it with its build; what is used from now on is compared with it."""
        await self._estimates.keep(workflow_id, estimate_made(estimate, is_change=is_change), transaction=transaction)

    async def estimates_of(self, workflow_id: UUID) -> tuple[EstimateOutcome, ...]:
        """The estimates of a build and its changes, the newest first, each with what was used after it."""
        return tuple(await self._estimates.of_thread(workflow_id))

    async def estimate_report(self, *, days: int | None = None) -> EstimateReport:
        """How well finished builds were estimated, those of the last days or all."""
        return EstimateReport(lines=tuple(estimate_line(figures) for figures in await self._estimates.report(days=days)))
