"""From a description to an app that runs without Appyard, through the command line, with no key."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from nodes.verification.toolchain import default_toolchain
from tests.acceptance.command_line import appyard

LIBRARY = (
    "A library keeps books and members. A book has a title, an author and an isbn. A member has a name and an e-mail. "
    "Members borrow books; a librarian approves or rejects each loan."
)


@pytest.mark.bounded(240)
async def test_a_description_becomes_an_app_that_tests_itself_outside_appyard(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = await appyard("build", LIBRARY, "--yes", "--out", str(out), "--json", APPYARD_DATA_DIR=str(tmp_path / "data"))
    assert ended.code == 0, ended.output + ended.errors
    assert ended.answer["runtime_status"] == "Completed"
    statuses = {check["check"]: check["status"] for check in ended.answer["checks"]}
    assert statuses.pop("browser") == "not_run"  # switched off in tests
    assert set(statuses.values()) == {"passed"}
    folder = Path(ended.answer["folder"])
    evidence = json.loads((folder / "evidence" / "report.json").read_text())
    assert [check["check"] for check in evidence["checks"]] == [check["check"] for check in ended.answer["checks"]]
    assert "passed" in await _own_tests(folder)


async def _own_tests(folder: Path) -> str:
    """What the app's own test command prints; its packages are those of the tool chain, since tests reach no network."""
    python = default_toolchain() / "bin" / "python"
    command = ["env", "-i", f"PATH={os.defpath}", str(python), "-m", "pytest", "-q"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.bounded(120)
async def test_a_game_is_declined_with_what_would_help(tmp_path: Path) -> None:
    ended = await appyard(
        "build", "Create a tetris game for the web.", "--yes", "--json", "--out", str(tmp_path), APPYARD_DATA_DIR=str(tmp_path / "data")
    )
    assert ended.code == 1
    assert ended.answer["runtime_status"] == "Failed"
    assert "built-in builder" in ended.answer["error"]
    assert ended.answer["package"] is None


async def test_help_needs_no_crewai() -> None:
    code = "import sys, server.cli; print(sorted({'crewai', 'langgraph', 'fastapi'} & set(sys.modules)))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE, cwd=Path(__file__).parents[2])
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"
