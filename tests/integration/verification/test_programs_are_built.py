"""Apps on other stacks than the default, written whole by a scripted crew: really checked, repaired, and packaged."""

from collections.abc import Sequence
from pathlib import Path

from nodes.artifacts import (
    REVISION_CHECKS,
    Architecture,
    ArchitecturePlan,
    BuildRequest,
    Changeset,
    CheckName,
    CheckStatus,
    CommandStep,
    Component,
    Contract,
    Ending,
    Example,
    ExampleFile,
    FileChange,
    FileOperation,
    RequestStep,
    StackName,
    TargetPlatform,
    Verdict,
)
from nodes.blueprint.programs.surroundings import surroundings
from nodes.context import AgentTask
from nodes.program_spec import ProgramSpec, specified
from nodes.sandbox.choose import SandboxAbsent
from nodes.sandbox.protocol import Sandbox
from nodes.stack import STACKS
from nodes.verification.examples import check_examples
from tests.scripted_builds import Build, added, adding

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
    assert ran == STACKS["python"].checks - REVISION_CHECKS == {check.check for check in report.checks}
    assert (report.verdict, state["outcome"].ending) == (Verdict.verified, Ending.delivered)
    files = build.package(state)
    assert files["app/main.py"] == MAIN_PY
    assert "python -m app add 'Buy milk'" in files["README.md"]
    assert {"LICENSE", "Dockerfile", "MANIFEST.json", "sbom.cdx.json", ".git/HEAD", "evidence/report.html"} <= files.keys()


SORTS = '''"""Sorts files by their endings."""

from pathlib import Path


def main(arguments: list[str]) -> int:
    for file in [entry for entry in Path(arguments[0]).iterdir() if entry.is_file()]:
        target = file.parent / "Images" / file.name
        target.parent.mkdir(exist_ok=True)
        file.rename(target)
    return 0
'''


async def test_what_a_program_does_with_files_is_looked_at_afterwards(sandbox: Sandbox, toolchain: Path) -> None:
    given = tuple(ExampleFile(path=f"inbox/{name}") for name in ("a.jpg", "notes.txt"))
    pictures, texts = (
        Example(name=name, says=f"{path} is moved", files=given, commands=(CommandStep(arguments=("inbox",), leaves=(path,)),))
        for name, path in (("pictures", "inbox/Images/a.jpg"), ("texts", "inbox/Texts/notes.txt"))
    )
    spec = specified(TODO, StackName.python).model_copy(update={"examples": (pictures, texts)})
    architecture = Architecture(stack="python", summary="", contract=Contract(endpoints=(), schemas=()), components=(COMMANDS,))
    files = {path: text.encode() for path, text in {**surroundings(spec), "app/main.py": SORTS}.items()}
    observed = await check_examples(files, spec, architecture, STACKS[StackName.python], sandbox, toolchain)
    (finding,) = observed.findings
    said, _, there = finding.message.partition("; ")
    assert said == "inbox/Texts/notes.txt is moved: afterwards there is no file inbox/Texts/notes.txt"
    assert there == "there is inbox/Images/a.jpg, inbox/Images/notes.txt"


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


