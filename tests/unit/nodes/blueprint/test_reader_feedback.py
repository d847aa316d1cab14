"""Feedback is read as changes to the specification there is."""

import pytest

from nodes.artifacts import Action, AppSpec, BuildRequest, FieldSpec, FieldType, Permission, Provenance, RecipeKind, RoleSpec, Source
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description
from nodes.spec_diff import changes_between

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
    assert ({recipe.kind for recipe in before.recipes}, after.recipes) == ({RecipeKind.tags}, ())
    assert "age" not in {field.name for field in after.record("customer").fields}


def test_a_new_record_is_added_beside_the_old_ones(before: AppSpec) -> None:
    after = changed(before, "A garage has a name and an address.")
    assert after.records[: len(before.records)] == before.records
    assert [record.name for record in after.records[len(before.records) :]] == ["garage"]


def test_what_was_not_understood_becomes_a_question_and_changes_nothing(before: AppSpec) -> None:
    after = changed(before, "Make it feel warmer.")
    assert after.records == before.records
    assert "Make it feel warmer" in after.open_questions[-1].question


# Change requests on a finished app: beside the change itself, not a byte of the specification differs.


def with_record(spec: AppSpec, name: str, **changes: object) -> AppSpec:
    records = tuple(record.model_copy(update=changes) if record.name == name else record for record in spec.records)
    return spec.model_copy(update={"records": records})


def same_bytes(one: AppSpec, other: AppSpec) -> bool:
    return one.model_dump_json() == other.model_dump_json()


def test_storing_one_more_value_changes_nothing_else(before: AppSpec) -> None:
    after = changed(before, "Also store the customer's address.")
    address = FieldSpec(
        name="address",
        label="Address",
        type=FieldType.text,
        source=Source(provenance=Provenance.stated, quote="Also store the customer's address"),
    )
    assert same_bytes(after, with_record(before, "customer", fields=(*before.record("customer").fields, address)))


def test_letting_a_role_take_a_step_changes_nothing_else(before: AppSpec) -> None:
    after = changed(before, "Let managers cancel a booking.")
    workflow = before.record("booking").workflow
    assert workflow is not None
    steps = tuple(
        step.model_copy(update={"roles": (*step.roles, "manager")}) if step.name == "cancel" else step for step in workflow.transitions
    )
    assert same_bytes(after, with_record(before, "booking", workflow=workflow.model_copy(update={"transitions": steps})))


def test_a_step_for_somebody_new_adds_the_role_and_lets_it_see_what_it_moves(before: AppSpec) -> None:
    quote = "Let dispatchers cancel a booking"
    after = changed(before, f"{quote}.")
    source = Source(provenance=Provenance.stated, quote=quote)
    assert after.roles == (RoleSpec(name="dispatcher", label="Dispatcher", source=source), *before.roles)
    assert after.permissions == (*before.permissions, Permission(role="dispatcher", record="booking", action=Action.read, source=source))


def test_a_step_for_people_who_see_their_own_shows_them_no_more(before: AppSpec) -> None:
    after = changed(before, "Let customers complete a booking.")
    assert after.permissions == before.permissions
    workflow = after.record("booking").workflow
    assert workflow is not None
    assert [(step.to_state, step.roles) for step in workflow.transitions if step.name == "complete"] == [("completed", ("customer",))]


def test_a_record_without_a_life_gets_one_with_its_first_step(before: AppSpec) -> None:
    workflow = changed(before, "Let managers archive a car.").record("car").workflow
    assert workflow is not None
    assert (workflow.initial, [(step.name, step.from_states, step.to_state) for step in workflow.transitions]) == (
        "new",
        [("archive", ("new",), "archived")],
    )


def test_renaming_changes_the_word_and_nothing_else() -> None:
    request = BuildRequest(
        app_description="Employees submit tasks with a title and a due date. Managers approve tasks. A checklist belongs to a task."
    )
    before = read_description(request)
    after = read_description(request, feedback="Rename task to ticket.", previous=before)
    assert consistency.problems(after) == ()
    back = read_description(request, feedback="Rename ticket to task.", previous=after)
    assert same_bytes(back, before)
    ticket = after.record("ticket")
    assert (ticket.plural, ticket.label, ticket.plural_label) == ("tickets", "Ticket", "Tickets")
    assert ticket.fields == before.record("task").fields
    assert ticket.workflow == before.record("task").workflow
    assert [(entry.name, entry.label, entry.target) for entry in after.record("checklist").relations] == [("task", "Ticket", "ticket")]
    assert (after.roles, after.open_questions, after.title) == (before.roles, before.open_questions, before.title)


WORDS = BuildRequest(
    app_description="Employees submit tickets with a subject, a priority (low, high) and notes. "
    "A ticket is pending, in progress or closed. Managers approve tickets. Report tickets by priority. At most 3 tickets per day."
)


@pytest.mark.parametrize(
    ("feedback", "words"),
    [
        ("Rename the state pending to waiting.", "The state “Pending” of tickets is called “Waiting” now; what is stored stays."),
        ('Use "waiting" instead of "pending".', "The state “Pending” of tickets is called “Waiting” now; what is stored stays."),
        ("Call the priority high 'urgent' instead.", "Priority of tickets: choices low, high → low, urgent."),
        ("Rename the field notes to remarks.", "Notes of tickets is called “Remarks” now; what is stored stays."),
        ("Please rename the ticket's priority to urgency.", "Priority of tickets is called “Urgency” now; what is stored stays."),
        ("Managers should be called team leads.", "The role manager is called “Team lead” now; what is stored stays."),
        ("Call tickets requests.", "Tickets are called requests; what is stored stays."),
    ],
)
def test_a_word_is_changed_wherever_it_stands_and_nothing_else_is(feedback: str, words: str) -> None:
    before = read_description(WORDS)
    after = read_description(WORDS, feedback=feedback, previous=before)
    assert consistency.problems(after) == ()
    assert [change.words for change in changes_between(before, after)] == [words]


@pytest.mark.parametrize(
    "feedback", ["Rename the field subject to priority.", "Rename the state pending to closed.", "Rename hue to colour."]
)
def test_a_word_that_is_taken_or_unknown_changes_nothing_and_is_asked_about(feedback: str) -> None:
    before = read_description(WORDS)
    after = read_description(WORDS, feedback=feedback, previous=before)
    assert changes_between(before, after) == ()
    assert len(after.open_questions) == len(before.open_questions) + 1


def test_removing_a_record_removes_what_speaks_of_it_and_nothing_else(before: AppSpec) -> None:
    after = changed(before, "Remove bookings.")
    left = {
        "records": tuple(record for record in before.records if record.name != "booking"),
        "permissions": tuple(entry for entry in before.permissions if entry.record != "booking"),
        "rules": (),
    }
    assert same_bytes(after, before.model_copy(update=left))


def test_three_changes_in_a_row_add_up(before: AppSpec) -> None:
    after = before
    for feedback in ("Also store the customer's address.", "Let managers cancel a booking.", "Rename car to vehicle.", "Remove tags."):
        after = changed(after, feedback)
    assert after == changed(before, "Also store the customer's address. Let managers cancel a booking. Rename car to vehicle. Remove tags.")
    assert [record.name for record in after.records] == ["customer", "vehicle", "booking"]
