"""Fallback sandbox where user namespaces are denied: Landlock for files, a system-call filter for everything else.

Weaker than bubblewrap in what works, not in what is blocked: without a network namespace no socket can be allowed, so a
server cannot run and neither can tests that open one.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from nodes.errors import SandboxUnavailable
from nodes.sandbox import landlock_launcher
from nodes.sandbox.accounts import lent_account
from nodes.sandbox.archive import UNPACK, archive_of
from nodes.sandbox.processes import deleted_but_open, group_members
from nodes.sandbox.protocol import DEFAULT_LIMITS, Command, ExecResult, SandboxLimits, ServedApp, Workspace
from nodes.sandbox.seccomp import MachineUnsupported, filter_program
from nodes.sandbox.supervise import run_to_end
from nodes.sandbox.toolchain_mounts import folders_for, search_path

READABLE = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class LandlockSandbox:
    """Needs Linux 6.2 as root, 6.12 otherwise: only there can Landlock keep code from signalling its own user's processes."""

    name = "landlock"
    can_serve = False

    def __init__(self) -> None:
        needed = landlock_launcher.TRUNCATE_ABI if os.geteuid() == 0 else landlock_launcher.SCOPE_ABI
        found = landlock_launcher.supported_abi()
        if found < needed:
            raise SandboxUnavailable(f"The kernel offers Landlock version {max(found, 0)}, and {needed} is needed.")
        try:
            self._filter = filter_program(allow_sockets=False)
        except MachineUnsupported as error:
            raise SandboxUnavailable(str(error.__doc__)) from error

    async def run(self, command: Command) -> ExecResult:
        """Run in a work folder of its own."""
        async with self._workspace(command.files) as workspace:
            return await workspace.run_laid(command)

    def workspace(self, files: Mapping[str, bytes], limits: SandboxLimits = DEFAULT_LIMITS) -> AbstractAsyncContextManager[Workspace]:
        """A folder on disk with `files` in it, watched for its size."""
        del limits  # each command is watched with its own
        return self._workspace(files)

    @asynccontextmanager
    async def _workspace(self, files: Mapping[str, bytes]) -> AsyncIterator["_LandlockWorkspace"]:
        with lent_account() as uid, tempfile.TemporaryDirectory(prefix="appyard-", ignore_cleanup_errors=True) as outside:
            workspace = _LandlockWorkspace(Path(outside), uid, self._filter)
            await workspace.lay(files)
            yield workspace


class _LandlockWorkspace:
    def __init__(self, outside: Path, uid: int | None, system_call_filter: bytes) -> None:
        self._work, self._uid, self._filter = outside / "work", uid, system_call_filter
        self._temporary = self._work / "tmp"
        self._temporary.mkdir(parents=True)
        if uid is not None:
            outside.chmod(0o711)
            for folder in (self._work, self._temporary):
                os.chown(folder, uid, uid)

    async def run(self, command: Command) -> ExecResult:
        await self.lay(command.files)
        return await self.run_laid(command)

    async def run_laid(self, command: Command, standard_input: int = DEVNULL) -> ExecResult:
        cage = _Cage(await self._start(command, standard_input), self._work)
        result = await run_to_end(cage, command.limits)
        if result.stderr.startswith(landlock_launcher.COMPLAINT):
            raise SandboxUnavailable(result.stderr.removeprefix(landlock_launcher.COMPLAINT).strip()[-500:])
        return result

    async def lay(self, files: Mapping[str, bytes]) -> None:
        if not files:
            return
        with archive_of(files) as archive:
            result = await self.run_laid(Command(argv=UNPACK), archive)
        if not result.ok:
            raise SandboxUnavailable(f"The files do not fit into the work folder: {result.stderr.strip()[-500:]}")

    def serve(self, _command: Command) -> AbstractAsyncContextManager[ServedApp]:
        raise SandboxUnavailable("The Landlock sandbox cannot run a server, because it allows no sockets.")

    async def _start(self, command: Command, standard_input: int) -> Process:
        path = search_path(command)
        environment = {"PATH": path, "HOME": str(self._work), "TMPDIR": str(self._temporary), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
        program = shutil.which(command.argv[0], path=path)
        if program is None:
            raise SandboxUnavailable(f"{command.argv[0]} is not installed.")
        plan = landlock_launcher.Plan(
            argv=[program, *command.argv[1:]],
            uid=self._uid,
            readable=[*READABLE, *(str(folder) for folder in folders_for(command))],
            writable=[str(self._work)],
            devices=list(DEVICES),
            filter_hex=self._filter.hex(),
            ceilings=_ceilings(command.limits),
        )
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", landlock_launcher.__file__, json.dumps(plan)),
            stdin=standard_input,
            stdout=PIPE,
            stderr=PIPE,
            env={**environment, **command.environment},
            cwd=self._work,
            start_new_session=True,
        )


def _ceilings(limits: SandboxLimits) -> dict[str, int]:
    return {
        "RLIMIT_AS": limits.memory_bytes + limits.reserved_bytes,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CORE": 0,
    }


class _Cage:
    """A process group nothing inside can leave: the filter refuses setsid and setpgid."""

    def __init__(self, process: Process, work: Path) -> None:
        self.process, self._work = process, work

    def members(self) -> set[int]:
        return group_members(self.process.pid)

    def disk_bytes(self) -> int:
        """Blocks of the files in the work folder, links not followed, and of deleted ones that are still open."""
        paths = (Path(folder, name) for folder, _, names in os.walk(self._work) for name in names)
        blocks = {(file.st_dev, file.st_ino): file.st_blocks for file in map(_stat, paths) if file}
        return 512 * sum({**blocks, **deleted_but_open(self.members())}.values())

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        while group_members(self.process.pid):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await asyncio.sleep(0.005)


def _stat(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.lstat()
    return None
