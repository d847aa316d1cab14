"""Which fields the recipes of a specification fill themselves, and how their records hang together. Pure; changes no record's name."""

from collections.abc import Iterator
from dataclasses import dataclass

from nodes.artifacts import AppSpec, FieldSpec, FieldType, RecipeKind, RecipeSpec, RecordSpec, Relation, RelationKind

OUTGOING = frozenset(
    "out outgoing issue issued sale sold use used consumed consumption withdrawal withdrawn removal removed dispensed".split()
)
"""Words of a choice that says a movement takes from the stock; every other choice adds to it."""


def with_recipe_fields(spec: AppSpec) -> AppSpec:
    """The same specification with the fields that its recipes fill marked, and added where they are missing; idempotent."""
    kept = {(record, field.name): field for recipe in spec.recipes for record, field in _kept(spec, recipe)}
    if not kept:
        return spec
    return spec.model_copy(update={"records": tuple(_completed(record, kept) for record in spec.records)})


def _completed(record: RecordSpec, kept: dict[tuple[str, str], FieldSpec]) -> RecordSpec:
    mine = {name: field for (owner, name), field in kept.items() if owner == record.name}
    known = {field.name for field in record.fields}
    fields = tuple(mine.get(field.name, field) for field in record.fields)
    return record.model_copy(update={"fields": (*fields, *(field for name, field in mine.items() if name not in known))})


def _kept(spec: AppSpec, recipe: RecipeSpec) -> Iterator[tuple[str, FieldSpec]]:
    """Record and field, as they are in the complete specification."""
    record = recipe.record or ""
    match recipe.kind:
        case RecipeKind.short_link:
            _, code, counter = recipe.fields
            yield record, _by_app(spec, record, code, FieldType.text, unique=True)
            yield record, _by_app(spec, record, counter, FieldType.integer)
        case RecipeKind.stock:
            quantity = _field(spec.record(record), recipe.fields[0])
            yield record, _by_app(spec, record, recipe.fields[0], quantity.type if quantity else FieldType.integer)
        case RecipeKind.totals:
            yield recipe.records[0], _by_app(spec, recipe.records[0], "line_total", FieldType.money)
            for name in ("net", "tax", "total") if len(recipe.fields) > 2 else ("total",):
                yield record, _by_app(spec, record, name, FieldType.money)
        case _:
            return


def _by_app(spec: AppSpec, record: str, name: str, kind: FieldType, *, unique: bool = False) -> FieldSpec:
    """A field as the app keeps it: always there, so never empty, and bound by nothing a person has to know."""
    known = _field(spec.record(record), name)
    label = known.label if known else name.replace("_", " ").capitalize()
    return FieldSpec(name=name, label=label, type=kind, required=True, unique=unique, by_app=True)


def _field(record: RecordSpec, name: str) -> FieldSpec | None:
    return next((field for field in record.fields if field.name == name), None)


def given_fields(record: RecordSpec) -> tuple[FieldSpec, ...]:
    """The fields people and programs fill in."""
    return tuple(field for field in record.fields if not field.by_app)


def link(spec: AppSpec, part: str, whole: str) -> Relation | None:
    """The relation by which `part` refers to `whole`: the required one where there are several."""
    single = [entry for entry in spec.record(part).relations if entry.target == whole and entry.kind is RelationKind.many_to_one]
    return min(single, key=lambda entry: not entry.required, default=None)


@dataclass(frozen=True)
class Movements:
    """How the movements of a stock change it. `direction`: the choice that says whether one adds or takes; None: by its sign."""

    item: str
    movement: str
    quantity: str
    amount: str
    link: Relation
    direction: FieldSpec | None
    outgoing: tuple[str, ...]


def movements(spec: AppSpec, recipe: RecipeSpec) -> Movements:
    """The parts of a `stock` that `nodes.blueprint.recipes` found to be sound."""
    item, movement = recipe.record or "", recipe.records[0]
    relation = link(spec, movement, item)
    assert relation is not None
    direction = next((field for field in spec.record(movement).fields if _outgoing(field)), None)
    return Movements(item, movement, recipe.fields[0], recipe.fields[1], relation, direction, _outgoing(direction) if direction else ())


def _outgoing(field: FieldSpec) -> tuple[str, ...]:
    """The choices that take from the stock; none if the field tells no direction."""
    taking = tuple(choice for choice in field.choices if OUTGOING & set(choice.lower().split()))
    return taking if len(taking) < len(field.choices) else ()
