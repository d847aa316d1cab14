"""Components own every record once, and keep together what cannot live apart."""

import pytest

from nodes.artifacts import BuildRequest
from nodes.blueprint.architect import MAX_COMPONENTS, plan
from nodes.blueprint.reader import read_description
from tests.unit.nodes.blueprint.descriptions import OPEN, OWN


@pytest.mark.parametrize("text", [wanted.text for wanted in (OPEN | OWN).values()], ids=(OPEN | OWN).keys())
def test_every_record_belongs_to_exactly_one_component_that_owns_its_files(text: str) -> None:
    spec = read_description(BuildRequest(app_description=text))
    components = plan(spec).components
    assert sorted(name for component in components for name in component.records) == sorted(record.name for record in spec.records)
    for component in components:
        plurals = [spec.record(name).plural for name in component.records]
        assert component.owns == tuple(
            pattern
            for plural in plurals
            for pattern in (f"app/records/{plural}/**", f"app/templates/records/{plural}/**", f"tests/test_{plural}*.py")
        )


def test_options_are_written_with_their_poll_and_votes_apart() -> None:
    spec = read_description(BuildRequest(app_description=OPEN["polls"].text))
    assert [component.records for component in plan(spec).components] == [("poll", "option"), ("vote",)]


def test_forty_records_are_joined_into_twelve_components() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    nouns = [f"gad{letters[number // 26]}{letters[number % 26]}on" for number in range(40)]
    spec = read_description(
        BuildRequest(app_description=" ".join(f"A {noun} has a name, a price, a weight and a colour." for noun in nouns))
    )
    assert len(plan(spec).components) == MAX_COMPONENTS
