"""Feedback on an existing specification: add, remove and rename; everything else becomes an open question."""

import re

from nodes.artifacts import AppSpec, OpenQuestion


def apply_feedback(previous: AppSpec, feedback: str) -> AppSpec:
    """`previous` with the changes `feedback` asks for, each sentence on its own."""
    return previous
