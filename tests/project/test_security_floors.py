"""No dependency is older than the fix of a weakness that concerns us."""

import tomllib
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
from packaging.version import Version

HERE = Path(__file__).parent
FLOORS = tomllib.loads((HERE / "security_floors.toml").read_text())["floor"]
PINNED = dict(line.split(" ")[0].split("==") for line in (HERE.parents[1] / "requirements.lock").read_text().splitlines() if "==" in line)
NEVER_INSTALLED = {
    "crewai-tools": "CVE-2026-2275, 2285, 2286, 2287: its code interpreter falls back to no sandbox",
    "langgraph-checkpoint-sqlite": "CVE-2025-67644: SQL injection through filter keys",
}


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor["package"])
def test_what_is_locked_and_installed_has_the_fix(floor: dict[str, str]) -> None:
    fixed = Version(floor["version"])
    assert Version(PINNED[floor["package"]]) >= fixed, floor["advisory"]
    assert Version(version(floor["package"])) >= fixed, floor["advisory"]


def test_packages_that_weaken_us_are_not_installed() -> None:
    assert {found.name.lower() for found in distributions()} & NEVER_INSTALLED.keys() == set()
