"""The built-in engineer's sample data suits the trade and keeps the rules."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from nodes.artifacts import AppSpec, BuildRequest, CheckName, Finding, RecipeKind, RuleKind, Severity
from nodes.blueprint import architect, engineer
from nodes.blueprint.reader import read_description
from tests.unit.nodes.blueprint.descriptions import OPEN, OWN

ALL = OPEN | OWN


def spec_of(text: str) -> AppSpec:
    return read_description(BuildRequest(app_description=text))


def samples_of(spec: AppSpec) -> dict[str, list[dict[str, Any]]]:
    """Run the generated `samples.py` of every record and give their rows."""
    found = {}
    for component in architect.plan(spec).components:
        files = {change.path: change.content for change in engineer.write(spec, component, own_files={}).changes}
        for name in component.records:
            module: dict[str, Any] = {}
            exec(compile(files[f"app/records/{spec.record(name).plural}/samples.py"], "samples.py", "exec"), module)  # noqa: S102 - the file under test
            found[name] = module["SAMPLES"]
    return found


@pytest.mark.parametrize("text", [wanted.text for wanted in ALL.values()], ids=ALL.keys())
def test_samples_fill_required_fields_refer_to_rows_and_keep_every_rule(text: str) -> None:
    spec = spec_of(text)
    samples = samples_of(spec)
    by_app = {(recipe.record, name) for recipe in spec.recipes if recipe.kind is RecipeKind.stock for name in recipe.fields[:1]}
    for record in spec.records:
        rows = samples[record.name]
        assert 2 <= len(rows) <= 24
        for field in [field for field in record.fields if (record.name, field.name) not in by_app]:
            values = [row[field.name] for row in rows]
            assert None not in values
            assert not field.unique or len(set(values)) == len(values)
            assert not field.choices or set(values) <= set(field.choices)
            assert field.minimum is None or min(values) >= field.minimum
        for relation in record.relations:
            if relation.target != "account" and relation.kind.value == "many_to_one":
                assert {row[relation.name] for row in rows if relation.name in row} <= set(range(len(samples[relation.target])))
                assert not relation.required or all(relation.name in row for row in rows)
        assert [rule.name for rule in spec.rules if rule.record == record.name and not _holds(rule.kind, rule.fields, rule.per, rows)] == []
        if record.workflow:
            assert len({row["state"] for row in rows}) > 1


def _holds(kind: RuleKind, fields: tuple[str, ...], per: str | None, rows: Sequence[Mapping[str, Any]]) -> bool:
    if kind is RuleKind.ordered:
        return all(row[fields[0]] < row[fields[1]] for row in rows)
    if kind is RuleKind.unique_together:
        return len({tuple(row[name] for name in fields) for row in rows}) == len(rows)
    if kind is RuleKind.positive:
        return all(row[fields[0]] > 0 for row in rows)
    spans = sorted((row[per], row[fields[0]], row[fields[1]]) for row in rows) if per else []
    return all(earlier[0] != later[0] or earlier[2] <= later[1] for earlier, later in pairwise(spans))


def test_a_vote_is_for_an_option_of_its_own_poll() -> None:
    samples = samples_of(spec_of(OPEN["polls"].text))
    assert {row["poll"] for row in samples["vote"]} <= set(range(len(samples["poll"])))
    assert [row for row in samples["vote"] if samples["option"][row["option"]]["poll"] != row["poll"]] == []


def test_values_are_of_the_types_the_app_takes_and_look_real() -> None:
    car, booking = (samples_of(spec_of(OPEN["cars"].text))[name][0] for name in ("car", "booking"))
    assert car["name"] == "Toyota Corolla"
    assert isinstance(car["daily_price"], Decimal)
    assert isinstance(booking["start_date_and_time"], dt.datetime)
    assert booking["created_by"] == "user"


def test_the_same_component_gives_the_same_changeset_and_names_what_it_cannot_repair() -> None:
    spec = spec_of(OPEN["claims"].text)
    component = architect.plan(spec).components[0]
    finding = Finding(check=CheckName.tests, severity=Severity.major, message="test_claims failed.", component="claims")
    first = engineer.write(spec, component, own_files={"app/records/claims/samples.py": ""})
    again = engineer.write(spec, component, own_files={"app/records/claims/samples.py": ""}, findings=[finding])
    assert first.changes == again.changes
    assert "cannot repair 1 finding" in again.notes
    assert "test_claims failed." in again.notes


def test_only_files_of_the_component_are_changed() -> None:
    spec = spec_of(OPEN["polls"].text)
    component = architect.plan(spec).components[0]
    assert [(change.operation.value, change.path) for change in engineer.write(spec, component, own_files={}).changes] == [
        ("replace", "app/records/polls/samples.py"),
        ("add", "tests/test_polls_samples.py"),
        ("replace", "app/records/options/samples.py"),
        ("add", "tests/test_options_samples.py"),
    ]
