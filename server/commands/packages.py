"""Lay a package down in a folder: the zip, and the app unpacked beside it. Overwrites nothing."""

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from server.commands.failures import BadInput
from server.services.builds import Package


@dataclass(frozen=True)
class LaidDown:
    """Where the package is."""

    zip_file: Path
    folder: Path


def check_writable(out: Path) -> None:
    """Refuse a folder that cannot be written to before anything is built. Raises `BadInput`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror}. Choose a folder you may write to.") from error
    if not os.access(out, os.W_OK):
        raise BadInput(f"--out {out}: not writable. Choose a folder you may write to.")


def lay_down(package: Package, out: Path) -> LaidDown:
    """Write the zip and unpack it. A name that is taken gets a number: `claims`, `claims-2`, …"""
    name = package.file_name.removesuffix(".zip").rsplit("-", 1)[0]
    taken = 1
    while (out / (unique := name if taken == 1 else f"{name}-{taken}")).exists() or (out / f"{unique}.zip").exists():
        taken += 1
    zip_file, folder = out / f"{unique}.zip", out / unique
    zip_file.write_bytes(package.content)
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        for entry in archive.infolist():
            target = folder / Path(entry.filename).relative_to(Path(entry.filename).parts[0])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
    return LaidDown(zip_file.absolute(), folder.absolute())
