"""The budgets of a day: what is left of them, what calls under way hold of them, and who raised one for today."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from uuid import UUID

from checkpoints.connection import Database, Transaction
from checkpoints.records import DayBudget


@dataclass(frozen=True)
class DayLimits:
    """Dollars that the builds of each user, and those of all together, may spend in a day (UTC). None: no limit."""

    user_usd: float | None = None
    all_usd: float | None = None

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.user_usd is not None or self.all_usd is not None


@dataclass(frozen=True)
class HeldCall:
    """A call that is about to be made: the n-th of a LangGraph task, in one attempt at a run."""

    thread_id: UUID
    task_id: str
    n: int
    run_id: UUID
    run_attempt: int


class DayBudgetRepository:
    """Reads and writes the budgets of a day, as they are limited here."""

    def __init__(self, database: Database, limits: DayLimits) -> None:
        self._database = database
        self.limits = limits

    async def hold(self, call: HeldCall, bound_usd: float, *, seconds: float) -> DayBudget | None:
        """Hold what a call can cost, for so long at most; what stands in its way, if it does not fit.

        Of any number of callers in any number of processes one at a time looks and holds. What nothing but money that is
        held by others stands in the way of comes last. What a dead attempt held counts no longer once the next one has begun.
        """
        bound = Decimal(str(bound_usd))
        async with self._database.transaction() as transaction:
            await transaction.execute("lock_day_budgets")
            budgets = await self._today(transaction, thread_id=call.thread_id, task_id=call.task_id, n=call.n)
            tight = [budget for budget in budgets if budget.spent_usd + budget.held_usd + bound > budget.limit_usd]
            if tight:
                return max(tight, key=lambda budget: budget.spent_usd + bound > budget.limit_usd)
            await transaction.execute("hold_money", {**asdict(call), "bound_usd": bound, "seconds": seconds})
        return None

    async def release(self, call: HeldCall) -> None:
        """Hold it no longer; what another attempt at the run holds for the same call stays."""
        async with self._database.transaction() as transaction:
            await transaction.execute("release_money", asdict(call))

    async def today(self, user_id: str) -> list[DayBudget]:
        """What is used of today's limits, the user's own first; only those that there are."""
        async with self._database.transaction() as transaction:
            return await self._today(transaction, user_id=user_id)

    async def raise_limit(self, thread_id: UUID, limit: str, limit_usd: float, *, raised_by: str, transaction: Transaction) -> None:
        """Raise today's limit `user_day` of whoever owns the thread, or `day`, that of all."""
        raised = {"thread_id": thread_id, "limit": limit, "limit_usd": Decimal(str(limit_usd)), "raised_by": raised_by}
        await transaction.execute("raise_day_limit", raised)

    async def _today(self, transaction: Transaction, **asked: object) -> list[DayBudget]:
        nobody = {"thread_id": None, "task_id": None, "n": None, "user_id": None}
        limits = {"user_limit_usd": self.limits.user_usd, "limit_usd": self.limits.all_usd}
        return [DayBudget.model_validate(row) for row in await transaction.fetch_all("day_budgets", {**nobody, **limits, **asked})]
