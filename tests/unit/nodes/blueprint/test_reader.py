"""What the reader finds in descriptions, and that what it gives can always be built."""

import pytest

from nodes.artifacts import AppSpec, BuildRequest, FieldType, Provenance, RuleKind
from nodes.blueprint import consistency
from nodes.blueprint.reader import read_description
from nodes.blueprint.samples.rows import rows_of
from tests.unit.nodes.blueprint.descriptions import OPEN, OWN, Wanted

ALL = OPEN | OWN


def read(text: str, **more: object) -> AppSpec:
    return read_description(BuildRequest.model_validate({"app_description": text, **more}))


@pytest.mark.parametrize("wanted", ALL.values(), ids=ALL.keys())
def test_every_stated_record_role_field_and_state_is_found(wanted: Wanted) -> None:
    spec = read(wanted.text)
    read_fields = {record.name: {field.name for field in record.fields} for record in spec.records}
    read_states = {record.name: {state.name for state in record.workflow.states} for record in spec.records if record.workflow}
    assert sorted(wanted.records) == sorted(read_fields)
    assert set(wanted.roles) <= {role.name for role in spec.roles}
    assert {name: sorted(set(fields) - read_fields[name]) for name, fields in wanted.fields.items()} == {name: [] for name in wanted.fields}
    assert {name: sorted(set(states) - read_states.get(name, set())) for name, states in wanted.states.items()} == {
        name: [] for name in wanted.states
    }
    assert consistency.problems(spec) == ()


@pytest.mark.parametrize("wanted", ALL.values(), ids=ALL.keys())
def test_every_quote_is_the_users_own_sentence(wanted: Wanted) -> None:
    spec = read(wanted.text)
    sources = [source for record in spec.records for source in (record.source, *(field.source for field in record.fields))]
    stated = [source.quote for source in sources if source.provenance is Provenance.stated]
    assert stated
    assert [quote for quote in stated if quote not in wanted.text] == []


def test_the_same_text_gives_the_same_specification() -> None:
    assert read(OPEN["cars"].text) == read(OPEN["cars"].text)


def test_field_names_decide_their_types() -> None:
    spec = read(
        "A guest has a name, birthday, e-mail, phone number, age, sex, daily price, number of rooms, arrival date and time, "
        "website and notes."
    )
    assert [(field.name, field.type) for field in spec.record("guest").fields] == [
        ("name", FieldType.text),
        ("birthday", FieldType.date),
        ("e_mail", FieldType.email),
        ("phone_number", FieldType.phone),
        ("age", FieldType.integer),
        ("sex", FieldType.choice),
        ("daily_price", FieldType.money),
        ("number_of_rooms", FieldType.integer),
        ("arrival_date", FieldType.date),
        ("time", FieldType.datetime),
        ("website", FieldType.url),
        ("notes", FieldType.long_text),
    ]


def test_listed_subjects_become_the_choices_of_the_claim() -> None:
    subject = next(field for field in read(OPEN["claims"].text).record("claim").fields if field.name == "subject")
    assert subject.choices == ("Travel expenses", "Labor expenses", "Management expenses", "Equipment expenses")


def test_claims_are_seen_by_their_author_and_decided_by_the_administrator() -> None:
    spec = read(OPEN["claims"].text)
    rights = {(entry.role, entry.action.value, entry.scope.value) for entry in spec.permissions}
    assert {("employee", "create", "all"), ("employee", "read", "own"), ("administrator", "read", "all")} <= rights
    assert not {action for role, action, _ in rights if role == "employee"} & {"update", "delete"}
    workflow = spec.record("claim").workflow
    assert workflow is not None
    assert [(step.name, step.from_states, step.to_state, step.roles) for step in workflow.transitions] == [
        ("approve", ("submitted",), "approved", ("administrator",)),
        ("reject", ("submitted",), "rejected", ("administrator",)),
    ]


