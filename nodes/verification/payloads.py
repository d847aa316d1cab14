"""Build request bodies from a specification: valid ones, each unlike the last, and ones that break exactly one rule."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nodes.artifacts import AppSpec, FieldSpec, FieldType, RecordSpec, RelationKind, RuleKind, RuleSpec
from nodes.completion import given_fields, movements_kept_as
from nodes.contract import relation_property
from nodes.verification.exchange import Json

Body = dict[str, Json]

NOBODY = 999_999_999
"""An id no record has."""

TYPES_WITH_A_FORM = {
    FieldType.integer: "not a number",
    FieldType.decimal: "not a number",
    FieldType.money: "not a number",
    FieldType.date: "not a date",
    FieldType.time: "not a time",
    FieldType.datetime: "not a time",
    FieldType.email: "not an address",
    FieldType.choice: "no such choice",
}
"""Types whose values have a form, with a text that does not have it."""

NUMBERS = {FieldType.integer, FieldType.decimal, FieldType.money}


@dataclass(frozen=True)
class BrokenBody:
    """A body the app has to refuse with 422, and why."""

    reason: str
    body: Body


def valid_body(spec: AppSpec, record: RecordSpec, number: int, references: Mapping[str, Json]) -> Body:
    """A body for creating `record`, the `number`-th: unique values and ranges differ from those of other numbers.

    `references` holds the ids of related records by relation name; a relation without one is left out.
    """
    body: Body = {field.name: _value(field, number) for field in given_fields(record)} | _dates_in_limits(spec, record, number)
    body |= _movement(spec, record, number)
    for relation in record.relations:
        if relation.name in references:
            body[relation_property(relation)] = references[relation.name]
    fields = {field.name: field for field in given_fields(record)}
    for rule in _rules(spec, record):
        if rule.kind in (RuleKind.ordered, RuleKind.no_overlap) and len(rule.fields) == 2 and set(rule.fields) <= set(fields):
            start, end = rule.fields
            body[end] = _later(fields[start], body[start])
    return body


def _dates_in_limits(spec: AppSpec, record: RecordSpec, number: int) -> Body:
    """What is counted by day, week or month comes later than the demo data, and each record in a month of its own."""
    counted = {name for rule in _rules(spec, record) if rule.kind is RuleKind.limit for name in rule.fields}
    return {
        field.name: _moment_for(field.type, (20 + number * 6) * (1 if field.type is FieldType.date else 7))
        for field in given_fields(record)
        if field.name in counted
    }


def _movement(spec: AppSpec, record: RecordSpec, number: int) -> Body:
    """A movement of a stock brings something: nothing is there to be taken."""
    kept = movements_kept_as(spec, record)
    if kept is None:
        return {}
    direction: Body = {kept.direction.name: kept.incoming} if kept.direction else {}
    return {kept.amount: 1 + number % 9, **direction}


def broken_bodies(spec: AppSpec, record: RecordSpec, valid: Body) -> Iterator[BrokenBody]:
    """Bodies that are wrong by themselves, whatever the app holds; each differs from `valid` in one thing."""
    for field in given_fields(record):
        yield from _broken_field(field, valid)
    for relation in record.relations:
        name = relation_property(relation)
        nobody: Json = [NOBODY] if relation.kind is RelationKind.many_to_many else NOBODY
        yield BrokenBody(f"{name} refers to nothing", {**valid, name: nobody})
        if relation.required and relation.kind is RelationKind.many_to_one:
            yield BrokenBody(f"{name} is missing", _without(valid, name))
    for rule in _rules(spec, record):
        if rule.kind is RuleKind.positive:
            yield BrokenBody(rule.message, {**valid, rule.fields[0]: 0})
        elif rule.kind is RuleKind.ordered and set(rule.fields) <= set(valid):
            start, end = rule.fields
            yield BrokenBody(rule.message, {**valid, start: valid[end], end: valid[start]})


def _broken_field(field: FieldSpec, valid: Body) -> Iterator[BrokenBody]:
    if field.required:
        yield BrokenBody(f"{field.name} is missing", _without(valid, field.name))
    if field.type in TYPES_WITH_A_FORM:
        wrong = TYPES_WITH_A_FORM[field.type]
        yield BrokenBody(f"{field.name} is {wrong}", {**valid, field.name: wrong})
    if field.type in NUMBERS and field.minimum is not None:
        yield BrokenBody(f"{field.name} is below {field.minimum:g}", {**valid, field.name: field.minimum - 1})
    if field.type in NUMBERS and field.maximum is not None:
        yield BrokenBody(f"{field.name} is above {field.maximum:g}", {**valid, field.name: field.maximum + 1})


def broken_changes(spec: AppSpec, record: RecordSpec, valid: Body) -> Iterator[BrokenBody]:
    """The same for an update of a record made from `valid`: only what differs is sent."""
    for broken in broken_bodies(spec, record, valid):
        change = {name: value for name, value in broken.body.items() if name not in valid or value != valid[name]}
        if change:
            yield BrokenBody(broken.reason, change)


def clashing_bodies(spec: AppSpec, record: RecordSpec, existing: Body, fresh: Body) -> Iterator[BrokenBody]:
    """Bodies that are wrong because a record made from `existing` is there: `fresh` with one clash each."""
    for field in given_fields(record):
        if field.unique:
            yield BrokenBody(f"{field.name} is taken", {**fresh, field.name: existing[field.name]})
    for rule in _rules(spec, record):
        if rule.kind in (RuleKind.unique_together, RuleKind.no_overlap):
            names = [_property(record, name) for name in (*rule.fields, *((rule.per,) if rule.per else ()))]
            clash = {name: existing[name] for name in names if name in existing}
            clash |= {name: existing[name] for name in _agreeing(spec, record, set(names)) if name in existing}
            if all(name in existing or name == "created_by" for name in names):
                yield BrokenBody(rule.message, {**fresh, **clash})
        elif rule.kind is RuleKind.same_parent:
            part, whole = (_property(record, name) for name in rule.fields)
            if part in existing and whole in existing and existing[whole] != fresh.get(whole, existing[whole]):
                yield BrokenBody(rule.message, {**fresh, part: existing[part]})


def _agreeing(spec: AppSpec, record: RecordSpec, names: set[str]) -> set[str]:
    """The properties that have to change together with `names`, so that parts still belong to their wholes."""
    pairs = [{_property(record, name) for name in rule.fields} for rule in _rules(spec, record) if rule.kind is RuleKind.same_parent]
    known: set[str] = set()
    while known != names:
        known = names
        names = names.union(*(pair for pair in pairs if pair & names))
    return names


def relations_in_rules(spec: AppSpec, record: RecordSpec) -> set[str]:
    """Relations that must differ between two valid bodies, because a rule compares records by them, or may: one of kind `custom`."""
    named = {name for rule in _rules(spec, record) for name in (*rule.fields, rule.per)}
    return {relation.name for relation in record.relations if relation.name in named}


def changed_body(spec: AppSpec, record: RecordSpec, fresh: Body) -> Body:
    """The part of `fresh` to send as an update: one field no rule compares, or all fields if there is none."""
    compared = {name for rule in _rules(spec, record) for name in rule.fields}
    for field in given_fields(record):
        if field.name not in compared and field.type is not FieldType.boolean:
            return {field.name: fresh[field.name]}
    return {field.name: fresh[field.name] for field in given_fields(record)}


def same_value(sent: Json, received: Json) -> bool:
    """Whether the app gave back what it was given; `10.50` is 10.5, and a time may come back with seconds or a zone."""
    if isinstance(sent, list) and isinstance(received, list):
        return sorted(map(str, sent)) == sorted(map(str, received))
    if isinstance(sent, bool) or isinstance(received, bool) or sent is None or received is None:
        return sent is received
    if isinstance(sent, int | float):
        return isinstance(received, int | float) and abs(sent - received) < 0.005
    return str(sent) == str(received) or (_moment(str(sent)) is not None and _moment(str(sent)) == _moment(str(received)))


def _moment(text: str) -> dt.datetime | dt.time | None:
    for parse in (dt.datetime.fromisoformat, dt.time.fromisoformat):
        try:
            return parse(text).replace(tzinfo=None)
        except ValueError:
            continue
    return None


def _rules(spec: AppSpec, record: RecordSpec) -> list[RuleSpec]:
    return [rule for rule in spec.rules if rule.record == record.name]


def _property(record: RecordSpec, name: str) -> str:
    """The property that holds the field or relation `name`."""
    relation = next((relation for relation in record.relations if relation.name == name), None)
    return relation_property(relation) if relation else name


def _without(body: Body, name: str) -> Body:
    return {key: value for key, value in body.items() if key != name}


def _value(field: FieldSpec, number: int) -> Json:
    match field.type:
        case FieldType.text | FieldType.long_text:
            return f"{field.label[:30]} {number}"
        case FieldType.integer | FieldType.decimal | FieldType.money:
            return _within(field, number)
        case FieldType.boolean:
            return number % 2 == 0
        case FieldType.date | FieldType.time | FieldType.datetime:
            return _moment_for(field.type, number)
        case FieldType.email:
            return f"probe{number}@example.com"
        case FieldType.phone:
            return f"+49 30 {5_550_000 + number}"
        case FieldType.url:
            return f"https://example.com/{number}"
        case FieldType.choice:
            return field.choices[number % len(field.choices)]


def _moment_for(kind: FieldType, number: int) -> str:
    """Far enough apart that the short ranges `_later` makes do not overlap."""
    if kind is FieldType.date:
        return _day(number * 7).isoformat()
    clock = f"{6 + number * 2 % 14:02}:{number // 7 % 3 * 20:02}:00"
    return clock if kind is FieldType.time else f"{_day(number).isoformat()}T10:00:00"


def _within(field: FieldSpec, number: int) -> float:
    low = field.minimum if field.minimum is not None else 1.0
    high = field.maximum if field.maximum is not None else low + 10_000
    step = number % (int(high - low) + 1) if high >= low else 0
    # Demo data counts up from below, so what has to be unique counts down from above.
    value = high - step if field.unique and step else low + step
    return int(value) if field.type is FieldType.integer else value


def _day(offset: int) -> dt.date:
    """Tomorrow at the earliest: bookings are rarely allowed in the past."""
    today = dt.datetime.now(tz=dt.UTC).date()  # noqa: TID251 - what the app under test takes for today
    return today + dt.timedelta(days=1 + offset)


def _later(field: FieldSpec, value: Json) -> Json:
    """A value of the same type that comes soon after `value`."""
    match field.type:
        case FieldType.date:
            return (dt.date.fromisoformat(str(value)) + dt.timedelta(days=1)).isoformat()
        case FieldType.datetime:
            return (dt.datetime.fromisoformat(str(value)) + dt.timedelta(hours=1)).isoformat()
        case FieldType.time:
            return (dt.datetime.combine(_day(0), dt.time.fromisoformat(str(value))) + dt.timedelta(minutes=15)).time().isoformat()
        case FieldType.integer | FieldType.decimal | FieldType.money if isinstance(value, int | float):
            return value + 1
        case _:
            return value
