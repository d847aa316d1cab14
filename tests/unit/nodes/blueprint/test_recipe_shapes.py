"""A recipe that refers to what does not exist, or does not fit, is named in a sentence that says what to correct."""

import pytest

from nodes.artifacts import AppSpec, FieldSpec, FieldType, RecipeKind, RecipeSpec, RuleKind, RulePeriod, RuleSpec
from nodes.blueprint.consistency import problems
from nodes.blueprint.recipes import SHAPES
from tests.factories import make_record, make_spec


@pytest.fixture
def spec() -> AppSpec:
    claim = make_record()
    day = FieldSpec(name="day", label="Day", type=FieldType.date)
    return make_spec(claim.model_copy(update={"fields": (*claim.fields, day)}))


def with_recipes(spec: AppSpec, *recipes: RecipeSpec) -> AppSpec:
    return spec.model_copy(update={"recipes": recipes})


def test_every_kind_of_recipe_has_a_shape() -> None:
    assert set(SHAPES) == set(RecipeKind)


def test_recipes_that_fit_are_no_problem(spec: AppSpec) -> None:
    fitting = (
        RecipeSpec(kind=RecipeKind.comments, record="claim"),
        RecipeSpec(kind=RecipeKind.calendar, record="claim", fields=("day",)),
        RecipeSpec(kind=RecipeKind.charts),
    )
    assert problems(with_recipes(spec, *fitting)) == ()


def test_what_a_recipe_misses_is_said(spec: AppSpec) -> None:
    wrong = (
        RecipeSpec(kind=RecipeKind.comments),
        RecipeSpec(kind=RecipeKind.tags, record="plane"),
        RecipeSpec(kind=RecipeKind.calendar, record="claim", fields=("title",)),
        RecipeSpec(kind=RecipeKind.board, record="claim"),
        RecipeSpec(kind=RecipeKind.stock, record="claim"),
    )
    assert problems(with_recipes(spec, *wrong)) == (
        "The recipe comments is about no record; name one.",
        "The recipe tags names plane, which is no record.",
        "The recipe calendar of claim cannot use claim.title, which is of type text.",
        "The recipe board of claim needs a record with states, or a field of type choice for its columns.",
        "The recipe stock of claim needs 1 further records, it has 0.",
    )


def test_a_recipe_that_is_listed_twice_is_said(spec: AppSpec) -> None:
    twice = (RecipeSpec(kind=RecipeKind.csv, record="claim"),) * 2
    assert problems(with_recipes(spec, *twice)) == ("The recipe csv of claim is listed more than once; keep one.",) * 2


def test_a_limit_needs_a_number_and_counts_what_exists(spec: AppSpec) -> None:
    limit = RuleSpec(name="three", record="claim", kind=RuleKind.limit, per="created_by", maximum=3, message="Three at most.")
    daily = limit.model_copy(update={"name": "daily", "fields": ("day",), "period": RulePeriod.day})
    wrong = limit.model_copy(update={"name": "odd", "maximum": None, "states": ("open",), "fields": ("title",)})
    assert problems(spec.model_copy(update={"rules": (limit, daily)})) == ()
    assert problems(spec.model_copy(update={"rules": (wrong,)})) == (
        "The rule odd limits to no number; give it a maximum.",
        "The rule odd counts by title, which needs a period and a date.",
        "The rule odd counts records in the state open, which claim does not have.",
    )


def test_a_record_that_is_called_as_what_a_recipe_keeps_is_said() -> None:
    spec = make_spec(make_record(), make_record("claim_tag", "labels"))
    assert problems(with_recipes(spec, RecipeSpec(kind=RecipeKind.tags, record="claim"))) == (
        "The API would call 2 things delete_claim_tag; rename claim_tag or one of its steps or what tags concerns.",
    )
