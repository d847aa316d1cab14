"""Choose the stack for what is asked for: by program where the request is clear, the default otherwise. Pure."""

from nodes.artifacts import BuildRequest, StackName, TargetPlatform
from nodes.blueprint.reader.domain import COMMAND_LINE_TOOL, kind_of_software


def choose_stack(request: BuildRequest) -> StackName:
    """The stack a language model's crew builds the request on; the built-in builder has only the default."""
    if request.target_platform is TargetPlatform.cli or kind_of_software(request) == COMMAND_LINE_TOOL:
        return StackName.python
    return StackName.python_web
