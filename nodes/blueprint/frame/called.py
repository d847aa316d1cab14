"""What roles, reports, records, fields, relations and steps have in common as templates see them: a name and a label."""

from typing import Protocol

from nodes.blueprint.frame.text import one_line


class Named(Protocol):
    """A part of the specification with a name for code and a label for people."""

    @property
    def name(self) -> str:
        """An identifier."""

    @property
    def label(self) -> str:
        """A few words."""


class Called:
    """The view of such a part."""

    spec: Named

    @property
    def name(self) -> str:
        """What code calls it."""
        return self.spec.name

    @property
    def label(self) -> str:
        """What people read, on one line."""
        return one_line(self.spec.label) or self.spec.name
