"""Which stack a request is built on where a language model does the work."""

import pytest

from nodes.artifacts import BuildRequest, StackName, TargetPlatform
from nodes.stack_choice import choose_stack


@pytest.mark.parametrize(
    ("request_", "stack"),
    [
        (BuildRequest(app_description="Members borrow tools."), StackName.python_web),
        (BuildRequest(app_description="Members borrow tools.", tech_stack_preferences=("React",)), StackName.python_web),
        (BuildRequest(app_description="Members borrow tools.", tech_stack_preferences=("Node.js", "TypeScript")), StackName.node_records),
        (BuildRequest(app_description="A recipe box in Node.js."), StackName.node_web),
        (BuildRequest(app_description="Customers vote in polls on Node.js. A poll has options."), StackName.node_web),
        (BuildRequest(app_description="A service in TypeScript that shortens texts."), StackName.node_web),
        (BuildRequest(app_description="Clusters have a node and an address."), StackName.python_web),
        (BuildRequest(app_description="Create a 2048 game."), StackName.node_web),
        (BuildRequest(app_description="Write a command-line tool that renames files."), StackName.python),
        (BuildRequest(app_description="A to-do list.", target_platform=TargetPlatform.cli), StackName.python),
        (BuildRequest(app_description="A diary.", target_platform=TargetPlatform.mobile), StackName.python_web),
    ],
)
def test_the_stack_follows_from_platform_preferences_and_description(request_: BuildRequest, stack: StackName) -> None:
    assert choose_stack(request_) is stack
