"""Run generated code in bubblewrap: own namespaces without network, a system-call filter, another user, and ceilings.

The mounts are made before the user changes, so a Python below a home folder that others cannot enter is still readable
inside, without changing anything on the host.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from nodes.errors import SandboxUnavailable
from nodes.sandbox.accounts import lent_account
from nodes.sandbox.archive import UNPACK, archive_of
from nodes.sandbox.processes import descendants
from nodes.sandbox.protocol import DEFAULT_LIMITS, Command, ExecResult, SandboxLimits, ServedApp, Workspace
from nodes.sandbox.seccomp import MachineUnsupported, filter_program
from nodes.sandbox.supervise import kept_running, readable, run_to_end
from nodes.sandbox.toolchain_mounts import folders_for, search_path
from nodes.sandbox.work_folder import WorkFolder, work_folder

INSIDE = "/sandbox"
"""The work folder's place inside: a name no host has, so no tool chain lies below it."""

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAMS = ("bwrap", "unshare", "nsenter", "setpriv", "prlimit", "mount", "tar", "sh")

_LISTENER_AS_3 = ("sh", "-c", 'exec 3<&0 </dev/null; exec "$@"', "sh")


class BubblewrapSandbox:
    """The default sandbox. Needs bubblewrap ≥ 0.8 and either root or user namespaces."""

    name = "bubblewrap"
    can_serve = True

    def __init__(self) -> None:
        missing = [program for program in PROGRAMS if shutil.which(program, path=SYSTEM_PATH) is None]
        if missing:
            raise SandboxUnavailable(f"Not installed: {', '.join(missing)}.")
        try:
            self._filter = filter_program()
        except MachineUnsupported as error:
            raise SandboxUnavailable(str(error.__doc__)) from error

    async def run(self, command: Command) -> ExecResult:
        """Run in a work folder of its own."""
        async with self._workspace(command.files, command.limits) as workspace:
            return await workspace.run_laid(command)

    def workspace(self, files: Mapping[str, bytes], limits: SandboxLimits = DEFAULT_LIMITS) -> AbstractAsyncContextManager[Workspace]:
        """A work folder of at most `limits.work_bytes`, with `files` in it."""
        return self._workspace(files, limits)

    @asynccontextmanager
    async def _workspace(self, files: Mapping[str, bytes], limits: SandboxLimits) -> AsyncIterator["_BubblewrapWorkspace"]:
        with lent_account() as uid:
            async with work_folder(limits.work_bytes, uid) as folder:
                workspace = _BubblewrapWorkspace(folder, uid, self._filter)
                await workspace.lay(files)
                yield workspace


class _BubblewrapWorkspace:
    def __init__(self, folder: WorkFolder, uid: int | None, system_call_filter: bytes) -> None:
        self._folder, self._uid, self._filter, self._served = folder, uid, system_call_filter, 0

    async def run(self, command: Command) -> ExecResult:
        await self.lay(command.files)
        return await self.run_laid(command)

    async def run_laid(self, command: Command, standard_input: int = DEVNULL) -> ExecResult:
        cage = await self._start(command, command.argv, standard_input)
        result = await run_to_end(cage, command.limits)
        await cage.raise_if_never_started(result)
        return result

    async def lay(self, files: Mapping[str, bytes]) -> None:
        if not files:
            return
        with archive_of(files) as archive:
            result = await self.run_laid(Command(argv=UNPACK), archive)
        if not result.ok:
            raise SandboxUnavailable(f"The files do not fit into the work folder: {result.stderr.strip()[-500:]}")

    @asynccontextmanager
    async def serve(self, command: Command) -> AsyncIterator[ServedApp]:
        await self.lay(command.files)
        self._served += 1
        app = ServedApp(self._folder.outside / f"{self._served}.sock", self._folder.outside / f"{self._served}.log")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(app.socket_path))
            listener.listen(128)
            cage = await self._start(command, (*_LISTENER_AS_3, *command.argv), listener.fileno())
        async with kept_running(cage, command.limits, app.log_path):
            yield app

    async def _start(self, command: Command, argv: Sequence[str], standard_input: int) -> "_Cage":
        status, status_inside = os.pipe()
        filter_file = _file_with(self._filter)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._folder.enter,
                *("bwrap", "--seccomp", str(filter_file), "--json-status-fd", str(status_inside)),
                *_namespaces(self._uid),
                *_mounts(self._folder.path, folders_for(command)),
                *_environment(command),
                *("--chdir", INSIDE, "--"),
                *_dropping(self._uid),
                *_ceilings(command.limits),
                *argv,
                stdin=standard_input,
                stdout=PIPE,
                stderr=PIPE,
                env={"PATH": SYSTEM_PATH},
                pass_fds=(filter_file, status_inside),
            )
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(filter_file)
            os.close(status_inside)
        return await _Cage.around(process, status)


