import pytest

from nodes.artifacts import Architecture, Component
from nodes.contract import contract_of
from nodes.ownership import owner_of, owner_of_record, owns
from tests.factories import make_plan, make_record, make_spec

CLAIMS = Component(name="claims", title="", summary="", owns=("app/records/claims/**", "tests/test_claims*.py"))


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        ("app/records/claims/model.py", True),
        ("app/records/claims/deep/er.py", True),
        ("tests/test_claims.py", True),
        ("tests/test_claims_rules.py", True),
        ("tests/test_claims/secret.py", False),
        ("app/records/claims_other/model.py", False),
        ("app/records/claims", False),
        ("app/main.py", False),
        ("xapp/records/claims/model.py", False),
    ],
)
def test_a_component_owns_exactly_what_its_patterns_cover(path: str, *, owned: bool) -> None:
    assert owns(CLAIMS, path) is owned


def test_a_file_or_record_has_one_owner_or_belongs_to_the_frame() -> None:
    spec = make_spec(make_record("claim"), make_record("trip"))
    architecture = Architecture(stack="python-web", summary="", contract=contract_of(spec), components=make_plan(spec).components)
    owners = [owner_of(architecture, path) for path in ("app/records/trips/api.py", "app/main.py")]
    assert [owner and owner.name for owner in (*owners, owner_of_record(architecture, "claim"), owner_of_record(architecture, "x"))] == [
        "trip",
        None,
        "claim",
        None,
    ]
