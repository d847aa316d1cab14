"""Generate what of an app no engineer writes: the running frame of the default stack, or what surrounds a program written whole."""

from nodes.artifacts import AppSpec, Architecture
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.programs.surroundings import surroundings
from nodes.context import Delivered
from nodes.ownership import owner_of
from nodes.stack import STACKS


def app_frame(spec: AppSpec, architecture: Architecture, delivered: Delivered | None = None) -> dict[str, str]:
    """A `nodes.context.Frame` for every stack. The next version of what is written whole starts from what was delivered of it."""
    if not STACKS[architecture.stack].is_written_whole:
        return generate_frame(spec, architecture, delivered)
    around = surroundings(spec)
    if delivered is None:
        return around
    written = {path: text for path, text in delivered.files.items() if owner_of(architecture, path)}
    return around | written
