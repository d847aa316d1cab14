"""Values of sample rows that a recipe has to make sense of, such as the rates of a converter."""

from nodes.artifacts import AppSpec, FieldSpec, FieldType, RecipeKind, RecipeSpec, RecordSpec
from nodes.blueprint.samples.values import Written, money, number, written
from nodes.completion import quiz_parts

CURRENCIES = (
    ("EUR", "USD", 1.08), ("EUR", "GBP", 0.85), ("EUR", "CHF", 0.95), ("EUR", "JPY", 163.5),
    ("EUR", "SEK", 11.3), ("EUR", "PLN", 4.28), ("EUR", "CAD", 1.48), ("EUR", "AUD", 1.64),
)  # fmt: skip
"""What one euro was worth, rounded, in 2024: examples, not for trading."""

UNITS = (
    ("kilometre", "mile", 0.6214), ("metre", "foot", 3.2808), ("kilogram", "pound", 2.2046), ("litre", "gallon", 0.2642),
    ("centimetre", "inch", 0.3937), ("metre", "yard", 1.0936), ("kilogram", "ounce", 35.274), ("hectare", "acre", 2.4711),
)  # fmt: skip
"""International units; the gallon is that of the United States."""

MONEY_WORDS = frozenset("currency currencies exchange money rate rates".split())


def recipe_values(spec: AppSpec, record: RecordSpec, index: int) -> dict[str, Written]:
    """The values of row `index` that a recipe decides; none for most records."""
    right = _right(spec, record, index)
    if right is not None:
        return right
    rates = next((entry for entry in spec.recipes if entry.kind is RecipeKind.converter and entry.record == record.name), None)
    return _rate(record, rates, index) if rates else {}


def _rate(record: RecordSpec, recipe: RecipeSpec, index: int) -> dict[str, Written]:
    named = {field.name: field for field in record.fields}
    source, target, rate = (named[name] for name in recipe.fields)
    words = {word for name in (record.name, *recipe.fields) for word in name.split("_")}
    table = CURRENCIES if words & MONEY_WORDS else UNITS
    known, worth = table[index % len(table)][:2], table[index % len(table)][2]
    if source.choices:
        known = source.choices[0], (target.choices or source.choices)[1 + index % max(1, len(target.choices or source.choices) - 1)]
        worth = next((value for first, second, value in table if (first, second) == known), 1.25 + index / 4)
    return {source.name: written(known[0]), target.name: written(known[1]), rate.name: _number(rate, worth)}


def _number(field: FieldSpec, value: float) -> Written:
    match field.type:
        case FieldType.money:
            return money(max(value, 0.01))
        case FieldType.integer:
            return written(max(1, round(value)))
        case _:
            return number(value)


CONTESTS, QUESTIONS, OPTIONS = 2, 6, 18
"""Sample rows of a quiz: three questions for each contest, three options for each question."""


def quiz_rows(spec: AppSpec, record: RecordSpec) -> int | None:
    """How many rows a record of a quiz has; None: as many as any record."""
    for recipe in (entry for entry in spec.recipes if entry.kind is RecipeKind.quiz):
        named = dict(zip((recipe.record, *recipe.records[:2]), (CONTESTS, QUESTIONS, OPTIONS), strict=True))
        if record.name in named:
            return named[record.name]
    return None


def _right(spec: AppSpec, record: RecordSpec, index: int) -> dict[str, Written] | None:
    """One of the three options of each question is right, and not always the first."""
    for recipe in (entry for entry in spec.recipes if entry.kind is RecipeKind.quiz and entry.records[1] == record.name):
        question, place = index % QUESTIONS, index // QUESTIONS
        return {quiz_parts(spec, recipe).right.name: written(place == question % (OPTIONS // QUESTIONS))}
    return None
