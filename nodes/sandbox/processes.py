"""Read from /proc what a set of processes uses: memory, processor time, and who belongs to it."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_GROUP, _USER_TIME = 2, 11
"""Places in /proc/<pid>/stat after the program's name, see proc(5)."""


@dataclass(frozen=True)
class Usage:
    """What processes use together. `cpu_seconds` includes their ended and awaited children."""

    processes: int
    memory_bytes: int
    cpu_seconds: float


def usage_of(pids: Iterable[int]) -> Usage:
    """Add up the processes that still exist. Memory is resident size, so shared pages count once per process."""
    processes, memory, ticks = 0, 0, 0
    for pid in pids:
        fields = _stat(pid)
        if fields is None:
            continue
        processes += 1
        ticks += sum(int(field) for field in fields[_USER_TIME : _USER_TIME + 4])
        memory += _resident_bytes(pid)
    return Usage(processes, memory, ticks / _TICKS_PER_SECOND)


def descendants(pid: int) -> set[int]:
    """`pid` and every process below it."""
    found, todo = {pid}, [pid]
    while todo:
        parent = todo.pop()
        new = _children(parent) - found
        found |= new
        todo += new
    return found


def group_members(group: int) -> set[int]:
    """Every process of a process group."""
    members = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) and int(fields[_GROUP]) == group:
            members.add(int(entry.name))
    return members


def deleted_but_open(pids: Iterable[int]) -> dict[tuple[int, int], int]:
    """Files these processes hold open although they have no name any more: (device, inode) → blocks of 512 bytes."""
    blocks: dict[tuple[int, int], int] = {}
    for pid in pids:
        with suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                file = link.stat()
                if stat.S_ISREG(file.st_mode) and file.st_nlink == 0:
                    blocks[file.st_dev, file.st_ino] = file.st_blocks
    return blocks


def _children(pid: int) -> set[int]:
    children: set[int] = set()
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children.update(map(int, (thread / "children").read_text().split()))
    except OSError:
        pass  # it ended while we looked
    return children


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name is in parentheses and may itself hold spaces and parentheses.
    return text.rpartition(")")[2].split()


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
