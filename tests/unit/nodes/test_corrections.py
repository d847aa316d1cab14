import json

import pytest

from nodes.artifacts import (
    Action,
    AppSpec,
    BuildRequest,
    FieldType,
    Permission,
    Relation,
    RelationKind,
    ReportSpec,
    RoleSpec,
    RuleKind,
    RuleSpec,
    Scope,
)
from nodes.blueprint.reader import read_description
from nodes.corrections import Correction, CorrectionKind, CorrectionRefused, SpecCorrections, corrected
from nodes.requirements import complaint_about_corrections, complaint_about_spec, corrected_words
from tests.factories import make_record, make_spec

DRAFT = make_spec(make_record("claim"), make_record("trip"))
MEMBER = RoleSpec(name="member", label="Member")
REFERRING = make_spec(
    make_record("claim").model_copy(update={"relations": (Relation(name="trip", label="Trip", target="trip"),)}), make_record("trip")
).model_copy(
    update={
        "roles": (*DRAFT.roles, MEMBER),
        "permissions": (*DRAFT.permissions, Permission(role="member", record="claim", action=Action.read)),
        "rules": (
            RuleSpec(name="trip_once", record="claim", kind=RuleKind.unique_together, fields=("trip",), message="Once for each trip."),
            RuleSpec(name="said", record="claim", kind=RuleKind.custom, fields=("trip", "title"), message="The title names the trip."),
        ),
        "reports": (ReportSpec(name="by_trip", label="By trip", record="claim", group_by="trip"),),
    }
)
"""A claim refers to a trip, and a rule of each kind and a report say so."""


def set_to(place: str, value: object) -> AppSpec:
    return corrected(DRAFT, SpecCorrections(corrections=(Correction(kind=CorrectionKind.set, place=place, value=json.dumps(value)),)))


def removed(place: str) -> AppSpec:
    return corrected(DRAFT, SpecCorrections(corrections=(Correction(kind=CorrectionKind.remove, place=place),)))


def test_without_corrections_the_draft_is_the_specification() -> None:
    assert corrected(DRAFT, SpecCorrections(corrections=())) == DRAFT


def test_one_value_changes_and_nothing_else() -> None:
    spec = set_to("records/trip/fields/title/required", value=False)
    assert spec.record("trip").fields[0].required is False
    assert spec.record("claim") == DRAFT.record("claim")


@pytest.mark.parametrize("title", ["half a smile \ud83d", "a\0b"])
def test_what_cannot_be_stored_is_refused_even_where_it_was_escaped(title: str) -> None:
    with pytest.raises(CorrectionRefused, match=r"^title: .*NUL character or half of a surrogate pair"):
        set_to("title", title)


def test_an_item_that_is_not_there_is_added_under_its_name() -> None:
    spec = set_to("records/claim/fields/paid_on", {"label": "Paid on", "type": "date"})
    added = spec.record("claim").fields[-1]
    assert (added.name, added.label, added.type) == ("paid_on", "Paid on", FieldType.date)


def test_of_an_item_that_is_there_only_what_is_mentioned_changes() -> None:
    spec = set_to("records/claim/fields/title", {"unique": True})
    assert spec.record("claim").fields[0] == DRAFT.record("claim").fields[0].model_copy(update={"unique": True})


def test_an_item_given_for_its_whole_list_is_added_to_it() -> None:
    spec = set_to("records/claim/fields", {"name": "paid_on", "label": "Paid on", "type": "date"})
    assert [field.name for field in spec.record("claim").fields] == [*(field.name for field in DRAFT.record("claim").fields), "paid_on"]


def test_a_relation_can_be_the_first_of_its_list() -> None:
    spec = set_to("records/claim/relations/trip", {"label": "Trip", "target": "trip", "kind": "many_to_one"})
    assert spec.record("claim").relations[0].kind is RelationKind.many_to_one


def test_permissions_are_named_by_role_record_and_action() -> None:
    spec = removed("permissions/administrator:trip:delete")
    assert Permission(role="administrator", record="trip", action=Action.delete) not in spec.permissions
    assert len(spec.permissions) == len(DRAFT.permissions) - 1
    narrowed = set_to("permissions/administrator:trip:update", {"scope": "own"})
    assert [permission.scope for permission in narrowed.permissions if permission.scope is not Scope.all] == [Scope.own]


