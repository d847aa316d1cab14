"""How many of something somebody may have: read as a rule the app keeps, or asked about."""

import pytest

from nodes.artifacts import AppSpec, BuildRequest, RuleKind, RulePeriod
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description

LENDING = "Members borrow books. A book has a title. A librarian marks loans as returned."
BOOKING = "Members book courts from a start time to an end time. A court has a name."


def read(text: str) -> AppSpec:
    return read_description(BuildRequest(app_description=text))


def limits(text: str) -> list[tuple[str, int | None, str | None, RulePeriod | None]]:
    spec = read(text)
    assert consistency.problems(spec) == ()
    return [(rule.record, rule.maximum, rule.per, rule.period) for rule in spec.rules if rule.kind is RuleKind.limit]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{LENDING} A member may borrow at most three books.", [("loan", 3, "created_by", None)]),
        (f"{LENDING} Members cannot borrow more than 5 books at a time.", [("loan", 5, "created_by", None)]),
        (f"{BOOKING} At most 5 bookings per week per person.", [("booking", 5, "created_by", RulePeriod.week)]),
        (f"{BOOKING} Max 2 bookings per day.", [("booking", 2, "created_by", RulePeriod.day)]),
        (f"{BOOKING} No more than ten bookings per court a day.", [("booking", 10, "court", RulePeriod.day)]),
        (f"{BOOKING} A member can book up to two courts daily.", [("booking", 2, "created_by", RulePeriod.day)]),
    ],
)
def test_a_limit_is_a_rule_with_its_number_and_period(text: str, wanted: list[tuple[str, int, str, RulePeriod]]) -> None:
    assert limits(text) == wanted


def test_what_was_given_back_no_longer_counts() -> None:
    (rule,) = (rule for rule in read(f"{LENDING} A member may borrow at most three books.").rules if rule.kind is RuleKind.limit)
    assert (rule.states, rule.message) == (("borrowed",), "A person may have at most 3 loans at a time.")
    assert rule.source.quote == "A member may borrow at most three books"


@pytest.mark.parametrize(
    "sentence",
    [
        "A court seats up to 20 people.",
        "A note has at most 100 characters.",
        "A booking lasts at most two hours.",
        "A court has a maximum number of players.",
    ],
)
def test_a_bound_on_a_value_is_no_limit_on_records(sentence: str) -> None:
    assert limits(f"{BOOKING} {sentence}") == []


def test_a_limit_that_is_kept_is_not_asked_about_and_another_is() -> None:
    kept = read(f"{BOOKING} Max 2 bookings per day.")
    assert [entry.name for entry in kept.open_questions if entry.name.startswith("limit_")] == []
    other = read(f"{BOOKING} Bookings are made at least two days before the start.")
    assert len([entry for entry in other.open_questions if entry.name.startswith("limit_")]) == 1
