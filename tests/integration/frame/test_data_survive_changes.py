"""Change requests on apps with data in them: the migration keeps what is stored, and old tests pass where nothing was asked for."""

import asyncio
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from nodes.artifacts import AppSpec, Architecture, BuildRequest
from nodes.blueprint import architect, engineer
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.reader import read_description
from nodes.changes import apply_changes
from nodes.context import Delivered
from nodes.contract import contract_of
from nodes.sandbox.choose import SandboxAbsent, choose_sandbox
from nodes.sandbox.protocol import Sandbox
from nodes.spec_diff import changes_between
from nodes.stack import PYTHON_WEB
from nodes.verification.observed import Observed
from nodes.verification.toolchain import default_toolchain, install_toolchain
from nodes.verification.upgrade_check import check_upgrade

SHOP = BuildRequest(
    app_description="Customers have a name, a phone and an email. Customers book a car. Managers confirm bookings. "
    "Staff add cars and tags. A task belongs to a customer and has a title, a priority (low, high) and a due date."
)


@dataclass(frozen=True)
class App:
    """One version of an app: what it is, and its files."""

    spec: AppSpec
    files: dict[str, str]

    @property
    def architecture(self) -> Architecture:
        return architecture_of(self.spec)

    def delivered_before(self, spec: AppSpec) -> Delivered:
        return Delivered(self.spec, self.files, changes_between(self.spec, spec))


def architecture_of(spec: AppSpec) -> Architecture:
    components = architect.plan(spec).components
    return Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(spec), components=components)


def built(spec: AppSpec, before: App | None = None) -> App:
    """The app as the built-in builder makes it, on top of `before`."""
    architecture = architecture_of(spec)
    files = generate_frame(spec, architecture, before.delivered_before(spec) if before else None)
    for component in architecture.components:
        files = apply_changes(files, component, engineer.write(spec, component, own_files=files))
    return App(spec, files)


@pytest.fixture(scope="module")
def shop() -> App:
    asyncio.run(install_toolchain(default_toolchain()))
    return built(read_description(SHOP))


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    chosen = asyncio.run(choose_sandbox())
    assert not isinstance(chosen, SandboxAbsent)
    return chosen


async def upgraded(before: App, after: App, sandbox: Sandbox) -> Observed:
    files = {path: text.encode() for path, text in after.files.items()}
    delivered = before.delivered_before(after.spec)
    return await check_upgrade(
        files, after.spec, after.architecture, delivered, stack=PYTHON_WEB, sandbox=sandbox, toolchain=default_toolchain()
    )


@pytest.mark.bounded(240)
@pytest.mark.parametrize(
    ("feedback", "words"),
    [
        ("Also store the customer's address. Let managers cancel a booking.", "Customers also have “address” (text)."),
        ("Rename task to ticket. Remove tags.", "Tasks are called tickets; what is stored stays."),
        (
            "Rename the field phone to mobile. Call the priority high “urgent” instead. Rename the state confirmed to agreed.",
            "The state “Confirmed” of bookings is called “Agreed” now; what is stored stays.",
        ),
        ("Customers may have several phones.", "Customers no longer have “phone”; what is stored there becomes phones."),
    ],
)
async def test_what_is_stored_survives_the_upgrade_and_the_way_back(shop: App, sandbox: Sandbox, feedback: str, words: str) -> None:
    after = built(read_description(SHOP, feedback=feedback, previous=shop.spec), shop)
    assert words in [change.words for change in changes_between(shop.spec, after.spec)]
    observed = await upgraded(shop, after, sandbox)
    assert (list(observed.findings), observed.counts["records"] >= 20) == ([], True)


async def test_a_migration_that_forgets_a_column_is_found(shop: App, sandbox: Sandbox) -> None:
    after = built(read_description(SHOP, feedback="Also store the customer's address.", previous=shop.spec), shop)
    path = "migrations/versions/0002_next_version.py"
    forgetful = after.files[path].replace(
        '    """Make the change."""\n', '    """Make the change."""\n    op.execute("UPDATE customers SET phone = NULL")\n'
    )
    observed = await upgraded(shop, App(after.spec, after.files | {path: forgetful}), sandbox)
    assert [finding.message.partition(" after")[0] for finding in observed.findings] == ["customers: 8 values changed"] * 2


@pytest.mark.bounded(240)
def test_three_changes_in_a_row_keep_what_people_have_entered(shop: App, tmp_path: Path) -> None:
    """One database through four versions, as its owner upgrades it; each version's own tests about migrations pass."""
    database = f"sqlite:///{tmp_path / 'app.db'}"
    requests = ("Also store the customer's address.", "Rename task to ticket.", "Customers may have several phones. Remove tags.")
    versions = [shop]
    for request in requests:
        spec = read_description(SHOP, feedback=request, previous=versions[-1].spec)
        versions.append(built(spec, versions[-1]))
    run(lay_down(shop, tmp_path / "1"), database, "-m", "app.manage", "demo")
    before = rows(tmp_path / "app.db")
    for number, version in enumerate(versions[1:], 2):
        folder = lay_down(version, tmp_path / str(number))
        run(folder, database, "-m", "app.manage", "migrate")
        run(folder, database, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_migrations.py")
    after = rows(tmp_path / "app.db")
    assert after["tickets"] == before["tasks"]
    assert [{**row, "address": None} for row in before["customers"]] == [
        {**row, "phone": was["phone"]} for row, was in zip(after["customers"], before["customers"], strict=True)
    ]
    assert [row["phone"] for row in after["phones"]] == [row["phone"] for row in before["customers"] if row["phone"]]
    assert before.keys() - after.keys() == {"tasks", "car_tags", "customer_tags"}
    small = [sum(1 for path in {*old.files, *new.files} if old.files.get(path) != new.files.get(path)) for old, new in pairwise(versions)]
    assert small[0] < 15


def lay_down(app: App, folder: Path) -> Path:
    for path, text in app.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, database: str, *arguments: str) -> None:
    environment = {
        "DATABASE_URL": database,
        "DEMO_PASSWORD": "ten characters",
        "PASSWORD_COST": "1,8,1",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command: list[str | Path] = [default_toolchain() / "bin" / "python", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rows(database: Path) -> dict[str, list[dict[str, object]]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [dict(row) for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY 1')] for table in tables}  # noqa: S608 - names of our own tables
