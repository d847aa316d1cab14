"""Lend each sandbox of a server that runs as root its own user id, so that no two share a process budget.

RLIMIT_NPROC counts per user id: with one shared id, one app's fork bomb starved the next sandbox.
"""

import contextlib
import os
import socket
from collections.abc import Iterator

from nodes.errors import SandboxUnavailable

FIRST_UID, POOL_SIZE = 59_000, 64
"""Inside 30000-59999, which Debian's policy reserves and nothing uses; below 65536 so that containers can map it."""


@contextlib.contextmanager
def lent_account() -> Iterator[int | None]:
    """A user id nobody else on this machine is using, or None if this process is not root and cannot change its own."""
    if os.geteuid() != 0:
        yield None
        return
    for uid in range(FIRST_UID, FIRST_UID + POOL_SIZE):
        # An abstract socket is a lock across processes that the kernel releases however its holder ends.
        with socket.socket(socket.AF_UNIX) as lock:
            try:
                lock.bind(f"\0appyard-sandbox-{uid}")
            except OSError:
                continue
            yield uid
            return
    raise SandboxUnavailable(f"All {POOL_SIZE} sandbox accounts are in use.")
