"""A graph that cannot be imported, because it needs what is not installed."""

from not_installed_anywhere import graph  # type: ignore[import-not-found]  # that is the point

__all__ = ["graph"]
