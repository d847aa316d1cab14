"""Feedback is read as changes to the specification there is."""

import pytest

from nodes.artifacts import Action, AppSpec, BuildRequest, FieldType
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description

SHOP = BuildRequest(
    app_description="Customers have a name, an age and an email. Customers book a car. Managers confirm bookings. Staff add cars and tags."
)


@pytest.fixture
def before() -> AppSpec:
    return read_description(SHOP)


def changed(before: AppSpec, feedback: str) -> AppSpec:
    after = read_description(SHOP, feedback=feedback, previous=before)
    assert consistency.problems(after) == ()
    return after


@pytest.mark.parametrize(
    "feedback",
    ["Also store the customer's address.", "Add an address to customers.", "Customers also have an address.", "A customer has an address."],
)
def test_a_field_is_added_however_it_is_asked_for(before: AppSpec, feedback: str) -> None:
    after = changed(before, feedback)
    assert [(field.name, field.type) for field in after.record("customer").fields[len(before.record("customer").fields) :]] == [
        ("address", FieldType.text)
    ]
    assert after.record("car") == before.record("car")


def test_a_role_is_given_a_step(before: AppSpec) -> None:
    workflow = changed(before, "Let managers cancel a booking.").record("booking").workflow
    assert workflow is not None
    assert "manager" in next(step for step in workflow.transitions if step.name == "cancel").roles


def test_a_role_is_given_and_refused_a_right(before: AppSpec) -> None:
    after = changed(before, "Managers can delete cars. Staff cannot delete cars.")
    rights = {(entry.role, entry.action) for entry in after.permissions if entry.record == "car"}
    assert ("manager", Action.delete) in rights
    assert ("staff", Action.delete) not in rights


def test_a_record_is_renamed_wherever_it_is_referred_to(before: AppSpec) -> None:
    after = changed(before, "Rename car to vehicle.")
    assert [record.name for record in after.records] == ["vehicle" if record.name == "car" else record.name for record in before.records]
    assert {relation.target for relation in after.record("booking").relations} == {
        relation.target.replace("car", "vehicle") for relation in before.record("booking").relations
    }


def test_a_record_and_a_field_are_removed(before: AppSpec) -> None:
    after = changed(before, "Remove tags. Remove the age from customers.")
    assert {record.name for record in before.records} - {record.name for record in after.records} == {"tag"}
    assert "age" not in {field.name for field in after.record("customer").fields}


def test_a_new_record_is_added_beside_the_old_ones(before: AppSpec) -> None:
    after = changed(before, "A garage has a name and an address.")
    assert after.records[: len(before.records)] == before.records
    assert [record.name for record in after.records[len(before.records) :]] == ["garage"]


def test_what_was_not_understood_becomes_a_question_and_changes_nothing(before: AppSpec) -> None:
    after = changed(before, "Make it feel warmer.")
    assert after.records == before.records
    assert "Make it feel warmer" in after.open_questions[-1].question
