"""Rows of sample data for every record of a specification: deterministic, plausible, and within every rule."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nodes.artifacts import (
    ACCOUNT,
    Action,
    AppSpec,
    FieldSpec,
    FieldType,
    RecordSpec,
    Relation,
    RelationKind,
    RuleKind,
    RulePeriod,
    RuleSpec,
    Scope,
)
from nodes.blueprint.samples import material
from nodes.blueprint.samples.recipe_values import quiz_rows, recipe_values
from nodes.blueprint.samples.values import Value, Written, day, moment, money, number, written
from nodes.completion import Movements, completed, given_fields, movements_kept_as

ROWS = 8
ROWS_OF_PARTS = 12
"""Records that belong to others get more rows, so that each whole has parts."""


@dataclass
class Row:
    """One row: what the file says, and the plain values the rules are checked with."""

    values: dict[str, Written] = field(default_factory=dict)
    references: dict[str, int | list[int] | str] = field(default_factory=dict)
    state: str | None = None
    created_by: str = ""


def rows_of(spec: AppSpec) -> dict[str, list[Row]]:
    """Record name → rows. References are indexes into the rows of their target, so all records are made together."""
    spec = completed(spec)
    made: dict[str, list[Row]] = {}
    for record in _in_order(spec):
        rows: list[Row] = []
        wanted = quiz_rows(spec, record) or (ROWS_OF_PARTS if any(relation.required for relation in record.relations) else ROWS)
        for index in range(wanted + 6):
            row = _row(spec, record, index, rows, made)
            if row is not None and len(rows) < wanted and _keeps_rules(spec, record, row, rows):
                rows.append(row)
        made[record.name] = rows
    return made


def _in_order(spec: AppSpec) -> Iterator[RecordSpec]:
    """Records after those they refer to; in a circle, in the order of the specification."""
    waiting = {record.name: record for record in spec.records}
    while waiting:
        ready = [
            record
            for record in waiting.values()
            if not any(relation.target in waiting and relation.target != record.name for relation in record.relations)
        ]
        record = (ready or _least_bound(waiting))[0]
        yield waiting.pop(record.name)


def _least_bound(waiting: dict[str, RecordSpec]) -> list[RecordSpec]:
    return [
        record
        for record in waiting.values()
        if not any(relation.required and relation.target in waiting and relation.target != record.name for relation in record.relations)
    ] or list(waiting.values())


def _row(spec: AppSpec, record: RecordSpec, index: int, rows: list[Row], made: dict[str, list[Row]]) -> Row | None:
    """The row number `index`, or None if a required reference has nothing to point to."""
    row = Row(created_by=_author(spec, record, index))
    if not _refer(spec, record, row, index, rows, made):
        administrator = next(role.name for role in spec.roles if role.administers)
        row = Row(created_by=administrator)
        if not _refer(spec, record, row, index, rows, made):
            return None
    person = (
        material.PEOPLE[_mixed(record.name, index, len(material.PEOPLE))] if index < len(material.PEOPLE) else material.PEOPLE[index % 16]
    )
    for entry in given_fields(record):
        row.values[entry.name] = _value(record, entry, index, person)
    _order_fields(spec, record, row, index)
    row.values |= recipe_values(spec, record, index) | _movement(spec, record, row, rows, index)
    if record.workflow is not None:
        states = [state.name for state in record.workflow.states]
        row.state = states[index % len(states)]
    return row


def _movement(spec: AppSpec, record: RecordSpec, row: Row, rows: list[Row], index: int) -> dict[str, Written]:
    """Goods come first, and then go in small amounts, so that no item is ever short."""
    kept = movements_kept_as(spec, record)
    if kept is None:
        return {}
    mine = [other for other in rows if other.references.get(kept.link.name) == row.references.get(kept.link.name)]
    left = sum(_plain(other.values[kept.amount]) * (-1 if _takes(kept, other) else 1) for other in mine)
    amount, taken = (3 + index % 3, True) if left > 10 else (12 + index * 7 % 20, False)
    if kept.direction:
        return {kept.amount: written(amount), kept.direction.name: written(kept.outgoing[0] if taken else str(kept.incoming))}
    return {kept.amount: written(-amount if taken else amount)}


def _takes(kept: Movements, row: Row) -> bool:
    return kept.direction is not None and row.values[kept.direction.name].plain in kept.outgoing


def _mixed(name: str, index: int, count: int) -> int:
    """A start that differs between records and then runs through the table without repeating."""
    return (sum(map(ord, name)) + index) % count


def _author(spec: AppSpec, record: RecordSpec, index: int) -> str:
    """Whoever may create such records, in turn; the administrator if nobody else may."""
    administrator = next(role.name for role in spec.roles if role.administers)
    creators = [entry.role for entry in spec.permissions if entry.record == record.name and entry.action is Action.create]
    others = [role for role in creators if role != administrator] or [administrator]
    return others[index % len(others)]


def _refer(spec: AppSpec, record: RecordSpec, row: Row, index: int, rows: list[Row], made: dict[str, list[Row]]) -> bool:
    """Fill the references; False if a required one cannot be filled by this author."""
    for relation in record.relations:
        if relation.target == ACCOUNT:
            row.references[relation.name] = _role_for(spec, relation)
            continue
        targets = rows if relation.target == record.name else made.get(relation.target, [])
        visible = [place for place, target in enumerate(targets) if _sees(spec, row.created_by, relation.target, target)]
        if relation.target == record.name and index < 2:
            visible = []
        if not visible:
            if relation.required:
                return False
            continue
        chosen = visible[index % len(visible)]
        if relation.kind is RelationKind.many_to_many:
            row.references[relation.name] = sorted({chosen, visible[(index + 3) % len(visible)]})
        else:
            row.references[relation.name] = chosen
    _agree(record, row, made, spec)
    return True


def _role_for(spec: AppSpec, relation: Relation) -> str:
    """The role a relation to an account is named after, else somebody who is not the administrator."""
    words = relation.name.split("_")
    named = [role.name for role in spec.roles if role.name == relation.name or role.name in words]
    others = [role.name for role in spec.roles if not role.administers]
    return (named or others or [spec.roles[0].name])[0]


def _sees(spec: AppSpec, role: str, record: str, row: Row) -> bool:
    """Whether a person of the role may refer to the row: of what they see only their own, to their own."""
    for entry in spec.permissions:
        if entry.role == role and entry.record == record and entry.action is Action.read:
            return entry.scope is Scope.all or row.created_by == role
    return True


def _agree(record: RecordSpec, row: Row, made: dict[str, list[Row]], spec: AppSpec) -> None:
    """A vote for an option is a vote in that option's poll: references that meet must meet in the same row."""
    by_target = {relation.target: relation.name for relation in record.relations if relation.kind is RelationKind.many_to_one}
    for relation in record.relations:
        place = row.references.get(relation.name)
        if relation.target in (ACCOUNT, record.name) or not isinstance(place, int):
            continue
        for inner in spec.record(relation.target).relations:
            meeting = by_target.get(inner.target)
            shared = made[relation.target][place].references.get(inner.name)
            if meeting and meeting != relation.name and inner.target != ACCOUNT and isinstance(shared, int):
                row.references[meeting] = shared


