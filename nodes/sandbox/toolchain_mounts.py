"""Find the folders a tool chain needs to run: a virtual environment and the Python it was made from, or Node.js."""

from pathlib import Path

from nodes.errors import ToolchainMissing
from nodes.sandbox.protocol import Command


def folders_of(toolchain: Path) -> tuple[Path, ...]:
    """The environment, then `bin` and `lib` of its base Python as named and as resolved; none twice, none below /usr.

    Only `bin` and `lib`: the prefix of a Python or a Node.js can be a home folder. Raises `ToolchainMissing` if it is no environment.
    """
    if (toolchain / "bin" / "node").is_file():
        return () if toolchain.is_relative_to("/usr") else ((toolchain / "bin").absolute(),)
    python = toolchain / "bin" / "python"
    if not (toolchain / "pyvenv.cfg").is_file() or not python.exists():
        raise ToolchainMissing(f"There is no virtual environment at {toolchain}.")
    named = Path(_base_bin(toolchain))
    folders = [toolchain.absolute()]
    for binaries in (named, python.resolve().parent):
        folders += [binaries, binaries.parent / "lib"]
    return tuple(dict.fromkeys(folder for folder in folders if folder.is_dir() and not folder.is_relative_to("/usr")))


def folders_for(command: Command) -> tuple[Path, ...]:
    """The folders of a command's tool chains. Raises `ToolchainMissing`."""
    return tuple(dict.fromkeys(folder for toolchain in _toolchains(command) for folder in folders_of(toolchain)))


def search_path(command: Command) -> str:
    """The PATH a command sees: its tool chains, then the system."""
    return ":".join([*(f"{toolchain.absolute()}/bin" for toolchain in _toolchains(command)), "/usr/bin", "/bin"])


def _toolchains(command: Command) -> list[Path]:
    return [toolchain for toolchain in (command.toolchain, command.also) if toolchain]


def _base_bin(toolchain: Path) -> str:
    for line in (toolchain / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return value.strip()
    raise ToolchainMissing(f"{toolchain}/pyvenv.cfg does not name its base Python.")
