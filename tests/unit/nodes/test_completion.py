"""What recipes imply is in the completed specification, once, and nothing else changes."""

from nodes.artifacts import Action, RuleKind
from nodes.completion import completed, given_fields, movements
from nodes.contract import contract_of
from tests.integration.frame.frame_specs import CLAIMS
from tests.integration.frame.recipe_specs import PAID
from tests.integration.frame.trade_specs import BALLOT, INVOICES, LINKS, STORES, TRIVIA


def test_without_recipes_nothing_changes() -> None:
    assert completed(CLAIMS) is CLAIMS


def test_completing_twice_changes_nothing_more() -> None:
    for spec in (BALLOT, INVOICES, LINKS, PAID, STORES, TRIVIA):
        assert completed(completed(spec)) == completed(spec)


def test_who_owes_does_not_say_that_it_is_paid() -> None:
    before, after = (spec.record("claim").workflow for spec in (PAID, completed(PAID)))
    assert before is not None
    assert after is not None
    assert [step.roles for step in (*before.transitions, *after.transitions)] == [("employee",), ("administrator",)]


def test_what_the_app_fills_is_carried_by_no_request() -> None:
    schemas = {schema.name: [prop.name for prop in schema.properties] for schema in contract_of(LINKS).schemas}
    assert schemas["LinkCreate"] == ["original_url"]
    assert {"short_code", "visits"} <= set(schemas["Link"])
    assert [field.name for field in given_fields(completed(LINKS).record("link"))] == ["original_url"]


def test_a_document_has_a_total_and_with_rates_net_and_tax() -> None:
    fields = {record.name: [field.name for field in record.fields if field.by_app] for record in completed(INVOICES).records}
    assert fields == {"invoice": ["net", "tax", "total"], "invoice_line": ["line_total"], "quote": ["total"], "item": ["line_total"]}


def test_a_poll_takes_one_vote_for_one_of_its_options_however_it_was_said() -> None:
    rules = [(rule.kind, rule.fields) for rule in completed(BALLOT).rules]
    assert rules == [(RuleKind.unique_together, ("poll", "created_by")), (RuleKind.same_parent, ("option", "poll"))]


def test_players_neither_look_up_what_is_right_nor_change_their_answers() -> None:
    def allowed(role: str, record: str) -> set[Action]:
        return {entry.action for entry in completed(TRIVIA).permissions if (entry.role, entry.record) == (role, record)}

    assert allowed("player", "option") == set()
    assert allowed("player", "answer") == {Action.read, Action.create}
    assert allowed("administrator", "option") == set(Action)


def test_a_choice_says_whether_a_movement_takes() -> None:
    supplies, gear = (movements(STORES, recipe) for recipe in STORES.recipes)
    assert (supplies.outgoing, supplies.incoming, supplies.level and supplies.level.name) == (("Stock out",), "Stock in", "reorder_level")
    assert (gear.direction, gear.link.name) == (None, "gear")
