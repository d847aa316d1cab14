"""What becomes of stored values when a specification changes: moved to where they belong now, or given a value they need."""

from collections.abc import Container, Iterable, Iterator

from nodes.artifacts import AppSpec, FieldSpec, FieldType, RecipeKind, RecordSpec, Relation, RelationKind
from nodes.blueprint.frame import names
from nodes.blueprint.frame.members import RelationView
from nodes.blueprint.frame.tables import Column
from nodes.blueprint.frame.text import python_literal
from nodes.contract import relation_property
from nodes.spec_diff import fields_of, record_made_of, records_of, relations_of, roles_of, states_of

FIRST_VALUES = {
    FieldType.text: '""',
    FieldType.long_text: '""',
    FieldType.boolean: "False",
    FieldType.date: "sa.func.current_date()",
    FieldType.time: 'sa.literal("00:00:00")',
    FieldType.datetime: "sa.func.current_timestamp()",
    FieldType.email: '"unknown@example.com"',
    FieldType.phone: '""',
    FieldType.url: '"https://example.com"',
}
"""For records that were stored before the value was asked for: empty where that is possible, plainly made up where not."""


def fill_steps(table: str, columns: Iterable[Column], spec: AppSpec) -> Iterator[str]:
    """Give every row the value it needs from now on."""
    record = next((entry for entry in spec.records if entry.plural == table), None)
    for column in columns:
        value = _first_value(column, record)
        yield _update(table, column.name, column.type, value, where=f"sa.column({python_literal(column.name)}).is_(None)")


def _first_value(column: Column, record: RecordSpec | None) -> str:
    if column.reference:
        # Each needs one: the first there is stands in until somebody chooses.
        target = python_literal(column.reference.table)
        return f'sa.select(sa.func.min(sa.column("id"))).select_from(sa.table({target})).scalar_subquery()'
    if record and record.workflow and column.name == "state":
        return python_literal(record.workflow.initial)
    field = next((entry for entry in record.fields if entry.name == column.name), None) if record else None
    if field is None:
        return _plain_value(column.type)
    return _distinct(field) if field.unique else _field_value(field)


def _field_value(field: FieldSpec) -> str:
    if field.type is FieldType.choice:
        return python_literal(field.choices[0])
    if field.type in FIRST_VALUES:
        return FIRST_VALUES[field.type]
    least = field.minimum if field.minimum is not None else 0
    return str(int(least)) if least == int(least) else str(least)


def _distinct(field: FieldSpec) -> str:
    """The row's number makes it unique."""
    number = 'sa.cast(sa.column("id"), sa.String)'
    match field.type:
        case FieldType.integer | FieldType.decimal | FieldType.money:
            return 'sa.column("id")'
        case FieldType.email:
            return f'sa.literal("unknown") + {number} + sa.literal("@example.com")'
        case FieldType.url:
            return f'sa.literal("https://example.com/") + {number}'
        case _:
            return number


def _plain_value(column_type: str) -> str:
    """For a column no field stands for."""
    for word, value in (("Moment", "sa.func.current_timestamp()"), ("Date", "sa.func.current_date()"), ("Boolean", "False")):
        if word in column_type:
            return value
    return '""' if "String" in column_type or "Text" in column_type else "0"


def move_steps(before: AppSpec, after: AppSpec) -> Iterator[str]:
    """Values that become records of their own or go back, and single references that become sets or go back."""
    for old, new in records_of(before, after).pairs:
        for field in fields_of(old, new).removed:
            if made := record_made_of(field, new, before, after):
                yield _values_to_records(new, field, *made)
        for field in fields_of(old, new).added:
            if made := record_made_of(field, old, after, before):
                yield _records_to_values(new, field, *made)
        for one, other in relations_of(old, new).pairs + _changed_kind(old, new):
            if one.kind is not other.kind:
                yield _to_set(new, one, other) if other.kind is RelationKind.many_to_many else _to_single(old, new, one, other)


def _changed_kind(old: RecordSpec, new: RecordSpec) -> tuple[tuple[Relation, Relation], ...]:
    """`a booking has several cars`: a reference replaced by a set of the same target, or the other way round."""
    sides = relations_of(old, new)
    return tuple(
        (one, other) for one in sides.removed for other in sides.added if one.target == other.target and one.kind is not other.kind
    )


def _values_to_records(owner: RecordSpec, field: FieldSpec, made: RecordSpec, back: Relation, home: FieldSpec) -> str:
    given = {
        home.name: _quoted(field.name),
        relation_property(back): '"id"',
        "created_at": '"created_at"',
        "created_by_id": '"created_by_id"',
    }
    if made.workflow:
        given["state"] = f"'{made.workflow.initial}'"
    columns, values = ", ".join(_quoted(name) for name in given), ", ".join(given.values())
    return _sql(
        f"INSERT INTO {_quoted(made.plural)} ({columns}) SELECT {values} FROM {_quoted(owner.plural)} "
        f"WHERE {_quoted(field.name)} IS NOT NULL AND CAST({_quoted(field.name)} AS VARCHAR(1)) <> '' ORDER BY \"id\""
    )


