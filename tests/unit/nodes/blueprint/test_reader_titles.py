"""An app is called by a few plain words."""

import pytest

from nodes.artifacts import BuildRequest
from nodes.blueprint.reader import read_description
from tests.unit.nodes.blueprint.business_descriptions import BUSINESS
from tests.unit.nodes.blueprint.descriptions import OPEN, OWN

TAILS = {"app", "application", "website", "site", "system", "platform", "program", "tool", "portal", "software"}


def title(text: str) -> str:
    return read_description(BuildRequest(app_description=text)).title


@pytest.mark.parametrize("text", [wanted.text for wanted in (*OPEN.values(), *OWN.values(), *BUSINESS.values())])
def test_a_title_has_at_most_four_words_none_of_which_says_that_it_is_an_app(text: str) -> None:
    words = title(text).lower().split()
    assert 1 <= len(words) <= 4
    assert TAILS & set(words) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Implement a hospital management website for patients. Staff register patients.", "Hospital management"),
        ("Build me a simple web app to manage the rooms of a small hotel. A room has a number.", "Rooms of a hotel"),
        ("Write a management program for a customer business entity. A customer has a name.", "Customer management"),
        ("I need something to manage my fitness studio. Members have a name.", "Fitness studio"),
        ("A property rental app for landlords. A property has an address.", "Property rental"),
        ("An online platform to connect students with tutors. Students book lessons.", "Lessons"),
        ("Employees request leave. A manager approves it.", "Leave requests"),
    ],
)
def test_the_first_sentence_or_the_first_record_names_the_app(text: str, expected: str) -> None:
    assert title(text) == expected
