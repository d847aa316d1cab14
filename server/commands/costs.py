"""`appyard costs`: what models cost so far."""

import asyncio
import json

from rich.console import Console
from rich.table import Table

from checkpoints.records import CostDimension
from nodes.artifacts import BudgetLimit
from server.bootstrap import open_world
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.commands.live_view import saved_line
from server.services.estimate_use import EstimateReport
from server.services.spending import CostReport
from server.settings import Settings
from server.telemetry import log_to_file


def show_costs(by: str, user_id: str | None, days: int | None, limit: int, *, as_json: bool) -> ExitCode:
    """A table, the dearest first, with the sum of all."""
    if by not in tuple(CostDimension):
        raise BadInput(f"--by {by} is not known. Give one of: {', '.join(CostDimension)}.")

    async def run() -> tuple[CostReport, EstimateReport]:
        settings = Settings()
        log_to_file(settings)
        async with open_world(settings, with_worker=False) as world:
            costs = await world.spending.costs(CostDimension(by), user_id=user_id, days=days, limit=limit)
            return costs, await world.spending.estimate_report(days=days)

    report, estimated = asyncio.run(run())
    if as_json:
        print(json.dumps({**report.model_dump(mode="json"), "estimates": estimated.model_dump(mode="json")["lines"]}))
    else:
        Console().print(as_table(report))
        if saved := saved_line(report.total):
            Console().print(f"{saved} {report.cache.answers:,} answers are kept.", highlight=False, soft_wrap=True)
        for line in estimated.lines:
            Console().print(f"{line.models} on {line.stack}: {line.words}", highlight=False, soft_wrap=True)
        for budget in report.today:
            whose = f"{user_id}'s builds" if budget.limit is BudgetLimit.user_day else "all builds"
            Console().print(f"Today {whose} spent ${budget.spent_usd:.4f} of ${budget.limit_usd:.2f}; ${budget.left_usd:.4f} are left.")
    return ExitCode.done


def as_table(report: CostReport) -> Table:
    """One line for each key, and the sum below."""
    table = Table(box=None, pad_edge=False, show_footer=True)
    total = report.total
    table.add_column(report.by.capitalize(), "All")
    for heading, figure in (
        ("Calls", total.calls),
        ("Input tokens", total.input_tokens),
        ("of these cached", total.cached_tokens),
        ("Output tokens", total.output_tokens),
        ("Unpriced calls", total.unpriced_calls),
    ):
        table.add_column(heading, f"{figure:,}", justify="right")
    table.add_column("US dollars", f"{total.cost_usd:.4f}", justify="right")
    for line in report.lines:
        used = line.usage
        figures = (used.calls, used.input_tokens, used.cached_tokens, used.output_tokens, used.unpriced_calls)
        table.add_row(line.key or "-", *(f"{figure:,}" for figure in figures), f"{used.cost_usd:.4f}")
    return table
