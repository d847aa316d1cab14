"""The files of an app's versions: list them, read one, compare two versions. Reads; changes nothing."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from checkpoints.artifacts import ArtifactRepository
from nodes.artifacts import AppVersion, ArtifactRef, Screenshot, SourceTree
from server.services.errors import SourceFileNotFound


class FileChangeKind(StrEnum):
    """What became of a file between two versions."""

    added = "added"
    changed = "changed"
    removed = "removed"


@dataclass(frozen=True)
class FileDifference:
    """One file that differs between two versions."""

    path: str
    kind: FileChangeKind


class SourceFiles:
    """Reads the files that are kept of each version."""

    def __init__(self, artifacts: ArtifactRepository) -> None:
        self._artifacts = artifacts

    async def tree(self, version: AppVersion) -> Mapping[str, ArtifactRef]:
        """Every file of a version, by path. Raises `ArtifactNotFound`."""
        return SourceTree.model_validate_json(await self._artifacts.get(version.tree.sha256)).files

    async def read(self, version: AppVersion, path: str) -> str:
        """The text of one file. Raises `SourceFileNotFound`, `ArtifactNotFound`."""
        ref = (await self.tree(version)).get(path)
        if ref is None:
            raise SourceFileNotFound(path)
        return await self.text(ref)

    async def text(self, ref: ArtifactRef) -> str:
        """A stored text. Raises `ArtifactNotFound`."""
        return (await self._artifacts.get(ref.sha256)).decode(errors="replace")

    async def picture(self, shown: Iterable[Screenshot], sha256: str) -> bytes | None:
        """One of the pictures that are shown; None for anything else in the store."""
        known = any(picture.image.sha256 == sha256 for picture in shown)
        return await self._artifacts.get(sha256) if known else None

    async def compare(self, old: AppVersion, new: AppVersion) -> tuple[FileDifference, ...]:
        """The files that differ, by path: equal content has an equal hash, so none is read."""
        before, after = await self.tree(old), await self.tree(new)
        kinds = {path: _kind(before.get(path), after.get(path)) for path in sorted({*before, *after})}
        return tuple(FileDifference(path, kind) for path, kind in kinds.items() if kind)

    async def difference(self, old: AppVersion, new: AppVersion, path: str) -> str:
        """What changed in one file, as a unified diff; empty if nothing did. Raises `SourceFileNotFound` if neither has it."""
        before, after = (await self.tree(old)).get(path), (await self.tree(new)).get(path)
        if before is None and after is None:
            raise SourceFileNotFound(path)
        old_lines, new_lines = [(await self.text(ref)).splitlines() if ref else [] for ref in (before, after)]
        names = [f"version {known.number}" if ref else "not there" for known, ref in ((old, before), (new, after))]
        return "\n".join(difflib.unified_diff(old_lines, new_lines, names[0], names[1], lineterm=""))


def _kind(before: ArtifactRef | None, after: ArtifactRef | None) -> FileChangeKind | None:
    if before is None:
        return FileChangeKind.added
    if after is None:
        return FileChangeKind.removed
    return None if before.sha256 == after.sha256 else FileChangeKind.changed
