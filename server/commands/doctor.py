"""`appyard doctor`: what this machine offers, found out by trying it."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.text import Text

from checkpoints.connection import Database
from checkpoints.errors import PersistenceError
from checkpoints.migrate import require_current_schema
from nodes.agents.self_test import self_test
from nodes.errors import BuildError
from nodes.sandbox.choose import explain_sandboxes
from nodes.verification.toolchain import default_toolchain, install_toolchain, require_toolchain
from server.bootstrap import model_of, open_database_url
from server.commands.exit_codes import ExitCode
from server.settings import Settings


class Health(StrEnum):
    """`missing`: Appyard works, but less of it."""

    ok = "ok"
    missing = "missing"
    broken = "broken"


@dataclass(frozen=True)
class Examined:
    """One thing that was tried."""

    name: str
    health: Health
    detail: str


STYLES = {Health.ok: "green", Health.missing: "yellow", Health.broken: "red"}


def run_doctor(*, install: bool, as_json: bool) -> ExitCode:
    """Try everything; exit code 5 if builds cannot run here."""
    settings = Settings()
    toolchain = settings.toolchain_dir or default_toolchain()
    if install:
        asyncio.run(install_toolchain(toolchain))
    examined = asyncio.run(_examine(settings, toolchain))
    if as_json:
        print(json.dumps({item.name: {"health": item.health, "detail": item.detail} for item in examined}))
    else:
        for item in examined:
            line = Text.assemble(f"{item.name:<11}", (f"{item.health:<9}", STYLES[item.health]), item.detail)
            Console().print(line, soft_wrap=True)
    return ExitCode.cannot_start if any(item.health is Health.broken for item in examined) else ExitCode.done


async def _examine(settings: Settings, toolchain: Path) -> list[Examined]:
    checks: list[tuple[str, Callable[[], Awaitable[Examined]]]] = [
        ("database", lambda: _database(settings)),
        ("sandbox", _sandbox),
        ("tool chain", lambda: _toolchain(toolchain)),
        ("agents", lambda: _agents(settings)),
        ("model", lambda: _model(settings)),
    ]
    python = Examined("python", Health.ok, sys.version.split()[0])
    return [python, *[await _tried(name, check) for name, check in checks]]


async def _tried(name: str, check: Callable[[], Awaitable[Examined]]) -> Examined:
    try:
        return await check()
    except (PersistenceError, BuildError, OSError) as error:
        return Examined(name, Health.broken, str(error))


async def _database(settings: Settings) -> Examined:
    where = "DATABASE_URL" if settings.database_url else f"embedded in {settings.root}"
    with open_database_url(settings) as url:
        try:
            await require_current_schema(Database(url))
        except PersistenceError as error:
            return Examined("database", Health.ok, f"{where}; {error.detail or error}")
    return Examined("database", Health.ok, where)


async def _sandbox() -> Examined:
    tried = await explain_sandboxes()
    working = [name for name, reason in tried if reason is None]
    reasons = "; ".join(f"{name}: {reason}" for name, reason in tried if reason)
    if not working:
        return Examined("sandbox", Health.missing, f"Generated code is not run, so nothing is verified. {reasons}")
    return Examined("sandbox", Health.ok, working[0] + (f" ({reasons})" if reasons else ""))


async def _toolchain(toolchain: Path) -> Examined:
    try:
        return Examined("tool chain", Health.ok, str(require_toolchain(toolchain)))
    except BuildError as error:
        return Examined("tool chain", Health.missing, str(error))


async def _agents(settings: Settings) -> Examined:
    tested = await self_test(settings.root / "crewai")
    if tested.ok:
        return Examined("agents", Health.ok, f"CrewAI {tested.crewai_version}")
    return Examined("agents", Health.broken, "; ".join(tested.reasons))


async def _model(settings: Settings) -> Examined:
    return Examined("model", Health.ok, str(model_of(settings)))
