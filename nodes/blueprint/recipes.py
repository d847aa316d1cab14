"""What each recipe refers to, as data, and whether a specification's recipes refer to what exists and fits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nodes import completion
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
    RecipeKind.site: Shape(needs_record=False, records=(0, 6)),
    RecipeKind.payments: Shape(fields=(FieldNeed(frozenset({FieldType.money}), optional=True),)),
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
        yield from _links(spec, recipe)


LINKS: Mapping[RecipeKind, tuple[tuple[int, int], ...]] = {
    RecipeKind.stock: ((0, SUBJECT),),
    RecipeKind.totals: ((0, SUBJECT),),
    RecipeKind.poll: ((0, SUBJECT), (1, SUBJECT), (1, 0)),
    RecipeKind.quiz: ((0, SUBJECT), (1, 0), (2, 0), (2, 1), (3, SUBJECT)),
}
"""Which of the records of a recipe has to refer to which, by required relations."""


def _links(spec: AppSpec, recipe: RecipeSpec) -> Iterator[str]:
    for place, target in LINKS.get(recipe.kind, ()):
        if place < len(recipe.records):
            part, whole = recipe.records[place], recipe.record or "" if target == SUBJECT else recipe.records[target]
            relation = completion.link(spec, part, whole)
            if relation is None or not relation.required:
                yield f"The recipe {named(recipe)} needs each {part} to refer to its {whole}; give it a required relation."
    if recipe.kind is RecipeKind.quiz and not any(field.type is FieldType.boolean for field in spec.record(recipe.records[1]).fields):
        yield f"The recipe {named(recipe)} needs a yes-or-no field of {recipe.records[1]} that says whether it is right."
    if recipe.kind is RecipeKind.converter:
        yield from _ends(spec, recipe)
    if recipe.kind is RecipeKind.site and recipe.record:
        for relation in (entry for entry in spec.record(recipe.record).relations if entry.required):
            yield f"The recipe {named(recipe)} takes messages of visitors, who cannot choose {relation.name}; make it optional."


def _ends(spec: AppSpec, recipe: RecipeSpec) -> Iterator[str]:
    """Rates lead from one of the words to another, so there are two in common at least."""
    fields = {field.name: field.choices for field in spec.record(recipe.record or "").fields}
    given = [set(fields[name]) for name in recipe.fields[:2] if fields.get(name)]
    if given and len(set.intersection(*given)) < 2:
        yield f"The recipe {named(recipe)} needs two choices that {recipe.fields[0]} and {recipe.fields[1]} have in common."


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
