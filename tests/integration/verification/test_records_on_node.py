"""Apps with records on Node.js, written whole by a scripted crew against the contract: probed as each role, repaired, and packaged."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nodes.artifacts import (
    OPTIONAL_CHECKS,
    REVISION_CHECKS,
    ArchitecturePlan,
    BuildRequest,
    Changeset,
    CheckName,
    CheckStatus,
    Component,
    Ending,
    FileChange,
    FileOperation,
    GatePolicy,
    RepairStop,
    StackName,
    Verdict,
)
from nodes.context import AgentTask, BuildOptions, GatePolicies
from nodes.corrections import Correction, CorrectionKind, SpecCorrections
from nodes.sandbox.protocol import Sandbox
from nodes.stack import STACKS
from nodes.verification.browser.check import chromium
from tests.scripted_builds import Build, adding

NO_PYTHON = Path("not needed")
LIBRARY = Path(__file__).parent / "node_library"
REQUEST = BuildRequest(
    app_description="A library on Node.js in TypeScript. A book has a title and a number of pages. Members borrow books. "
    "An administrator approves or rejects each loan."
)
PLAN = ArchitecturePlan(
    summary="One part per record.",
    components=tuple(
        Component(name=plural, title=plural.capitalize(), summary="All of it", records=(record,), owns=())
        for record, plural in (("book", "books"), ("loan", "loans"))
    ),
)
"""Which files a part owns, a program adds."""

ADMINISTRATORS_ONLY = '  only(call, "administrator");\n  const loan = seen(call);\n'
DELETE_BOOK = """    {
      method: "DELETE",
      path: "/api/books/{id}",
      answer(call) {
        only(call, "administrator");
        remove("books", there(call.id).id);
        return json(204);
      },
    },
