"""Fit a specification with records to a stack that is written whole: what such a stack cannot hold is left out, and said. Pure."""

from nodes.artifacts import AppSpec, OpenQuestion, RecipeKind, RecipeSpec, StackName, UnmetPreference
from nodes.stack import STACKS

ESSENTIAL = frozenset(
    {
        RecipeKind.stock,
        RecipeKind.totals,
        RecipeKind.poll,
        RecipeKind.quiz,
        RecipeKind.short_link,
        RecipeKind.converter,
        RecipeKind.site,
        RecipeKind.payments,
    }
)
"""Recipes an app is for; without the others it is smaller, without these it is another one."""

LEFT_OUT = "left_out"
"""The open question about recipes that are not built."""


def is_about_records(draft: AppSpec) -> bool:
    """Whether records, roles and steps say what is asked for: one the reader does not doubt, and nothing they cannot say."""
    doubts = {question.name for question in draft.open_questions}
    known = any(f"record_{record.name}" not in doubts for record in draft.records)
    return known and not any(recipe.kind in ESSENTIAL for recipe in draft.recipes)


def fitted(spec: AppSpec, stack: StackName) -> AppSpec:
    """`spec` on `stack`: the recipes engineers cannot be held to become wishes that are not met, and a question. Idempotent."""
    if not (STACKS[stack].is_written_whole and STACKS[stack].keeps_records):
        return spec
    if not spec.recipes:
        return spec.model_copy(update={"stack": stack})
    named = [_words(spec, recipe) for recipe in spec.recipes]
    reason = f"It is built on the default stack only, not on {STACKS[stack].label}."
    question = OpenQuestion(
        name=LEFT_OUT,
        question=f"{'; '.join(named)}: only the default stack, in Python, has this. Is the app of use without it?",
        default="It is built without. Leave the wish for Node.js out of the description to have it.",
    )
    return spec.model_copy(
        update={
            "stack": stack,
            "recipes": (),
            "unmet_preferences": (*spec.unmet_preferences, *(UnmetPreference(preference=words, reason=reason) for words in named)),
            "open_questions": (*spec.open_questions, question),
        }
    )


def _words(spec: AppSpec, recipe: RecipeSpec) -> str:
    """`Comments (Loans)`; of the user's own words, where there are some."""
    about = next((record.plural_label for record in spec.records if record.name == recipe.record), "")
    kind = recipe.kind.value.replace("_", " ").capitalize()
    said = f", “{recipe.source.quote}”" if recipe.source.quote else ""
    return f"{kind}{f' ({about})' if about else ''}{said}"