class _Cage:
    """A running bubblewrap. Its child is process 1 of the sandbox: the kernel kills everything inside when that ends."""

    def __init__(self, process: Process, status: asyncio.StreamReader, handles: list[int]) -> None:
        self.process, self._status, self._handles = process, status, handles

    @classmethod
    async def around(cls, process: Process, status_descriptor: int) -> "_Cage":
        """Bubblewrap reports the id of process 1 before it sets the sandbox up, or nothing if it cannot."""
        status = asyncio.StreamReader()
        pipe = os.fdopen(status_descriptor, "rb")
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(status), pipe)
        handles = _handle_on(process.pid)
        if first_line := await status.readline():
            handles += _handle_on(json.loads(first_line)["child-pid"])
        return cls(process, status, handles)

    def members(self) -> set[int]:
        return descendants(self.process.pid)

    def disk_bytes(self) -> int:
        return 0

    async def end(self) -> None:
        # Not `process.kill()`: that reaps a process that has just ended, and asyncio never learns its exit code.
        for handle in self._handles:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        await self.process.wait()
        while self._handles:
            await readable(self._handles[-1])
            os.close(self._handles.pop())

    async def raise_if_never_started(self, result: ExecResult) -> None:
        """Tell a sandbox that could not be set up from a program that failed: only the latter has an exit code."""
        if result.limit is None and b"exit-code" not in await self._status.read():
            raise SandboxUnavailable(result.stderr.strip()[-500:])


def _handle_on(pid: int) -> list[int]:
    """A descriptor that means this very process even when its id is used again; none if it has ended."""
    try:
        return [os.pidfd_open(pid)]
    except ProcessLookupError:
        return []


def _file_with(content: bytes) -> int:
    descriptor = os.memfd_create("filter")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _namespaces(uid: int | None) -> tuple[str, ...]:
    unshared = ("ipc", "pid", "net", "uts", "cgroup-try")
    options = [f"--unshare-{name}" for name in unshared] + ["--die-with-parent", "--new-session"]
    if uid is None:
        return (*options, "--unshare-user", "--uid", "1000", "--gid", "1000")
    # Root needs no user namespace, which leaves less kernel to attack; these three rights go when the user changes.
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
    return (*options, "--cap-drop", "ALL", *(word for name in kept for word in ("--cap-add", name)))


def _dropping(uid: int | None) -> tuple[str, ...]:
    if uid is None:
        return ()
    no_rights = ("--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
    return ("setpriv", f"--reuid={uid}", f"--regid={uid}", *no_rights)


def _ceilings(limits: SandboxLimits) -> tuple[str, ...]:
    return (
        "prlimit",
        f"--as={limits.memory_bytes + limits.reserved_bytes}",
        f"--nproc={limits.processes}",
        f"--cpu={limits.cpu_seconds}",
        f"--fsize={limits.file_bytes}",
        "--nofile=256",
        "--core=0",
    )


def _mounts(work: Path, folders: Sequence[Path]) -> tuple[str, ...]:
    options = ["--ro-bind", "/usr", "/usr", *_system_links(), "--proc", "/proc", "--dev", "/dev"]
    for inside, name in (("/dev/shm", "shm"), ("/tmp", "tmp"), (INSIDE, "work")):  # noqa: S108 - the sandbox has its own
        options += ["--bind", f"{work}/{name}", inside]
    options += ["--perms", "0755", "--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for name in ("passwd", "group", "hosts"):
        options += ["--ro-bind", f"{work}/etc/{name}", f"/etc/{name}"]
    present = (Path("/"), Path("/tmp"), Path("/usr"))  # noqa: S108 - as above
    for parent in dict.fromkeys(parent for folder in folders for parent in reversed(folder.parents)):
        if parent not in present:  # bubblewrap would make it for root alone
            options += ["--perms", "0755", "--dir", str(parent)]
    for folder in folders:
        options += ["--ro-bind", str(folder), str(folder)]
    return (*options, "--remount-ro", "/dev", "--remount-ro", "/")


def _system_links() -> list[str]:
    """`/lib` and its like, as they are on this machine: links into /usr, or folders on older ones."""
    options = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        place = Path("/", name)
        if place.is_symlink():
            options += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            options += ["--ro-bind", str(place), str(place)]
    return options


def _environment(command: Command) -> tuple[str, ...]:
    # glibc reserves 64 MiB of address space per thread otherwise, which a memory ceiling counts.
    variables = {"PATH": search_path(command), "HOME": INSIDE, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", **command.environment}
    return ("--clearenv", *(word for name, value in variables.items() for word in ("--setenv", name, value)))
