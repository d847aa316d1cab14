"""Reckon what builds will cost, and whether their limits can be kept.

What that takes is loaded when it is first asked for: it is a second's worth of imports.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nodes.agents.models import BUILTIN, DefaultModel, ModelName, ModelSettings
from nodes.artifacts import AppSpec, BuildRequest
from nodes.context import BuildOptions
from nodes.costs import CostEstimate, KnownApp
from nodes.errors import BudgetNotKeepable

if TYPE_CHECKING:
    from nodes.agents.pricing import PriceTable
    from nodes.agents.roster import Roster
    from nodes.estimates import Estimator


class LazyEstimating:
    """`server.services.spending.Estimating` for the agents and the model this server is set up with."""

    def __init__(
        self, default_model: DefaultModel, models: ModelSettings, agents_dir: Path | None, prices_file: Path | None, *, limits_days: bool
    ) -> None:
        self._default_model = default_model
        self._models = models
        self._agents_dir = agents_dir
        self._prices_file = prices_file
        self._limits_days = limits_days

    def is_paid(self, options: BuildOptions) -> bool:
        """Whether any agent may ask another model than the built-in builder. Agents of one's own are taken to."""
        named: Iterable[str] = [options.model or str(self._default_model), *options.models_by_agent.values()]
        return self._agents_dir is not None or any(name != str(BUILTIN) for name in named)

    def check_limits(self, options: BuildOptions) -> None:
        """Raises `BudgetNotKeepable` where a model the build may ask could exceed one of its limits, `ModelNotConfigured`."""
        from nodes.agents.choice import chosen_model  # noqa: PLC0415 - see the module's docstring
        from nodes.agents.keepable import Limited, why_unkeepable  # noqa: PLC0415 - the same

        limited = Limited(in_dollars=options.budget_usd is not None, in_tokens=options.budget_tokens is not None, by_day=self._limits_days)
        for task in self._roster.tasks:
            _, agent = self._roster.agent_of(task)
            fallback = [ModelName.parse(agent.fallback_llm)] if agent.fallback_llm else []
            for model in (chosen_model(self._roster, task, options, self._default_model), *fallback):
                if problem := why_unkeepable(
                    limited, model, self._prices.price(model), limits_answers=self._models.limits_answers_of(model)
                ):
                    raise BudgetNotKeepable(problem)

    def estimate(
        self, request: BuildRequest, options: BuildOptions, *, template: AppSpec | None = None, changes: KnownApp | None = None
    ) -> CostEstimate:
        """A few hundred milliseconds, the first time more. Raises `ModelNotConfigured`."""
        return self._estimator.estimate(request, options, template=template, changes=changes)

    @cached_property
    def _estimator(self) -> "Estimator":
        from nodes.blueprint.app_frames import app_frame  # noqa: PLC0415 - see the module's docstring
        from nodes.estimates import Estimator  # noqa: PLC0415 - the same

        return Estimator(self._roster, self._prices, self._default_model, app_frame)

    @cached_property
    def _roster(self) -> "Roster":
        from nodes.agents.roster import load_roster  # noqa: PLC0415 - see the module's docstring

        return load_roster(self._agents_dir)

    @cached_property
    def _prices(self) -> "PriceTable":
        from nodes.agents.pricing import load_prices  # noqa: PLC0415 - see the module's docstring

        return load_prices(self._prices_file)
