"""Each contradiction of a specification is named in a sentence that says what to correct."""

import pytest

from nodes.artifacts import (
    Action,
    AppSpec,
    BuildRequest,
    FieldSpec,
    FieldType,
    Permission,
    Relation,
    ReportSpec,
    RoleSpec,
    RuleKind,
    RuleSpec,
    Transition,
    Workflow,
    WorkflowState,
)
from nodes.blueprint.consistency import problems
from nodes.blueprint.reader import read_description
from tests.factories import make_record, make_spec
from tests.unit.nodes.blueprint.descriptions import OPEN


@pytest.fixture
def spec() -> AppSpec:
    return read_description(BuildRequest(app_description=OPEN["cars"].text))


def test_a_sound_specification_has_no_problem(spec: AppSpec) -> None:
    assert problems(spec) == ()


def test_an_app_that_keeps_nothing_is_named(spec: AppSpec) -> None:
    empty = spec.model_copy(update={"records": (), "permissions": (), "rules": (), "reports": (), "recipes": ()})
    assert problems(empty) == ("The app keeps nothing: add at least one record.",)


def test_two_administering_roles_are_one_too_many(spec: AppSpec) -> None:
    roles = tuple(role.model_copy(update={"administers": True}) for role in spec.roles)
    assert problems(spec.model_copy(update={"roles": roles})) == ("Exactly one role administers accounts; here 2 do: user, administrator.",)


def test_names_that_refer_to_nothing_are_named(spec: AppSpec) -> None:
    broken = spec.model_copy(
        update={
            "permissions": (*spec.permissions, Permission(role="ghost", record="plane", action=Action.read)),
            "rules": (RuleSpec(name="odd", record="car", kind=RuleKind.positive, fields=("weight",), message="No."),),
            "reports": (ReportSpec(name="gone", label="Gone", record="plane", group_by="day"),),
        }
    )
    assert problems(broken) == (
        "A permission names the role ghost, which does not exist.",
        "A permission names the record plane, which does not exist.",
        "The rule odd uses weight, which car does not have.",
        "The report gone is about plane, which is no record.",
    )


def test_a_part_and_its_whole_have_to_be_relations_of_which_one_leads_to_the_other() -> None:
    polls = read_description(BuildRequest(app_description=OPEN["polls"].text))
    rule = RuleSpec(name="vote_option", record="vote", kind=RuleKind.same_parent, fields=("option", "poll"), message="Another poll.")
    reversed_rule = rule.model_copy(update={"fields": ("poll", "option")})
    assert problems(polls.model_copy(update={"rules": (*polls.rules, rule)})) == ()
    assert problems(polls.model_copy(update={"rules": (*polls.rules, reversed_rule)})) == (
        "The rule vote_option needs two relations, of which the first leads to a record with one relation to the second.",
    )


def test_a_role_that_moves_a_record_has_to_read_it(spec: AppSpec) -> None:
    blind = tuple(entry for entry in spec.permissions if (entry.role, entry.record, entry.action) != ("user", "booking", Action.read))
    assert problems(spec.model_copy(update={"permissions": blind})) == (
        "user takes the step pay of booking but may not read it; give it read.",
        "user takes the step cancel of booking but may not read it; give it read.",
    )


def test_records_that_need_each_other_first_are_named(spec: AppSpec) -> None:
    car = spec.record("car").model_copy(update={"relations": (Relation(name="booking", label="Booking", target="booking", required=True),)})
    circle = spec.model_copy(update={"records": (car, spec.record("booking"))})
    assert [problem.split(" requires")[0] for problem in problems(circle)] == ["car", "booking"]


def test_states_that_do_not_exist_or_are_never_reached_are_named(spec: AppSpec) -> None:
    booking = spec.record("booking")
    assert booking.workflow is not None
    transitions = tuple(
        step.model_copy(update={"to_state": "lost"}) if step.name == "pay" else step for step in booking.workflow.transitions
    )
    broken = booking.model_copy(update={"workflow": booking.workflow.model_copy(update={"transitions": transitions})})
    assert problems(spec.model_copy(update={"records": (spec.record("car"), broken)})) == (
        "booking.pay uses the state lost, which booking does not have.",
        "No step leads booking to the state paid.",
    )


