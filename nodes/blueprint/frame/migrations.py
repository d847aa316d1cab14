"""Write the migration from one version's tables to the next one's, so that what is stored stays.

Both ways are the same program with the sides exchanged. Steps in their order: rename, create, loosen and add, fill and
move values, tighten and drop. SQLite rebuilds a table for most of them; `app.database.changing_tables` makes that safe.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from nodes.artifacts import AppSpec
from nodes.blueprint.frame.renames import Renames, renames_between
from nodes.blueprint.frame.stored_values import fill_steps, move_steps, value_steps
from nodes.blueprint.frame.tables import Column, Constraint, ConstraintKind, Reference, Table
from nodes.blueprint.frame.text import in_docstring, python_literal

_REVISION = re.compile(r"""^revision\b[^=\n]*=\s*["']([^"']+)["']""", re.MULTILINE)
_FOLLOWS = re.compile(r"""^down_revision\b[^=\n]*=\s*["']([^"']+)["']""", re.MULTILINE)


@dataclass(frozen=True)
class Side:
    """A version: what it is, and the tables it keeps."""

    spec: AppSpec
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class Move:
    """From one version to another."""

    before: Side
    after: Side

    @cached_property
    def renames(self) -> Renames:
        return renames_between(self.before.spec, self.after.spec, self.before.tables, self.after.tables)

    @cached_property
    def pairs(self) -> tuple["TablePair", ...]:
        """The tables that stay, in the order of the old ones."""
        return tuple(
            TablePair(table, self.after.tables[self.renames.tables[name]], self.renames)
            for name, table in self.before.tables.items()
            if name in self.renames.tables
        )

    @property
    def created(self) -> tuple[Table, ...]:
        kept = set(self.renames.tables.values())
        return tuple(table for name, table in self.after.tables.items() if name not in kept)

    @property
    def dropped(self) -> tuple[Table, ...]:
        return tuple(table for name, table in reversed(list(self.before.tables.items())) if name not in self.renames.tables)


@dataclass(frozen=True)
class TablePair:
    """One table before and after; columns and constraints are compared by the names they have afterwards."""

    old: Table
    new: Table
    renames: Renames

    @property
    def name(self) -> str:
        return self.new.name

    @cached_property
    def known(self) -> dict[str, Column]:
        """The old columns under their new names."""
        return {self.renames.column(self.name, name): column for name, column in self.old.columns.items()}

    @property
    def added(self) -> list[Column]:
        return [column for name, column in self.new.columns.items() if name not in self.known or self._is_replaced(name)]

    @property
    def removed(self) -> list[str]:
        return [name for name in self.known if name not in self.new.columns or self._is_replaced(name)]

    def _is_replaced(self, name: str) -> bool:
        """Values of another kind do not fit: the column begins anew."""
        return name in self.known and not _fits(self.known[name].type, self.new.columns[name].type)

    @property
    def tightened(self) -> list[Column]:
        """Columns that must have a value now; new ones among them."""
        fresh = {column.name for column in self.added}
        needed = (column for column in self.new.columns.values() if not column.nullable and not column.primary)
        return [column for column in needed if column.name in fresh or self.known[column.name].nullable]

    @property
    def changed(self) -> list[Column]:
        """Columns that stay and are of another type, or may be empty now."""
        fresh = {column.name for column in self.added}
        stay = [column for column in self.new.columns.values() if column.name not in fresh]
        return [
            column
            for column in stay
            if self.known[column.name].type != column.type or (column.nullable and not self.known[column.name].nullable)
        ]

    @cached_property
    def gone(self) -> list[Constraint]:
        """Constraints as the old version named them, on columns that have their new names by now."""
        kept = {constraint for constraint in self._old_constraints if constraint in self.new.constraints and not self._touches(constraint)}
        return [constraint for constraint in self._old_constraints if constraint not in kept]

    @cached_property
    def come(self) -> list[Constraint]:
        kept = set(self._old_constraints) - set(self.gone)
        return [constraint for constraint in self.new.constraints if constraint not in kept]

    @cached_property
    def _old_constraints(self) -> tuple[Constraint, ...]:
        return tuple(self._renamed(constraint) for constraint in self.old.constraints)

    def _renamed(self, constraint: Constraint) -> Constraint:
        columns = tuple(self.renames.column(self.name, name) for name in constraint.columns)
        reference = constraint.reference
        if reference:
            reference = Reference(self.renames.tables.get(reference.table, reference.table), reference.on_delete)
        return replace(constraint, columns=columns, reference=reference)

    def _touches(self, constraint: Constraint) -> bool:
        return any(self._is_replaced(name) for name in constraint.columns)


@dataclass(frozen=True)
class Chain:
    """The migrations an app has: the last one, and the name of the one to follow."""

    head: str
    next_revision: str


def chain_of(migrations: Mapping[str, str]) -> Chain:
    """Read from their files, path → source; a user may have added some."""
    revisions = {match[1] for text in migrations.values() if (match := _REVISION.search(text))}
    followed = {match[1] for text in migrations.values() if (match := _FOLLOWS.search(text))}
    number = len(revisions) + 1
    while f"{number:04d}" in revisions:
        number += 1
    return Chain(head=max(revisions - followed), next_revision=f"{number:04d}")


def next_migration(before: Side, after: Side, *, revision: str, follows: str, words: str) -> str | None:
    """The source of the migration from `before` to `after`; None if the tables are the same and no value changes."""
    up, down = list(_steps(Move(before, after))), list(_steps(Move(after, before)))
    if not up:
        return None
    lines = [
        f'"""{in_docstring(words)}"""',
        "import sqlalchemy as sa",
        "from alembic import op",
        "from app import database",
        f"revision = {python_literal(revision)}",
        f"down_revision = {python_literal(follows)}",
        "",
        "def upgrade() -> None:",
        '    """Make the change."""',
        *_indented(up),
        "",
        "def downgrade() -> None:",
        '    """Take it back."""',
        *_indented(down or ["pass"]),
    ]
    return "\n".join(lines) + "\n"


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" if line else line for block in lines for line in block.split("\n")]


def _steps(move: Move) -> Iterator[str]:
    yield from _renamed(move)
    yield from (table.source for table in move.created)
    for pair in move.pairs:
        yield from _loosened(pair)
    yield from move_steps(move.before.spec, move.after.spec)
    for pair in move.pairs:
        yield from fill_steps(pair.name, pair.tightened, move.after.spec)
    yield from value_steps(move.before.spec, move.after.spec)
    for pair in move.pairs:
        yield from _tightened(pair)
    for table in move.created:
        yield from _batch(table.name, [_created(constraint) for constraint in table.circular_references])
    for table in move.dropped:
        yield from _batch(table.name, [_dropped(constraint) for constraint in table.circular_references])
    yield from (f"op.drop_table({python_literal(table.name)})" for table in move.dropped)


def _renamed(move: Move) -> Iterator[str]:
    for pair in move.pairs:
        if pair.old.name != pair.name:
            yield f"op.rename_table({python_literal(pair.old.name)}, {python_literal(pair.name)})"
    for pair in move.pairs:
        for one, other in move.renames.columns.get(pair.name, {}).items():
            if one in pair.old.columns:
                statement = f'ALTER TABLE "{pair.name}" RENAME COLUMN "{one}" TO "{other}"'
                yield f"op.execute({python_literal(statement)})"


def _loosened(pair: TablePair) -> Iterator[str]:
    """Constraints that go, and new columns, which may be empty until they are filled. A replaced column begins anew."""
    operations = [_dropped(constraint) for constraint in pair.gone]
    replaced = {column.name for column in pair.added} & set(pair.removed)
    operations += [f"drop_column({python_literal(name)})" for name in pair.removed if name in replaced]
    yield from _batch(pair.name, operations)
    added = [f"add_column(sa.Column({python_literal(column.name)}, {column.type}, nullable=True))" for column in pair.added]
    yield from _batch(pair.name, added)


def _tightened(pair: TablePair) -> Iterator[str]:
    """What has to hold from now on, and columns that go."""
    replaced = {column.name for column in pair.added}
    operations = [f"drop_column({python_literal(name)})" for name in pair.removed if name not in replaced]
    for column in pair.changed:
        kept = pair.known[column.name].type
        operations.append(
            f"alter_column({python_literal(column.name)}, existing_type={kept}, type_={column.type}, nullable={column.nullable})"
        )
    unchanged = [column for column in pair.tightened if column not in pair.changed]
    operations += [f"alter_column({python_literal(c.name)}, existing_type={c.type}, nullable=False)" for c in unchanged]
    yield from _batch(pair.name, operations + [_created(constraint) for constraint in pair.come])


def _batch(table: str, operations: list[str]) -> Iterator[str]:
    if operations:
        lines = "".join(f"\n    table.{operation}" for operation in operations)
        yield f"with op.batch_alter_table({python_literal(table)}) as table:{lines}"


def _dropped(constraint: Constraint) -> str:
    name = f"op.f({python_literal(constraint.name)})"
    if constraint.kind is ConstraintKind.index:
        return f"drop_index({name})"
    return f"drop_constraint({name}, type_={python_literal(constraint.kind.value)})"


def _created(constraint: Constraint) -> str:
    name, columns = f"op.f({python_literal(constraint.name)})", f"[{', '.join(python_literal(column) for column in constraint.columns)}]"
    match constraint.kind:
        case ConstraintKind.index:
            return f"create_index({name}, {columns})"
        case ConstraintKind.unique:
            return f"create_unique_constraint({name}, {columns})"
        case ConstraintKind.reference:
            assert constraint.reference is not None
            target, on_delete = constraint.reference.table, constraint.reference.on_delete
            return f"create_foreign_key({name}, {python_literal(target)}, {columns}, ['id'], ondelete={python_literal(on_delete)})"


def _fits(one: str, other: str) -> bool:
    """Whether values of one type can be kept as the other: texts of any length, and the same type."""
    texts = ("sa.String", "sa.Text")
    return one == other or (one.startswith(texts) and other.startswith(texts))
