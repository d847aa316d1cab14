"""The versions of a built app: list them, compare any two, and fetch the package of each. Knows no HTTP."""

import asyncio
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from checkpoints.artifacts import ArtifactRepository
from nodes.artifacts import AppSpec, Artifact, ArtifactRef, Edit, KeptVersion, SourceTree, SpecChange, Verdict, WorkOrder
from server.services.builds import Builds, Package
from server.services.errors import AppVersionNotFound, PackageNotReady

SpecDiff = Callable[[AppSpec, AppSpec], tuple[SpecChange, ...]]


class VersionSummary(Artifact):
    """A version in a list. `reason` is what was asked for; `package` is its SHA-256, if it was delivered."""

    number: int
    reason: str
    verdict: Verdict
    file_count: int
    package: str | None
    edited_by_hand: bool


class FileDifference(Artifact):
    """One file that differs; `diff` is a unified diff, whole files against nothing where one was added or removed."""

    path: str
    edit: Edit
    added_lines: int
    removed_lines: int
    diff: str


class Comparison(Artifact):
    """How two versions differ: in the specification, in words, and file by file."""

    before: int
    after: int
    changes: tuple[SpecChange, ...]
    files: tuple[FileDifference, ...]
    unchanged_files: int


@dataclass(frozen=True)
class AppVersions:
    """The use cases of an app's versions. `spec_diff` says what differs between two specifications."""

    builds: Builds
    artifacts: ArtifactRepository
    spec_diff: SpecDiff

    async def list(self, workflow_id: UUID) -> tuple[VersionSummary, ...]:
        """The kept versions, oldest first. Raises `BuildNotFound`."""
        return tuple(summary_of(kept) for kept in await self.builds.kept_versions(workflow_id))

    async def package(self, workflow_id: UUID, number: int) -> Package:
        """The package of one version, as it was delivered. Raises `BuildNotFound`, `AppVersionNotFound`, `PackageNotReady`."""
        kept = await self._numbered(workflow_id, number)
        if kept.delivery is None:
            raise PackageNotReady(f"Version {number} was not delivered.")
        delivery = kept.delivery
        return Package(await self.artifacts.get(delivery.package.sha256), delivery.file_name, delivery.package.sha256)

    async def files(self, workflow_id: UUID, number: int) -> dict[str, str]:
        """Path → text of one version. Raises `BuildNotFound`, `AppVersionNotFound`."""
        return await self._files((await self._numbered(workflow_id, number)).version.tree)

    async def compare(self, workflow_id: UUID, before: int, after: int) -> Comparison:
        """What became of `before` in `after`, in whichever order they were made. Raises `BuildNotFound`, `AppVersionNotFound`."""
        one, other = await self._numbered(workflow_id, before), await self._numbered(workflow_id, after)
        old, new = await self._files(one.version.tree), await self._files(other.version.tree)
        specs = [await self._spec(kept.work_order) for kept in (one, other)]
        # In a thread: long files take a moment to compare.
        differing = await asyncio.to_thread(lambda: tuple(differences(old, new)))
        same = sum(1 for path in old if new.get(path) == old[path])
        return Comparison(before=before, after=after, changes=self.spec_diff(*specs), files=differing, unchanged_files=same)

    async def _numbered(self, workflow_id: UUID, number: int) -> KeptVersion:
        versions = await self.builds.kept_versions(workflow_id)
        for kept in versions:
            if kept.version.number == number:
                return kept
        raise AppVersionNotFound(f"It has {', '.join(str(kept.version.number) for kept in versions) or 'none yet'}, not {number}.")

    async def _files(self, tree: ArtifactRef) -> dict[str, str]:
        files = SourceTree.model_validate_json(await self.artifacts.get(tree.sha256)).files
        contents = await asyncio.gather(*(self.artifacts.get(ref.sha256) for ref in files.values()))
        return {path: content.decode() for path, content in zip(files, contents, strict=True)}

    async def _spec(self, work_order: ArtifactRef) -> AppSpec:
        return WorkOrder.model_validate_json(await self.artifacts.get(work_order.sha256)).spec


def summary_of(kept: KeptVersion) -> VersionSummary:
    """A version as a list shows it."""
    return VersionSummary(
        number=kept.version.number,
        reason=kept.reason,
        verdict=kept.verdict,
        file_count=kept.version.file_count,
        package=kept.delivery.package.sha256 if kept.delivery else None,
        edited_by_hand=kept.version.generated is not None,
    )


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FileDifference]:
    """The files that differ, in the order of their paths."""
    for path in sorted({*old, *new}):
        if old.get(path) == new.get(path):
            continue
        lines = list(difflib.unified_diff(_lines(old.get(path)), _lines(new.get(path)), path, path, lineterm=""))
        edit = Edit.added if path not in old else Edit.removed if path not in new else Edit.changed
        yield FileDifference(
            path=path,
            edit=edit,
            added_lines=sum(line.startswith("+") for line in lines[2:]),
            removed_lines=sum(line.startswith("-") for line in lines[2:]),
            diff="\n".join(lines),
        )


def _lines(text: str | None) -> list[str]:
    return text.splitlines() if text else []