NOTES = ProgramSpec(
    name="notes",
    title="Notes",
    summary="Keeps notes, as JSON and as a page.",
    features=(
        "POST /api/notes keeps a note; without a text it is refused with 400.",
        "GET /api/notes lists them.",
        "GET / is a page of them.",
    ),
    examples=(
        Example(
            name="kept",
            says="A note that was kept is listed and shown",
            requests=(
                RequestStep(method="POST", path="/api/notes", body='{"text": "Milk & <b>"}', status=201, output=('"id"',)),
                RequestStep(path="/api/notes/:id", output=("Milk",)),
                RequestStep(path="/api/notes", output=("Milk & <b>",)),
                RequestStep(path="/", output=("<h1>Notes</h1>", "Milk &amp; &lt;b>")),
            ),
        ),
        Example(
            name="refused", says="A note without a text is refused", requests=(RequestStep(method="POST", path="/api/notes", status=400),)
        ),
    ),
)
SERVICE_TS = """import type { IncomingMessage, ServerResponse } from "node:http";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Note = { id: number; text: string };
const folder = process.env.APP_DATA_DIR ?? "data";
const file = join(folder, "notes.json");
const notes: Note[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];

export function page(kept: Note[]): string {
  const items = kept.map((note) => `<li>${note.text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</li>`);
  return `<!doctype html><title>Notes</title><h1>Notes</h1><ul>${items.join("")}</ul>`;
}

export async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const json = (status: number, body: unknown) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  if (request.method === "POST") {
    let body = "";
    for await (const chunk of request) body += chunk;
    const text = body ? JSON.parse(body).text : "";
    if (!text) return void json(400, { error: "A note needs a text." });
    const note = { id: notes.length + 1, text };
    notes.push(note);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, JSON.stringify(notes));
    return void json(201, note);
  }
  if (request.url === "/") return void response.writeHead(200, { "Content-Type": "text/html" }).end(page(notes));
  const id = request.url?.match(/^\\/api\\/notes\\/(\\d+)$/)?.[1];
  if (id) return void json(200, notes[Number(id) - 1]);
  json(request.url === "/api/notes" ? 200 : 404, notes);
}
"""
SERVICE_TEST = """import { test } from "node:test";
import assert from "node:assert/strict";
import { page } from "../app/main.ts";

test("text is escaped", () => {
  assert.match(page([{ id: 1, text: "<b>" }]), /&lt;b>/);
});
"""


def write_notes(task: AgentTask[Changeset]) -> Changeset:
    """An engineer whose first attempt does not start, whose second and third forget notes, and whose second fails its test."""
    forgetting = SERVICE_TS.replace("    writeFileSync(file, JSON.stringify(notes));\n", "")
    match task.attempt:
        case 1:
            broken = forgetting.replace("const folder", "missing();\nconst folder")
            return adding("program", {"app/main.ts": broken, "tests/notes.test.ts": SERVICE_TEST})
        case 2:
            assert "missing is not defined" in task.inputs["findings"]
            return replacing("app/main.ts", forgetting.replace('replaceAll("<", "&lt;")', 'replaceAll("<", "<")'))
        case 3:
            assert "text is escaped" in task.inputs["findings"]
            return replacing("app/main.ts", forgetting)
        case _:
            assert "after a restart" in task.inputs["findings"]
            return replacing("app/main.ts", SERVICE_TS)


def replacing(path: str, text: str) -> Changeset:
    return Changeset(component="program", changes=(FileChange(path=path, operation=FileOperation.replace, content=text),))


def notes_build(sandbox: Sandbox, node: Path | None) -> Build:
    one = Component(name="program", title="Notes", summary="All of it", owns=("app/**", "tests/**"))
    script: dict[str, Sequence[object]] = {
        "specify_program": [NOTES],
        "divide_program": [ArchitecturePlan(summary="One.", components=(one,))],
        "write_program": [write_notes],
    }
    return Build(script, sandbox, Path("no-python-needed"), node)


NOTES_REQUEST = BuildRequest(app_description="Keeps notes.", tech_stack_preferences=("Node.js", "TypeScript"))


async def test_a_service_in_typescript_that_does_not_start_and_fails_its_test_is_repaired_until_it_is_verified(
    sandbox: Sandbox, node: Path
) -> None:
    build = notes_build(sandbox, node)
    state = await build.run(NOTES_REQUEST)
    report = state["qa"].report
    assert report.verdict is Verdict.verified, report.findings
    assert {check.check for check in report.checks} == STACKS["node-web"].checks - REVISION_CHECKS
    files = build.package(state)
    assert files["app/main.ts"] == SERVICE_TS
    assert "POST /api/notes" in files["README.md"]


async def test_without_node_nothing_of_a_service_for_it_passes_and_a_person_is_asked(sandbox: Sandbox) -> None:
    build = notes_build(sandbox, None)
    state = await build.run(NOTES_REQUEST)
    report = state["qa"].report
    unknown = {check.check for check in report.checks if check.status is CheckStatus.not_run}
    assert unknown == {CheckName.compile, CheckName.tests, CheckName.boot, CheckName.examples, CheckName.browser}
    assert all("There is none on the PATH" in (check.reason or "") for check in report.checks if check.check in unknown)
    assert report.verdict is Verdict.incomplete
    assert state["__interrupt__"][0].value["gate"] == "app"
