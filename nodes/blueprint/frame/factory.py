"""Valid values for the tests of a generated app: one Python expression per member, different for every `number`."""

from nodes.artifacts import ACCOUNT, FieldType, RuleKind
from nodes.blueprint.frame import names
from nodes.blueprint.frame.checks import RuleView
from nodes.blueprint.frame.members import FieldView, RelationView
from nodes.blueprint.frame.record_view import RecordView
from nodes.blueprint.frame.text import python_literal


def expression(record: RecordView, member: FieldView | RelationView) -> str:
    """The JSON value of a member, as an expression over `number`, `by` and `given`."""
    if isinstance(member, RelationView):
        return _reference(member)
    match member.type:
        case FieldType.integer | FieldType.decimal | FieldType.money:
            return _number(record, member)
        case FieldType.boolean:
            return "True"
        case FieldType.date | FieldType.datetime | FieldType.time:
            return f"{member.type.value}_of(number, {_offset(record, member)})"
        case FieldType.choice:
            return (
                f"{python_literal(member.choices)}[number % {len(member.choices)}]"
                if member.spec.unique
                else python_literal(member.choices[0])
            )
        case FieldType.email:
            return 'f"person{number}@example.com"'
        case FieldType.phone:
            return 'f"+49 30 {900000 + number}"'
        case FieldType.url:
            return 'f"https://example.com/{number}"'
        case FieldType.text | FieldType.long_text:
            return f'f"{names.in_fstring(member.label[:80])} {{number}}"'


def _reference(relation: RelationView) -> str:
    if relation.spec.target == ACCOUNT:
        return "by.id"
    return f"given.get({python_literal(relation.key)}) or self.{relation.spec.target}(by).id"


def _offset(record: RecordView, field: FieldView) -> int:
    """How many steps a field lies behind those an `ordered` rule puts before it."""
    offset = {entry.attr: 0 for entry in record.fields}
    for _ in record.rules:
        for rule in record.rules:
            if rule.kind in (RuleKind.ordered, RuleKind.no_overlap):
                first, last = rule.columns[:2]
                offset[last.attr] = max(offset[last.attr], offset[first.attr] + 1)
                if offset[last.attr] > len(record.fields):
                    break
    return offset[field.attr]


def _number(record: RecordView, field: FieldView) -> str:
    """Within the bounds, above zero where it can be, and later fields of an `ordered` rule larger."""
    low = max(field.spec.minimum if field.spec.minimum is not None else 1, 1) + _offset(record, field)
    high = field.spec.maximum
    if high is not None and high < low:
        return str(int(high)) if high == int(high) else str(high)
    start = str(int(low)) if low == int(low) or field.type is FieldType.integer else str(low)
    if high is None:
        return f"{start} + number"
    span = int(high - low) + 1
    return f"{start} + number % {span}" if span > 1 else start


def required_members(record: RecordView) -> tuple[FieldView | RelationView, ...]:
    """What a test has to give."""
    return tuple(member for member in record.members if member.required)


def needle(record: RecordView) -> FieldView | None:
    """A free text by which a test can find a record again."""
    texts = (field for field in record.fields if field.type in (FieldType.text, FieldType.long_text))
    return next(texts, None)


def breaking(record: RecordView, rule: RuleView, state: str | None = None) -> tuple[str, ...]:
    """Lines of a test that end in `broken`: a body against the rule, given that `first` is stored (in `state`, if given)."""
    make = f"make.{record.name}"
    kept = f"{make}(author, {python_literal(state)}, **values)" if state else f"{make}(author, **values)"
    match rule.kind:
        case RuleKind.positive:
            return (f"broken = {make}_values(author) | {{{python_literal(rule.columns[0].name)}: 0}}",)
        case RuleKind.ordered:
            first, last = (python_literal(column.name) for column in rule.columns[:2])
            return (f"values = {make}_values(author) | {_given(record, rule)}", f"broken = values | {{{last}: values[{first}]}}")
        case RuleKind.unique_together | RuleKind.no_overlap:
            same = [column.name for column in (*rule.columns, *((rule.per,) if rule.per else ())) if column.name != "created_by_id"]
            copied = ", ".join(f"{python_literal(name)}: values[{python_literal(name)}]" for name in same)
            return (f"values = {make}_values(author) | {_given(record, rule)}", kept, f"broken = {make}_values(author) | {{{copied}}}")
        case RuleKind.same_parent | RuleKind.limit | RuleKind.custom:
            raise AssertionError("left to engineers, see checks")


def _given(record: RecordView, rule: RuleView) -> str:
    """Values for the optional columns of a rule, as a dictionary display."""
    concerned = {column.name for column in (*rule.columns, *((rule.per,) if rule.per else ()))}
    optional = [member for member in record.members if record.input_name(member) in concerned and not member.required]
    shown = (f"{python_literal(record.input_name(member))}: {_fixed(record, member)}" for member in optional)
    return "{" + ", ".join(shown) + "}"


def _fixed(record: RecordView, member: FieldView | RelationView) -> str:
    """The value for the number 7, outside the factory."""
    if isinstance(member, RelationView):
        return "author.id" if member.to_account else f"make.{member.spec.target}(author).id"
    value = expression(record, member).replace("{number}", "7").replace("number", "7")
    return f"tests_make.{value}" if value.startswith(("date_of", "datetime_of", "time_of")) else value


def counts(record: RecordView) -> bool:
    """Whether any value depends on the running number."""
    return any("number" in expression(record, member) for member in required_members(record) if isinstance(member, FieldView))
