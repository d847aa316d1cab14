"""A change to a finished app: what is asked for, and the differences it comes to."""

from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from nodes.artifacts.request import MAX_DESCRIPTION_CHARACTERS, readable_text
from nodes.artifacts.specification import AppSpec, OpenQuestion
from nodes.artifacts.stored import Artifact, ArtifactRef, Identifier


class Edit(StrEnum):
    """What happened to an item of a specification."""

    added = "added"
    removed = "removed"
    renamed = "renamed"
    changed = "changed"


class SpecChange(Artifact):
    """One difference between two specifications: in words, and as the item at `path` before and after, in JSON.

    `path` reads like `records/customer/fields/address`. `records` are those whose behaviour may be another one; empty
    for a pure addition, which leaves everything as it was. `loses_data`: what was stored there is gone afterwards.
    """

    edit: Edit
    path: str
    words: str
    records: tuple[Identifier, ...] = ()
    loses_data: bool = False
    before: str = ""
    after: str = ""


class ChangeRequest(Artifact):
    """What should be different in a finished app: in words, by files the user edited, or by going back to a version.

    `files` refers to a `SourceTree`. Files that are not in it stay as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="What should be different")

    feedback: str = Field(
        default="",
        title="Change",
        description="In plain words, a sentence for each change.",
        max_length=MAX_DESCRIPTION_CHARACTERS,
        examples=["Also store the customer's address. Let managers cancel a booking."],
    )
    files: ArtifactRef | None = Field(default=None, title="Edited files")
    restore_version: int | None = Field(default=None, ge=1, title="Version to go back to")
    requested_by: str = Field(default="local", min_length=1, max_length=200)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        readable_text(self.feedback)
        if self.restore_version is not None and (self.feedback.strip() or self.files):
            raise ValueError("restore_version stands alone: restore first, then ask for changes")
        if not self.feedback.strip() and not self.files and self.restore_version is None:
            raise ValueError("says nothing: give feedback, files or restore_version")
        return self


class Revision(Artifact):
    """A change request under way. `origin` is the version it starts from, `delivered` the last one that was packaged.

    Both are numbers; `delivered` is None if no version was. `before` is the specification that `changes` are told from:
    that of `delivered`, or of `origin` if there is none. `unclear` is what of the request was not understood.
    """

    request: ChangeRequest
    origin: int
    delivered: int | None
    before: AppSpec
    changes: tuple[SpecChange, ...] = ()
    unclear: tuple[OpenQuestion, ...] = ()

    @property
    def loses_data(self) -> bool:
        """Whether something stored will be gone."""
        return any(change.loses_data for change in self.changes)
