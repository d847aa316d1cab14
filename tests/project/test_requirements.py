"""The manifest of requirements and the tests that show them name one another."""

import ast
from collections import Counter
from pathlib import Path

from tests.acceptance.requirements import REQUIREMENTS

TESTS = Path(__file__).parents[1]


def shown() -> set[str]:
    """Every id in a `pytest.mark.requirement(…)` of the tests."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement":
                found |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return found


def test_every_requirement_is_shown_by_a_test_or_deferred_with_a_reason() -> None:
    assert shown() == {entry.id for entry in REQUIREMENTS if entry.deferred is None}


def test_requirements_are_named_once() -> None:
    assert [name for name, count in Counter(entry.id for entry in REQUIREMENTS).items() if count > 1] == []
