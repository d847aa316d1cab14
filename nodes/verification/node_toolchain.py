"""Find the Node.js of this machine, and say whether built apps run on it. Nothing is installed: apps use Node's own modules only."""

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path

from nodes.errors import NodeMissing
from nodes.sandbox.protocol import SandboxLimits

OLDEST = (22, 18)
"""From here on Node runs TypeScript without being asked to. 23.0 to 23.5, which do not, ended in 2025."""

NODE_LIMITS = SandboxLimits(wall_seconds=60, cpu_seconds=60, reserved_bytes=1 << 40)
"""V8 reserves far more addresses than it touches; the memory that is touched has the usual ceiling."""


def find_node() -> Path | None:
    """The folder whose `bin` holds the `node` of the PATH."""
    found = shutil.which("node")
    return Path(found).resolve().parent.parent if found else None


async def require_node(folder: Path | None) -> tuple[Path, str]:
    """The folder, if its Node runs TypeScript, and its version. Raises `NodeMissing`."""
    if folder is None or not (folder / "bin" / "node").is_file():
        where = f"at {folder}" if folder else "on the PATH"
        raise NodeMissing(f"There is none {where}.")
    process = await asyncio.create_subprocess_exec(str(folder / "bin" / "node"), "--version", stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
    said = (await process.communicate())[0].decode(errors="replace").strip()
    numbers = re.match(r"v(\d+)\.(\d+)\.", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise NodeMissing(f"The one at {folder} is {said[:60]}.")
    return folder, said