def test_a_permission_is_added_by_its_place_alone() -> None:
    spec = corrected(
        REFERRING,
        SpecCorrections(corrections=(Correction(kind=CorrectionKind.set, place="permissions/member:trip:read", value='{"scope": "own"}'),)),
    )
    assert spec.permissions[-1] == Permission(role="member", record="trip", action=Action.read, scope=Scope.own)


def test_what_means_nothing_without_a_removed_item_goes_with_it() -> None:
    """A model that removes a misread record is not asked to name its dozen permissions, and may."""
    places = ("records/trip", "permissions/administrator:trip:read", "rules/trip_once")
    removals = tuple(Correction(kind=CorrectionKind.remove, place=place) for place in places)
    spec = corrected(REFERRING, SpecCorrections(corrections=removals))
    assert complaint_about_spec(spec) is None
    assert {permission.record for permission in spec.permissions} == {"claim"}
    assert (spec.record("claim").relations, [rule.name for rule in spec.rules], spec.reports) == ((), ["said"], ())


def test_without_a_role_nobody_is_granted_what_was_its() -> None:
    spec = corrected(REFERRING, SpecCorrections(corrections=(Correction(kind=CorrectionKind.remove, place="roles/member"),)))
    assert {permission.role for permission in spec.permissions} == {"administrator"}


def test_plain_words_without_quotes_are_text() -> None:
    given = SpecCorrections(corrections=(Correction(kind=CorrectionKind.set, place="title", value="Travel claims"),))
    assert corrected(DRAFT, given).title == "Travel claims"


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("", "x", "a correction needs a place"),
        ("records/clam/fields/title/type", "text", "records/clam/fields/title/type: there is no clam; there are claim, trip"),
        ("records/claim/colour", "red", "records/claim/colour: there is no colour; there are name, plural, label"),
        ("title/first", "x", "title/first: there is no title"),
        ("records/claim/fields/title/type", "colour", "records/claim/fields/title/type: Input should be 'text'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_the_analyst_can_act_on(place: str, value: str, complaint: str) -> None:
    with pytest.raises(CorrectionRefused) as refused:
        set_to(place, value)
    assert str(refused.value).startswith(complaint)


def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(CorrectionRefused, match="there is no paid_on to remove; there are title"):
        removed("records/claim/fields/paid_on")


REQUEST = BuildRequest(app_description="Keep customers. A customer has a name, an age and a phone.")


def leaving_out_the_age(reason: str) -> str | None:
    draft = read_description(REQUEST)
    given = SpecCorrections(corrections=(Correction(kind=CorrectionKind.remove, place="records/customer/fields/age", reason=reason),))
    return complaint_about_corrections(draft, given)


def test_what_the_request_states_is_not_removed_by_a_model_that_overlooks_it() -> None:
    complaint = leaving_out_the_age("the request does not ask for it")
    assert complaint is not None
    assert complaint.splitlines()[1].startswith("- records/customer/fields/age: the request says “")


def test_what_the_draft_misread_may_be_removed_with_that_reason() -> None:
    assert leaving_out_the_age("Misread: it is the age of the contract.") is None


def test_what_a_person_asks_for_may_remove_anything() -> None:
    draft = read_description(REQUEST)
    given = SpecCorrections(corrections=(Correction(kind=CorrectionKind.remove, place="records/customer/fields/age"),))
    assert complaint_about_corrections(draft, given, "leave the age out") is None


def test_what_the_draft_says_already_is_no_correction() -> None:
    """As a model of 1.5 billion parameters answered: every field once more, with the reason that the request asks for it."""
    draft = read_description(REQUEST)
    same = Correction(kind=CorrectionKind.set, place="records/customer/fields/age", value='{"label": "Age", "type": "integer"}')
    longer = same.model_copy(update={"value": '{"label": "Age in years"}'})
    told = [corrected_words(draft, SpecCorrections(corrections=(given,))) for given in (same, longer)]
    assert [text.split(". ")[-1] for text in told] == ["The draft stays as it was.", "1 correction to the draft."]
