"""The lock files pin everything by hash, name no place to load from, and fit pyproject.toml."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
JAVASCRIPT = "tests/acceptance/js"
LOCKS = ("requirements.lock", "requirements-dev.lock", "nodes/verification/python_web/requirements.lock", f"{JAVASCRIPT}/requirements.lock")
ENTRY = re.compile(r"^(?P<requirement>[^\s#][^\\]*?)\s*\\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def locked(name: str) -> list[Requirement]:
    """The pinned requirements of a lock file, with their markers."""
    return [Requirement(match["requirement"]) for match in ENTRY.finditer((REPOSITORY / name).read_text())]


def unmet(requirements: list[str], lock: str) -> list[str]:
    """Requirements no pin of `lock` fulfils."""
    pins = {(canonicalize_name(pin.name), next(iter(pin.specifier)).version) for pin in locked(lock)}
    wanted = [Requirement(text) for text in requirements]
    return [
        str(requirement)
        for requirement in wanted
        if not any(
            name == canonicalize_name(requirement.name) and requirement.specifier.contains(version, prereleases=True)
            for name, version in pins
        )
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_is_nothing_but_pins_with_hashes(lock: str) -> None:
    text = (REPOSITORY / lock).read_text()
    rest = ENTRY.sub("", text)
    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []
    assert [str(pin) for pin in locked(lock) if [specifier.operator for specifier in pin.specifier] != ["=="]] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_place_to_load_from(lock: str) -> None:
    assert re.findall(r"://|--index|--find-links|\bfile:|git\+| @ ", (REPOSITORY / lock).read_text()) == []


def test_the_lock_fits_the_dependencies_of_the_project() -> None:
    assert unmet(PROJECT["project"]["dependencies"], "requirements.lock") == []


def test_the_development_lock_fits_its_group_and_holds_the_runtime_lock() -> None:
    assert unmet(PROJECT["dependency-groups"]["dev"], "requirements-dev.lock") == []
    runtime = {str(pin) for pin in locked("requirements.lock")}
    development = {str(pin) for pin in locked("requirements-dev.lock")}
    assert {pin.partition(";")[0].strip() for pin in runtime} <= {pin.partition(";")[0].strip() for pin in development}


def test_the_lock_of_built_apps_fits_what_they_may_import() -> None:
    listed = (REPOSITORY / "nodes/verification/python_web/requirements.in").read_text().splitlines()
    assert unmet([line for line in listed if line and not line.startswith("#")], "nodes/verification/python_web/requirements.lock") == []


def test_the_lock_of_node_fits_what_is_asked_for() -> None:
    listed = (REPOSITORY / JAVASCRIPT / "requirements.in").read_text().splitlines()
    assert unmet([line for line in listed if line and not line.startswith("#")], f"{JAVASCRIPT}/requirements.lock") == []


def test_the_lock_of_the_javascript_clients_has_a_hash_for_everything_and_no_place_to_load_from() -> None:
    packages = json.loads((REPOSITORY / JAVASCRIPT / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert [name for name, package in installed.items() if "integrity" not in package] == []
    assert [name for name, package in installed.items() if "resolved" in package] == []
