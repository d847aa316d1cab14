"""The recipes of an app as templates see them, the files each adds, and the fragments it puts into files of the frame.

A recipe is the folder `templates/recipes/<kind>/`: `app/` and `project/` hold files of the app, `record/` and `pages/` files
of each record it is applied to, and `slots.j2` one macro per slot of the frame that it fills. A slot of the app calls its
macro once, with all uses of the recipe; a slot of a record calls it for each use that concerns the record, with both.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateNotFound

from nodes.artifacts import RecipeKind, RecipeSpec
from nodes.blueprint.frame.members import FieldView
from nodes.blueprint.frame.record_view import RecordView

NOTHING = "\x00"
"""Stands where a slot stays empty, until the line is removed; no template and no specification holds it."""

Slot = Callable[..., str]


@dataclass(frozen=True)
class RecipeView:
    """One use of a recipe with the records and fields it names, in their order."""

    spec: RecipeSpec
    subject: RecordView | None
    others: tuple[RecordView, ...]
    fields: tuple[FieldView, ...]

    @property
    def kind(self) -> RecipeKind:
        return self.spec.kind

    @property
    def r(self) -> RecordView:
        """The record it is applied to; only for kinds that have one."""
        assert self.subject is not None
        return self.subject

    def is_for(self, record: RecordView) -> bool:
        """Whether it is applied to this record, not only using it."""
        return self.subject is not None and self.subject.name == record.name

    def concerns(self, record: RecordView) -> bool:
        """Whether it is applied to this record or uses it."""
        return self.is_for(record) or any(other.name == record.name for other in self.others)


def recipe_views(recipes: Sequence[RecipeSpec], records: Sequence[RecordView]) -> tuple[RecipeView, ...]:
    """The uses of recipes, in the order of `RecipeKind`, so that the same recipes give the same app."""
    order = list(RecipeKind)
    return tuple(sorted((_view(recipe, records) for recipe in recipes), key=lambda use: order.index(use.kind)))


def _view(recipe: RecipeSpec, records: Sequence[RecordView]) -> RecipeView:
    named = {record.name: record for record in records}
    subject = named[recipe.record] if recipe.record else None
    others = tuple(named[name] for name in recipe.records)
    concerned = [record for record in (subject, *others) if record is not None]
    found = (next((field for record in concerned for field in record.fields if field.name == name), None) for name in recipe.fields)
    return RecipeView(recipe, subject, others, tuple(field for field in found if field is not None))


def slots(environment: Environment, uses: Sequence[RecipeView]) -> Slot:
    """The function `slot(name, record)` of the templates: what the app's recipes put there, or `NOTHING`."""

    def slot(name: str, record: RecordView | None = None) -> str:
        pieces = [piece.strip("\n") for piece in _pieces(environment, uses, name, record)]
        return "\n".join(piece for piece in pieces if piece) or NOTHING

    return slot


def without_empty_slots(text: str) -> str:
    """The text without the lines on which only empty slots stood."""
    kept = (line for line in text.splitlines(keepends=True) if NOTHING not in line or line.replace(NOTHING, "").strip())
    return "".join(kept).replace(NOTHING, "")


def _pieces(environment: Environment, uses: Sequence[RecipeView], name: str, record: RecordView | None) -> Iterator[str]:
    for kind in dict.fromkeys(use.kind for use in uses):
        macro = _macro(environment, kind, name)
        mine = tuple(use for use in uses if use.kind is kind)
        if macro is None:
            continue
        if record is None:
            yield macro(mine)
        else:
            yield from (macro(use, record) for use in mine if use.concerns(record))


def _macro(environment: Environment, kind: RecipeKind, name: str) -> Callable[..., str] | None:
    try:
        module = environment.get_template(f"recipes/{kind}/slots.j2").module
    except TemplateNotFound:
        return None
    macro: Callable[..., str] | None = getattr(module, name, None)
    return macro
