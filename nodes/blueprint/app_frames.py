"""Generate what of an app no engineer writes: the running frame of the default stack, or what surrounds a program written whole."""

from nodes.artifacts import AppSpec, Architecture
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.programs.surroundings import surroundings
from nodes.context import Delivered
from nodes.stack import STACKS


def app_frame(spec: AppSpec, architecture: Architecture, delivered: Delivered | None = None) -> dict[str, str]:
    """A `nodes.context.Frame` for every stack. What engineers wrote whole is in their changesets, so a next version needs nothing else."""
    if STACKS[architecture.stack].is_written_whole:
        return surroundings(spec)
    return generate_frame(spec, architecture, delivered)
