"""Choose the stack for what is asked for: by program where the request is clear, the default otherwise. Pure."""

import re

from nodes.artifacts import BuildRequest, StackName, TargetPlatform
from nodes.blueprint.reader.domain import COMMAND_LINE_TOOL, kind_of_software

_NODE = re.compile(r"\b(?:node(?:\.?js)?|typescript)\b", re.IGNORECASE)


def choose_stack(request: BuildRequest) -> StackName:
    """The stack a language model's crew builds the request on; the built-in builder has only the default."""
    if request.target_platform is TargetPlatform.cli or kind_of_software(request) == COMMAND_LINE_TOOL:
        return StackName.python
    if request.target_platform in {TargetPlatform.web, TargetPlatform.api} and _NODE.search(_said(request)):
        return StackName.node_web
    return StackName.python_web


def _said(request: BuildRequest) -> str:
    return " ".join((*request.tech_stack_preferences, request.app_description, request.requirements or ""))
