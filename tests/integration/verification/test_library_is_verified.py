"""A whole verification of the library app: sound, it is verified; broken in one place, that place is named."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from nodes.artifacts import (
    OPTIONAL_CHECKS,
    REVISION_CHECKS,
    AppSpec,
    Architecture,
    CheckName,
    CheckResult,
    CheckStatus,
    EvidenceReport,
    Finding,
    Severity,
    Verdict,
)
from nodes.sandbox.choose import SandboxAbsent
from nodes.sandbox.processes import descendants
from nodes.sandbox.protocol import Sandbox
from nodes.stack import STACKS
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts

TREE = "0" * 64
Files = dict[str, bytes]
Verify = Callable[[Files], Awaitable[EvidenceReport]]
LOANS, BOOKS = "app/records/loans/api.py", "app/records/books/api.py"


@pytest.fixture
def artifacts() -> InMemoryArtifacts:
    return InMemoryArtifacts()


@pytest.fixture
def verify(sandbox: Sandbox, toolchain: Path, artifacts: InMemoryArtifacts, spec: AppSpec, architecture: Architecture) -> Verify:
    async def run(files: dict[str, bytes]) -> EvidenceReport:
        verifier = AppVerifier(sandbox, toolchain, artifacts)
        return await verifier.verify(files, spec, architecture, version=1, tree_sha256=TREE, on_check=lambda _: None)

    return run


def changed(files: dict[str, bytes], path: str, old: str, new: str) -> dict[str, bytes]:
    text = files[path].decode()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    return {**files, path: text.replace(old, new).encode()}


def statuses(report: EvidenceReport) -> dict[CheckName, CheckStatus]:
    return {check.check: check.status for check in report.checks}


def findings(report: EvidenceReport, check: CheckName) -> list[tuple[str | None, str | None, str]]:
    return [(found.component, found.request or found.file, found.message) for found in report.findings if found.check is check]


async def test_a_sound_app_is_verified_with_nothing_left_out(verify: Verify, library: Files, artifacts: InMemoryArtifacts) -> None:
    report = await verify(library)
    due = STACKS["python-web"].checks - REVISION_CHECKS - OPTIONAL_CHECKS
    assert {name: statuses(report)[name] for name in due} == dict.fromkeys(due, CheckStatus.passed)
    assert report.findings == ()
    probe = next(check for check in report.checks if check.check is CheckName.probe)
    assert probe.log is not None
    assert probe.counts["endpoint_role_pairs"] == 13 * 4  # three roles and signed out
    log = artifacts.content[probe.log.sha256].decode()
    assert "POST   /api/loans/999999999/lend -> 404" in log
    assert 'password": "..."' in log


async def test_an_endpoint_that_lies_about_what_it_stored_is_found(verify: Verify, library: Files) -> None:
    lying = changed(
        library, BOOKS, "    for name, value in given.model_dump(exclude_unset=True).items():\n", "    for name, value in ():\n"
    )
    lying = changed(
        lying,
        BOOKS,
        "(value, book_id))\n    return Book(**_find(book_id))",
        "(value, book_id))\n    return Book(**{**_find(book_id), **given.model_dump(exclude_unset=True)})",
    )
    report = await verify(lying)
    component, request, message = findings(report, CheckName.probe)[0]
    assert (component, request) == ("books", "PATCH /api/books/{id}")
    assert "as administrator: title is 'Title" in message
    assert "was expected afterwards" in message


async def test_a_missing_permission_check_is_a_blocker(verify: Verify, library: Files) -> None:
    open_to_all = changed(library, LOANS, '    require(asking, "administrator")\n    _find', "    _find")
    report = await verify(open_to_all)
    assert report.findings[0] == Finding(
        check=CheckName.probe,
        severity=Severity.blocker,
        message="as librarian: expected 403 (the role may not), got 204",
        request=report.findings[0].request,
        component="loans",
    )
    assert (report.findings[0].request or "").startswith("DELETE /api/loans/")


async def test_records_of_other_people_shown_to_a_member_are_a_blocker(verify: Verify, library: Files) -> None:
    leaking = changed(library, LOANS, ' if asking.role == "member" else ("1 = 1", ())', ' if asking.role == "nobody" else ("1 = 1", ())')
    report = await verify(leaking)
    messages = [message for _, _, message in findings(report, CheckName.probe)]
    assert "as member: the list shows a loan of another person" in messages
    assert "as member: expected 404 (another person's record), got 200" in messages


async def test_records_shown_to_another_person_of_the_same_role_are_a_blocker(verify: Verify, library: Files) -> None:
    by_role = "created_by_id in (select id from account where role = ?)"
    leaking = changed(library, LOANS, '("created_by_id = ?", (asking.id,))', f'("{by_role}", (asking.role,))')
    report = await verify(leaking)
    blockers = {(finding.check, finding.message) for finding in report.findings if finding.severity is Severity.blocker}
    assert blockers == {
        (CheckName.probe, "as member: the list shows a loan of another member"),
        (CheckName.probe, "as member: expected 404 (another member's record), got 200"),
    }


async def test_an_own_record_changed_after_it_was_settled_is_found(verify: Verify, library: Files) -> None:
    lax = changed(library, LOANS, 'asking.role == "member" and kept.state', 'asking.role == "nobody" and kept.state')
    report = await verify(lax)
    assert [message for _, _, message in findings(report, CheckName.probe)] == [
        "as member: expected 409 (their own, but lent), got 200",
        "as member: expected 409 (their own, but returned), got 200",
    ]


async def test_what_could_not_be_probed_is_said(verify: Verify, library: Files) -> None:
    """The second member is refused a loan by a rule the specification does not have."""
    choosy = changed(
        library,
        LOANS,
        "    _check(given.starts_on, given.ends_on, given.book_id)\n    query",
        "    _check(given.starts_on, given.ends_on, given.book_id)\n    if asking.id == 6:\n        raise HTTPException(422)\n    query",
    )
    report = await verify(choosy)
    probe = next(check for check in report.checks if check.check is CheckName.probe)
    assert "3 cases could not be probed" in probe.summary
    message = "as member: it could not be seen whether another member's loan stays hidden, because none could be made"
    assert {finding.severity for finding in probe.findings if finding.message == message} == {Severity.minor}


async def test_a_report_that_counts_what_the_list_hides_is_a_blocker(verify: Verify, library: Files) -> None:
    doubled = changed(library, BOOKS, "select created_by_id, count(*) from book", "select created_by_id, 2 * count(*) from book")
    report = await verify(doubled)
    messages = [(finding.severity, finding.message) for finding in report.findings if finding.check is CheckName.probe]
    assert len(messages) == 3
    assert all(severity is Severity.blocker and "the report counts" in message for severity, message in messages)


async def test_a_step_taken_in_the_wrong_state_is_found(verify: Verify, library: Files) -> None:
    careless = changed(
        library, LOANS, "    if _find(asking, loan_id).state != before:\n        raise HTTPException(409)\n", "    _find(asking, loan_id)\n"
    )
    report = await verify(careless)
    assert ("loans", "as librarian: expected 409 (the loan is lent), got 200") in [
        (component, message) for component, _, message in findings(report, CheckName.probe)
    ]


async def test_a_rule_nobody_enforces_is_found(verify: Verify, library: Files) -> None:
    lax = changed(library, LOANS, "    if starts_on >= ends_on:\n", "    if starts_on == ends_on:\n")
    report = await verify(lax)
    assert ("loans", "POST /api/loans", "as administrator: expected 422 (A loan ends after it starts.), got 201") in findings(
        report, CheckName.probe
    )


async def test_data_lost_at_a_restart_is_a_blocker(verify: Verify, library: Files) -> None:
    forgetful = changed(
        library,
        "app/main.py",
        '"""The library."""\n',
        '"""The library."""\n\nfrom app.database import connect\n\nconnect().execute("delete from loan")\n',
    )
    report = await verify(forgetful)
    assert statuses(report)[CheckName.restart] is CheckStatus.failed
    assert "before the restart, 0 records" in findings(report, CheckName.restart)[0][2]


async def test_an_endpoint_missing_from_the_app_and_one_nobody_agreed_on_are_found(verify: Verify, library: Files) -> None:
    different = changed(library, LOANS, '@router.post("/{loan_id}/lend")', '@router.post("/{loan_id}/give_away")')
    report = await verify(different)
    assert findings(report, CheckName.contract) == [
        ("loans", "POST /api/loans/{id}/lend", "the contract has this endpoint, the app does not"),
        ("loans", "POST /api/loans/{loan_id}/give_away", "the app has this endpoint, the contract does not"),
    ]


async def test_an_app_that_does_not_start_is_a_blocker_and_the_rest_is_not_run(verify: Verify, library: Files) -> None:
    broken = changed(library, LOANS, "class LoanCreate(BaseModel):\n", 'raise RuntimeError("no shelf")\n\n\nclass LoanCreate(BaseModel):\n')
    report = await verify(broken)
    ((component, place, message),) = findings(report, CheckName.boot)
    assert (component, place) == ("loans", LOANS)
    assert "no shelf" in message
    assert [statuses(report)[check] for check in (CheckName.contract, CheckName.probe, CheckName.restart)] == [CheckStatus.not_run] * 3
    assert report.verdict is Verdict.failed


async def test_an_empty_body_is_found_where_it_is(verify: Verify, library: Files) -> None:
    lazy = {**library, "app/records/books/rules.py": b"def check_isbn(isbn: str) -> bool:\n    pass\n"}
    report = await verify(lazy)
    assert findings(report, CheckName.placeholders) == [("books", "app/records/books/rules.py", "check_isbn has no body")]


async def test_a_failing_test_names_its_line_and_component(verify: Verify, library: Files) -> None:
    failing = {**library, "tests/test_loans.py": b"def test_members_borrow():\n    loans = 1\n    assert loans == 2\n"}
    report = await verify(failing)
    (found,) = [found for found in report.findings if found.check is CheckName.tests]
    assert (found.component, found.file, found.line) == ("loans", "tests/test_loans.py", 3)
    assert found.message.startswith("test_members_borrow: assert 1 == 2")


async def test_the_part_in_which_the_app_breaks_is_to_blame_whoever_tests_it(verify: Verify, library: Files) -> None:
    """A rule that a model wrote broke every test of the part that only refers to its record, and that part was to be repaired."""
    rule = b"def in_time(days):\n    return days <= None\n"
    test = b"from app.records.loans.days import in_time\n\n\ndef test_books_come_back_in_time():\n    assert in_time(3)\n"
    report = await verify({**library, "app/records/loans/days.py": rule, "tests/test_books_days.py": test})
    (found,) = [found for found in report.findings if found.check is CheckName.tests]
    assert (found.component, found.file, found.line) == ("loans", "app/records/loans/days.py", 2)


async def test_a_test_hidden_from_pytest_is_found(verify: Verify, library: Files) -> None:
    hidden = {
        **library,
        "tests/conftest.py": b"collect_ignore = ['test_loans.py']\n",
        "tests/test_loans.py": b"def test_members_borrow():\n    assert 1 == 2\n",
    }
    report = await verify(hidden)
    assert findings(report, CheckName.tests) == [("loans", "tests/test_loans.py", "test_members_borrow is in the file but was not run")]


async def test_without_a_sandbox_only_the_source_is_checked_and_nothing_is_verified(
    library: Files, toolchain: Path, artifacts: InMemoryArtifacts, spec: AppSpec, architecture: Architecture
) -> None:
    verifier = AppVerifier(SandboxAbsent(("bubblewrap: not installed",)), toolchain, artifacts)
    report = await verifier.verify(library, spec, architecture, version=1, tree_sha256=TREE, on_check=lambda _: None)
    ran = [check.check for check in report.checks if check.status is CheckStatus.passed]
    assert (ran, report.verdict, report.sandbox) == (
        [CheckName.compile, CheckName.placeholders, CheckName.secrets],
        Verdict.incomplete,
        "none",
    )
    assert {check.reason for check in report.checks if check.check not in ran} == {"no sandbox: bubblewrap: not installed"}


async def test_without_a_tool_chain_nothing_is_verified(
    library: Files, sandbox: Sandbox, tmp_path: Path, artifacts: InMemoryArtifacts, spec: AppSpec, architecture: Architecture
) -> None:
    report = await AppVerifier(sandbox, tmp_path, artifacts).verify(
        library, spec, architecture, version=1, tree_sha256=TREE, on_check=lambda _: None
    )
    assert report.verdict is Verdict.incomplete
    assert "tool chain" in (report.checks[-1].reason or "")


async def test_a_cancelled_verification_leaves_no_process(
    library: Files, sandbox: Sandbox, toolchain: Path, artifacts: InMemoryArtifacts, spec: AppSpec, architecture: Architecture
) -> None:
    before, booted = descendants(os.getpid()), asyncio.Event()

    def hear(check: CheckResult) -> None:
        if check.check is CheckName.boot:
            booted.set()

    verifier = AppVerifier(sandbox, toolchain, artifacts)
    task = asyncio.create_task(verifier.verify(library, spec, architecture, version=1, tree_sha256=TREE, on_check=hear))
    await booted.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert descendants(os.getpid()) == before
