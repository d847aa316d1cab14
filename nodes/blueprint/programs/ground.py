"""What the generated ground of an app on Node.js knows of its specification: people, pages, tables, sample rows. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nodes.artifacts import ACCOUNT, AppSpec, Contract, FieldType, Operation, RecordSpec
from nodes.blueprint.samples.rows import Row, rows_of
from nodes.blueprint.samples.values import Written
from nodes.contract import class_name, relation_property
from nodes.stack import STACKS, demo_email

Column = dict[str, str | None]
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True)
class About:
    """Values as JSON has them; their TypeScript types are in `core/about.ts`."""

    title: str
    summary: str
    roles: list[dict[str, str | bool]]
    people: list[dict[str, str]]
    pages: list[dict[str, str | list[str]]]
    tables: dict[str, dict[str, Column]]
    samples: list[Json]


def about(spec: AppSpec, contract: Contract) -> About:
    """The same for the same specification."""
    stack = STACKS[spec.stack]
    numbers = range(1, stack.demo_people + 1)
    return About(
        title=spec.title,
        summary=spec.summary,
        roles=[
            {"name": role.name, "label": role.label, "administers": role.administers, "mayRegister": role.may_register}
            for role in spec.roles
        ],
        people=[
            {"email": demo_email(role.name, number), "name": f"{role.label} {number}", "role": role.name}
            for role in spec.roles
            for number in numbers
        ],
        pages=[
            {"path": stack.record_page.replace("{plural}", record.plural), "label": record.plural_label, "roles": roles}
            for record in spec.records
            if (roles := _listing_roles(contract, record))
        ],
        tables={record.plural: dict(_columns(spec, contract, record)) for record in spec.records},
        samples=list(_samples(spec)),
    )


def _listing_roles(contract: Contract, record: RecordSpec) -> list[str]:
    lists = (entry for entry in contract.endpoints if entry.record == record.name and entry.operation is Operation.list)
    return [access.role for entry in lists for access in entry.access]


def _columns(spec: AppSpec, contract: Contract, record: RecordSpec) -> Iterator[tuple[str, Column]]:
    schema = next(entry for entry in contract.schemas if entry.name == class_name(record.name))
    tables = {other.name: other.plural for other in spec.records} | {ACCOUNT: "accounts"}
    for prop in schema.properties:
        target = tables.get(prop.references or "") if prop.json_type != "array" else None
        yield prop.name, {"kind": prop.json_type, "references": target}


def _samples(spec: AppSpec) -> Iterator[Json]:
    for name, rows in rows_of(spec).items():
        record = spec.record(name)
        for row in rows:
            yield {"table": record.plural, "author": row.created_by, "values": _values(record, row), "references": _references(record, row)}


def _values(record: RecordSpec, row: Row) -> dict[str, Json]:
    types = {field.name: field.type for field in record.fields}
    values = {name: _value(types[name], value) for name, value in row.values.items() if name in types}
    return values | ({"state": row.state} if row.state else {})


def _value(kind: FieldType, value: Written) -> Json:
    """Dates count from today: `minute` is that of the day, None where only the day matters."""
    match kind:
        case FieldType.date:
            return {"day": value.plain, "minute": None}
        case FieldType.datetime:
            day, minute = divmod(int(value.plain), 24 * 60)
            return {"day": day, "minute": minute}
        case FieldType.time:
            hour, minute = divmod(int(value.plain), 60)
            return f"{hour:02}:{minute:02}:00"
        case _:
            return value.plain


def _references(record: RecordSpec, row: Row) -> dict[str, Json]:
    relations = {relation.name: relation for relation in record.relations}
    return {relation_property(relations[name]): place for name, place in row.references.items()}
