"""The frame of the default stack: from specification and contract to a complete, running, tested app."""

from nodes.blueprint.frame.generate import generate_frame, tidied
from nodes.blueprint.frame.names import SpecNotBuildable

__all__ = ["SpecNotBuildable", "generate_frame", "tidied"]