def _value(record: RecordSpec, entry: FieldSpec, index: int, person: str) -> Written:
    words = entry.name.split("_")
    match entry.type:
        case FieldType.integer:
            return written(int(_within(entry, _integer(words, index))))
        case FieldType.decimal:
            return number(_within(entry, 1.5 + (index * 7) % 12 * 0.5))
        case FieldType.money:
            return money(_within(entry, _price(record, words, index)))
        case FieldType.date:
            return _date(words, index)
        case FieldType.time:
            return written_time(index)
        case FieldType.datetime:
            return moment(3 * index - 6, 9 + index % 8, 0)
        case FieldType.boolean:
            return written(index % 4 != 3)
        case _:
            return written(_words(record, entry, index, person))


def _words(record: RecordSpec, entry: FieldSpec, index: int, person: str) -> str:
    """The value of a field that holds words, an address or a choice."""
    words = entry.name.split("_")
    match entry.type:
        case FieldType.long_text:
            return _sentence([*words, *record.name.split("_")], index)
        case FieldType.email:
            return _email(person, index if index >= len(material.PEOPLE) else None)
        case FieldType.phone:
            return f"+44 20 7946 0{_mixed(record.name, index * 37, 900) + 100:03d}"
        case FieldType.url:
            return f"https://example.com/{record.plural.replace('_', '-')}/{index + 1}"
        case FieldType.choice:
            return entry.choices[index % len(entry.choices)]
        case _:
            return _unique(entry, _text(record, entry, words, index, person), index)


def written_time(index: int) -> Written:
    """A time of day between nine and five."""
    return Written(f"time({9 + index % 8}, 0)", (9 + index % 8) * 60)


