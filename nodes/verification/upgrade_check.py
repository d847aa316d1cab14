"""Take data of the version in use through the upgrade and back, and compare what has to survive. The app itself is not asked.

The delivered version writes its demo data, the new version migrates, and both databases are read by SQLite alone.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodes.artifacts import AppSpec, Architecture, CheckName, FieldType, Finding, RecordSpec, RelationKind, Severity
from nodes.context import Delivered
from nodes.contract import relation_property
from nodes.ownership import owner_of_record
from nodes.sandbox.protocol import Command, ExecResult, Sandbox, SandboxLimits, Workspace
from nodes.spec_diff import fields_of, record_made_of, records_of, relations_of, states_of
from nodes.stack import StackProfile
from nodes.verification.observed import CheckImpossible, Observed, counted

PREVIOUS = "previous"
"""The folder of the delivered version, inside that of the new one."""

DATABASE = "upgrade.db"
LIMITS = SandboxLimits(wall_seconds=120, cpu_seconds=100, output_bytes=16 * 1024 * 1024)
SHOWN_VALUES = 3
KEPT_OF_ACCOUNTS = ("email", "name", "password_hash", "created_at")

_READ = """
import json, sqlite3
database = sqlite3.connect("upgrade.db")
database.row_factory = sqlite3.Row
names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
tables = {name: [dict(row) for row in database.execute(f'SELECT * FROM "{name}"')] for name in names}
print(json.dumps(tables, default=lambda value: value.hex()))
"""

Rows = list[dict[str, Any]]
Tables = Mapping[str, Rows]


class UpgradeFailed(Exception):
    """A step of the upgrade did not end well; the message says which and how."""


@dataclass(frozen=True)
class Trial:
    """The steps of one upgrade in the sandbox."""

    workspace: Workspace
    stack: StackProfile
    toolchain: Path

    async def write_demo(self, folder: str) -> None:
        """Let the version in `folder` prepare the database."""
        database = f"../{DATABASE}" if folder == PREVIOUS else DATABASE
        await self._run(f"the demo data of {_version(folder)}", in_folder(folder, self.stack.demo_argv), database)

    async def migrate(self) -> None:
        """Let the new version bring the tables up to date."""
        await self._run("the migration", self.stack.migrate_argv, DATABASE)

    async def take_back(self, revision: str) -> None:
        """Let the new version's migrations lead back to `revision`."""
        await self._run("the way back", (*self.stack.downgrade_argv, revision), DATABASE)

    async def read(self) -> Tables:
        """Every row of every table."""
        result = await self._run("reading the database", ("python", "-I", "-c", _READ), DATABASE)
        tables: Tables = json.loads(result.stdout)
        return tables

    async def _run(self, what: str, argv: tuple[str, ...], database: str) -> ExecResult:
        environment = {
            **dict(self.stack.trial_environment),
            "DATABASE_URL": f"sqlite:///{database}",
            "DEMO_PASSWORD": "only for this trial",
            "SECRET_KEY": "only for this trial, " * 3,
        }
        result = await self.workspace.run(Command(argv=argv, toolchain=self.toolchain, environment=environment, limits=LIMITS))
        if not result.ok:
            last = " | ".join((result.stderr or result.stdout).strip().splitlines()[-3:])[-600:]
            raise UpgradeFailed(f"{what} failed: {result.limit or last}")
        return result


async def check_upgrade(
    files: Mapping[str, bytes],
    spec: AppSpec,
    architecture: Architecture,
    delivered: Delivered,
    *,
    stack: StackProfile,
    sandbox: Sandbox,
    toolchain: Path,
) -> Observed:
    """Data written by the delivered version are there after the upgrade, and again after the way back."""
    previous = {f"{PREVIOUS}/{path}": text.encode() for path, text in delivered.files.items()}
    async with sandbox.workspace({**files, **previous}, LIMITS) as workspace:
        trial = Trial(workspace, stack, toolchain)
        try:
            await trial.write_demo(PREVIOUS)
        except UpgradeFailed as failed:
            raise CheckImpossible(f"the version in use cannot be started: {failed}") from failed
        before = await trial.read()
        try:
            await trial.migrate()
            after = await trial.read()
            await trial.take_back(before["alembic_version"][0]["version_num"])
            back = await trial.read()
            await trial.migrate()
            await trial.write_demo(".")
        except UpgradeFailed as failed:
            return Observed("the upgrade did not work", [_finding(architecture, None, str(failed), Severity.blocker)], log=str(failed))
    lost = [*_lost(before, after, delivered.spec, spec, "after the upgrade")]
    lost += [*_lost_on_the_way_back(before, back, delivered.spec, spec)]
    findings = [_finding(architecture, record, message, Severity.blocker) for record, message in lost]
    rows = sum(len(before.get(record.plural, ())) for record in delivered.spec.records)
    sound = "all survive the upgrade and the way back"
    return Observed(
        counted(rows, "stored record"), findings, {"records": rows, "tables": len(before)}, "\n".join(m for _, m in lost), sound
    )