"""


def files_of(plural: str) -> dict[str, str]:
    """A right part, as an engineer would write it."""
    return {
        str(path.relative_to(LIBRARY)): path.read_text() for folder in ("app", "tests") for path in (LIBRARY / folder / plural).iterdir()
    }


class Engineers:
    """Engineers who write the library; the first attempt at one part has a fault, which they repair when they are told of it."""

    def __init__(self, part: str, *, right: str, wrong: str, told: str) -> None:
        self.part, self.right, self.wrong, self.told = part, right, wrong, told

    def __call__(self, task: AgentTask[Changeset]) -> Changeset:
        assert task.component
        path = f"app/{task.component}/part.ts"
        if task.attempt == 1:
            files = files_of(task.component)
            fault = {path: files[path].replace(self.right, self.wrong)} if task.component == self.part else {}
            return adding(task.component, files | fault)
        assert (task.component, self.told in task.inputs["findings"]) == (self.part, True), task.inputs["findings"]
        repaired = FileChange(path=path, operation=FileOperation.replace, content=files_of(self.part)[path])
        return Changeset(component=self.part, changes=(repaired,))


def library_build(
    engineers: Engineers, sandbox: Sandbox, node: Path | None, python: Path = NO_PYTHON, browser: Path | None = None
) -> Build:
    script: Mapping[str, Sequence[object]] = {
        "correct_requirements": [SpecCorrections(corrections=())],
        "divide_records": [PLAN],
        "write_records": [engineers],
    }
    return Build(dict(script), sandbox, python, node, browser)


def first_round(state: Mapping[str, Any]) -> set[CheckName]:
    """What failed before the repair."""
    return set(state["qa"].tried[0].failed_checks)


@pytest.mark.bounded(240)
async def test_a_role_that_may_do_what_it_must_not_is_found_by_the_probe_and_repaired_by_the_engineer_concerned(
    sandbox: Sandbox, node: Path
) -> None:
    letting = Engineers("loans", right=ADMINISTRATORS_ONLY, wrong="  const loan = seen(call);\n", told="as member: expected 403")
    build = library_build(letting, sandbox, node)
    state = await build.run(REQUEST)
    assert build.crew.names() == [
        "correct_requirements",
        "divide_records",
        "write_records(books#1)",
        "write_records(loans#1)",
        "review_app",
        "write_records(loans#2)",
        "review_app",
    ]
    spec, report = state["spec"], state["qa"].report
    assert (spec.stack, [record.name for record in spec.records], spec.unmet_preferences) == (StackName.node_records, ["book", "loan"], ())
    assert first_round(state) == {CheckName.probe}
    due = STACKS[StackName.node_records].checks - REVISION_CHECKS - OPTIONAL_CHECKS
    assert {check.check for check in report.checks if check.status is CheckStatus.passed} == due
    assert (report.verdict, state["outcome"].ending) == (Verdict.verified, Ending.delivered)
    files = build.package(state)
    assert {path: files[path] for path in files_of("loans")} == files_of("loans")
    assert "| Loans | look (own), add | look, delete |" in files["README.md"]
    assert {"core/sign_in.ts", "manage.ts", "serve.ts", "Makefile", "Dockerfile", "LICENSE", "evidence/report.html"} <= files.keys()


@pytest.mark.bounded(240)
async def test_an_endpoint_that_is_not_there_is_found_by_the_contract_and_written(sandbox: Sandbox, node: Path) -> None:
    forgetting = Engineers("books", right=DELETE_BOOK, wrong="", told="the contract has this endpoint, the app does not")
    build = library_build(forgetting, sandbox, node)
    state = await build.run(REQUEST)
    assert CheckName.contract in first_round(state)
    assert (state["qa"].report.verdict, state["qa"].stop) == (Verdict.verified, RepairStop.verified)
    assert build.crew.names()[-2:] == ["write_records(books#2)", "review_app"]


@pytest.mark.skipif(chromium() is None, reason="needs Chromium")
@pytest.mark.bounded(240)
async def test_a_page_that_fails_in_the_browser_is_repaired_by_whoever_wrote_it(sandbox: Sandbox, node: Path, toolchain: Path) -> None:
    broken = Engineers("loans", right="<h1>Loans</h1>", wrong="<h1>Loans</h1><script src='/no.js'></script>", told="/no.js answered 404")
    build = library_build(broken, sandbox, node, toolchain, chromium())
    state = await build.run(REQUEST)
    assert first_round(state) == {CheckName.browser}
    browser = next(check for check in state["qa"].report.checks if check.check is CheckName.browser)
    assert (browser.status, len(browser.screenshots)) == (CheckStatus.passed, 4)
    assert build.crew.names()[-2:] == ["write_records(loans#2)", "review_app"]


def with_author(part: str) -> str:
    """The part of the books, with an author a book may have."""
    keeping = part.replace(
        "const { title, number_of_pages: pages = null }", "const { title, author = null, number_of_pages: pages = null }"
    )
    return keeping.replace(
        "  return { title, number_of_pages: pages };",
        """  if (author !== null && typeof author !== "string") throw refuse(422, "author: give a text.");
  return { title, author, number_of_pages: pages };""",
    )


@pytest.mark.bounded(240)
async def test_a_change_asks_the_engineer_concerned_and_must_take_the_data_along(sandbox: Sandbox, node: Path) -> None:
    author = Correction(
        kind=CorrectionKind.set, place="records/book/fields/author", value='{"label": "Author", "type": "text"}', reason="asked for"
    )
    part = with_author(files_of("books")["app/books/part.ts"])
    forgetting = part.replace(
        "export const part", 'for (const { id } of select("books")) change("books", id, { title: "?" });\n\nexport const part'
    )

    def books_again(content: str) -> Changeset:
        change = FileChange(path="app/books/part.ts", operation=FileOperation.replace, content=content)
        return Changeset(component="books", changes=(change,))

    def write_again(task: AgentTask[Changeset]) -> Changeset:
        assert "books: 8 values changed in the upgrade: title of 8 was" in task.inputs["findings"]
        return books_again(part)

    script: dict[str, Sequence[object]] = {
        "correct_requirements": [SpecCorrections(corrections=()), SpecCorrections(corrections=(author,))],
        "divide_records": [PLAN],
        "write_records": [
            *(adding(plural, files_of(plural)) for plural in ("books", "loans")),
            books_again(forgetting.replace("list, remove }", "list, remove, select }")),
            write_again,
        ],
    }
    build = Build(script, sandbox, NO_PYTHON, node)
    await build.run(REQUEST)
    state = await build.change("A book also has an author.")
    assert build.crew.names()[-3:] == ["review_app", "write_records(books#3)", "review_app"]
    report = state["qa"].report
    assert (report.verdict, state["version"].number) == (Verdict.verified, 3), report.findings
    upgrade = next(check for check in report.checks if check.check is CheckName.upgrade)
    assert (upgrade.status, upgrade.counts) == (CheckStatus.passed, {"records": 20})
    assert "    author: {" in build.package(state)["core/about.ts"]


async def test_what_such_an_app_cannot_have_is_asked_before_anything_is_written(sandbox: Sandbox, node: Path) -> None:
    build = library_build(Engineers("books", right="", wrong="", told=""), sandbox, node)
    description = f"{REQUEST.app_description} Members can comment on books."
    asking = BuildOptions(gates=GatePolicies(requirements=GatePolicy.on_findings))
    state = await build.run(BuildRequest(app_description=description, tech_stack_preferences=("Express",)), asking)
    spec = state["spec"]
    assert spec.recipes == ()
    assert [wish.preference for wish in spec.unmet_preferences] == ["Express", "Comments (Books), “Members can comment on books”"]
    assert [question.name for question in spec.open_questions] == ["left_out"]
    assert state["__interrupt__"][0].value["gate"] == "requirements"
    assert build.crew.names() == ["correct_requirements"]
