"""Keep builds within their budgets: reserve the most a call can cost before it is made, release when it is recorded."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from nodes.agents.journal import CallJournal, completed
from nodes.artifacts import BudgetLimit
from nodes.errors import BudgetExhausted

LOOK_AGAIN_SECONDS = 0.25
"""How soon a call looks again that only waits for calls of other workers. Most calls take many seconds."""


@dataclass
class _Account:
    """What the calls under way of one thread may still cost. `released` is set, and replaced, when one of them ends."""

    users: int = 0
    reserved_usd: list[float] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self, amount_usd: float) -> None:
        self.reserved_usd.remove(amount_usd)
        ended, self.released = self.released, asyncio.Event()
        ended.set()


class Budget:
    """Reservations of the calls under way in this process; what is spent is told by the journal."""

    def __init__(self) -> None:
        self._accounts: defaultdict[str, _Account] = defaultdict(_Account)

    @asynccontextmanager
    async def reserve(self, journal: CallJournal, thread_id: str, bound_usd: float, budget_usd: float) -> AsyncIterator[None]:
        """Hold `bound_usd` while a call is made and recorded.

        Waits while only other calls under way stand in the way, since they mostly cost less than they reserve.
        Raises `BudgetExhausted` once the call would not fit even if none of them cost anything.
        """
        account = self._accounts[thread_id]
        account.users += 1
        try:
            await _take(account, journal, thread_id, bound_usd, budget_usd)
            try:
                yield
            finally:
                account.release(bound_usd)
        finally:
            account.users -= 1
            if not account.users:
                del self._accounts[thread_id]


async def _take(account: _Account, journal: CallJournal, thread_id: str, bound_usd: float, budget_usd: float) -> None:
    while True:
        released = account.released
        spent = await journal.spent_usd(thread_id)
        if spent + bound_usd > budget_usd:
            raise BudgetExhausted(spent, budget_usd, bound_usd)
        if released.is_set():
            continue  # a call was recorded and released while we asked, so `spent` may lack it
        if spent + sum(account.reserved_usd) + bound_usd <= budget_usd:
            account.reserved_usd.append(bound_usd)
            return
        await released.wait()


@dataclass(frozen=True)
class Ceiling:
    """The limit of a day that a call could exceed. `held_usd` is what calls under way may still cost."""

    limit: BudgetLimit
    limit_usd: float
    spent_usd: float
    held_usd: float
    resumes_at: datetime


class DayBudgets(Protocol):
    """Where the limits of a day are kept, for all workers together."""

    async def hold(self, thread_id: str, task_id: str, n: int, bound_usd: float, *, seconds: float) -> Ceiling | None:
        """Hold what the call can cost, for so long at most; the ceiling in its way if it does not fit."""

    async def release(self, thread_id: str, task_id: str, n: int) -> None:
        """Hold it no longer: the call is recorded, or was not made."""


@asynccontextmanager
async def held_today(days: DayBudgets, thread_id: str, task_id: str, n: int, bound_usd: float, *, seconds: float) -> AsyncIterator[None]:
    """The same for the limits of the day. Raises `BudgetExhausted`, which says when there is money again."""
    try:
        while ceiling := await days.hold(thread_id, task_id, n, bound_usd, seconds=seconds):
            if ceiling.spent_usd + bound_usd > ceiling.limit_usd:
                exhausted = BudgetExhausted(ceiling.spent_usd, ceiling.limit_usd, bound_usd)
                exhausted.limit, exhausted.resumes_at = ceiling.limit, ceiling.resumes_at
                raise exhausted
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        yield
    finally:
        await completed(days.release(thread_id, task_id, n))