def _text(record: RecordSpec, entry: FieldSpec, words: list[str], index: int, person: str) -> str:
    noun = record.name.replace("_", " ")
    is_title = entry.name == record.title_field or (words[-1] in {"name", "title", "label"} and len(words) == 1)
    if "person" in words or words[0] in {"contact", "first", "last", "full", "owner"}:
        return (
            person.split(" ", maxsplit=1)[0]
            if words[0] == "first"
            else person.rsplit(" ", maxsplit=1)[-1]
            if words[0] == "last"
            else person
        )
    if is_title and words == ["subject"] and _names(noun):
        return _name(noun, index, person)
    for keys, values in material.FIELD_TEXTS.items():
        if set(keys.split()) & set(words) and not (is_title and words[-1] == "title"):
            return values[index % len(values)]
    if words[-1] in {"number", "code", "sku", "reference", "serial", "barcode", "vin", "id"}:
        return f"{''.join(part[0] for part in record.name.split('_')).upper()}{words[0][0].upper()}-{1040 + index * 7}"
    if is_title or words[-1] == "name":
        return _name(noun, index, person)
    return f"{material.PLACES[index % len(material.PLACES)]} {entry.label.lower()}"


def _names(noun: str) -> tuple[str, ...]:
    """What such things are called; nothing for a kind that is not in the table."""
    return next((names for keys, names in material.NAMES.items() if set(noun.split(" ")) & set(keys.split())), ())


def _name(noun: str, index: int, person: str) -> str:
    if names := _names(noun):
        return names[index % len(names)] if index < len(names) else f"{names[index % len(names)]} {index // len(names) + 1}"
    if _is_person(noun):
        return person
    if noun.rsplit(" ", maxsplit=1)[-1] in {
        "company",
        "supplier",
        "vendor",
        "employer",
        "sponsor",
        "organization",
        "organisation",
        "client",
        "agency",
    }:
        return material.COMPANIES[index % len(material.COMPANIES)]
    return f"{material.PLACES[index % len(material.PLACES)]} {noun}"


PERSONS = frozenset(
    """customer member patient guest tenant owner donor volunteer contact lead borrower resident landlord student pupil employee teacher
    trainer instructor doctor vet agent driver technician coach nurse barber stylist therapist person user author reader visitor parent
    child candidate applicant attendee participant player staff manager worker lawyer witness suspect artist speaker beneficiary""".split()
)


def _is_person(noun: str) -> bool:
    return noun.rsplit(" ", maxsplit=1)[-1] in PERSONS


def _unique(entry: FieldSpec, text: str, index: int) -> str:
    """Tables repeat after their end; a unique field must not."""
    return f"{text} {index + 1}" if entry.unique and index >= 8 and not any(character.isdigit() for character in text) else text


def _sentence(words: list[str], index: int) -> str:
    for keys, sentences in material.FIELD_SENTENCES.items():
        if set(keys.split()) & set(words):
            return sentences[index % len(sentences)]
    return material.SENTENCES[index % len(material.SENTENCES)]


def _email(person: str, number: int | None) -> str:
    return f"{person.lower().replace(' ', '.')}{number or ''}@example.com"


def _integer(words: list[str], index: int) -> int:
    for keys, first, step in (
        ("age", 24, 5), ("year", 2012, 1), ("calories calorie", 240, 65), ("mileage", 8200, 6350), ("seats seat", 2, 1),
        ("duration minutes time", 20, 5),
        ("capacity", 8, 3), ("goal", 500, 250), ("stock inventory", 14, 9), ("points score", 5, 5), ("rating", 3, 1),
        ("rooms bedrooms", 2, 1),
    ):  # fmt: skip
        if set(keys.split()) & set(words):
            span = 3 if keys == "rating" else 9
            return first + (index * 4 % span) * step
    return 1 + (index * 5) % 9


def _price(record: RecordSpec, words: list[str], index: int) -> float:
    base = 12.5
    for keys, amount in (
        ("rent", 740.0),
        ("salary", 2850.0),
        ("daily", 39.0),
        ("budget goal", 2400.0),
        ("premium", 28.0),
        ("total balance", 186.0),
        ("night", 85.0),
    ):
        if set(keys.split()) & set(words):
            base = amount
    for nouns, amount in (
        ({"claim", "expense", "invoice", "bill"}, 48.2),
        ({"deal", "opportunity", "project", "contract", "campaign", "grant"}, 4200.0),
    ):
        if nouns & set(record.name.split("_")):
            base = amount
    return round(base * (1 + (index * 3 % 8) * 0.35), 2)


def _within(entry: FieldSpec, value: float) -> float:
    low = entry.minimum if entry.minimum is not None else value
    high = entry.maximum if entry.maximum is not None else value
    return min(max(value, low), high)


