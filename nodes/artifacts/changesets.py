"""What engineers contribute, and the versions it is put together to."""

from enum import StrEnum

from nodes.artifacts.stored import Artifact, ArtifactRef, Identifier


class FileOperation(StrEnum):
    """`add` a new file, `replace` a whole one, `edit` by search and replacement, `delete`."""

    add = "add"
    replace = "replace"  # type: ignore[assignment]  # nobody calls str.replace on a member
    edit = "edit"
    delete = "delete"


class FileChange(Artifact):
    """One change to one file. `edit` replaces the single occurrence of `search` by `content`."""

    path: str
    operation: FileOperation
    content: str = ""
    search: str = ""


class Changeset(Artifact):
    """What an engineer contributes to the app for one component; `notes` tells the reviewer what and why."""

    component: Identifier
    changes: tuple[FileChange, ...]
    notes: str = ""


class ComponentResult(Artifact):
    """A finished component: where its changeset lies, and in which attempt (1 is the first) it was written.

    `fingerprint` stands for what the engineer was asked to build; another one means the component has to be rewritten.
    `unanswered` says why the files are as they were before the engineer was asked: no answer could be used.
    """

    component: Identifier
    changeset: ArtifactRef
    attempt: int
    files: tuple[str, ...]
    notes: str = ""
    fingerprint: str = ""
    unanswered: str = ""


class AppVersion(Artifact):
    """One assembled state of the app's files; `tree` refers to a `SourceTree` as JSON.

    `generated` is the tree without what the user edited; None if nothing was.
    """

    number: int
    tree: ArtifactRef
    file_count: int
    generated: ArtifactRef | None = None


class SourceTree(Artifact):
    """Every file of one version: path → content."""

    files: dict[str, ArtifactRef]
