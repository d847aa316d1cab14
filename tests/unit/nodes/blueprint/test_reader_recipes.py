"""Blocks people ask for in passing: for which record each is read, with which words, and how feedback takes it away again."""

import pytest

from nodes.artifacts import AppSpec, BuildRequest, RecipeKind
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description

TICKETS = "Staff open tickets with a subject and a priority. Technicians resolve and close tickets."
SHIFTS = "Coordinators plan shifts: a shift has a date and a place. Volunteers sign up for shifts."


def read(text: str) -> AppSpec:
    return read_description(BuildRequest(app_description=text))


def named(spec: AppSpec) -> list[tuple[str, str | None]]:
    return [(recipe.kind.value, recipe.record) for recipe in spec.recipes]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{TICKETS} People comment on tickets.", [("comments", "ticket")]),
        (f"{TICKETS} Notes and remarks on tickets.", [("comments", "ticket")]),
        ("Tenants report repairs with a description and photos.", [("attachments", "repair")]),
        (f"{TICKETS} Screenshots can be attached.", [("attachments", "ticket")]),
        (f"{TICKETS} Tickets can be tagged.", [("tags", "ticket")]),
        (f"{SHIFTS} Show shifts in a calendar.", [("calendar", "shift")]),
        (f"{TICKETS} Tickets are shown on a board.", [("board", "ticket")]),
        (f"{TICKETS} Kanban please.", [("board", "ticket")]),
        (f"{TICKETS} Keep a history of who changed what.", [("audit_trail", "ticket")]),
        (f"{TICKETS} The creator gets notified when a ticket is resolved.", [("notifications", "ticket")]),
        (f"{TICKETS} Export tickets to CSV.", [("csv", "ticket")]),
        (f"{TICKETS} A dashboard shows charts.", [("charts", None)]),
        ("Guests book a room with a price and pay for their bookings. Staff add rooms.", [("payments", "booking")]),
        ("A payment has an amount and a date. Staff record payments.", []),
        (TICKETS, []),
    ],
)
def test_a_wish_becomes_a_recipe_of_the_record_it_speaks_of(text: str, wanted: list[tuple[str, str | None]]) -> None:
    spec = read(text)
    assert named(spec) == wanted
    assert consistency.problems(spec) == ()


@pytest.mark.parametrize(
    "text",
    [
        f"{TICKETS} No comments are needed.",
        "Reviewers write reviews with a rating and a comment.",
        "The board approves proposals with a title.",
        "Documents have a title and an author. Clerks add documents.",
        "A product has a name, a price and a photo link.",
    ],
)
def test_a_word_of_another_meaning_is_no_recipe(text: str) -> None:
    assert named(read(text)) == []


def test_every_recipe_quotes_the_words_that_asked_for_it() -> None:
    spec = read(f"{TICKETS} People comment on tickets and export tickets to CSV.")
    assert {recipe.source.quote for recipe in spec.recipes} == {"People comment on tickets and export tickets to CSV"}


def test_what_a_recipe_keeps_is_no_longer_asked_about_but_the_rest_is() -> None:
    questions = {question.name for question in read(f"{TICKETS} Export tickets to CSV and PDF.").open_questions}
    assert "files" in questions  # PDF is still not made
    assert "files" not in {question.name for question in read(f"{TICKETS} Export tickets to CSV.").open_questions}


def test_a_calendar_goes_from_the_start_to_the_end() -> None:
    spec = read("Members book rooms from a start time to an end time. Show bookings in a calendar.")
    (recipe,) = (recipe for recipe in spec.recipes if recipe.kind is RecipeKind.calendar)
    assert (recipe.record, recipe.fields) == ("booking", ("start_time", "end_time"))


def change(spec: AppSpec, feedback: str) -> AppSpec:
    return read_description(BuildRequest(app_description=TICKETS), feedback=feedback, previous=spec)


@pytest.mark.parametrize("feedback", ["Without comments.", "Remove the comments.", "We don't need comments on tickets."])
def test_a_recipe_is_taken_away_at_the_gate(feedback: str) -> None:
    spec = read(f"{TICKETS} People comment on tickets. Tickets can be tagged.")
    assert named(change(spec, feedback)) == [("tags", "ticket")]


def test_a_recipe_is_added_at_the_gate() -> None:
    assert named(change(read(TICKETS), "Let people comment on tickets.")) == [("comments", "ticket")]


def test_a_renamed_record_keeps_its_recipes_and_a_removed_one_loses_them() -> None:
    spec = read(f"{SHIFTS} Show shifts in a calendar. People comment on shifts.")
    assert {record for _, record in named(change(spec, "Rename shift to slot."))} == {"slot"}
    without = change(spec, "Remove shifts.")
    assert (named(without), consistency.problems(without)) == ([], ())
