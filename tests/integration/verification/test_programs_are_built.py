"""Apps on other stacks than the default, written whole by a scripted crew: really checked, repaired, and packaged."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from graph.builder import build_graph
from nodes.artifacts import (
    ArchitecturePlan,
    BuildRequest,
    Changeset,
    CheckStatus,
    CommandStep,
    Component,
    Ending,
    Example,
    FileChange,
    FileOperation,
    QaReview,
    TargetPlatform,
    Verdict,
)
from nodes.blueprint.app_frames import app_frame
from nodes.context import AgentTask, BuildOptions, Workshop
from nodes.program_spec import ProgramSpec
from nodes.sandbox.choose import SandboxAbsent
from nodes.sandbox.protocol import Sandbox
from nodes.stack import STACKS
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts, ScriptedCrew

TODO = ProgramSpec(
    name="todo",
    title="To do",
    summary="Keeps a list of things to do, on the command line.",
    features=(
        "`add TEXT` keeps an item.",
        "`list` prints every item with its number.",
        "`done NUMBER` removes it; a number nobody has is refused.",
    ),
    examples=(
        Example(
            name="add_and_list",
            says="What was added is listed",
            commands=(
                CommandStep(arguments=("add", "Buy milk")),
                CommandStep(arguments=("list",), output=("1 Buy milk",)),
                CommandStep(arguments=("done", "1")),
                CommandStep(arguments=("list",), output=("Nothing to do",)),
            ),
        ),
        Example(name="refused", says="A number nobody has is refused", commands=(CommandStep(arguments=("done", "7"), exit_code=2),)),
    ),
)
STORE = Component(name="store", title="Store", summary="load() and save(items)", owns=("app/store.py", "tests/test_store.py"))
COMMANDS = Component(
    name="commands", title="Commands", summary="main(arguments)", owns=("app/main.py", "tests/test_main.py"), depends_on=("store",)
)

STORE_PY = '''"""Where the items are."""

import json
import os
from pathlib import Path


def _file() -> Path:
    return Path(os.getenv("APP_DATA_DIR") or "data", "items.json")


def load() -> list[str]:
    return json.loads(_file().read_text()) if _file().exists() else []


def save(items: list[str]) -> None:
    _file().parent.mkdir(parents=True, exist_ok=True)
    _file().write_text(json.dumps(items))
'''
STORE_TEST = """from app.store import load, save


def test_what_is_saved_is_loaded(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))
    save(["a"])
    assert load() == ["a"]
"""
MAIN_PY = '''"""What a person types."""

import argparse
import sys

from app.store import load, save


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="todo")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("text")
    commands.add_parser("list")
    commands.add_parser("done").add_argument("number", type=int)
    given, items = parser.parse_args(arguments), load()
    if given.command == "add":
        save([*items, given.text])
    elif given.command == "list":
        print("\\n".join(f"{number} {item}" for number, item in enumerate(items, 1)) or "Nothing to do")
    elif not 1 <= given.number <= len(items):
        print(f"There is no number {given.number}.", file=sys.stderr)
        return 2
    else:
        save([item for number, item in enumerate(items, 1) if number != given.number])
    return 0
'''
MAIN_TEST = """from app.main import main


def test_a_number_nobody_has_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))
    assert main(["done", "7"]) == 2
