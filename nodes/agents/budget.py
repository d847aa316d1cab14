"""Keep builds within their budgets: reserve the most a call can use before it is made, release when it is recorded."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from nodes.agents.journal import CallJournal, completed
from nodes.agents.waits import Tell, Wait, told_at_first, unheard
from nodes.artifacts import BudgetLimit
from nodes.errors import BudgetExhausted, TokensExhausted
from nodes.progress import WaitCause

LOOK_AGAIN_SECONDS = 0.25
"""How soon a call looks again that only waits for calls of other workers. Most calls take many seconds."""

HELD_BY_OTHERS = Wait(WaitCause.held_money)


class Ceiling(Protocol):
    """What the calls of one thread may use together, of dollars or of tokens."""

    @property
    def account(self) -> tuple[str, type]:
        """Whose reservations count together."""

    @property
    def most(self) -> float:
        """Where it ends."""

    async def spent(self) -> float:
        """What is used of it."""

    def exhausted(self, spent: float, bound: float) -> Exception:
        """What to raise for a call that could go beyond it."""


@dataclass(frozen=True)
class DollarCeiling:
    """The budget of a build in US dollars."""

    journal: CallJournal
    thread_id: str
    budget_usd: float

    @property
    def account(self) -> tuple[str, type]:
        return self.thread_id, DollarCeiling

    @property
    def most(self) -> float:
        return self.budget_usd

    async def spent(self) -> float:
        return await self.journal.spent_usd(self.thread_id)

    def exhausted(self, spent: float, bound: float) -> Exception:
        return BudgetExhausted(spent, self.budget_usd, bound)


@dataclass(frozen=True)
class TokenCeiling:
    """The budget of a build in tokens, read and written ones together."""

    journal: CallJournal
    thread_id: str
    budget_tokens: int

    @property
    def account(self) -> tuple[str, type]:
        return self.thread_id, TokenCeiling

    @property
    def most(self) -> float:
        return self.budget_tokens

    async def spent(self) -> float:
        return await self.journal.spent_tokens(self.thread_id)

    def exhausted(self, spent: float, bound: float) -> Exception:
        return TokensExhausted(int(spent), self.budget_tokens, int(bound))


@dataclass
class _Account:
    """What the calls under way of one thread may still use. `released` is set, and replaced, when one of them ends."""

    users: int = 0
    reserved: list[float] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self, amount: float) -> None:
        self.reserved.remove(amount)
        ended, self.released = self.released, asyncio.Event()
        ended.set()


class Budget:
    """Reservations of the calls under way in this process; what is spent is told by the journal."""

    def __init__(self) -> None:
        self._accounts: defaultdict[tuple[str, type], _Account] = defaultdict(_Account)

    @asynccontextmanager
    async def reserve(self, ceiling: Ceiling, bound: float, tell: Tell = unheard) -> AsyncIterator[None]:
        """Hold `bound`, in the ceiling's unit, while a call is made and recorded.

        Waits while only other calls under way stand in the way, since they mostly use less than they reserve.
        Raises `BudgetExhausted` or `TokensExhausted` once the call would not fit even if none of them used anything.
        """
        account = self._accounts[ceiling.account]
        account.users += 1
        try:
            await _take(account, ceiling, bound, tell)
            try:
                yield
            finally:
                account.release(bound)
        finally:
            account.users -= 1
            if not account.users:
                del self._accounts[ceiling.account]


async def _take(account: _Account, ceiling: Ceiling, bound: float, tell: Tell) -> None:
    with told_at_first(tell) as say:
        while True:
            released = account.released
            spent = await ceiling.spent()
            if spent + bound > ceiling.most:
                raise ceiling.exhausted(spent, bound)
            if released.is_set():
                continue  # a call was recorded and released while we asked, so `spent` may lack it
            if spent + sum(account.reserved) + bound <= ceiling.most:
                account.reserved.append(bound)
                return
            say(HELD_BY_OTHERS)
            await released.wait()


@dataclass(frozen=True)
class DayCeiling:
    """The limit of a day that a call could exceed. `held_usd` is what calls under way may still cost."""

    limit: BudgetLimit
    limit_usd: float
    spent_usd: float
    held_usd: float
    resumes_at: datetime


class DayBudgets(Protocol):
    """Where the limits of a day are kept, for all workers together."""

    async def hold(self, thread_id: str, task_id: str, n: int, bound_usd: float, *, seconds: float) -> DayCeiling | None:
        """Hold what the call can cost, for so long at most; the ceiling in its way if it does not fit."""

    async def release(self, thread_id: str, task_id: str, n: int) -> None:
        """Hold it no longer: the call is recorded, or was not made."""


@asynccontextmanager
async def held_today(
    days: DayBudgets, thread_id: str, task_id: str, n: int, bound_usd: float, *, seconds: float, tell: Tell = unheard
) -> AsyncIterator[None]:
    """The same for the limits of the day. Raises `BudgetExhausted`, which says when there is money again."""
    try:
        with told_at_first(tell) as say:
            while ceiling := await days.hold(thread_id, task_id, n, bound_usd, seconds=seconds):
                if ceiling.spent_usd + bound_usd > ceiling.limit_usd:
                    exhausted = BudgetExhausted(ceiling.spent_usd, ceiling.limit_usd, bound_usd)
                    exhausted.limit, exhausted.resumes_at = ceiling.limit, ceiling.resumes_at
                    raise exhausted
                say(HELD_BY_OTHERS)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        yield
    finally:
        await completed(days.release(thread_id, task_id, n))