Lost = tuple[str | None, str]
"""The record concerned by its new name, and what is missing."""


def _lost(before: Tables, after: Tables, old: AppSpec, new: AppSpec, when: str) -> Iterator[Lost]:
    yield from _differences(
        None, before["accounts"], after.get("accounts", []), {name: name for name in KEPT_OF_ACCOUNTS}, "accounts", when
    )
    for one, other in records_of(old, new).pairs:
        rows, new_rows = before.get(one.plural, []), after.get(other.plural, [])
        yield from _differences(other.name, rows, new_rows, _kept_columns(one, other), other.plural, when)
        for field in fields_of(one, other).removed:
            if made := record_made_of(field, other, old, new):
                yield from _moved(rows, field.name, after.get(made[0].plural, []), made[2].name, made[0], when)


def _lost_on_the_way_back(before: Tables, back: Tables, old: AppSpec, new: AppSpec) -> Iterator[Lost]:
    """What the new version has no room for cannot come back; everything else has to."""
    when = "after the way back"
    yield from _differences(None, before["accounts"], back.get("accounts", []), {name: name for name in KEPT_OF_ACCOUNTS}, "accounts", when)
    for one, other in records_of(old, new).pairs:
        kept = {name: name for name in _kept_columns(one, other)}
        yield from _differences(other.name, before.get(one.plural, []), back.get(one.plural, []), kept, one.plural, when)


def _kept_columns(one: RecordSpec, other: RecordSpec) -> dict[str, str]:
    """Old column → new column, for every value that has to stay as it is."""
    columns = {"id": "id", "created_at": "created_at", "created_by_id": "created_by_id"}
    for field, other_field in fields_of(one, other).pairs:
        same_words = set(field.choices) <= set(other_field.choices)
        if _keeps_value(field.type, other_field.type) and same_words and (field.required or not other_field.required):
            columns[field.name] = other_field.name
    for relation, other_relation in relations_of(one, other).pairs:
        single = relation.kind is other_relation.kind is RelationKind.many_to_one
        if single and (relation.required or not other_relation.required):
            columns[relation_property(relation)] = relation_property(other_relation)
    states = states_of(one, other)
    if one.workflow and other.workflow and not states.removed and all(state.name == same.name for state, same in states.pairs):
        columns["state"] = "state"
    return columns


def _keeps_value(one: FieldType, other: FieldType) -> bool:
    texts = {FieldType.text, FieldType.long_text, FieldType.email, FieldType.phone, FieldType.url, FieldType.choice}
    return one is other or {one, other} <= texts


def _differences(record: str | None, before: Rows, after: Rows, columns: Mapping[str, str], table: str, when: str) -> Iterator[Lost]:
    by_key = {_key(row): row for row in after}
    missing = [row for row in before if _key(row) not in by_key]
    if missing:
        yield record, f"{table}: {len(missing)} of {len(before)} rows are gone {when}, the first has id {_key(missing[0])}"
    changed = [
        f"{new} of row {_key(row)} was {row[old]!r} and is {by_key[_key(row)].get(new)!r}"
        for row in before
        if _key(row) in by_key
        for old, new in columns.items()
        if old in row and by_key[_key(row)].get(new, _ABSENT) != row[old]
    ]
    if changed:
        yield record, f"{table}: {counted(len(changed), 'value')} changed {when}: {'; '.join(changed[:SHOWN_VALUES])}"


_ABSENT = object()


def _key(row: Mapping[str, Any]) -> object:
    return row.get("id")


def _moved(rows: Rows, column: str, new_rows: Rows, new_column: str, made: RecordSpec, when: str) -> Iterator[Lost]:
    wanted = sorted(str(row[column]) for row in rows if row[column] not in (None, ""))
    found = sorted(str(row[new_column]) for row in new_rows)
    if wanted != found:
        yield made.name, f"{made.plural}: {len(wanted)} values of {column} should be there {when}, {len(found)} are"


def _finding(architecture: Architecture, record: str | None, message: str, severity: Severity) -> Finding:
    owner = owner_of_record(architecture, record) if record else None
    return Finding(check=CheckName.upgrade, severity=severity, message=message, component=owner.name if owner else None)


def in_folder(folder: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command with `folder` as its current one."""
    return argv if folder == "." else ("sh", "-c", 'cd "$0" && exec "$@"', folder, *argv)


def _version(folder: str) -> str:
    return "the version in use" if folder == PREVIOUS else "the new version"