"""
REFUSING = "    elif not 1 <= given.number <= len(items):"


def added(component: str, **files: str) -> Changeset:
    """A changeset of new files, by their path with two underscores for a slash."""
    changes = (FileChange(path=f"{name.replace('__', '/')}.py", operation=FileOperation.add, content=text) for name, text in files.items())
    return Changeset(component=component, changes=tuple(changes))


class Build:
    """One build of the real graph with the real frame and real checks; only the agents are scripted."""

    def __init__(self, script: dict[str, Sequence[object]], sandbox: Sandbox | SandboxAbsent, toolchain: Path) -> None:
        usual = {"review_app": [QaReview(summary="Read.")]}
        self.crew = ScriptedCrew(usual | script, frozenset({"specify_program"}))
        self.artifacts = InMemoryArtifacts()
        verifier = AppVerifier(sandbox, toolchain, self.artifacts)
        workshop = Workshop(crew=self.crew, artifacts=self.artifacts, verifier=verifier, frame=app_frame)
        self.graph = build_graph(workshop).compile(checkpointer=InMemorySaver())

    async def run(self, request: BuildRequest) -> dict[str, Any]:
        config: RunnableConfig = {"configurable": {"thread_id": "1"}}
        state: dict[str, Any] = await self.graph.ainvoke({"request": request}, config, context=BuildOptions())
        return state

    def package(self, state: dict[str, Any]) -> dict[str, str]:
        """The delivered files that are text."""
        content = self.artifacts.content[state["delivery"].package.sha256]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name.partition("/")[2]: archive.read(name).decode(errors="replace") for name in archive.namelist()}


def write_todo(task: AgentTask[Changeset]) -> Changeset:
    """Engineers who forget in the first attempt to refuse a number nobody has, and repair it when they are shown the call."""
    if task.component == "store":
        return added("store", app__store=STORE_PY, tests__test_store=STORE_TEST)
    assert "def load() -> list[str]" in task.inputs["other_files"]
    if task.attempt == 1:
        return added("commands", app__main=MAIN_PY.replace(REFUSING, "    elif False:"))
    assert "python -m app done 7" in task.inputs["findings"]
    repaired = FileChange(path="app/main.py", operation=FileOperation.edit, search="    elif False:", content=REFUSING)
    return Changeset(component="commands", changes=(repaired, *added("commands", tests__test_main=MAIN_TEST).changes))


async def test_a_command_line_program_is_written_whole_repaired_by_its_examples_and_delivered_verified(
    sandbox: Sandbox, toolchain: Path
) -> None:
    build = Build(
        {
            "specify_program": [TODO],
            "divide_program": [ArchitecturePlan(summary="Two parts.", components=(STORE, COMMANDS))],
            "write_program": [write_todo],
        },
        sandbox,
        toolchain,
    )
    state = await build.run(BuildRequest(app_description="A to-do list", target_platform=TargetPlatform.cli))
    assert build.crew.names() == [
        "specify_program",
        "divide_program",
        "write_program(store#1)",
        "write_program(commands#1)",
        "review_app",
        "write_program(commands#2)",
        "review_app",
    ]
    report = state["qa"].report
    ran = {check.check for check in report.checks if check.status is CheckStatus.passed}
    assert ran == STACKS["python"].checks == {check.check for check in report.checks}
    assert (report.verdict, state["outcome"].ending) == (Verdict.verified, Ending.delivered)
    files = build.package(state)
    assert files["app/main.py"] == MAIN_PY
    assert "python -m app add 'Buy milk'" in files["README.md"]
    assert {"LICENSE", "Dockerfile", "MANIFEST.json", "sbom.cdx.json", ".git/HEAD", "evidence/report.html"} <= files.keys()


async def test_a_program_that_nothing_could_run_is_shown_to_a_person_and_never_called_verified() -> None:
    one = Component(name="program", title="To do", summary="All of it", owns=("app/**", "tests/**"))
    everything = added("program", app__store=STORE_PY, app__main=MAIN_PY, tests__test_main=MAIN_TEST)
    build = Build(
        {
            "specify_program": [TODO],
            "divide_program": [ArchitecturePlan(summary="One.", components=(one,))],
            "write_program": [everything],
        },
        SandboxAbsent(("bubblewrap is not installed",)),
        Path("nowhere"),
    )
    state = await build.run(BuildRequest(app_description="Write a command-line tool for a to-do list."))
    assert state["qa"].report.verdict is Verdict.incomplete
    assert state["__interrupt__"][0].value["gate"] == "app"
    assert "delivery" not in state
