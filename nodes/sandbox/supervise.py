"""Watch a confined process until it ends or crosses a ceiling, and keep what it prints. Confining it is the caller's."""

import asyncio
import os
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from nodes.sandbox.processes import Usage, usage_of
from nodes.sandbox.protocol import ExecResult, SandboxLimits

POLL_SECONDS = 0.05
"""Touching 1 GiB takes a process about 0.3 s, so memory overshoots its ceiling by some 150 MiB before the next look."""

MEBIBYTE = 1024 * 1024


class Cage(Protocol):
    """A started confined process and everything it started; `process` has its standard output and error as pipes."""

    process: Process

    def members(self) -> set[int]:
        """The ids of the processes inside."""

    def disk_bytes(self) -> int:
        """What they wrote; 0 where the kernel itself keeps the ceiling."""

    async def end(self) -> None:
        """Kill all of them and return when none is left."""


async def run_to_end(cage: Cage, limits: SandboxLimits) -> ExecResult:
    """Wait for the process to end by itself or to cross a ceiling. None of its processes is left on return."""
    started = time.monotonic()
    printed = _Printed(limits.output_bytes)
    stdout, stderr = bytearray(), bytearray()
    tasks = _collecting(cage.process, printed, stdout.extend, stderr.extend)
    watching = asyncio.create_task(_crossed_ceiling(cage, limits, printed, started))
    ending = asyncio.create_task(_ended(cage.process.pid))
    try:
        await asyncio.wait({watching, ending}, return_when=asyncio.FIRST_COMPLETED)
        crossed = None if ending.done() else watching.result()
    finally:
        await cage.end()
        await _finish(*tasks)
        await _cancel(watching, ending)
    return ExecResult(
        exit_code=cage.process.returncode if cage.process.returncode is not None else -1,
        stdout=stdout.decode(errors="replace"),
        stderr=stderr.decode(errors="replace"),
        duration_seconds=time.monotonic() - started,
        limit=crossed or (printed.complaint if printed.overflowed.is_set() else None),
    )


@asynccontextmanager
async def kept_running(cage: Cage, limits: SandboxLimits, log_path: Path) -> AsyncIterator[None]:
    """Keep a server running under its ceilings; what it prints goes to `log_path`, which says so if it was stopped."""
    printed = _Printed(limits.output_bytes, stops_program=False)
    with log_path.open("ab", buffering=0) as log:
        tasks = _collecting(cage.process, printed, log.write, log.write)

        async def stop_at_a_ceiling() -> None:
            crossed = await _crossed_ceiling(cage, limits, printed, time.monotonic())
            await cage.end()
            log.write(f"\nStopped by the sandbox: {crossed}.\n".encode())

        watching = asyncio.create_task(stop_at_a_ceiling())
        try:
            yield
        finally:
            await _cancel(watching)
            await cage.end()
            await _finish(*tasks)


async def readable(process_descriptor: int) -> None:
    """Wait for a process to end. That of a process 1 ends when its namespace is empty."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process_descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process_descriptor)


async def _ended(pid: int) -> None:
    """Unlike asyncio's `wait`, this does not also wait for children that keep the pipes open."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await readable(descriptor)
    finally:
        os.close(descriptor)


class _Printed:
    """How much may still be printed, on both streams together."""

    def __init__(self, ceiling_bytes: int, *, stops_program: bool = True) -> None:
        self.room, self.stops_program = ceiling_bytes, stops_program
        self.overflowed = asyncio.Event()
        self.complaint = f"it printed more than {_size(ceiling_bytes)}"

    async def collect(self, stream: asyncio.StreamReader, keep: Callable[[bytes], object]) -> None:
        """Keep what fits, and go on reading beyond it so that a chatty server does not block on a full pipe."""
        while chunk := await stream.read(65_536):
            kept = chunk[: self.room]
            self.room -= len(kept)
            if kept:
                keep(kept)
            if len(kept) < len(chunk):
                self.overflowed.set()


async def _crossed_ceiling(cage: Cage, limits: SandboxLimits, printed: _Printed, started: float) -> str:
    """Return, in words, the first ceiling that is crossed."""
    while True:
        usage = usage_of(cage.members())
        crossed = _complaint(usage, cage.disk_bytes(), time.monotonic() - started, limits)
        if crossed:
            return crossed
        if printed.overflowed.is_set() and printed.stops_program:
            return printed.complaint
        await asyncio.sleep(POLL_SECONDS)


def _complaint(usage: Usage, disk_bytes: int, elapsed_seconds: float, limits: SandboxLimits) -> str | None:
    if elapsed_seconds > limits.wall_seconds:
        return f"it ran longer than {limits.wall_seconds:g} s"
    if usage.memory_bytes > limits.memory_bytes:
        return f"it used more than {_size(limits.memory_bytes)} of memory"
    if usage.cpu_seconds > limits.cpu_seconds:
        return f"it used more than {limits.cpu_seconds} s of processor time"
    if usage.processes > limits.processes:
        return f"it started more than {limits.processes} processes"
    if disk_bytes > limits.work_bytes:
        return f"it wrote more than {_size(limits.work_bytes)}"
    return None


def _size(size_bytes: int) -> str:
    return f"{size_bytes // MEBIBYTE} MiB" if size_bytes >= MEBIBYTE else f"{size_bytes} bytes"


def _collecting(
    process: Process, printed: _Printed, keep_stdout: Callable[[bytes], object], keep_stderr: Callable[[bytes], object]
) -> list[asyncio.Task[None]]:
    assert process.stdout is not None
    assert process.stderr is not None
    return [
        asyncio.create_task(printed.collect(process.stdout, keep_stdout)),
        asyncio.create_task(printed.collect(process.stderr, keep_stderr)),
    ]


async def _finish(*tasks: asyncio.Task[None]) -> None:
    """Every writer is dead, so the pipes are at their end once they are read."""
    await asyncio.gather(*tasks)


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
