"""The same app, written as different people write: lists, stories, arrows, chat and slips of the keyboard."""

import pytest

from nodes.artifacts import AppSpec, BuildRequest
from nodes.blueprint.reader import read_description
from nodes.blueprint.reader.rewording import plain_sentences


def read(text: str) -> AppSpec:
    return read_description(BuildRequest(app_description=text))


def plain(text: str) -> list[str]:
    return [sentence.plain for sentence in plain_sentences(text)]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("As an office manager I want to approve requests so that nobody waits.", ["The office manager can approve requests"]),
        ("Van -> plate, brand, mileage", ["Van: plate, brand, mileage"]),
        ("For each delivery: supplier, date", ["delivery: supplier, date"]),
        ("Work orders go from open to in repair to paid.", ["Each work order has a status (open, in repair, paid)"]),
        ("A ticket is open, in progress or closed.", ["Each ticket has a status (open, in progress, closed)"]),
        ("Managers can:\n- approve claims\n- see reports", ["Managers can approve claims", "Managers can see reports"]),
        ("Customer:\n- name\n- phone number\n- e-mail", ["Customer: name, phone number, e-mail"]),
        ("# Customers\n- name\n- phone", ["Customers: name, phone"]),
        ("A claim has an amount and a catagory.", ["A claim has an amount and a category"]),
        ("See how many votes each option has.", ["See the number of votes per option"]),
    ],
)
def test_a_way_of_writing_is_read_as_a_plain_sentence(written: str, read_as: list[str]) -> None:
    assert plain(written) == read_as


def test_a_reworded_sentence_quotes_what_the_user_wrote() -> None:
    spec = read("Mechanics create jobs. Jobs go from open to in repair to paid.")
    quotes = {step.source.quote for step in spec.records[0].workflow.transitions} if spec.records[0].workflow else set()
    assert quotes == {"Jobs go from open to in repair to paid"}


@pytest.mark.parametrize("text", ["Trucks drive from Paris to Lyon.", "Hikers go from hut to hut."])
def test_a_way_through_places_is_no_way_through_states(text: str) -> None:
    assert "status" not in " ".join(plain(text))


def test_words_of_a_trade_are_not_taken_for_slips() -> None:
    text = "A puppet has a marottes count, a crosscut and a kunstwerk"
    assert plain(text) == [text]


def test_a_list_under_a_heading_and_a_sentence_give_the_same_app() -> None:
    listed, told = (
        read("Vehicle:\n- registration number\n- mileage\n- price"),
        read("A vehicle has a registration number, mileage and a price."),
    )
    assert [field.name for field in listed.record("vehicle").fields] == [field.name for field in told.record("vehicle").fields]


@pytest.mark.parametrize("department", ["finance", "the board", "the quizmaster"])
def test_who_decides_is_a_role_whatever_the_name(department: str) -> None:
    spec = read(f"Employees submit claims with an amount. {department.capitalize()} approves or rejects claims.")
    assert department.removeprefix("the ") in {role.name for role in spec.roles}
