"""Plain English → `AppSpec`, by rules: `read_description`."""

from nodes.blueprint.reader.reading import read_description

__all__ = ["read_description"]
