"""How a member of a record is entered in a form and read on a page: the macro calls and filters of the generated pages."""

from nodes.artifacts import FieldType
from nodes.blueprint.frame.members import LINE_LENGTH, FieldView, RelationView
from nodes.blueprint.frame.text import python_literal

INPUT_TYPES: dict[FieldType, str] = {
    FieldType.integer: "number",
    FieldType.decimal: "number",
    FieldType.money: "number",
    FieldType.date: "date",
    FieldType.time: "time",
    FieldType.datetime: "datetime-local",
    FieldType.email: "email",
    FieldType.phone: "tel",
    FieldType.url: "url",
}

HINTS: dict[FieldType, str] = {
    FieldType.phone: "For example +49 30 901820.",
    FieldType.url: "Starts with https:// or http://.",
}

STEPS: dict[FieldType, str] = {FieldType.money: "0.01", FieldType.decimal: "any", FieldType.integer: "1"}


def input_call(member: FieldView | RelationView) -> str:
    """The macro call that draws the input, without its prefix: `line(form, "name", "Name", required=true)`."""
    if isinstance(member, RelationView):
        name = python_literal(member.key)
        kind = "several" if member.many else "choice"
        return _call(kind, [name, python_literal(member.label), f"options[{name}]"], {"required": _flag(member)})
    name, label = python_literal(member.name), python_literal(member.label)
    match member.type:
        case FieldType.boolean:
            return _call("flag", [name, label], {})
        case FieldType.choice:
            return _call("choice", [name, label, f"options[{name}]"], {"required": _flag(member)})
        case FieldType.long_text:
            return _call("prose", [name, label], {"required": _flag(member)})
        case _:
            return _call("line", [name, label], _line_arguments(member))


def _line_arguments(field: FieldView) -> dict[str, str | None]:
    kind = INPUT_TYPES.get(field.type)
    bounds = _bounds(field)
    hint = HINTS.get(field.type) or bounds
    return {
        "type": python_literal(kind) if kind else None,
        "required": _flag(field),
        "hint": python_literal(hint) if hint else None,
        "step": python_literal(STEPS[field.type]) if field.is_number else None,
        "min": field.minimum if field.is_number else None,
        "max": field.maximum if field.is_number else None,
        "maxlength": str(LINE_LENGTH) if field.type is FieldType.text else None,
    }


def _bounds(field: FieldView) -> str | None:
    if not field.is_number:
        return None
    if field.minimum is not None and field.maximum is not None:
        return f"From {field.minimum} to {field.maximum}."
    if field.minimum is not None and field.minimum != "0":
        return f"{field.minimum} or more."
    return f"{field.maximum} or less." if field.maximum is not None else None


def reading(member: FieldView | RelationView) -> str:
    """`money` keeps two decimals, `choice` begins with a capital; everything else reads by the type of its value."""
    kind = member.type if isinstance(member, FieldView) else None
    return kind.value if kind in (FieldType.money, FieldType.choice) else "shown"


def _flag(member: FieldView | RelationView) -> str | None:
    return "true" if member.required else None


def _call(macro: str, positional: list[str], named: dict[str, str | None]) -> str:
    given = [f"{name}={value}" for name, value in named.items() if value is not None]
    return f"{macro}({', '.join(['form', *positional, *given])})"
