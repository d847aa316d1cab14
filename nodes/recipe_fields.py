"""Which fields the recipes of a specification fill themselves, and how their records hang together. Pure; changes no record's name."""

from collections.abc import Iterator
from dataclasses import dataclass

from nodes.artifacts import AppSpec, FieldSpec, FieldType, RecipeKind, RecipeSpec, RecordSpec, Relation, RelationKind

OUTGOING = frozenset(
    "out outgoing issue issued sale sold use used consumed consumption withdrawal withdrawn removal removed dispensed".split()
)
"""Words of a choice that says a movement takes from the stock; every other choice adds to it."""


LEVELS = frozenset("reorder minimum min threshold low level".split())
"""Words in the name of a number that says when to order again."""

NUMBERS = frozenset({FieldType.integer, FieldType.decimal, FieldType.money})


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
            amount = _field(spec.record(recipe.records[0]), recipe.fields[1])
            yield record, _by_app(spec, record, recipe.fields[0], amount.type if amount else FieldType.integer)
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
    """How the movements of a stock change it. `direction`: the choice that says whether one adds or takes; None: by its sign.

    `level`: the number of an item at or below which it has to be ordered again; None: one figure for all.
    """

    item: str
    movement: str
    quantity: str
    amount: str
    link: Relation
    direction: FieldSpec | None
    outgoing: tuple[str, ...]
    level: FieldSpec | None

    @property
    def incoming(self) -> str | None:
        """A direction that adds."""
        choices = self.direction.choices if self.direction else ()
        return next((choice for choice in choices if choice not in self.outgoing), None)


def movements(spec: AppSpec, recipe: RecipeSpec) -> Movements:
    """The parts of a `stock` that `nodes.blueprint.recipes` found to be sound."""
    item, movement = recipe.record or "", recipe.records[0]
    relation = link(spec, movement, item)
    assert relation is not None
    direction = next((field for field in spec.record(movement).fields if _outgoing(field)), None)
    level = next((field for field in spec.record(item).fields if field.type in NUMBERS and LEVELS & set(field.name.split("_"))), None)
    outgoing = _outgoing(direction) if direction else ()
    return Movements(item, movement, recipe.fields[0], recipe.fields[1], relation, direction, outgoing, level)


def movements_kept_as(spec: AppSpec, record: RecordSpec) -> Movements | None:
    """The stock that records of this kind change, if there is one."""
    found = (recipe for recipe in spec.recipes if recipe.kind is RecipeKind.stock and recipe.records[0] == record.name)
    return next((movements(spec, recipe) for recipe in found), None)


def _outgoing(field: FieldSpec) -> tuple[str, ...]:
    """The choices that take from the stock; none if the field tells no direction."""
    taking = tuple(choice for choice in field.choices if OUTGOING & set(choice.lower().split()))
    return taking if len(taking) < len(field.choices) else ()
