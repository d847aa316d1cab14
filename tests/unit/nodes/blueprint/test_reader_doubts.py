"""What a description contradicts, limits or asks for in vain is named as an open question, never dropped."""

import pytest

from nodes.artifacts import Action, AppSpec, BuildRequest, Scope
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description
from tests.unit.nodes.blueprint.descriptions import OPEN

CLAIMS = "Employees submit claims. Managers approve claims. "


def read(text: str) -> AppSpec:
    spec = read_description(BuildRequest(app_description=text))
    assert consistency.problems(spec) == ()
    return spec


def readers(spec: AppSpec, record: str) -> dict[str, Scope]:
    return {entry.role: entry.scope for entry in spec.permissions if entry.record == record and entry.action is Action.read}


def asked(spec: AppSpec, name: str) -> list[tuple[str, str]]:
    return [(entry.question, entry.default) for entry in spec.open_questions if entry.name.startswith(name)]


@pytest.mark.parametrize("order", ["{strict}; {open}.", "{open}. {strict}."])
def test_of_two_sentences_that_contradict_each_other_the_stricter_holds_until_somebody_answers(order: str) -> None:
    text = "Clerks add invoices. Customers have a name. " + order
    spec = read(text.format(strict="Only administrators can see invoices", open="Everyone can see invoices"))
    assert asked(spec, "contradiction") == [
        (
            "“Only administrators can see invoices” and “Everyone can see invoices” contradict each other. Which holds?",
            "The stricter one: “Only administrators can see invoices”.",
        )
    ]
    assert readers(spec, "invoice") == {"clerk": Scope.own, "administrator": Scope.all}


def test_a_sentence_that_contradicts_itself_is_read_strictly_and_asked_about() -> None:
    text = "Only administrators can see invoices, everyone can see invoices"
    spec = read(f"Clerks create invoices with a number. {text}.")
    assert asked(spec, "contradiction") == [
        (f"“{text}” contradicts itself. Which part holds?", "The stricter part: administrator may read invoices.")
    ]


def test_a_right_given_and_refused_is_refused_and_asked_about() -> None:
    spec = read("Clerks manage customers. A customer has a name. Clerks cannot delete customers.")
    assert Action.delete not in {entry.action for entry in spec.permissions if entry.role == "clerk"}
    assert asked(spec, "contradiction") == [
        (
            "“Clerks cannot delete customers” and “Clerks manage customers” contradict each other. Which holds?",
            "The stricter one: “Clerks cannot delete customers”.",
        )
    ]


def test_what_only_some_may_do_nobody_else_may_and_no_question_is_asked() -> None:
    spec = read("Staff add books. Librarians add books. Only librarians can delete books.")
    assert {entry.role for entry in spec.permissions if (entry.record, entry.action) == ("book", Action.delete)} == {"librarian"}
    assert asked(spec, "contradiction") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Members borrow at most three books per year",
        "Visitors may come three times per week",
        "Bookings are cancelled up to the day before",
    ],
)
def test_a_limit_that_is_not_checked_is_asked_about_in_its_own_words(sentence: str) -> None:
    spec = read(f"Members borrow books. Visitors book tours. {sentence}.")
    assert asked(spec, "limit") == [
        (f"This limit is not checked by the app yet: “{sentence}”. Should a person check it?", "Yes; the app does not enforce it.")
    ]


def test_a_maximum_that_is_a_field_is_no_unchecked_limit() -> None:
    assert asked(read("A course has a title and a maximum number of participants. Teachers add courses."), "limit") == []


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("The customer gets a reminder by SMS", "notifications"),
        ("Managers export the bookings as PDF", "files"),
        ("Bookings are shown on a timeline", "views"),
        ("The late fee is worked out automatically", "automatic"),
    ],
)
def test_a_usual_wish_that_is_not_built_is_asked_about(sentence: str, name: str) -> None:
    assert len(asked(read(f"Customers book cars. {sentence}."), name)) == 1


def test_an_act_nobody_can_do_in_the_app_is_named() -> None:
    spec = read("Members borrow books. Librarians translate the reviews into French.")
    assert asked(spec, "unbuilt") == [
        (
            "Not built from “Librarians translate the reviews into French”: “translate the reviews”. Who adds it?",
            "Nobody yet: it is left out. A model or a developer can add it.",
        )
    ]


def test_a_description_that_is_built_whole_leaves_no_question() -> None:
    assert read("Members borrow books. A book has a title and an author. Librarians add books.").open_questions == ()


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("barbers", set()),
        ("cars", {"payment"}),
        ("detectives", {"live"}),
        ("forum", {"own_page"}),
        ("internships", {"own_page"}),
        ("office", {"content_pages", "unbuilt"}),
        ("polls", {"votes_visible"}),
        ("trivia", set()),
        ("crm", set()),
        ("hospital", set()),
        ("calories", set()),
    ],
)
def test_the_open_prompts_name_what_is_not_built_of_them(prompt: str, names: set[str]) -> None:
    asked_about = {entry.name.split("_visitors")[0] for entry in read(OPEN[prompt].text).open_questions}
    assert {name for name in asked_about if not name.startswith("change_")} == names
