"""What a build asked for through the LangGraph API, MCP, A2A or a cron has in common with one asked for at any other door."""

from collections.abc import Mapping

from pydantic import ValidationError

from checkpoints.connection import Transaction
from checkpoints.records import Run
from checkpoints.threads import ThreadRepository
from nodes.context import BuildOptions
from server.langgraph_json import APPYARD
from server.services.builds import as_json
from server.services.caller import Caller
from server.services.run_order import RunOrder
from server.services.spending import Spending

NOBODY_NAMED = "local"
"""Whose builds they are where nobody says; the default of `BuildRequest.user_id`."""


class NewBuilds:
    """The server's defaults, limits that can be kept, and somebody whose money of the day is used."""

    def __init__(self, spending: Spending, threads: ThreadRepository) -> None:
        self._spending = spending
        self._threads = threads

    async def order(self, order: RunOrder) -> RunOrder:
        """An order that begins a build, with options as every door accepts them; any other as it is.

        Raises `BudgetNotKeepable`, `ModelNotConfigured`.
        """
        if not begins_build(order):
            return order
        try:
            given = BuildOptions.model_validate(order.context)
        except ValidationError:
            return order  # the graph says what of it cannot be used, as it does for any graph
        return order.model_copy(update={"context": as_json(await self._spending.acceptable(given))})

    async def name_user(self, run: Run, order: RunOrder, caller: Caller, transaction: Transaction) -> None:
        """Say on the thread whose build it is: the caller's, where the server knows its callers, or else whom the request names.

        Who once began builds on a thread stays its user.
        """
        if not begins_build(order):
            return
        request = order.input.get("request") if isinstance(order.input, Mapping) else None
        named = request.get("user_id") if isinstance(request, Mapping) else None
        user_id = str(caller.user["identity"]) if caller.user else named if isinstance(named, str) else NOBODY_NAMED
        await self._threads.name_user(run, user_id, transaction, is_known=caller.user is not None)


def begins_build(order: RunOrder) -> bool:
    """Whether the run builds an app from a description."""
    return order.graph_id == APPYARD and isinstance(order.input, Mapping) and bool(order.input.get("request"))
