"""Recipes of several records: what makes one is found, what is missing is added, and what comes out can be built."""

import pytest

from nodes.artifacts import AppSpec, BuildRequest, RecipeKind, RecipeSpec
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description, recipe_records
from nodes.errors import DescriptionOutOfDomain

OPEN = {
    "stock": "Staff manage stock of medical supplies.",
    "movements": "Every item has a SKU and a quantity on hand. Workers record stock movements with an amount and a date of an item.",
    "totals": "An order has several lines with a product, a quantity and a unit price. Clerks create orders and see their totals.",
    "poll": "Organisers create polls. A poll has several options. Members vote for one option of a poll.",
    "quiz": "Users enroll in contests and answer the questions of a contest. They see their score and rank on a leaderboard.",
    "links": "Create a URL shortener. Users enter a long URL and get a shortened version that redirects to it.",
    "rates": "Build a currency converter app. Users convert between different currencies.",
    "site": "A website with a home page, about us and contact us. Visitors view the services and send a message through the contact page.",
}


def read(text: str) -> AppSpec:
    return read_description(BuildRequest(app_description=text))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("stock", RecipeSpec(kind=RecipeKind.stock, record="supply", records=("stock_movement",), fields=("quantity", "quantity"))),
        (
            "movements",
            RecipeSpec(kind=RecipeKind.stock, record="item_record", records=("stock_movement",), fields=("quantity", "amount")),
        ),
        ("totals", RecipeSpec(kind=RecipeKind.totals, record="order", records=("line",), fields=("quantity", "unit_price"))),
        ("poll", RecipeSpec(kind=RecipeKind.poll, record="poll", records=("option", "vote"))),
        ("quiz", RecipeSpec(kind=RecipeKind.quiz, record="contest", records=("question", "option", "answer", "enrollment"))),
        ("links", RecipeSpec(kind=RecipeKind.short_link, record="link", fields=("original_url", "short_code", "visits"))),
        ("rates", RecipeSpec(kind=RecipeKind.converter, record="rate", fields=("from_currency", "to_currency", "rate"))),
    ],
)
def test_the_shape_is_found_and_completed(name: str, wanted: RecipeSpec) -> None:
    spec = read(OPEN[name])
    assert [recipe.model_copy(update={"source": wanted.source}) for recipe in spec.recipes if recipe.kind is wanted.kind] == [wanted]
    assert consistency.problems(spec) == ()


def test_a_site_keeps_the_messages_of_its_contact_form() -> None:
    spec = read(OPEN["site"])
    assert [(recipe.kind, recipe.record) for recipe in spec.recipes] == [(RecipeKind.site, "message")]
    assert consistency.problems(spec) == ()


def test_what_the_frame_does_not_build_is_not_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_records, "BUILT", frozenset[RecipeKind]())
    assert read(OPEN["poll"]).recipes == ()


@pytest.mark.parametrize("text", ["Create a 2048 game for the web.", "A command-line tool that sorts files.", "A desktop app for notes."])
def test_other_software_is_declined_with_what_a_model_would_add_and_what_could_be_built(text: str) -> None:
    with pytest.raises(DescriptionOutOfDomain, match=r"choose a model .* would write that logic\. The builder could make"):
        read(text)
