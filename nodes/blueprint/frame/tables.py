"""The tables of an app, read from the migration that creates them all: what two versions are compared by."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True)
class Reference:
    """A foreign key on one column; it refers to `id` of `table`."""

    table: str
    on_delete: str


@dataclass(frozen=True)
class Column:
    """One column. `type` is its SQLAlchemy expression, such as `sa.String(200)`."""

    name: str
    type: str
    nullable: bool = True
    unique: bool = False
    indexed: bool = False
    primary: bool = False
    reference: Reference | None = None


class ConstraintKind(StrEnum):
    """What a named part of a table is; the value is Alembic's word for it."""

    index = "index"  # type: ignore[assignment]  # nobody calls str.index on a member
    unique = "unique"
    reference = "foreignkey"


@dataclass(frozen=True)
class Constraint:
    """An index, a unique set or a foreign key, under the name that `CONSTRAINT_NAMES` of the app gives it."""

    kind: ConstraintKind
    name: str
    columns: tuple[str, ...]
    reference: Reference | None = None


@dataclass(frozen=True)
class Table:
    """One table; `source` creates it, without the references of the columns in `circular`, which are added later."""

    name: str
    columns: Mapping[str, Column]
    uniques: tuple[tuple[str, ...], ...]
    source: str
    circular: tuple[str, ...] = ()

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Everything with a name."""
        columns = self.columns.values()
        return (
            *(Constraint(ConstraintKind.index, f"ix_{self.name}_{column.name}", (column.name,)) for column in columns if column.indexed),
            *(Constraint(ConstraintKind.unique, f"uq_{self.name}_{'_'.join(names)}", names) for names in self.uniques),
            *(
                Constraint(ConstraintKind.reference, f"fk_{self.name}_{column.name}", (column.name,), column.reference)
                for column in columns
                if column.reference
            ),
        )

    @property
    def circular_references(self) -> tuple[Constraint, ...]:
        """Foreign keys that can only be there while both tables are."""
        return tuple(entry for entry in self.constraints if entry.reference and entry.columns[0] in self.circular)


def tables_of(migration: str) -> dict[str, Table]:
    """The tables that the `upgrade` of a first migration creates, in its order."""
    upgrade = next(node for node in ast.parse(migration).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    tables: dict[str, Table] = {}
    for statement in upgrade.body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="create_table")) as call):
                table = _table(call)
                tables[table.name] = table
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as batch)], body=body):
                name = _text(batch.args[0])
                for column, reference in _later_references(body):
                    tables[name] = _with_reference(tables[name], column, reference)
            case _:
                pass  # the docstring; an index of its own belongs to the table's columns
    return tables


def _table(call: ast.Call) -> Table:
    columns, uniques = {}, []
    for argument in call.args[1:]:
        assert isinstance(argument, ast.Call)
        if ast.unparse(argument.func) == "sa.Column":
            column = _column(argument)
            columns[column.name] = column
        elif ast.unparse(argument.func) == "sa.UniqueConstraint":
            uniques.append(tuple(_text(name) for name in argument.args))
    single = [(column.name,) for column in columns.values() if column.unique]
    return Table(_text(call.args[0]), columns, tuple(sorted({*uniques, *single})), ast.unparse(call))


def _column(call: ast.Call) -> Column:
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    references = [_reference(argument) for argument in call.args[2:] if isinstance(argument, ast.Call)]
    primary = given.get("primary_key") == "True"
    return Column(
        name=_text(call.args[0]),
        type=ast.unparse(call.args[1]),
        nullable=given.get("nullable", "True") == "True" and not primary,
        unique=given.get("unique") == "True",
        indexed=given.get("index") == "True",
        primary=primary,
        reference=references[0] if references else None,
    )


def _reference(call: ast.Call) -> Reference:
    on_delete = next((_text(keyword.value) for keyword in call.keywords if keyword.arg == "ondelete"), "")
    return Reference(_text(call.args[0]).removesuffix(".id"), on_delete)


def _later_references(body: list[ast.stmt]) -> Iterator[tuple[str, Reference]]:
    """References that are added once both tables are there."""
    for statement in body:
        if (
            isinstance(statement, ast.Expr)
            and isinstance(call := statement.value, ast.Call)
            and "create_foreign_key" in ast.unparse(call.func)
        ):
            columns = call.args[2]
            assert isinstance(columns, ast.List)
            on_delete = next((_text(keyword.value) for keyword in call.keywords if keyword.arg == "ondelete"), "")
            yield _text(columns.elts[0]), Reference(_text(call.args[1]), on_delete)


def _with_reference(table: Table, column: str, reference: Reference) -> Table:
    columns = {**table.columns, column: replace(table.columns[column], reference=reference)}
    return replace(table, columns=columns, circular=(*table.circular, column))


def _text(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant)
    return str(node.value)
