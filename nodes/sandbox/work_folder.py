"""A size-capped work folder in memory that disappears with its holder, whatever happens to this process.

A `cat` in a mount namespace of its own holds a tmpfs that nothing else sees. Its standard input is a pipe from here:
when this process ends, even by SIGKILL, `cat` ends, and the kernel frees namespace, tmpfs and content.
"""

import asyncio
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nodes.errors import SandboxUnavailable

MAX_FILES = 20_000
"""Empty files cost kernel memory that a size in bytes does not bound."""

_HOLD = """
set -e
mount -t tmpfs -o "size=$2,nr_inodes=$3,mode=0755,nosuid,nodev" appyard "$1"
cd "$1"
mkdir work tmp shm etc
chmod 1777 tmp shm && chown "$4:$4" work
echo "root:x:0:0::/:/usr/sbin/nologin
app:x:$4:$4::/sandbox:/usr/sbin/nologin" > etc/passwd
echo "app:x:$4:" > etc/group
echo "127.0.0.1 localhost
::1 localhost" > etc/hosts
echo ready
exec cat > /dev/null
"""


@dataclass(frozen=True)
class WorkFolder:
    """Where the folder is, seen through `enter`; `outside` is a folder on the host that the sandbox never sees."""

    path: Path
    outside: Path
    enter: tuple[str, ...]


@asynccontextmanager
async def work_folder(size_bytes: int, uid: int | None) -> AsyncIterator[WorkFolder]:
    """Hold a tmpfs with the folders `work`, `tmp`, `shm` and `etc`. `uid` None: not root, so a user namespace is made.

    Raises `SandboxUnavailable` if this machine does not allow such a mount.
    """
    with tempfile.TemporaryDirectory(prefix="appyard-") as outside:
        mount_point = _new_folder(Path(outside, "work"))
        space = ("--user", "--map-root-user") if uid is None else ()
        holder = await asyncio.create_subprocess_exec(
            *("unshare", *space, "--mount", "--propagation", "private", "sh", "-c", _HOLD, "sh"),
            *(str(mount_point), str(size_bytes), str(MAX_FILES), str(uid or 0)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        try:
            assert holder.stdout is not None
            assert holder.stderr is not None
            if await holder.stdout.readline() != b"ready\n":
                raise SandboxUnavailable((await holder.stderr.read()).decode(errors="replace").strip())
            yield WorkFolder(mount_point, Path(outside), _entering(holder.pid, uid))
        finally:
            if holder.stdin:
                holder.stdin.close()
            await holder.wait()


def _new_folder(path: Path) -> Path:
    path.mkdir()
    return path


def _entering(holder: int, uid: int | None) -> tuple[str, ...]:
    target = ("nsenter", "--target", str(holder), "--mount")
    return target if uid is not None else (*target, "--user", "--preserve-credentials")
