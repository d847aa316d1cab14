"""Turn a node that ran out of money or tokens into a pause: who stopped, and where it goes on once the limit is raised.

Asking is the budget gate's business (`nodes.review`), outside of the fan-out, so that many engineers are one question.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from langgraph.config import get_config
from langgraph.types import Send

from nodes.artifacts import BudgetLimit, BudgetPause, ComponentOrder, Pause, TokenPause
from nodes.context import BuildOptions
from nodes.errors import BudgetExhausted, TokensExhausted

Node = Callable[..., Awaitable[Any]]


def pausing(name: str, node: Node) -> Node:
    """`node`, which writes a `Pause` where a budget would be exceeded. `wraps` keeps the slice it reads."""

    @wraps(node)
    async def paused_instead(state: Mapping[str, Any], **given: object) -> object:
        try:
            return await node(state, **given)
        except (BudgetExhausted, TokensExhausted) as exhausted:
            task_id = state.get("continues") or get_config()["configurable"]["__pregel_task_id"]
            return {"paused": (_pause(exhausted, name, task_id, state.get("order")),)}

    return paused_instead


def _pause(exhausted: BudgetExhausted | TokensExhausted, node: str, task_id: str, order: ComponentOrder | None) -> Pause:
    if isinstance(exhausted, TokensExhausted):
        return TokenPause(
            node=node,
            task_id=task_id,
            order=order,
            spent_tokens=exhausted.spent_tokens,
            budget_tokens=exhausted.budget_tokens,
            next_call_tokens=exhausted.next_call_tokens,
        )
    return BudgetPause(
        node=node,
        task_id=task_id,
        order=order,
        spent_usd=exhausted.spent_usd,
        budget_usd=exhausted.budget_usd,
        next_call_usd=exhausted.next_call_usd,
        limit=exhausted.limit or BudgetLimit.build,
        resumes_at=exhausted.resumes_at,
    )


def collect_pauses(kept: tuple[Pause, ...], written: tuple[Pause, ...]) -> tuple[Pause, ...]:
    """Parallel engineers each add their own; an empty tuple clears."""
    return kept + written if written else ()


def going_on(pause: Pause, state: Mapping[str, Any], options: BuildOptions) -> Send:
    """The node's work again, with the answers it already has."""
    if pause.order:
        return Send(pause.node, {"order": pause.order, "options": options, "continues": pause.task_id})
    return Send(pause.node, {**state, "continues": pause.task_id})
