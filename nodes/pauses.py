"""Turn a node that ran out of money into a pause: who stopped, and where it goes on once the limit is raised.

Asking is the budget gate's business (`nodes.review`), outside of the fan-out, so that many engineers are one question.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from langgraph.config import get_config
from langgraph.types import Send

from nodes.artifacts import BudgetLimit, BudgetPause
from nodes.context import BuildOptions
from nodes.errors import BudgetExhausted

Node = Callable[..., Awaitable[Any]]


def pausing(name: str, node: Node) -> Node:
    """`node`, which writes a `BudgetPause` where it would raise `BudgetExhausted`. `wraps` keeps the slice it reads."""

    @wraps(node)
    async def paused_instead(state: Mapping[str, Any], **given: object) -> object:
        try:
            return await node(state, **given)
        except BudgetExhausted as exhausted:
            task_id = state.get("continues") or get_config()["configurable"]["__pregel_task_id"]
            pause = BudgetPause(
                node=name,
                task_id=task_id,
                order=state.get("order"),
                spent_usd=exhausted.spent_usd,
                budget_usd=exhausted.budget_usd,
                next_call_usd=exhausted.next_call_usd,
                limit=exhausted.limit or BudgetLimit.build,
                resumes_at=exhausted.resumes_at,
            )
            return {"paused": (pause,)}

    return paused_instead


def collect_pauses(kept: tuple[BudgetPause, ...], written: tuple[BudgetPause, ...]) -> tuple[BudgetPause, ...]:
    """Parallel engineers each add their own; an empty tuple clears."""
    return kept + written if written else ()


def going_on(pause: BudgetPause, state: Mapping[str, Any], options: BuildOptions) -> Send:
    """The node's work again, with the answers it already has."""
    if pause.order:
        return Send(pause.node, {"order": pause.order, "options": options, "continues": pause.task_id})
    return Send(pause.node, {**state, "continues": pause.task_id})
