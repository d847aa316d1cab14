"""The members of a record, fields and relations, as column, JSON property and form input."""

from dataclasses import dataclass

from nodes.artifacts import ACCOUNT, FieldSpec, FieldType, RecordSpec, Relation, RelationKind
from nodes.blueprint.frame import names
from nodes.blueprint.frame.called import Called
from nodes.blueprint.frame.text import lower_first, one_line
from nodes.contract import class_name, relation_property

LINE_LENGTH = 200

COLUMN_TYPES: dict[FieldType, str] = {
    FieldType.text: f"sa.String({LINE_LENGTH})",
    FieldType.long_text: "sa.Text",
    FieldType.integer: "sa.Integer",
    FieldType.decimal: "database.Fixed(4)",
    FieldType.money: "database.Fixed(2)",
    FieldType.boolean: "sa.Boolean",
    FieldType.date: "sa.Date",
    FieldType.time: "sa.Time",
    FieldType.datetime: "database.Moment",
    FieldType.email: "sa.String(254)",
    FieldType.phone: "sa.String(40)",
    FieldType.url: "sa.String(2000)",
    FieldType.choice: f"sa.String({LINE_LENGTH})",
}

PYTHON_TYPES: dict[FieldType, str] = {
    FieldType.integer: "int",
    FieldType.decimal: "Decimal",
    FieldType.money: "Decimal",
    FieldType.boolean: "bool",
    FieldType.date: "dt.date",
    FieldType.time: "dt.time",
    FieldType.datetime: "dt.datetime",
}

VALUE_TYPES: dict[FieldType, str] = {
    FieldType.text: "values.Line",
    FieldType.long_text: "values.Prose",
    FieldType.integer: "values.Whole",
    FieldType.decimal: "values.Number",
    FieldType.money: "values.Money",
    FieldType.boolean: "bool",
    FieldType.date: "dt.date",
    FieldType.time: "values.TimeOfDay",
    FieldType.datetime: "values.Moment",
    FieldType.email: "values.Email",
    FieldType.phone: "values.Phone",
    FieldType.url: "values.WebAddress",
}

SEARCHED = frozenset({FieldType.text, FieldType.long_text, FieldType.email, FieldType.phone, FieldType.url, FieldType.choice})


@dataclass(frozen=True)
class FieldView(Called):
    """One value of a record in all three worlds: column, JSON property, form input."""

    spec: FieldSpec
    record: RecordSpec

    @property
    def attr(self) -> str:
        return names.attribute(self.spec.name)

    @property
    def required(self) -> bool:
        """A boolean always has a value; leaving a checkbox empty means no."""
        return self.spec.required

    @property
    def by_app(self) -> bool:
        """Whether nobody enters it."""
        return self.spec.by_app

    @property
    def default(self) -> str | None:
        """What a column that nobody enters and that is never empty begins with: a number at zero, a text with a code of its own."""
        if not self.by_app or not self.required:
            return None
        return {"int": "0", "Decimal": "Decimal(0)"}.get(self.python_type, "new_code")

    @property
    def type(self) -> FieldType:
        return self.spec.type

    @property
    def choice_type(self) -> str:
        return f"{class_name(self.record.name)}{class_name(self.spec.name)}"

    @property
    def choices_constant(self) -> str:
        return f"{self.spec.name.upper()}_CHOICES"

    @property
    def choices(self) -> tuple[str, ...]:
        return self.spec.choices

    @property
    def column_type(self) -> str:
        return COLUMN_TYPES[self.type]

    @property
    def python_type(self) -> str:
        plain = PYTHON_TYPES.get(self.type, "str")
        return plain if self.required else f"{plain} | None"

    @property
    def value_type(self) -> str:
        """The pydantic type of the JSON property, with its bounds."""
        if self.type is FieldType.choice:
            return f"model.{self.choice_type}"
        bounds = [f"{word}={_number(bound)}" for word, bound in (("ge", self.spec.minimum), ("le", self.spec.maximum)) if bound is not None]
        plain = VALUE_TYPES[self.type]
        return f"Annotated[{plain}, Field({', '.join(bounds)})]" if bounds and self.is_number else plain

    @property
    def kept_type(self) -> str:
        """The pydantic type in answers: stored values are not checked again."""
        plain = {FieldType.money: "values.Money", FieldType.decimal: "values.Number", FieldType.datetime: "values.Moment"}.get(self.type)
        plain = plain or {FieldType.email: "values.Email", FieldType.url: "values.WebAddress"}.get(self.type)
        if self.type is FieldType.choice:
            plain = f"model.{self.choice_type}"
        return plain or PYTHON_TYPES.get(self.type, "str")

    @property
    def is_number(self) -> bool:
        return self.type in (FieldType.integer, FieldType.decimal, FieldType.money)

    @property
    def is_flag(self) -> bool:
        return self.type is FieldType.boolean

    @property
    def is_searched(self) -> bool:
        return self.type in SEARCHED

    @property
    def is_text(self) -> bool:
        return PYTHON_TYPES.get(self.type) is None

    @property
    def minimum(self) -> str | None:
        return None if self.spec.minimum is None else _number(self.spec.minimum)

    @property
    def maximum(self) -> str | None:
        return None if self.spec.maximum is None else _number(self.spec.maximum)


@dataclass(frozen=True)
class RelationView(Called):
    """A reference from one record to another, or to an account."""

    spec: Relation
    record: RecordSpec
    target: RecordSpec | None
    cyclic: bool

    @property
    def attr(self) -> str:
        return names.attribute(self.spec.name)

    @property
    def key(self) -> str:
        """The JSON property, the form input and, for a single reference, the column."""
        return relation_property(self.spec)

    @property
    def many(self) -> bool:
        return self.spec.kind is RelationKind.many_to_many

    @property
    def required(self) -> bool:
        return self.spec.required and not self.many

    @property
    def to_account(self) -> bool:
        return self.spec.target == ACCOUNT

    @property
    def to_self(self) -> bool:
        return self.spec.target == self.record.name

    @property
    def target_class(self) -> str:
        return "Account" if self.to_account else names.model_class(self.spec.target)

    @property
    def target_table(self) -> str:
        return self.target.plural if self.target else "accounts"

    @property
    def target_label(self) -> str:
        return one_line(self.target.label) if self.target else "Account"

    @property
    def on_delete(self) -> str:
        return "RESTRICT" if self.required else "SET NULL"

    @property
    def missing(self) -> str:
        """What a person reads who refers to nothing."""
        return f"There is no such {lower_first(self.target_label)}."

    @property
    def link_table(self) -> str:
        return f"{self.record.plural}_{self.name}"

    @property
    def link_left(self) -> str:
        return f"{self.record.name}_id"

    @property
    def link_right(self) -> str:
        return f"related_{self.spec.target}_id" if self.to_self else f"{self.spec.target}_id"


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
