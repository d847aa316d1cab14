"""Find out what this machine offers by trying it: for `appyard doctor`, and for the dashboard's page of health."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from checkpoints.errors import PersistenceError
from nodes.agents.crewai_import import import_runtime
from nodes.agents.models import DefaultModel, NoDefault
from nodes.agents.roster import load_roster
from nodes.agents.self_test import self_test
from nodes.errors import BuildError
from nodes.sandbox.choose import explain_sandboxes
from nodes.verification.node_toolchain import find_node, require_node
from nodes.verification.toolchain import default_toolchain, require_toolchain
from server.services.workplace import Condition, Examined
from server.settings import Settings

Trial = Callable[[], Awaitable[Examined]]


async def examine(
    settings: Settings, database: Trial, model: Callable[[], DefaultModel], *, with_agents: bool = True, runs_own_code: bool = False
) -> tuple[Examined, ...]:
    """Try everything. How the database is reached differs: the doctor opens it, a server has it open.

    Trying the agents imports CrewAI, which a process without a worker need not carry. `runs_own_code`: also the Python files
    in the folder of one's own agents, which a server has run already.
    """

    async def named_model() -> Examined:
        default = model()
        if isinstance(default, NoDefault):
            return Examined("model", Condition.missing, default.reason)
        return Examined("model", Condition.ok, str(default))

    async def notices() -> Examined:
        receivers = {
            "e-mail": settings.mail_to or settings.escalation_mail_to,
            "webhook": settings.webhook_url,
            "chat": settings.slack_webhook_url,
        }
        told = ", ".join(name for name, given in receivers.items() if given) or "nobody is told of builds by e-mail, webhook or chat"
        link = f"; links lead to {settings.base_url}" if settings.base_url else "; without links: set APPYARD_PUBLIC_URL"
        return Examined("notices", Condition.ok, told + link)

    toolchain = settings.toolchain_dir or default_toolchain()
    trials: Sequence[tuple[str, Trial]] = (
        ("database", database),
        ("sandbox", _sandbox),
        ("tool chain", lambda: _toolchain(toolchain)),
        ("node", lambda: _node(settings.node_dir or find_node())),
        *([("agents", lambda: _agents(settings, runs_own_code=runs_own_code))] if with_agents else []),
        ("model", named_model),
        ("notices", notices),
    )
    python = Examined("python", Condition.ok, sys.version.split()[0])
    return (python, *[await _tried(name, trial) for name, trial in trials])


async def _tried(name: str, trial: Trial) -> Examined:
    try:
        return await trial()
    except (PersistenceError, BuildError, OSError) as error:
        return Examined(name, Condition.broken, str(error))


async def _sandbox() -> Examined:
    tried = await explain_sandboxes()
    working = [name for name, reason in tried if reason is None]
    reasons = "; ".join(f"{name}: {reason}" for name, reason in tried if reason)
    if not working:
        return Examined("sandbox", Condition.missing, f"Generated code is not run, so nothing is verified. {reasons}")
    return Examined("sandbox", Condition.ok, working[0] + (f" ({reasons})" if reasons else ""))


async def _toolchain(toolchain: Path) -> Examined:
    try:
        return Examined("tool chain", Condition.ok, str(require_toolchain(toolchain)))
    except BuildError as error:
        return Examined("tool chain", Condition.missing, str(error))


async def _node(folder: Path | None) -> Examined:
    try:
        where, version = await require_node(folder)
    except BuildError as error:
        return Examined("node", Condition.missing, f"{error} Apps on Node.js can then be built, and not verified.")
    return Examined("node", Condition.ok, f"{version} at {where}")


async def _agents(settings: Settings, *, runs_own_code: bool) -> Examined:
    """CrewAI, and the folder of one's own as a worker reads it. Raises `RosterInvalid`."""
    storage = settings.root / "crewai"
    tested = await self_test(storage)
    if not tested.ok:
        return Examined("agents", Condition.broken, "; ".join(tested.reasons))
    roster = load_roster(settings.agents_dir)
    if runs_own_code:
        await asyncio.to_thread(import_runtime(storage).own_code, roster)
    folder = f"; your own in {roster.folder}" if roster.folder else ""
    return Examined("agents", Condition.ok, f"CrewAI {tested.crewai_version}{folder}")
