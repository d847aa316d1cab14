"""`appyard doctor`: what this machine offers, found out by trying it."""

import asyncio
import json

from rich.console import Console
from rich.text import Text

from checkpoints.connection import Database
from checkpoints.errors import PersistenceError
from checkpoints.migrate import require_current_schema
from nodes.verification.toolchain import default_toolchain, install_toolchain
from server.bootstrap import model_of, open_database_url
from server.commands.exit_codes import ExitCode
from server.examine import examine
from server.services.workplace import Condition, Examined
from server.settings import Settings

STYLES = {Condition.ok: "green", Condition.missing: "yellow", Condition.broken: "red"}


def run_doctor(*, install: bool, as_json: bool) -> ExitCode:
    """Try everything; exit code 5 if builds cannot run here."""
    settings = Settings()
    toolchain = settings.toolchain_dir or default_toolchain()
    if install:
        asyncio.run(install_toolchain(toolchain))
    examined = asyncio.run(examine(settings, lambda: _database(settings), lambda: model_of(settings), runs_own_code=True))
    if as_json:
        print(json.dumps({item.name: {"health": item.condition, "detail": item.detail} for item in examined}))
    else:
        for item in examined:
            line = Text.assemble(f"{item.name:<11}", (f"{item.condition:<9}", STYLES[item.condition]), item.detail)
            Console().print(line, soft_wrap=True)
    return ExitCode.cannot_start if any(item.condition is Condition.broken for item in examined) else ExitCode.done


async def _database(settings: Settings) -> Examined:
    where = "DATABASE_URL" if settings.database_url else f"embedded in {settings.root}"
    with open_database_url(settings) as url:
        try:
            await require_current_schema(Database(url))
        except PersistenceError as error:
            return Examined("database", Condition.ok, f"{where}; {error.detail or error}")
    return Examined("database", Condition.ok, where)
