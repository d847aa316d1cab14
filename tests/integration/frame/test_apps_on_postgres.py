"""A built app on PostgreSQL: its own tests, its tables there and back among them, and its demo data."""

from pathlib import Path

import pytest

from checkpoints.embedded import EmbeddedPostgres
from nodes.stack import PYTHON_WEB
from tests.integration.frame.recipe_specs import FLEET
from tests.integration.frame.test_frame_runs import python, run, written
from tests.postgres import create_database, url_of

__all__ = ["python"]


@pytest.mark.bounded(120)
def test_an_app_passes_its_own_tests_on_postgres_and_prepares_its_demo(python: Path, tmp_path: Path, postgres: EmbeddedPostgres) -> None:
    for name in ("tests_of_an_app", "data_of_an_app"):
        create_database(postgres, name)
    written(tmp_path, FLEET)
    tested = run(tmp_path, python, *PYTHON_WEB.test_argv[1:], TEST_DATABASE_URL=url_of(postgres, "tests_of_an_app"))
    assert " passed" in tested
    shown = run(tmp_path, python, *PYTHON_WEB.demo_argv[1:], DATABASE_URL=url_of(postgres, "data_of_an_app"))
    assert "Sign in as customer@example.com" in shown
