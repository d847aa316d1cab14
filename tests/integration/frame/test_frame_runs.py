"""Built apps pass their own tests, keep their contract, and survive migration up and down, on the locked packages."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from nodes.artifacts import AppSpec, Architecture, BuildRequest, RuleCode
from nodes.blueprint import own_rules
from nodes.blueprint.frame import generate_frame, tidied
from nodes.blueprint.reader import read_description
from nodes.contract import contract_of
from nodes.rule_functions import custom_rules, kept_in, shown_in
from nodes.stack import PYTHON_WEB
from nodes.verification.contract_diff import diff_contract
from nodes.verification.toolchain import default_toolchain, install_toolchain
from tests.integration.frame.frame_specs import CUSTOMERS, HOSTILE, LENDING, POLLS, RENTAL


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter built apps run on."""
    asyncio.run(install_toolchain(default_toolchain()))
    return default_toolchain() / "bin" / "python"


def written(folder: Path, spec: AppSpec) -> Architecture:
    """Write the app into the folder; answer the architecture it follows."""
    architecture = Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(spec), components=())
    for path, text in generate_frame(spec, architecture).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return architecture


def run(folder: Path, *argv: str | Path, **more: str) -> str:
    """What the command prints; the test fails with it if the command does. `more` variables of its environment."""
    environment = {"DEMO_PASSWORD": "ten characters", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **more}
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("spec", [RENTAL, CUSTOMERS, POLLS, LENDING, HOSTILE], ids=lambda spec: spec.name)
def test_an_app_passes_its_own_tests_and_lint(python: Path, tmp_path: Path, spec: AppSpec) -> None:
    written(tmp_path, spec)
    assert " passed" in run(tmp_path, python, *PYTHON_WEB.test_argv[1:])
    run(tmp_path, python, "-m", "ruff", "check", "--no-cache", ".")
    run(tmp_path, python, "-m", "ruff", "format", "--no-cache", "--check", ".")


def test_an_app_keeps_a_rule_that_was_written_alone(python: Path, tmp_path: Path) -> None:
    said = "Members borrow tools. A loan has a start date and an end date. A loan may last at most 14 days."
    spec = read_description(BuildRequest(app_description=said), has_engineers=True)
    [rule] = custom_rules(spec)
    written(tmp_path, spec)
    own = {path: (tmp_path / path).read_text(encoding="utf-8") for path in ("pyproject.toml", kept_in(spec, rule))}
    code = RuleCode(
        code="if not loan.start_date or not loan.end_date:\n  return True\nreturn loan.end_date - loan.start_date <= timedelta(days=14)",
        refused='{"start_date": "2030-01-01", "end_date": "2030-01-16"}',
        accepted='{"start_date": "2030-01-01", "end_date": "2030-01-15"}',
    )
    for path, text in tidied(own_rules.written(own, spec, rule, code)).items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert " passed" in run(tmp_path, python, *PYTHON_WEB.test_argv[1:], "tests/test_loans.py", shown_in(spec, rule))
    run(tmp_path, python, "-m", "ruff", "check", "--no-cache", ".")
    run(tmp_path, python, "-m", "ruff", "format", "--no-cache", "--check", ".")


def test_the_demo_can_be_prepared_twice(python: Path, tmp_path: Path) -> None:
    written(tmp_path, RENTAL)
    assert run(tmp_path, python, *PYTHON_WEB.demo_argv[1:]) == run(tmp_path, python, *PYTHON_WEB.demo_argv[1:])
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("spec", [RENTAL, HOSTILE], ids=lambda spec: spec.name)
def test_the_running_app_publishes_its_contract(python: Path, tmp_path: Path, spec: AppSpec) -> None:
    architecture = written(tmp_path, spec)
    script = "import json; from app.main import app; print(json.dumps(app.openapi()))"
    document = json.loads(run(tmp_path, python, "-c", script))
    assert diff_contract(document, spec, architecture, PYTHON_WEB).findings == []
