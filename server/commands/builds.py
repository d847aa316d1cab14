"""`appyard builds …`: look at builds, decide, go on, and fetch packages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from nodes.artifacts import ReviewAnswer
from server.bootstrap import World, model_of, open_world
from server.commands.build import Watch, next_steps
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.commands.live_view import summary
from server.commands.packages import check_writable, lay_down
from server.services.build_status import RuntimeStatus
from server.services.builds import RESUMABLE, Builds
from server.services.new_limits import NO_NEW_LIMITS, NewLimits
from server.settings import Settings
from server.telemetry import log_to_file


@dataclass(frozen=True)
class DecisionGiven:
    """What was decided on the command line."""

    decision: str
    feedback: str = ""
    by: str = "local"
    limits: NewLimits = NO_NEW_LIMITS

    def answer(self) -> ReviewAnswer:
        """What the review gate is given. Raises pydantic's ValidationError."""
        given = {"decision": self.decision, "feedback": self.feedback, "decided_by": self.by, **self.limits.given()}
        return ReviewAnswer.model_validate(given)


@asynccontextmanager
async def opened_world(*, with_worker: bool) -> AsyncIterator[tuple[World, Settings]]:
    """What a command works with, its log in a file."""
    settings = Settings()
    log_to_file(settings)
    async with open_world(settings, with_worker=with_worker) as world:
        yield world, settings


async def found(builds: Builds, prefix: str) -> UUID:
    """The build whose id begins with `prefix`. Raises `BadInput` if none or several do."""
    try:
        return UUID(prefix)
    except ValueError:
        matching = [build for build in await builds.newest(limit=1000) if str(build.workflow_id).startswith(prefix.lower())]
    if len(matching) != 1:
        raise BadInput(f"{len(matching)} builds begin with {prefix!r}. List them: appyard builds list")
    return matching[0].workflow_id


def list_builds(limit: int, *, as_json: bool) -> ExitCode:
    """Builds, newest first."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            listed = await world.builds.newest(limit=limit)
        if as_json:
            print(json.dumps([build.model_dump(mode="json") for build in listed]))
            return ExitCode.done
        if not listed:
            Console().print('No builds yet. Start one: appyard build "Members borrow books. A librarian lends them."')
            return ExitCode.done
        table = Table(box=None, pad_edge=False)
        for heading in ("Build", "App", "State", "Started"):
            table.add_column(heading)
        for build in listed:
            started = build.created_time.strftime("%Y-%m-%d %H:%M")
            table.add_row(str(build.workflow_id)[:8], build.title[:50], build.runtime_status, started)
        Console().print(table)
        return ExitCode.done

    return asyncio.run(run())


def show(prefix: str, *, as_json: bool) -> ExitCode:
    """How a build stands."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, settings):
            status = await world.builds.status(await found(world.builds, prefix))
        if as_json:
            print(status.model_dump_json())
            return ExitCode.done
        console = Console()
        seconds = (status.last_updated_time - status.created_time).total_seconds()
        console.print(summary(status, seconds=seconds, model=str(model_of(settings))))
        console.print(status.custom_status.message)
        for line in next_steps(status, None) if status.runtime_status is not RuntimeStatus.completed else []:
            console.print(line, highlight=False, soft_wrap=True)
        return ExitCode.done

    return asyncio.run(run())


def decide(prefix: str, given: DecisionGiven, out: Path, *, as_json: bool) -> ExitCode:
    """Decide, and follow the build to its end."""
    check_writable(out)

    async def run() -> ExitCode:
        async with opened_world(with_worker=True) as (world, settings):
            build = await found(world.builds, prefix)
            await world.builds.decide(build, given.answer())
            watch = Watch(world, Console(quiet=as_json), model=str(model_of(settings)), ask=False)
            code = await watch.to_the_end(build, out, as_json=as_json)
            return ExitCode.done if given.decision == "rejected" and code is ExitCode.rejected else code

    return asyncio.run(run())


def resume(prefix: str, out: Path, *, limits: NewLimits, as_json: bool) -> ExitCode:
    """Go on with a build in this process; one that only waits for a worker is taken up."""
    check_writable(out)

    async def run() -> ExitCode:
        async with opened_world(with_worker=True) as (world, settings):
            build = await found(world.builds, prefix)
            if limits or (await world.builds.status(build)).runtime_status in RESUMABLE:
                await world.builds.resume(build, limits)
            watch = Watch(world, Console(quiet=as_json), model=str(model_of(settings)), ask=not as_json)
            return await watch.to_the_end(build, out, as_json=as_json)

    return asyncio.run(run())


def reopen(prefix: str, by: str, *, as_json: bool) -> ExitCode:
    """Put the question of a parked build again; it then waits as before."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            status = await world.builds.reopen(await found(world.builds, prefix), reopened_by=by)
        if as_json:
            print(status.model_dump_json())
            return ExitCode.waiting
        console = Console()
        for line in [status.custom_status.message, *next_steps(status, None)]:
            console.print(line, highlight=False, soft_wrap=True)
        return ExitCode.waiting

    return asyncio.run(run())


def pause(prefix: str, by: str, *, as_json: bool) -> ExitCode:
    """Stop a build to go on later."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            status = await world.builds.pause(await found(world.builds, prefix), paused_by=by)
        text = json.dumps({"workflow_id": str(status.workflow_id), "runtime_status": status.runtime_status})
        print(text if as_json else f"Pausing. Go on with: appyard builds resume {str(status.workflow_id)[:8]}")
        return ExitCode.done

    return asyncio.run(run())


def cancel(prefix: str, *, as_json: bool) -> ExitCode:
    """Stop a build."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            status = await world.builds.cancel(await found(world.builds, prefix))
        text = json.dumps({"workflow_id": str(status.workflow_id), "runtime_status": status.runtime_status})
        print(text if as_json else f"Canceled. Go on with: appyard builds resume {status.workflow_id}")
        return ExitCode.done

    return asyncio.run(run())


def download(prefix: str, number: int | None, out: Path, *, as_json: bool) -> ExitCode:
    """Lay the package down: the newest, or that of one version."""
    check_writable(out)

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            build = await found(world.builds, prefix)
            package = await (world.app_versions.package(build, number) if number else world.builds.package(build))
            laid = lay_down(package, out)
        text = json.dumps({"package": str(laid.zip_file), "folder": str(laid.folder)})
        print(text if as_json else f"Package   {laid.zip_file}\nApp       {laid.folder}")
        return ExitCode.done

    return asyncio.run(run())
