"""Reckon what builds will cost, loading what that takes when it is first asked for: it is a second's worth of imports."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nodes.agents.models import BUILTIN, ModelName
from nodes.artifacts import AppSpec, BuildRequest
from nodes.context import BuildOptions
from nodes.costs import CostEstimate, KnownApp

if TYPE_CHECKING:
    from nodes.estimates import Estimator


class LazyEstimating:
    """`server.services.spending.Estimating` for the agents and the model this server is set up with."""

    def __init__(self, default_model: ModelName, agents_dir: Path | None, prices_file: Path | None) -> None:
        self._default_model = default_model
        self._agents_dir = agents_dir
        self._prices_file = prices_file

    def is_paid(self, options: BuildOptions) -> bool:
        """Whether any agent may ask another model than the built-in builder. Agents of one's own are taken to."""
        named: Iterable[str] = [options.model or str(self._default_model), *options.models_by_agent.values()]
        return self._agents_dir is not None or any(name != str(BUILTIN) for name in named)

    def estimate(
        self, request: BuildRequest, options: BuildOptions, *, template: AppSpec | None = None, changes: KnownApp | None = None
    ) -> CostEstimate:
        """A few hundred milliseconds, the first time more. Raises `ModelNotConfigured`."""
        return self._estimator.estimate(request, options, template=template, changes=changes)

    @cached_property
    def _estimator(self) -> "Estimator":
        from nodes.agents.pricing import load_prices  # noqa: PLC0415 - see the module's docstring
        from nodes.agents.roster import load_roster  # noqa: PLC0415 - the same
        from nodes.blueprint.app_frames import app_frame  # noqa: PLC0415 - the same
        from nodes.estimates import Estimator  # noqa: PLC0415 - the same

        return Estimator(load_roster(self._agents_dir), load_prices(self._prices_file), self._default_model, app_frame)
