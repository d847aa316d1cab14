"""`appyard cache …`: whose builds share their answers, for how long, and what that saved."""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from server.commands.builds import opened_world
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.services.answer_caches import AnswerCaches, CacheChange, CacheOverview, TenantCacheReport


def show(user_id: str | None, *, as_json: bool) -> ExitCode:
    """A line for each user there is something to tell of."""
    return _told(lambda caches: caches.overview(user_id), as_json=as_json)


def switch(user_id: str, hours: float | None, by: str, *, as_json: bool) -> ExitCode:
    """On for so many hours, off with 0, or with None as the server is set up. Raises `BadInput`."""
    try:
        change = CacheChange(user_id=user_id, hours=hours, set_by=by)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{first['loc'][0]}: {first['msg']}.") from error
    return _told(lambda caches: caches.change(change), as_json=as_json)


def clear(user_id: str | None, *, everybody: bool, as_json: bool) -> ExitCode:
    """Forget what is kept for one user, or for everybody. Raises `BadInput` unless it is clear which."""
    if (user_id is None) is not everybody:
        raise BadInput("Say whose answers: --user NAME, or --all.")

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            cleared = await AnswerCaches(world.ledger.cached_answers).clear(user_id)
        print(cleared.model_dump_json() if as_json else f"{cleared.answers} answers forgotten.")
        return ExitCode.done

    return asyncio.run(run())


def _told(asked: Callable[[AnswerCaches], Awaitable[CacheOverview]], *, as_json: bool) -> ExitCode:
    async def run() -> CacheOverview:
        async with opened_world(with_worker=False) as (world, _):
            return await asked(AnswerCaches(world.ledger.cached_answers))

    overview = asyncio.run(run())
    if as_json:
        print(overview.model_dump_json())
        return ExitCode.done
    if overview.tenants:
        Console().print(as_table(overview))
    others = f"answers serve for {overview.default_hours:g} hours" if overview.default_hours else "builds share no answers"
    Console().print(
        f"Of users that are not set here, {others}. Switch it: appyard cache on --user NAME --hours 24", highlight=False, soft_wrap=True
    )
    return ExitCode.done


def as_table(overview: CacheOverview) -> Table:
    """One line for each user."""
    table = Table(box=None, pad_edge=False)
    table.add_column("User")
    table.add_column("Cache")
    for heading in ("Answers kept", "Hits", "Tokens saved", "Dollars saved"):
        table.add_column(heading, justify="right")
    for tenant in overview.tenants:
        figures = (f"{tenant.answers:,}", f"{tenant.hits:,}", f"{tenant.saved_tokens:,}", f"{tenant.saved_usd:.4f}")
        table.add_row(tenant.user_id, in_words(tenant), *figures)
    return table


def in_words(tenant: TenantCacheReport) -> str:
    """`on, 24 hours`, or `off`; and if nobody said so, that it is the server's setting."""
    said = f"on, {tenant.hours:g} hours" if tenant.hours else "off"
    return said if tenant.set_by else f"{said} (server's setting)"
