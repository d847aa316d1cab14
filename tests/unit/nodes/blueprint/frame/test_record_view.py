"""In which order tables are made, and which references have to wait."""

from nodes.artifacts import AppSpec
from nodes.blueprint.frame.record_view import cyclic_relations, in_dependency_order
from tests.integration.frame.frame_specs import ADMINISTRATOR, field, record, relation


def spec_of(*records: object) -> AppSpec:
    return AppSpec.model_validate(
        {"name": "x", "title": "X", "summary": "X", "records": records, "roles": (ADMINISTRATOR,), "permissions": ()}
    )


def test_a_record_comes_after_those_it_refers_to() -> None:
    spec = spec_of(
        record("line", "lines", field("text"), relation("invoice", required=True)),
        record("invoice", "invoices", field("text"), relation("customer")),
        record("customer", "customers", field("name"), relation("parent", "customer")),
    )
    assert [entry.name for entry in in_dependency_order(spec)] == ["customer", "invoice", "line"]
    assert cyclic_relations(spec) == frozenset()


def test_in_a_circle_the_optional_reference_waits() -> None:
    spec = spec_of(
        record("team", "teams", field("name"), relation("captain", "player")),
        record("player", "players", field("name"), relation("team", required=True)),
    )
    assert [entry.name for entry in in_dependency_order(spec)] == ["team", "player"]
    assert cyclic_relations(spec) == {("team", "captain")}
