"""Install and recognise the tool chain of built apps: a virtual environment with exactly the locked packages."""

import asyncio
import hashlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path

from nodes.errors import ToolchainMissing

LOCK = Path(__file__).parent / "python_web" / "requirements.lock"
"""The built app ships this very file as its requirements.txt."""

_STAMP = "appyard-lock.sha256"


def default_toolchain() -> Path:
    """Beside the packages of the running Appyard, so that one installation has one tool chain."""
    return Path(sys.prefix, "toolchains", "python-web")


def lock_sha256() -> str:
    """What identifies the set of packages this Appyard builds apps with."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def require_toolchain(directory: Path) -> Path:
    """Return `directory` if it holds the current tool chain. Raises `ToolchainMissing` otherwise."""
    stamp = directory / _STAMP
    if not stamp.is_file() or not (directory / "bin" / "python").exists():
        raise ToolchainMissing(f"Nothing is installed at {directory}.")
    if stamp.read_text().strip() != lock_sha256():
        raise ToolchainMissing(f"{directory} was installed from another version of the lock file.")
    return directory


async def install_toolchain(directory: Path) -> bool:
    """Bring `directory` in line with the lock file; False if it was. Takes 5 s with a warm cache. Raises `ToolchainMissing`."""
    try:
        require_toolchain(directory)
    except ToolchainMissing:
        await _uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, str(directory))
        stamp = directory / _STAMP
        stamp.unlink(missing_ok=True)
        sync = ("pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", str(directory / "bin" / "python"))
        await _uv(*sync, str(LOCK))
        stamp.write_text(lock_sha256() + "\n")
        return True
    return False


async def _uv(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "uv", *arguments, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise ToolchainMissing(f"Installing it failed: {output.decode(errors='replace').strip()[-1000:]}")
