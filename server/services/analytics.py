"""How builds went: how many succeeded, how long they took, how long they waited for people, what they cost. Counted when asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from checkpoints.connection import Database
from checkpoints.records import CostDimension
from nodes.artifacts import Artifact


class BuildFigures(Artifact):
    """Of the builds begun in some days. Times are of delivered builds, in seconds; None where there is nothing to count."""

    builds: int
    delivered: int
    failed: int
    rejected: int
    median_seconds: float | None
    slowest_seconds: float | None
    median_wait_seconds: float | None
    slowest_wait_seconds: float | None

    @property
    def success_share(self) -> float | None:
        """Delivered of those that ended by themselves, 0 to 1; what a person rejected is no failure of the builder."""
        ended = self.delivered + self.failed
        return self.delivered / ended if ended else None


class DayFigures(Artifact):
    """One day, as the database counts days."""

    day: date
    builds: int
    delivered: int
    cost_usd: float


class Spent(Artifact):
    """What models cost under one key, and what the cache saved; without a key in all, or of calls that have none."""

    by: CostDimension | None
    key: str | None
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    reused_calls: int = 0
    saved_tokens: int = 0
    saved_usd: float = 0.0


@dataclass(frozen=True)
class SpentByEach:
    """What models cost: all together, and by each agent, model and user, the dearest first."""

    total: Spent
    by: Mapping[CostDimension, tuple[Spent, ...]]


class Analytics:
    """The use cases of whoever looks back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, *, days: int) -> BuildFigures:
        """Of the builds begun in the last `days`."""
        async with self._database.statement() as transaction:
            return BuildFigures.model_validate(await transaction.fetch_one("build_figures", {"days": days}))

    async def by_day(self, *, days: int) -> tuple[DayFigures, ...]:
        """Each of the last `days`, the oldest first."""
        async with self._database.statement() as transaction:
            return tuple(DayFigures.model_validate(row) for row in await transaction.fetch_all("builds_by_day", {"days": days}))

    async def spent(self, *, days: int, limit: int = 20) -> SpentByEach:
        """Of the calls of the last `days`, at most `limit` lines of each kind."""
        async with self._database.statement() as transaction:
            rows = [Spent.model_validate(row) for row in await transaction.fetch_all("spent_by_each", {"days": days, "limit": limit})]
        by = {kind: tuple(row for row in rows if row.by is kind) for kind in (CostDimension.agent, CostDimension.model, CostDimension.user)}
        return SpentByEach(next(row for row in rows if row.by is None), by)
