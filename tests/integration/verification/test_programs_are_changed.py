"""A program in use is changed: what it did and nobody asked about still holds, and the data it wrote are still read."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from nodes.artifacts import (
    ArchitecturePlan,
    BuildRequest,
    Changeset,
    CheckName,
    CheckStatus,
    CommandStep,
    Component,
    Ending,
    Example,
    FileChange,
    FileOperation,
    TargetPlatform,
    Verdict,
)
from nodes.context import AgentTask
from nodes.errors import AgentOutputInvalid
from nodes.program_spec import GivenUp, ProgramSpec
from nodes.sandbox.protocol import Sandbox
from tests.integration.verification.test_programs_are_built import (
    MAIN_PY,
    MAIN_TEST,
    NOTES,
    NOTES_REQUEST,
    SERVICE_TEST,
    SERVICE_TS,
    STORE_PY,
    TODO,
)
from tests.scripted_builds import Build, added, adding

ONE = Component(name="program", title="All", summary="All of it", owns=("app/**", "tests/**"))
CLI_REQUEST = BuildRequest(app_description="A to-do list", target_platform=TargetPlatform.cli)
COUNTED = Example(
    name="counted",
    says="Items are counted",
    commands=(CommandStep(arguments=("add", "a")), CommandStep(arguments=("count",), output=("1",))),
)
COUNTING = TODO.model_copy(update={"features": (*TODO.features, "`count` prints how many."), "examples": (*TODO.examples, COUNTED)})
COUNTS = (
    ('    commands.add_parser("list")\n', '    commands.add_parser("list")\n    commands.add_parser("count")\n'),
    (
        '    elif given.command == "list":',
        '    elif given.command == "count":\n        print(len(items))\n    elif given.command == "list":',
    ),
)


def edits(path: str, *places: tuple[str, str]) -> Changeset:
    changes = (FileChange(path=path, operation=FileOperation.edit, search=old, content=new) for old, new in places)
    return Changeset(component="program", changes=tuple(changes))


def build_of(
    first: ProgramSpec,
    then: ProgramSpec | Exception,
    write: Callable[[AgentTask[Changeset]], Changeset],
    sandbox: Sandbox,
    toolchain: Path,
    node: Path | None = None,
) -> Build:
    """A build of one part; a change keeps that division, so the architect is asked once."""
    script: dict[str, Sequence[object]] = {
        "specify_program": [first, then],
        "divide_program": [ArchitecturePlan(summary="One.", components=(ONE,)), AssertionError("a program in use is not divided again")],
        "write_program": [write],
    }
    return Build(script, sandbox, toolchain, node)


def write_and_count(task: AgentTask[Changeset]) -> Changeset:
    """An engineer who writes the program, at first without a test, and adds to it as it is when it is to be changed."""
    if task.attempt == 1:
        return added("program", app__store=STORE_PY, app__main=MAIN_PY)
    if task.attempt == 2:
        assert "there is no test that passes" in task.inputs["findings"]
        return added("program", tests__test_main=MAIN_TEST)
    assert "def load() -> list[str]" in task.inputs["own_files"]
    return edits("app/main.py", *COUNTS)


async def test_a_change_request_goes_on_from_the_program_that_was_delivered(sandbox: Sandbox, toolchain: Path) -> None:
    build = build_of(TODO, COUNTING, write_and_count, sandbox, toolchain)
    await build.run(CLI_REQUEST)
    state = await build.change("Also count them.")
    assert [change.words for change in state["revision"].changes] == [
        "Does now: `count` prints how many.",
        "Shown as well: Items are counted",
    ]
    assert (state["qa"].report.verdict, state["version"].number) == (Verdict.verified, 3)
    files = build.package(state)
    assert files["app/store.py"] == STORE_PY
    assert "`count` prints how many" in files["README.md"].replace("\\", "")
    assert {".git/refs/tags/v2", ".git/refs/tags/v3"} <= files.keys()


def write_and_move_the_data(task: AgentTask[Changeset]) -> Changeset:
    """An engineer whose change looks for the items elsewhere, until shown what is lost by that."""
    match task.attempt:
        case 1:
            return added("program", app__store=STORE_PY, app__main=MAIN_PY, tests__test_main=MAIN_TEST)
        case 2:
            places = edits("app/main.py", *COUNTS).changes + edits("app/store.py", ('"items.json"', '"todo.json"')).changes
            return Changeset(component="program", changes=places)
        case _:
            (found,) = json.loads(task.inputs["findings"])
            assert "“1 Buy milk” is in the data of the version in use" in found["message"]
            return edits("app/store.py", ('"todo.json"', '"items.json"'))


async def test_a_change_that_loses_the_data_of_a_command_line_program_is_repaired(sandbox: Sandbox, toolchain: Path) -> None:
    adding_last = TODO.examples[0].model_copy(update={"commands": TODO.examples[0].commands[:2], "name": "kept"})
    todo = TODO.model_copy(update={"examples": (*TODO.examples, adding_last)})
    counting = COUNTING.model_copy(update={"examples": (*todo.examples, COUNTED)})
    build = build_of(todo, counting, write_and_move_the_data, sandbox, toolchain)
    await build.run(CLI_REQUEST)
    state = await build.change("Also count them.")
    assert build.crew.names()[-5:] == [
        "specify_program",
        "write_program(program#2)",
        "review_app",
        "write_program(program#3)",
        "review_app",
    ]
    upgrade = next(check for check in state["qa"].report.checks if check.check is CheckName.upgrade)
    assert (state["qa"].report.verdict, upgrade.status) == (Verdict.verified, CheckStatus.passed)
    assert upgrade.summary == "data of 2 examples of the version in use, 6 calls of the new version on them: all as before"


def write_and_forget_old_notes(task: AgentTask[Changeset]) -> Changeset:
    """An engineer whose change cannot read the notes there are, until shown that the service does not start on them."""
    match task.attempt:
        case 1:
            return adding("program", {"app/main.ts": SERVICE_TS, "tests/notes.test.ts": SERVICE_TEST})
        case 2:
            reading = ('JSON.parse(readFileSync(file, "utf8")) : []', 'JSON.parse(readFileSync(file, "utf8")).notes.slice() : []')
            writing = ("JSON.stringify(notes)", "JSON.stringify({ notes })")
            return edits("app/main.ts", reading, writing)
        case _:
            assert "on data of the version in use it does not start: TypeError" in task.inputs["findings"]
            return edits(
                "app/main.ts",
                ('JSON.parse(readFileSync(file, "utf8")).notes.slice() : []', 'read(JSON.parse(readFileSync(file, "utf8"))) : []'),
                ("type Note =", "const read = (kept: any): Note[] => kept.notes ?? kept;\ntype Note ="),
            )


async def test_a_change_that_cannot_read_the_data_of_a_service_is_repaired(sandbox: Sandbox, node: Path) -> None:
    asked = NOTES.model_copy(update={"features": (*NOTES.features, "It is quick.")})
    build = build_of(NOTES, asked, write_and_forget_old_notes, sandbox, Path("no-python-needed"), node)
    await build.run(NOTES_REQUEST)
    state = await build.change("Make it quick.")
    assert [names for tried in state["qa"].tried for names in tried.failed_checks] == [CheckName.upgrade]
    assert state["qa"].report.verdict is Verdict.verified, state["qa"].report.findings


async def test_an_analyst_who_drops_what_nobody_named_changes_nothing(sandbox: Sandbox, toolchain: Path) -> None:
    """The crew asks again with the complaint; here every answer is refused."""
    build = build_of(TODO, AgentOutputInvalid("The feature “`list` prints every item” is not there"), write_and_count, sandbox, toolchain)
    delivered = await build.run(CLI_REQUEST)
    state = await build.change("Also count them.")
    assert (state["outcome"].ending, state["spec"].features) == (Ending.declined, TODO.features)
    assert "The feature “`list` prints every item” is not there" in state["outcome"].reason
    assert state["delivery"] == delivered["delivery"]


async def test_what_a_request_names_may_be_given_up(sandbox: Sandbox, toolchain: Path) -> None:
    kept = tuple(feature for feature in COUNTING.features if not feature.startswith("`list`"))
    without = COUNTING.model_copy(update={"features": kept, "given_up": (GivenUp(what=TODO.features[1], asked_by="no longer list them"),)})
    build = build_of(TODO, without, write_and_count, sandbox, toolchain)
    await build.run(CLI_REQUEST)
    state = await build.change("Count them, and no longer list them.")
    assert [change.words for change in state["revision"].changes] == [
        "Does now: `count` prints how many.",
        "No longer: `list` prints every item with its number.",
        "Shown as well: Items are counted",
    ]
    assert state["qa"].report.verdict is Verdict.verified
