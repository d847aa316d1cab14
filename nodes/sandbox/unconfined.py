"""Run generated code as an ordinary process, without any isolation. Only for a person who asked for exactly that."""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from nodes.errors import SandboxUnavailable
from nodes.sandbox.archive import UNPACK, archive_of
from nodes.sandbox.processes import group_members
from nodes.sandbox.protocol import DEFAULT_LIMITS, Command, ExecResult, SandboxLimits, ServedApp, Workspace
from nodes.sandbox.supervise import kept_running, run_to_end
from nodes.sandbox.toolchain_mounts import search_path

_LISTENER_AS_3 = ("sh", "-c", 'exec 3<&0 </dev/null; exec "$@"', "sh")


class UnconfinedSandbox:
    """No sandbox at all: the code may do whatever the person who runs Appyard may do."""

    name = "unconfined"
    can_serve = True

    async def run(self, command: Command) -> ExecResult:
        """Run in a temporary folder."""
        async with self.workspace(command.files, command.limits) as workspace:
            return await workspace.run(command)

    def workspace(self, files: Mapping[str, bytes], limits: SandboxLimits = DEFAULT_LIMITS) -> AbstractAsyncContextManager[Workspace]:
        """A temporary folder with `files` in it."""
        del limits  # nothing keeps them here
        return self._workspace(files)

    @asynccontextmanager
    async def _workspace(self, files: Mapping[str, bytes]) -> AsyncIterator["_Folder"]:
        with tempfile.TemporaryDirectory(prefix="appyard-", ignore_cleanup_errors=True) as outside:
            folder = _Folder(Path(outside))
            await folder.lay(files)
            yield folder


class _Folder:
    def __init__(self, outside: Path) -> None:
        self._outside, self._work, self._served = outside, outside / "work", 0
        self._work.mkdir()

    async def lay(self, files: Mapping[str, bytes]) -> None:
        if not files:
            return
        with archive_of(files) as archive:
            result = await run_to_end(await self._start(Command(argv=UNPACK), UNPACK, archive), DEFAULT_LIMITS)
        if not result.ok:
            raise SandboxUnavailable(f"The files cannot be written: {result.stderr.strip()[-500:]}")

    async def run(self, command: Command) -> ExecResult:
        await self.lay(command.files)
        return await run_to_end(await self._start(command, command.argv, DEVNULL), command.limits)

    @asynccontextmanager
    async def serve(self, command: Command) -> AsyncIterator[ServedApp]:
        await self.lay(command.files)
        self._served += 1
        app = ServedApp(self._outside / f"{self._served}.sock", self._outside / f"{self._served}.log")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(app.socket_path))
            listener.listen(128)
            cage = await self._start(command, (*_LISTENER_AS_3, *command.argv), listener.fileno())
        async with kept_running(cage, command.limits, app.log_path):
            yield app

    async def _start(self, command: Command, argv: tuple[str, ...], standard_input: int) -> "_Group":
        path = search_path(command)
        environment = {"PATH": path, "HOME": str(self._work), "LANG": "C.UTF-8", **command.environment}
        program = shutil.which(argv[0], path=path) or argv[0]
        try:
            process = await asyncio.create_subprocess_exec(
                program, *argv[1:], stdin=standard_input, stdout=PIPE, stderr=PIPE, env=environment, cwd=self._work, start_new_session=True
            )
        except OSError as error:
            raise SandboxUnavailable(f"{argv[0]} cannot be started: {error.strerror}") from error
        return _Group(process)


class _Group:
    """A process group; what leaves it is not found again, which is one of the reasons this is no sandbox."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def members(self) -> set[int]:
        return group_members(self.process.pid)

    def disk_bytes(self) -> int:
        return 0

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
