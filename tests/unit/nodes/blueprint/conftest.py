"""What is read does not depend on which recipes the frame has templates for today."""

import pytest

from nodes.artifacts import RecipeKind
from nodes.blueprint.reader import recipe_changes, recipe_records, recipes


@pytest.fixture(autouse=True)
def _every_recipe_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (recipes, recipe_records, recipe_changes):
        monkeypatch.setattr(module, "BUILT", frozenset(RecipeKind))
