"""Apps with recipes pass the tests that come with each, keep their contract, and are clean source; alone and together."""

import json
from pathlib import Path

import pytest

from nodes.artifacts import AppSpec, RecipeKind
from nodes.blueprint.consistency import problems
from nodes.stack import PYTHON_WEB
from nodes.verification.contract_diff import diff_contract
from tests.integration.frame.recipe_specs import ADVERSE, ALONE, FLEET
from tests.integration.frame.test_frame_runs import python, run, written

__all__ = ["python"]


@pytest.mark.parametrize("kind", ALONE)
def test_a_recipe_works_on_its_own(python: Path, tmp_path: Path, kind: RecipeKind) -> None:
    written(tmp_path, ALONE[kind])
    own = [path for path in (tmp_path / "tests").glob("test_*.py") if kind.value in path.name]
    assert " passed" in run(tmp_path, python, *PYTHON_WEB.test_argv[1:], *own, "tests/test_migrations.py")


@pytest.mark.bounded(240)
@pytest.mark.parametrize("spec", [FLEET, ADVERSE], ids=lambda spec: spec.name)
def test_recipes_work_together(python: Path, tmp_path: Path, spec: AppSpec) -> None:
    assert problems(spec) == ()
    architecture = written(tmp_path, spec)
    assert " passed" in run(tmp_path, python, *PYTHON_WEB.test_argv[1:])
    run(tmp_path, python, "-m", "ruff", "check", "--no-cache", ".")
    run(tmp_path, python, "-m", "ruff", "format", "--no-cache", "--check", ".")
    script = "import json; from app.main import app; print(json.dumps(app.openapi()))"
    assert diff_contract(json.loads(run(tmp_path, python, "-c", script)), spec, architecture, PYTHON_WEB).findings == []
