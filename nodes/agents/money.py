"""What the next call can use at most, and the money and tokens held for it while it is made."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from langchain_core.messages import BaseMessage

from nodes.agents.budget import Budget, DayBudgets, DollarCeiling, TokenCeiling, held_today
from nodes.agents.journal import CallJournal, NodeExecution
from nodes.agents.keepable import Limited, why_unkeepable
from nodes.agents.models import ChatModel, Provider
from nodes.agents.pricing import Price, Usage
from nodes.agents.waits import Tell
from nodes.errors import BudgetNotKeepable

MESSAGE_OVERHEAD_TOKENS = 16
"""More than any chat format adds around a message."""


@dataclass(frozen=True)
class Money:
    """What calls may use. `budget_usd` and `budget_tokens` None: no such limit of the build. `days` None: none of a day.

    `price` None: unknown.
    """

    budget: Budget
    price: Price | None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    days: DayBudgets | None = None

    @property
    def limited(self) -> Limited:
        """Which limits there are."""
        return Limited(in_dollars=self.budget_usd is not None, in_tokens=self.budget_tokens is not None, by_day=self.days is not None)

    def cost_usd(self, usage: Usage) -> float | None:
        """What it costs; None if the price is unknown."""
        return self.price.of(usage) if self.price else None


@dataclass(frozen=True)
class NextCall:
    """A call that is about to be made. `n` is its number within the node's execution, `arguments` is sent beside the messages."""

    execution: NodeExecution
    n: int
    model: ChatModel
    messages: Sequence[BaseMessage]
    arguments: Mapping[str, object]

    def most_used(self) -> Usage:
        """The most it can use. A token stands for at least one byte, so the bytes bound the tokens."""
        asked = "".join(str(message.content) + json.dumps(getattr(message, "tool_calls", ""), default=str) for message in self.messages)
        bytes_asked = len((asked + json.dumps(self.arguments)).encode("utf-8", "surrogatepass"))
        overhead = MESSAGE_OVERHEAD_TOKENS * (len(self.messages) + 1)
        return Usage(input_tokens=bytes_asked + overhead, output_tokens=self.model.max_output_tokens or 0)


@asynccontextmanager
async def reserved(money: Money, call: NextCall, journal: CallJournal, *, hold_seconds: float, tell: Tell) -> AsyncIterator[None]:
    """Hold the most the call can use, of every limit there is, while it is made and recorded.

    Raises `BudgetExhausted`, `TokensExhausted`, `BudgetNotKeepable`.
    """
    if not money.limited or call.model.name.provider is Provider.builtin:
        yield
        return
    limits_answers = call.model.max_output_tokens is not None
    if problem := why_unkeepable(money.limited, call.model.name, money.price, limits_answers=limits_answers):
        raise BudgetNotKeepable(problem)
    most, thread_id = call.most_used(), call.execution.thread_id
    bound_usd = money.cost_usd(most)
    async with AsyncExitStack() as held:
        if money.budget_tokens is not None:
            in_tokens = TokenCeiling(journal, thread_id, money.budget_tokens)
            await held.enter_async_context(money.budget.reserve(in_tokens, most.input_tokens + most.output_tokens, tell))
        if money.budget_usd is not None and bound_usd:
            in_dollars = DollarCeiling(journal, thread_id, money.budget_usd)
            await held.enter_async_context(money.budget.reserve(in_dollars, bound_usd, tell))
        if money.days and bound_usd:
            today = held_today(money.days, thread_id, call.execution.task_id, call.n, bound_usd, seconds=hold_seconds, tell=tell)
            await held.enter_async_context(today)
        yield
