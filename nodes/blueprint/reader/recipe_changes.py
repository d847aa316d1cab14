"""Recipes of a specification that exists: added or taken away by feedback, and kept in step with its records."""

import re
from collections.abc import Mapping

from nodes.artifacts import AppSpec, FieldType, RecipeKind, RecipeSpec, RecordSpec
from nodes.blueprint.reader.draft import stated
from nodes.blueprint.reader.naming import singular
from nodes.blueprint.reader.recipes import SIGNS, Sign
from nodes.blueprint.recipes import BUILT, problems

_REMOVING = re.compile(r"\b(?:without|remove|drop|delete|no|don't|do not|not need|leave out|skip)\b", re.IGNORECASE)
_NAMES: Mapping[RecipeKind, str] = {
    RecipeKind.audit_trail: r"audit(?: trail| log)?|history|change log",
    RecipeKind.csv: r"csv|imports?|exports?",
    RecipeKind.charts: r"charts?|graphs?|dashboard",
    RecipeKind.totals: r"totals?",
    RecipeKind.stock: r"stock(?: keeping)?",
    RecipeKind.poll: r"polls?|results?",
    RecipeKind.quiz: r"scor\w+|leaderboard|quiz(?:zes)?",
    RecipeKind.short_link: r"short links?|redirects?",
    RecipeKind.converter: r"converter|conversion",
    RecipeKind.payments: r"payments?|paying",
    RecipeKind.site: r"(?:public )?(?:site|pages)",
}
"""What people call a recipe when they want it gone, where it is not its own name."""


def changed_recipes(spec: AppSpec, sentence: str) -> AppSpec | None:
    """`without comments`, `remove the calendar`, `add comments to tickets`; None if the sentence speaks of no recipe."""
    if _REMOVING.search(sentence):
        return _without(spec, sentence)
    added = [recipe for sign in SIGNS if (recipe := _added(spec, sign, sentence)) is not None]
    return spec.model_copy(update={"recipes": (*spec.recipes, *added)}) if added else None


def _without(spec: AppSpec, sentence: str) -> AppSpec | None:
    named = _named(spec, sentence)
    gone = {
        recipe
        for recipe in spec.recipes
        if re.search(rf"\b(?:{_NAMES.get(recipe.kind, recipe.kind.removesuffix('s') + 's?')})\b", sentence, re.IGNORECASE)
        and (not named or recipe.record in {record.name for record in named})
    }
    return spec.model_copy(update={"recipes": tuple(recipe for recipe in spec.recipes if recipe not in gone)}) if gone else None


def _added(spec: AppSpec, sign: Sign, sentence: str) -> RecipeSpec | None:
    record = next(iter(_named(spec, sentence)), None)
    if record is None or sign.kind not in BUILT or not sign.pattern.search(sentence):
        return None
    fields = tuple(field.name for field in record.fields if field.type in {FieldType.date, FieldType.datetime})[:1]
    recipe = RecipeSpec(
        kind=sign.kind, record=record.name, fields=fields if sign.kind is RecipeKind.calendar else (), source=stated(sentence)
    )
    fits = not tuple(problems(spec.model_copy(update={"recipes": (*spec.recipes, recipe)}), recipe))
    return recipe if fits else None


def _named(spec: AppSpec, sentence: str) -> list[RecordSpec]:
    words = " ".join(singular(word) for word in re.findall(r"[\w-]+", sentence.lower()))
    return [record for record in spec.records if re.search(rf"\b{re.escape(record.label.lower())}\b", words)]


def recipes_without(spec: AppSpec, record: str, fields: frozenset[str] = frozenset()) -> tuple[RecipeSpec, ...]:
    """The recipes that stay when a record goes, or, with `fields`, when only these parts of it go."""
    return tuple(
        recipe
        for recipe in spec.recipes
        if record not in {recipe.record, *recipe.records} or (fields and not fields.intersection(recipe.fields))
    )


def recipes_renamed(spec: AppSpec, old: str, new: str) -> tuple[RecipeSpec, ...]:
    """The recipes with a record's new name."""
    return tuple(
        recipe.model_copy(
            update={
                "record": new if recipe.record == old else recipe.record,
                "records": tuple(new if name == old else name for name in recipe.records),
            }
        )
        for recipe in spec.recipes
    )
