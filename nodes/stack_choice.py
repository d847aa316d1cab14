"""Choose the stack for what is asked for: by program where the request is clear, the default otherwise. Pure."""

import re

from nodes.artifacts import BuildRequest, StackName, TargetPlatform
from nodes.blueprint.reader import read_description
from nodes.blueprint.reader.domain import COMMAND_LINE_TOOL, GAME, kind_of_software
from nodes.errors import DescriptionOutOfDomain, DescriptionUnclear
from nodes.stack_fit import is_about_records

_NODE = re.compile(r"\b(?:node\.?js|typescript)\b", re.IGNORECASE)


def choose_stack(request: BuildRequest) -> StackName:
    """The stack a language model's crew builds the request on; the built-in builder has only the default.

    A game keeps hardly any records, so the frame would be of no use to it; it runs in the browser, served by Node.js. On Node.js an
    app is specified by records, roles and steps where the built-in reader finds them in the description, and else by examples.
    """
    kind = kind_of_software(request)
    if request.target_platform is TargetPlatform.cli or kind == COMMAND_LINE_TOOL:
        return StackName.python
    if request.target_platform not in {TargetPlatform.web, TargetPlatform.api}:
        return StackName.python_web
    if kind == GAME:
        return StackName.node_web
    if _names_node(request):
        return StackName.node_records if _keeps_records(request) else StackName.node_web
    return StackName.python_web


def _keeps_records(request: BuildRequest) -> bool:
    try:
        return is_about_records(read_description(request))
    except (DescriptionOutOfDomain, DescriptionUnclear):
        return False


def _names_node(request: BuildRequest) -> bool:
    """As a preference the bare word is enough; in a description it may be anything's node."""
    wished = [wish.strip().lower() for wish in request.tech_stack_preferences]
    said = " ".join((*wished, request.app_description, request.requirements or ""))
    return "node" in wished or _NODE.search(said) is not None
