"""Ways real people write: each rule that puts them into plain words, with an example that none of the benchmarks has."""

import pytest

from nodes.artifacts import Action, AppSpec, BuildRequest
from nodes.blueprint.reader import read_description


def read(text: str) -> AppSpec:
    return read_description(BuildRequest(app_description=text))


def fields(spec: AppSpec, record: str) -> list[str]:
    return [field.label for field in spec.record(record).fields if field.source.quote]


def states(spec: AppSpec, record: str) -> list[str]:
    workflow = spec.record(record).workflow
    return [state.name for state in workflow.states] if workflow else []


@pytest.mark.parametrize(
    ("text", "record", "labels"),
    [
        ("Parcel: tracking number, picked up, assigned to, fragile.", "parcel", ["Tracking number", "Picked up", "Assigned", "Fragile"]),
        ("A tram has a line, a capacity in seats and a depot, which the manager chooses.", "tram", ["Line", "Capacity", "Depot"]),
        ("We keep violins: maker, year, where it is kept, whether it is insured.", "violin", ["Maker", "Year", "Location", "Insured"]),
        ("Kilns - name, temperature, in use yes/no", "kiln", ["Name", "Temperature", "In use"]),
        ("For every canoe, its colour, length and price.", "canoe", ["Colour", "Length", "Price"]),
        ("Jockeys register with a name, weight and phone number.", "jockey", ["Name", "Weight", "Phone number"]),
        ("Repair log: who, what, when, cost", "repair", ["Person", "Name", "Date", "Cost"]),
        ("We store the tenant's height, weight and shoe size.", "tenant", ["Height", "Weight", "Shoe size"]),
    ],
)
def test_parts_are_read_however_they_are_listed(text: str, record: str, labels: list[str]) -> None:
    assert fields(read(text), record) == labels


@pytest.mark.parametrize(
    ("text", "record", "wanted"),
    [
        ("A parcel has a weight. Parcels go new → packed → shipped, and may be cancelled by the clerk.", "parcel",
         ["new", "packed", "shipped", "cancelled"]),
        ("Parcel: weight, height. Statuses: packed, in transit, lost.", "parcel", ["packed", "in_transit", "lost"]),
        ("A parcel has a weight. A parcel is new, then packed, then shipped.", "parcel", ["new", "packed", "shipped"]),
        ("A parcel has a weight. Parcels start as pending. Clerks approve parcels.", "parcel", ["pending", "approved"]),
        ("A parcel has a weight. Parcels are draft until a clerk publishes them.", "parcel", ["draft", "published"]),
        ("A parcel has a weight. Parcels are checked by the clerk, approved by the manager and finally archived.", "parcel",
         ["new", "checked", "approved", "archived"]),
        ("Clerks add parcels with a weight. The cook marks a parcel as ready, and the clerk marks it delivered.", "parcel",
         ["open", "ready", "delivered"]),
        ("A parcel has a weight, a height and is either open or paid.", "parcel", ["open", "paid"]),
        ("Clerks submit parcels with a weight. Once approved it is shipped.", "parcel", ["submitted", "approved", "shipped"]),
    ],
)  # fmt: skip
def test_lives_are_read_however_they_are_told(text: str, record: str, wanted: list[str]) -> None:
    assert states(read(text), record) == wanted


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("I'm the treasurer. I record payments with an amount.", ["Treasurer"]),
        ("As a falconer I want to log flights with a date.", ["Falconer"]),
        ("Flights have a date. The board should be able to look at flights.", ["Board"]),
        ("Flights have a date. The wing commander approves flights.", ["Wing commander"]),
        ("We log complaints from tenants with a date.", ["Tenant"]),
        ("Flights have a date. The pilot gets an e-mail when a flight is cancelled.", ["Pilot"]),
    ],
)
def test_roles_are_read_from_what_people_do(text: str, roles: list[str]) -> None:
    assert [role.label for role in read(text).roles if role.source.quote] == roles


@pytest.mark.parametrize(
    ("text", "record", "targets"),
    [
        ("Each fault concerns a lift and has a date. A lift has a number.", "fault", ["lift"]),
        ("Clerks log hours against a matter (date, minutes). A matter has a title.", "hour", ["matter"]),
        ("Dispatchers add parcels with a weight and assign them to a van. A van has a plate.", "parcel", ["van"]),
        ("A ewe has a tag and a mother, which is another ewe.", "ewe", ["ewe"]),
        ("Tenants rent flats. A flat has a number. The lease has a start date.", "lease", ["flat"]),
        ("Players may appeal a ban with a date. A ban has a reason. The judge dismisses the appeal.", "appeal", ["ban"]),
    ],
)
def test_what_something_is_about_is_referred_to(text: str, record: str, targets: list[str]) -> None:
    assert [relation.target for relation in read(text).record(record).relations] == targets


@pytest.mark.parametrize(
    "text", ["Stock rooms keep products.", "The waiting list has a name and a date.", "Managers check completeness of claims with a date."]
)
def test_places_lists_and_qualities_are_no_records(text: str) -> None:
    assert not {"room", "stock_room", "waiting", "completeness"} & {record.name for record in read(text).records}


def test_who_registers_for_something_may_not_change_it() -> None:
    spec = read("An exam has a date. Teachers add exams. Students register for exams.")
    assert {entry.action for entry in spec.permissions if (entry.role, entry.record) == ("student", "exam")} == {Action.read}
