"""`appyard inbox`: what waits for a person, with its age, its deadline, and how to answer."""

import asyncio
import json

from rich.console import Console
from rich.table import Table

from server.commands.builds import opened_world
from server.commands.exit_codes import ExitCode
from server.dashboard.words import GATES, ago, until
from server.services.build_list import BuildList


def show_inbox(limit: int, *, as_json: bool) -> ExitCode:
    """Exit code 3 if something waits."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            page = await BuildList(world.ledger.database).waiting(limit=limit)
        if as_json:
            print(json.dumps([line.model_dump(mode="json") for line in page.lines]))
        elif not page.lines:
            Console().print("Nothing waits for a decision.")
        else:
            table = Table(box=None, pad_edge=False)
            for heading in ("Build", "App", "Gate", "Asked", "Parked", "Question"):
                table.add_column(heading)
            for line in page.lines:
                deadline = until(line.expires_at, page.now) if line.expires_at else ""
                app = (line.title or line.description)[:40]
                asked = ago(line.opened_at, page.now)
                table.add_row(str(line.workflow_id)[:8], app, GATES[line.request.gate], asked, deadline, line.request.question[:60])
            Console().print(table)
            Console().print("Look and decide: appyard builds show|approve|request-changes|reject ID", highlight=False)
        return ExitCode.waiting if page.lines else ExitCode.done

    return asyncio.run(run())
