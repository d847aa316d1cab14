"""The tree is what docs/architecture.md says, and imports go one way."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("graph", "nodes", "server", "checkpoints")
JUNK_DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base", "manager"}
STANDARD_LIBRARY = sys.stdlib_module_names
LONGEST_MODULE_LINES = 600


def modules() -> list[Path]:
    """Every module of ours, relative to the repository; the templates of built apps are theirs, not ours."""
    found = (path.relative_to(REPOSITORY) for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
    return sorted(path for path in found if "templates" not in path.parts)


def documented_paths() -> set[str]:
    """What docs/architecture.md names in backticks that looks like a path of ours."""
    text = (REPOSITORY / "docs/architecture.md").read_text()
    return set(re.findall(rf"`((?:{'|'.join(PACKAGES)})/[\w./*-]*)`", text))


@pytest.mark.bounded(180)
def test_imports_go_one_way() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_the_four_prescribed_names_are_ours_and_not_a_dependencys(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin == str(REPOSITORY / package / "__init__.py")


def test_every_folder_with_modules_is_a_package() -> None:
    assert [str(path.parent) for path in modules() if not (REPOSITORY / path.parent / "__init__.py").exists()] == []


def test_there_is_no_junk_drawer() -> None:
    assert [str(path) for path in modules() if {path.stem, *path.parts[:-1]} & JUNK_DRAWERS] == []


def test_no_module_shadows_the_standard_library() -> None:
    assert [str(path) for path in modules() if path.stem in STANDARD_LIBRARY] == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {str(path): len((REPOSITORY / path).read_text().splitlines()) for path in modules()}
    too_long = {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE_LINES}
    assert too_long == {}


def test_every_module_opens_with_what_it_does() -> None:
    silent = [str(path) for path in modules() if path.name != "__init__.py" and not (REPOSITORY / path).read_text().startswith('"""')]
    assert silent == []


def test_the_architecture_page_names_every_module_and_every_package() -> None:
    top_level = {str(path) for path in modules() if len(path.parts) == 2 and path.name != "__init__.py"}
    packages = {f"{path.parent}/" for path in modules() if len(path.parts) > 2}
    assert top_level | packages <= documented_paths(), sorted((top_level | packages) - documented_paths())


def test_the_architecture_page_names_only_what_exists() -> None:
    assert [path for path in sorted(documented_paths()) if not (REPOSITORY / path).exists()] == []
