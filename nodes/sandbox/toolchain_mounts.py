"""Find the folders a tool chain needs to run: a virtual environment and the Python it was made from, or Node.js."""

from pathlib import Path

from nodes.errors import ToolchainMissing


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


def _base_bin(toolchain: Path) -> str:
    for line in (toolchain / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return value.strip()
    raise ToolchainMissing(f"{toolchain}/pyvenv.cfg does not name its base Python.")
