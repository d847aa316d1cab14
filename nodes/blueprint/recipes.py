"""What each recipe refers to, as data, and whether a specification's recipes refer to what exists and fits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nodes.artifacts import AppSpec, FieldType, RecipeKind, RecipeSpec, RecordSpec

_NUMBERS = frozenset({FieldType.integer, FieldType.decimal, FieldType.money})
_DATES = frozenset({FieldType.date, FieldType.datetime})
_TEXTS = frozenset({FieldType.text})

_TEMPLATES = Path(__file__).parent / "frame" / "templates" / "recipes"

BUILT = frozenset(kind for kind in RecipeKind if (_TEMPLATES / kind).is_dir())
"""The recipes the frame has templates for. The reader reads only these, so that no specification promises another."""

SUBJECT = -1
"""In `FieldNeed.of`: the field belongs to `RecipeSpec.record`."""


@dataclass(frozen=True)
class FieldNeed:
    """A field a recipe uses: of which of `RecipeSpec.records`, and of which types."""

    types: frozenset[FieldType]
    of: int = SUBJECT
    optional: bool = False


@dataclass(frozen=True)
class Shape:
    """What a recipe of one kind refers to. `records`: the fewest and most further records."""

    needs_record: bool = True
    records: tuple[int, int] = (0, 0)
    fields: tuple[FieldNeed, ...] = ()


SHAPES: Mapping[RecipeKind, Shape] = {
    RecipeKind.comments: Shape(),
    RecipeKind.attachments: Shape(),
    RecipeKind.tags: Shape(),
    RecipeKind.calendar: Shape(fields=(FieldNeed(_DATES), FieldNeed(_DATES, optional=True))),
    RecipeKind.board: Shape(fields=(FieldNeed(frozenset({FieldType.choice}), optional=True),)),
    RecipeKind.audit_trail: Shape(),
    RecipeKind.notifications: Shape(),
    RecipeKind.charts: Shape(needs_record=False),
    RecipeKind.csv: Shape(),
    RecipeKind.stock: Shape(records=(1, 1), fields=(FieldNeed(_NUMBERS), FieldNeed(_NUMBERS, of=0))),
    RecipeKind.totals: Shape(
        records=(1, 1), fields=(FieldNeed(_NUMBERS, of=0), FieldNeed(_NUMBERS, of=0), FieldNeed(_NUMBERS, of=0, optional=True))
    ),
    RecipeKind.poll: Shape(records=(2, 2)),
    RecipeKind.quiz: Shape(records=(3, 4)),
    RecipeKind.short_link: Shape(
        fields=(FieldNeed(frozenset({FieldType.url})), FieldNeed(_TEXTS), FieldNeed(frozenset({FieldType.integer})))
    ),
    RecipeKind.converter: Shape(fields=(FieldNeed(frozenset(FieldType)), FieldNeed(frozenset(FieldType)), FieldNeed(_NUMBERS))),
    RecipeKind.site: Shape(needs_record=False),
}


def problems(spec: AppSpec, recipe: RecipeSpec) -> Iterator[str]:
    """Sentences that say what to correct about one recipe."""
    shape, known = SHAPES[recipe.kind], {record.name: record for record in spec.records}
    if sum((other.kind, other.record) == (recipe.kind, recipe.record) for other in spec.recipes) > 1:
        yield f"The recipe {named(recipe)} is listed more than once; keep one."
    if shape.needs_record and recipe.record is None:
        yield f"The recipe {recipe.kind} is about no record; name one."
    missing = [name for name in (recipe.record, *recipe.records) if name is not None and name not in known]
    for name in missing:
        yield f"The recipe {recipe.kind} names {name}, which is no record."
    least, most = shape.records
    if not least <= len(recipe.records) <= most:
        yield f"The recipe {named(recipe)} needs {_span(least, most)} further records, it has {len(recipe.records)}."
    elif not missing and (recipe.record is not None or not shape.needs_record):
        yield from _fields(recipe, shape, known)


def named(recipe: RecipeSpec) -> str:
    """`comments of task`, or `charts` where no record is named."""
    return f"{recipe.kind} of {recipe.record}" if recipe.record else recipe.kind.value


def _fields(recipe: RecipeSpec, shape: Shape, known: Mapping[str, RecordSpec]) -> Iterator[str]:
    least = sum(not need.optional for need in shape.fields)
    if not least <= len(recipe.fields) <= len(shape.fields):
        yield f"The recipe {named(recipe)} takes {_span(least, len(shape.fields))} fields; it has {len(recipe.fields)}."
    for name, need in zip(recipe.fields, shape.fields, strict=False):
        record = known[recipe.record or ""] if need.of == SUBJECT else known[recipe.records[need.of]]
        found = next((field.type for field in record.fields if field.name == name), None)
        if found is None:
            yield f"The recipe {named(recipe)} uses {record.name}.{name}, which does not exist."
        elif found not in need.types:
            yield f"The recipe {named(recipe)} cannot use {record.name}.{name}, which is of type {found}."
    if recipe.kind is RecipeKind.board and not recipe.fields and known[recipe.record or ""].workflow is None:
        yield f"The recipe {named(recipe)} needs a record with states, or a field of type choice for its columns."


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