def test_a_car_is_booked_once_at_a_time_by_people_who_see_their_own_bookings() -> None:
    spec = read(OPEN["cars"].text)
    booking = spec.record("booking")
    assert [(relation.name, relation.target, relation.required) for relation in booking.relations] == [("car", "car", True)]
    assert [(rule.kind.value, rule.per) for rule in spec.rules] == [("ordered", None), ("no_overlap", "car")]
    assert {
        (entry.role, entry.action.value, entry.scope.value)
        for entry in spec.permissions
        if entry.record == "booking" and entry.role == "user"
    } == {
        ("user", "create", "all"),
        ("user", "read", "own"),
    }
    assert [role.may_register for role in spec.roles] == [True, False]
    assert booking.workflow is not None
    assert [(step.name, step.from_states) for step in booking.workflow.transitions] == [
        ("pay", ("booked",)),
        ("cancel", ("booked", "paid")),
    ]


def test_everybody_has_one_vote_in_a_poll_and_sees_the_results() -> None:
    spec = read(OPEN["polls"].text)
    assert [(rule.kind.value, rule.fields) for rule in spec.rules] == [
        ("unique_together", ("poll", "created_by")),
        ("same_parent", ("option", "poll")),
    ]
    assert [(report.record, report.group_by) for report in spec.reports] == [("vote", "option")]
    assert {relation.target for relation in spec.record("option").relations} == {"poll"}
    assert any(entry.name == "votes_visible" for entry in spec.open_questions)


def test_a_part_and_its_whole_that_a_record_refers_to_have_to_meet() -> None:
    spec = read(OPEN["polls"].text)
    found = [(rule.record, rule.fields, rule.message) for rule in spec.rules if rule.kind is RuleKind.same_parent]
    assert found == [("vote", ("option", "poll"), "This option belongs to another poll.")]
    assert consistency.problems(spec) == ()
    rows = rows_of(spec)
    assert [row.references["poll"] for row in rows["vote"]] == [
        rows["option"][place].references["poll"] for row in rows["vote"] if isinstance(place := row.references["option"], int)
    ]


def test_people_need_not_belong_to_what_is_named_beside_them() -> None:
    spec = read("A customer belongs to a branch. A customer has a name. A complaint belongs to a customer and has a branch and a date.")
    assert [rule for rule in spec.rules if rule.kind is RuleKind.same_parent] == []


def test_preferred_products_are_a_set_and_purchases_belong_to_their_customer() -> None:
    spec = read(OPEN["crm"].text)
    assert [(entry.name, entry.target, entry.kind.value) for entry in spec.record("customer").relations] == [
        ("preferred_products", "product", "many_to_many")
    ]
    assert [(entry.target, entry.required) for entry in spec.record("purchase").relations] == [("customer", True), ("product", True)]


def test_an_employee_may_have_a_manager_who_is_an_employee() -> None:
    spec = read("An employee has a manager who is an employee. Employees have a name and a salary. Each employee belongs to a department.")
    relations = [(entry.name, entry.target, entry.required) for entry in spec.record("employee").relations]
    assert relations == [("manager", "employee", False), ("department", "department", True)]
    assert consistency.problems(spec) == ()


def test_a_class_that_has_its_own_time_is_booked_without_one() -> None:
    spec = read(OWN["gym"].text)
    assert [rule.kind.value for rule in spec.rules] == ["unique_together"]


def test_requirements_are_read_like_the_description() -> None:
    spec = read(
        "A small library app for members.",
        requirements="- Members borrow books\n- A book has a title and an author\n- Librarians add books",
    )
    assert [record.name for record in spec.records] == ["book", "loan"]
    assert [role.name for role in spec.roles] == ["member", "librarian", "administrator"]


def test_wishes_the_stack_does_not_meet_are_reported_and_the_others_are_not() -> None:
    spec = read("Members borrow books. Pay with Stripe.", tech_stack_preferences=["React", "Python", "SQLite", "MongoDB", "FastAPI"])
    assert [entry.preference for entry in spec.unmet_preferences] == ["React", "MongoDB", "Stripe"]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("Members borrow tools. A tool has a name and a daily fee.", {"tool", "loan"}),
        ("Create a tool to track expenses. The tool has users and categories. An expense has an amount.", {"expense"}),
    ],
)
def test_a_tool_that_is_borrowed_is_a_record_and_one_that_is_built_is_the_app(text: str, records: set[str]) -> None:
    assert {record.name for record in read(text).records} == records
