"""Apply an engineer's changeset to files, and refuse what breaks a rule. Pure; stores nothing."""

from collections.abc import Mapping

from nodes.artifacts import Changeset, Component, FileChange, FileOperation
from nodes.errors import ChangesetRefused
from nodes.ownership import owns
from nodes.paths import check_path
from nodes.refusals import refusal_of

MAX_FILE_CHARACTERS = 200_000
"""Longer files are no source code a person would own."""


def apply_changes(files: Mapping[str, str], component: Component, changeset: Changeset) -> dict[str, str]:
    """`files` with the changes of `changeset`; raises `ChangesetRefused` naming the change and the rule."""
    changed = dict(files)
    for change in changeset.changes:
        if complaint := _complaint(change, component):
            raise ChangesetRefused(f"{change.operation} {change.path}: {complaint}")
        _apply(changed, change)
    return changed


def complaint_about(files: Mapping[str, str], component: Component, changeset: Changeset, *, feedback: str = "") -> str | None:
    """Why `changeset` is not taken, in words for the engineer; None if it is. `feedback` may name routes and tests to remove."""
    if changeset.component != component.name:
        return f"the changeset is for {changeset.component}, but the task was {component.name}"
    try:
        changed = apply_changes(files, component, changeset)
    except ChangesetRefused as refused:
        return refused.detail
    return refusal_of(files, changed, feedback=feedback)


def difference(component: Component, before: Mapping[str, str], after: Mapping[str, str], notes: str) -> Changeset:
    """The shortest changeset of whole files that leads from `before` to `after`, whatever edits were made between."""
    written = tuple(
        FileChange(path=path, operation=FileOperation.replace if path in before else FileOperation.add, content=text)
        for path, text in sorted(after.items())
        if before.get(path) != text
    )
    removed = tuple(FileChange(path=path, operation=FileOperation.delete) for path in sorted(before) if path not in after)
    return Changeset(component=component.name, changes=written + removed, notes=notes)


def _complaint(change: FileChange, component: Component) -> str | None:
    if unsafe := check_path(change.path):
        return unsafe
    if not owns(component, change.path):
        return f"{component.name} does not own this file; it owns {', '.join(component.owns)}"
    if len(change.content) > MAX_FILE_CHARACTERS:
        return f"the content has {len(change.content)} characters, the limit is {MAX_FILE_CHARACTERS}"
    return None


def _apply(files: dict[str, str], change: FileChange) -> None:
    match change.operation:
        case FileOperation.add if change.path in files:
            raise ChangesetRefused(f"add {change.path}: the file exists; use replace or edit")
        case FileOperation.add:
            files[change.path] = change.content
        case _ if change.path not in files:
            raise ChangesetRefused(f"{change.operation} {change.path}: there is no such file; use add")
        case FileOperation.replace:
            files[change.path] = change.content
        case FileOperation.edit:
            files[change.path] = _edited(files[change.path], change)
        case FileOperation.delete:
            del files[change.path]


def _edited(text: str, change: FileChange) -> str:
    found = text.count(change.search) if change.search else 0
    if found != 1:
        raise ChangesetRefused(f"edit {change.path}: the search text occurs {found} times; it must occur once")
    return text.replace(change.search, change.content)