def test_repeated_built_in_and_missing_names_are_found(spec: AppSpec) -> None:
    car = spec.record("car")
    doubled = car.model_copy(
        update={"fields": (*car.fields, car.fields[0], car.fields[0].model_copy(update={"name": "id"})), "title_field": "nickname"}
    )
    assert problems(spec.model_copy(update={"records": (doubled, spec.record("booking"))})) == (
        "The part of car name car_type is used 2 times; names are unique.",
        "car.id is built in; leave it out or rename it.",
        "The title_field nickname of car is neither a field nor a single relation of it.",
    )


def test_names_the_api_cannot_carry_are_named(spec: AppSpec) -> None:
    plural = "t" * 44
    sentence = f"The API would call something list_{plural}, longer than 48 characters;"
    assert problems(make_spec(make_record("thing", plural))) == (f"{sentence} shorten the name or plural of thing or one of its steps.",)


def test_a_record_called_as_what_reports_answer_is_named() -> None:
    kept = make_spec(make_record("report_row", "rows"), make_record("report_rows", "sheets"))
    report = ReportSpec(name="rows", label="Rows", record="report_row", group_by="title")
    assert problems(kept) == ()
    assert problems(kept.model_copy(update={"reports": (report,)})) == (
        "report_rows and reports would both have a body called ReportRows; rename the record.",
    )


def test_a_record_called_as_a_body_of_another_is_named() -> None:
    assert problems(make_spec(make_record("claim"), make_record("claim_update"))) == (
        "claim and claim_update would both have a body called ClaimUpdate; rename the record.",
    )


def test_two_roles_that_would_share_a_demo_account_are_named(spec: AppSpec) -> None:
    roles = (*spec.roles, *(RoleSpec(name=name, label=name) for name in ("guard", "guard2")))
    assert problems(spec.model_copy(update={"roles": roles})) == (
        "The second demo account of the role guard would be the first of guard2; rename one of the two.",
    )


@pytest.mark.parametrize("name", ["create", "read", "update", "delete", "list"])
def test_a_step_called_like_an_operation_is_named(name: str) -> None:
    step = Transition(name=name, label=name, from_states=("open",), to_state="done")
    states = (WorkflowState(name="open", label="Open"), WorkflowState(name="done", label="Done"))
    record = make_record().model_copy(update={"workflow": Workflow(states=states, initial="open", transitions=(step,))})
    found = problems(make_spec(record))
    assert found[0] == f"claim has a step called {name}, which everything has anyway; give the step the name of what happens."
    assert found[1:] == (() if name == "list" else (f"The API would call 2 things {name}_claim; rename claim or one of its steps.",))


FINE = FieldSpec(name="fine", label="Fine", type=FieldType.money, by_app=True)


def with_a_fine(fine: FieldSpec, *rules: RuleSpec) -> tuple[str, ...]:
    loan = make_record("loan")
    return problems(make_spec(loan.model_copy(update={"fields": (*loan.fields, fine)})).model_copy(update={"rules": rules}))


def test_what_the_app_fills_is_said_by_a_rule_an_engineer_writes() -> None:
    says_how = RuleSpec(name="late", record="loan", kind=RuleKind.custom, fields=("fine",), message="0.30 for each day late.")
    positive = RuleSpec(name="some", record="loan", kind=RuleKind.positive, fields=("fine",), message="A fine is something.")
    assert with_a_fine(FINE, says_how) == ()
    assert with_a_fine(FINE.model_copy(update={"type": FieldType.date, "required": True}), says_how) == (
        "loan.fine is filled by the app, so it is empty until then: it cannot be required.",
    )
    assert with_a_fine(FINE, positive) == (
        "loan.fine is filled by the app, and nothing says with what: add a rule of kind custom with it as the first of `fields`.",
        "The rule some is about loan.fine, which the app works out: make it a rule of kind custom.",
    )
