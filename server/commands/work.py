"""`appyard worker` and `appyard migrate`: the processes behind the HTTP API."""

import asyncio
import logging
import signal
from pathlib import Path

from checkpoints.connection import Database
from checkpoints.migrate import migrate
from server.bootstrap import open_database_url, open_world
from server.commands import event_loop
from server.commands.exit_codes import ExitCode
from server.settings import Settings
from server.telemetry import log_to_stderr

log = logging.getLogger(__name__)


def run_worker(config: Path | None) -> ExitCode:
    """Work on builds until SIGTERM or SIGINT; runs under way go back to the queue."""
    settings = Settings()
    log_to_stderr(settings)

    async def run() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with open_world(settings, with_worker=True, config=config) as world:
            log.info("working", extra={"model": world.health.model})
            await stopped.wait()

    event_loop.run(run())
    return ExitCode.done


def run_migrations() -> ExitCode:
    """Apply what is missing, and say what was applied."""

    async def run() -> list[str]:
        with open_database_url(Settings()) as url:
            return await migrate(Database(url))

    applied = asyncio.run(run())
    print("\n".join(applied) or "The schema is up to date.")
    return ExitCode.done
