"""`appyard builds change | versions | compare | restore`: what becomes of an app after it was delivered."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nodes.artifacts import Edit, GatePolicy, SpecChange
from nodes.context import BuildOptions, GatePolicies
from server.bootstrap import model_of
from server.commands.build import Watch
from server.commands.builds import found, opened_world
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.commands.packages import check_writable
from server.services.asked_changes import AskedChange
from server.services.edited_files import is_left_out, readable_files
from server.services.errors import FilesUnusable

SIGNS = {Edit.added: "+", Edit.removed: "-", Edit.renamed: "→", Edit.changed: "~"}


@dataclass(frozen=True)
class NewChange:
    """What was asked for on the command line."""

    feedback: str
    folder: Path | None
    yes: bool
    by: str

    def asked(self) -> AskedChange:
        """The change for the service. Raises `BadInput`."""
        files = edited_files(self.folder) if self.folder else {}
        if not self.feedback.strip() and not files:
            raise BadInput('Say what should be different: appyard builds change ID "also store the address", or --from FOLDER.')
        gates = GatePolicies(requirements=GatePolicy.auto if self.yes else GatePolicy.on_findings)
        return AskedChange(feedback=self.feedback, files=files, requested_by=self.by, options=BuildOptions(gates=gates))


def edited_files(folder: Path) -> dict[str, str]:
    """The app's files in a folder where somebody worked on them. Raises `BadInput`."""
    if not folder.is_dir():
        raise BadInput(f"--from {folder}: there is no such folder. Name the folder with the app you edited.")
    paths = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()}
    try:
        return readable_files({name: path.read_bytes() for name, path in paths.items() if not is_left_out(name)})
    except (FilesUnusable, OSError) as error:
        raise BadInput(f"--from {folder}: {error}") from error


def change(prefix: str, wanted: NewChange, out: Path, *, as_json: bool) -> ExitCode:
    """Ask for a change, and follow it to its end."""
    check_writable(out)
    return _carried_out(prefix, wanted.asked(), out, as_json=as_json, ask=not wanted.yes)


def restore(prefix: str, number: int, by: str, out: Path, *, as_json: bool) -> ExitCode:
    """Make an older version the next one."""
    check_writable(out)
    return _carried_out(prefix, AskedChange(restore_version=number, requested_by=by), out, as_json=as_json, ask=True)


def _carried_out(prefix: str, asked: AskedChange, out: Path, *, as_json: bool, ask: bool) -> ExitCode:
    async def run() -> ExitCode:
        async with opened_world(with_worker=True) as (world, settings):
            build = await found(world.builds, prefix)
            await world.builds.change(build, asked)
            console = Console(quiet=as_json)
            watch = Watch(world, console, model=str(model_of(settings)), ask=ask and sys.stdin.isatty() and not as_json)
            code = await watch.to_the_end(build, out, as_json=as_json)
            status = await world.builds.status(build)
            print_changes(console, status.changes)
            if not status.declined:
                return code
            console.print(status.custom_status.message, highlight=False, soft_wrap=True)
            return ExitCode.bad_input

    return asyncio.run(run())


def print_changes(console: Console, changes: tuple[SpecChange, ...]) -> None:
    """What differs in the specification, a line each."""
    for entry in changes:
        style = "red" if entry.loses_data else "default"
        console.print(f"  {SIGNS[entry.edit]} {entry.words}", style=style, highlight=False, soft_wrap=True)


def versions(prefix: str, *, as_json: bool) -> ExitCode:
    """The versions of an app."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            listed = await world.app_versions.list(await found(world.builds, prefix))
        if as_json:
            print(json.dumps([version.model_dump(mode="json") for version in listed]))
            return ExitCode.done
        table = Table(box=None, pad_edge=False)
        for heading in ("Version", "Verdict", "Delivered", "Asked for"):
            table.add_column(heading)
        for version in listed:
            table.add_row(str(version.number), version.verdict, "yes" if version.package else "no", version.reason[:80])
        Console().print(table)
        return ExitCode.done

    return asyncio.run(run())


def compare(prefix: str, before: int, after: int, *, as_json: bool) -> ExitCode:
    """What differs between two versions: specification first, then the files as a unified diff."""

    async def run() -> ExitCode:
        async with opened_world(with_worker=False) as (world, _):
            comparison = await world.app_versions.compare(await found(world.builds, prefix), before, after)
        if as_json:
            print(comparison.model_dump_json())
            return ExitCode.done
        print_changes(Console(), comparison.changes)
        for difference in comparison.files:
            print(difference.diff)
        return ExitCode.done

    return asyncio.run(run())