def _date(words: list[str], index: int) -> Written:
    if set(words) & {"birth", "birthday", "birthdate", "dob"}:
        return Written(f"date({1962 + index * 5 % 40}, {1 + index * 7 % 12}, {3 + index * 11 % 25})", index)
    if set(words) & {"hire", "hired", "joined", "since"}:
        return day(-900 + index * 83)
    if set(words) & {"due", "deadline", "end", "expiry", "expiration", "closes"}:
        return day(5 + index * 4)
    return day(-21 + index * 4)


def _order_fields(spec: AppSpec, record: RecordSpec, row: Row, index: int) -> None:
    """Make every stated order hold: the second value follows the first by a plausible distance."""
    for rule in spec.rules:
        if rule.record != record.name or rule.kind not in {RuleKind.ordered, RuleKind.no_overlap} or len(rule.fields) != 2:
            continue
        first, second = rule.fields
        kind = next((entry.type for entry in record.fields if entry.name == first), None)
        match kind:
            case FieldType.date:
                row.values[first], row.values[second] = day(index * 5 - 15), day(index * 5 - 13)
            case FieldType.datetime:
                long = record.name in {"booking", "rental", "reservation"} and any(
                    entry.name.startswith("start_date") for entry in record.fields
                )
                start = 3 * index - 6
                row.values[first] = moment(start, 9 + index % 8, 0)
                row.values[second] = moment(start + 2, 9 + index % 8, 0) if long else moment(start, 10 + index % 8, 0)
            case FieldType.time:
                row.values[first], row.values[second] = (
                    written_time(index),
                    Written(f"time({10 + index % 8}, 30)", (10 + index % 8) * 60 + 30),
                )
            case FieldType.integer | FieldType.decimal | FieldType.money:
                row.values[second] = written(int(_plain(row.values[first])) + 5)
            case _:
                pass


def _plain(value: Written) -> float:
    return float(value.plain) if isinstance(value.plain, int | float) else 0.0


def _keeps_rules(spec: AppSpec, record: RecordSpec, row: Row, rows: list[Row]) -> bool:
    """Whether a row may stand beside the ones before it."""
    for entry in given_fields(record):
        if entry.unique and any(other.values[entry.name].plain == row.values[entry.name].plain for other in rows):
            return False
    for rule in spec.rules:
        if rule.record != record.name:
            continue
        if rule.kind is RuleKind.unique_together and any(_key(other, rule.fields) == _key(row, rule.fields) for other in rows):
            return False
        if rule.kind is RuleKind.limit and not _within_limit(record, rule, row, rows):
            return False
        if rule.kind is RuleKind.positive and _plain(row.values[rule.fields[0]]) <= 0:
            return False
    return True


def _within_limit(record: RecordSpec, rule: RuleSpec, row: Row, rows: list[Row]) -> bool:
    """Whether a limit allows one more. What counts per person leaves room for the first record they add themselves."""
    initial = record.workflow.initial if record.workflow else ""
    if rule.maximum is None or (rule.states and not {row.state, initial} & set(rule.states)):
        return True
    counted = [other for other in rows if not rule.states or other.state in rule.states]
    near = [other for other in counted if rule.per is None or _key(other, (rule.per,)) == _key(row, (rule.per,))]
    if rule.fields:
        return sum(_is_near(record, rule, row, other) for other in near) < rule.maximum
    personal = rule.per in {None, "created_by", *(relation.name for relation in record.relations if relation.target == ACCOUNT)}
    return len(near) < rule.maximum - personal


def _is_near(record: RecordSpec, rule: RuleSpec, row: Row, other: Row) -> bool:
    """Whether two rows may fall into the same period, whatever day the samples are loaded."""
    name = rule.fields[0]
    kind = next(entry.type for entry in record.fields if entry.name == name)
    unit = 1440 if kind is FieldType.datetime else 1
    days = {RulePeriod.day: 1, RulePeriod.week: 7, RulePeriod.month: 31, None: 1}[rule.period]
    return abs(_plain(row.values[name]) // unit - _plain(other.values[name]) // unit) < days


def _key(row: Row, names: tuple[str, ...]) -> tuple[Value | str | list[int], ...]:
    found: list[Value | str | list[int]] = []
    for name in names:
        if name == "created_by":
            found.append(row.created_by)
        elif name == "state":
            found.append(row.state or "")
        elif name in row.references:
            found.append(row.references[name])
        elif name in row.values:
            found.append(row.values[name].plain)
    return tuple(found)
