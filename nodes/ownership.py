"""Decide which component owns a file: the one place where the patterns of `Component.owns` are read."""

import functools
import re

from nodes.artifacts import Architecture, Component


def owns(component: Component, path: str) -> bool:
    """Whether one of the component's patterns covers `path`."""
    return any(_expression(pattern).fullmatch(path) for pattern in component.owns)


def owner_of(architecture: Architecture, path: str) -> Component | None:
    """The first component that owns `path`; None for a file of the frame."""
    return next((component for component in architecture.components if owns(component, path)), None)


def owner_of_record(architecture: Architecture, record: str) -> Component | None:
    """The component that writes the code of `record`; None if no component lists it."""
    return next((component for component in architecture.components if record in component.records), None)


@functools.cache
def _expression(pattern: str) -> re.Pattern[str]:
    """`**` stands for any characters, `*` for any but a slash; nothing else is special."""
    parts = re.split(r"(\*\*|\*)", pattern)
    wildcards = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(wildcards.get(part, re.escape(part)) for part in parts), re.DOTALL)