def _records_to_values(owner: RecordSpec, field: FieldSpec, made: RecordSpec, back: Relation, home: FieldSpec) -> str:
    """The first of them; there is room for one."""
    key = _quoted(relation_property(back))
    first = f'SELECT MIN("id") FROM {_quoted(made.plural)} WHERE {key} = {_quoted(owner.plural)}."id"'
    return _sql(
        f"UPDATE {_quoted(owner.plural)} SET {_quoted(field.name)} = "
        f'(SELECT {_quoted(home.name)} FROM {_quoted(made.plural)} WHERE "id" = ({first}))'
    )


def _to_set(record: RecordSpec, one: Relation, other: Relation) -> str:
    link, key = RelationView(other, record, None, cyclic=False), _quoted(relation_property(one))
    columns = f"{_quoted(link.link_left)}, {_quoted(link.link_right)}"
    return _sql(
        f'INSERT INTO {_quoted(link.link_table)} ({columns}) SELECT "id", {key} FROM {_quoted(record.plural)} WHERE {key} IS NOT NULL'
    )


def _to_single(old: RecordSpec, new: RecordSpec, one: Relation, other: Relation) -> str:
    link, owner = RelationView(one, old, None, cyclic=False), _quoted(new.plural)
    first = f'SELECT MIN({_quoted(link.link_right)}) FROM {_quoted(link.link_table)} WHERE {_quoted(link.link_left)} = {owner}."id"'
    return _sql(f"UPDATE {owner} SET {_quoted(relation_property(other))} = ({first})")


def value_steps(before: AppSpec, after: AppSpec) -> Iterator[str]:
    """Words that mean something else now: states, choices and roles that were renamed or have gone."""
    kinds = {recipe.kind for recipe in before.recipes} & {recipe.kind for recipe in after.recipes}
    for old, new in records_of(before, after).pairs:
        if old.name != new.name:
            yield from _spoken_of(old, new, kinds)
        if old.workflow and new.workflow:
            states = states_of(old, new)
            renamed = {one.name: other.name for one, other in states.pairs if one.name != other.name}
            yield from _reworded(new.plural, "state", renamed | {state.name: new.workflow.initial for state in states.removed})
        for one, other in fields_of(old, new).pairs:
            if one.type is other.type is FieldType.choice:
                yield from _reworded(new.plural, other.name, _choices(one, other))
    roles = roles_of(before, after)
    renamed_roles = {one.name: other.name for one, other in roles.pairs if one.name != other.name}
    yield from _reworded("accounts", "role", renamed_roles)
    yield from _without_role(after, [role.name for role in roles.removed])


def _spoken_of(old: RecordSpec, new: RecordSpec, kinds: Container[RecipeKind]) -> Iterator[str]:
    """Recipes that speak of all records keep their word, and the path of their page, with each entry."""
    if RecipeKind.audit_trail in kinds:
        yield from _reworded("record_changes", "kind", {old.name: new.name})
    if RecipeKind.notifications in kinds:
        path, new_path = f"{names.page_path(old.plural)}/", f"{names.page_path(new.plural)}/"
        for table in ("notifications", "outgoing_mail"):
            yield _sql(f"UPDATE {_quoted(table)} SET path = '{new_path}' || substr(path, {len(path) + 1}) WHERE path LIKE '{path}%'")


def _choices(one: FieldSpec, other: FieldSpec) -> dict[str, str | None]:
    """A choice that stands in the place of another is taken for it; one that has gone leaves nothing, or the first."""
    gone = [choice for choice in one.choices if choice not in other.choices]
    rest = other.choices[0] if other.required else None
    if len(one.choices) != len(other.choices):
        return dict.fromkeys(gone, rest)
    in_place = dict(zip(one.choices, other.choices, strict=True))
    return {choice: in_place[choice] if in_place[choice] not in one.choices else rest for choice in gone}


def _without_role(after: AppSpec, gone: list[str]) -> Iterator[str]:
    """Nobody keeps a right by accident: the account is closed, under a role that manages nothing."""
    last = next((role for role in reversed(after.roles) if not role.administers), after.roles[-1])
    for role in gone:
        values = f"role={python_literal(last.name)}, active=False"
        table = 'sa.table("accounts", sa.column("role", sa.String), sa.column("active", sa.Boolean))'
        yield f'op.execute({table}.update().where(sa.column("role") == {python_literal(role)}).values({values}))'


def _reworded(table: str, column: str, words: dict[str, str] | dict[str, str | None]) -> Iterator[str]:
    for old, new in words.items():
        yield _update(
            table, column, "sa.String", python_literal(new), where=f"sa.column({python_literal(column)}) == {python_literal(old)}"
        )


def _update(table: str, column: str, column_type: str, value: str, *, where: str) -> str:
    target = f"sa.table({python_literal(table)}, sa.column({python_literal(column)}, {column_type}))"
    return f"op.execute({target}.update().where({where}).values({{{python_literal(column)}: {value}}}))"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _sql(statement: str) -> str:
    return f"op.execute({python_literal(statement)})"
