"""What a sandbox promises: run a command on a copy of files without network, within limits, and tell what happened."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class SandboxLimits:
    """Ceilings of one command. `wall_seconds` counts from the start, `cpu_seconds` over all its processes.

    `reserved_bytes`: address space beyond the memory, for what is reserved but never touched, such as thread stacks.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 768 * 1024 * 1024
    reserved_bytes: int = 512 * 1024 * 1024
    processes: int = 64
    file_bytes: int = 50 * 1024 * 1024
    work_bytes: int = 256 * 1024 * 1024
    output_bytes: int = 1024 * 1024


DEFAULT_LIMITS = SandboxLimits()


@dataclass(frozen=True)
class Command:
    """A program to run inside the sandbox.

    `files` (path → content) are laid into the writable work folder first, which is the current folder. `toolchain` is
    a virtual environment, or a Node.js, mounted read-only; its `bin` leads the PATH, that of `also` comes behind it. `environment`
    is all the program sees besides PATH, HOME, LANG and the like.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    toolchain: Path | None = None
    also: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: SandboxLimits = DEFAULT_LIMITS


@dataclass(frozen=True)
class ExecResult:
    """How the program ended. `limit` names the ceiling that stopped it, in words a person understands."""

    exit_code: int
    stdout: str
    stderr: str
    duration_seconds: float
    limit: str | None = None

    @property
    def ok(self) -> bool:
        """True if the program ended by itself with exit code 0."""
        return self.exit_code == 0 and self.limit is None


@dataclass(frozen=True)
class ServedApp:
    """A server running in the sandbox, reached from outside through a UNIX socket.

    The socket was opened outside and handed in as file descriptor 3, so the sandbox needs no network and what runs
    inside cannot forge what the outside observes. `log_path` collects what the server prints.
    """

    socket_path: Path
    log_path: Path


class Sandbox(Protocol):
    """Raises `SandboxUnavailable` where the sandbox itself fails; a failing program is an `ExecResult`."""

    @property
    def name(self) -> str:
        """`bubblewrap`, `landlock` or `unconfined`: shown in every evidence report."""

    @property
    def can_serve(self) -> bool:
        """Whether `serve` works here."""

    async def run(self, command: Command) -> ExecResult:
        """Run to the end, or to a limit."""

    def workspace(self, files: Mapping[str, bytes], limits: SandboxLimits = DEFAULT_LIMITS) -> "AbstractAsyncContextManager[Workspace]":
        """A work folder of `limits.work_bytes` that outlives one command: migrate, serve, stop, serve again on the data."""


class Workspace(Protocol):
    """A work folder shared by several commands; removed when its context ends."""

    async def run(self, command: Command) -> ExecResult:
        """Run in this folder; the command's `files` are added to it."""

    def serve(self, command: Command) -> AbstractAsyncContextManager[ServedApp]:
        """Start a server that accepts on file descriptor 3; every process of it is gone when the context ends."""
