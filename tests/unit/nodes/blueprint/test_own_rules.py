"""The code of a rule goes into the app however a small model gave it, and is refused in one sentence where it cannot work."""

import json

import pytest

from nodes.artifacts import Architecture, BuildRequest, RuleCode, RuleKind, StoredRecord
from nodes.blueprint import own_rules
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.reader import read_description
from nodes.blueprint.rule_examples import RuleUnusable
from nodes.contract import contract_of
from nodes.rule_functions import function_in, is_unwritten, kept_in, shown_in, unkept_rules
from nodes.stack import PYTHON_WEB

SAID = "A loan may last at most 14 days."
REQUEST = BuildRequest(
    app_description="Members borrow tools. A tool has a name and a daily fee. A loan has a start date and an end date. "
    f"A librarian approves or rejects each loan. {SAID}"
)
SPEC = read_description(REQUEST, has_engineers=True)
[RULE] = [rule for rule in SPEC.rules if rule.kind is RuleKind.custom]
FRAME = generate_frame(SPEC, Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(SPEC), components=()))
RULES = kept_in(SPEC, RULE)
BODY = "if loan.start_date is None or loan.end_date is None:\n    return True\nreturn (loan.end_date - loan.start_date).days <= 14"
LONG = '{"start_date": "2030-01-01", "end_date": "2030-01-20"}'
SHORT = '{"start_date": "2030-01-01", "end_date": "2030-01-15"}'


ABSENT = "A record without `loan.end_date` is refused, and the rule says nothing of it. Return True where `loan.end_date is None`."
SPANS = (
    "`accepted` spans 14 days and `refused` 13, which does not show a limit of 14. "
    "From 2030-01-01, 14 days end on 2030-01-15, and 15 days on 2030-01-16."
)


def written(code: str, refused: str = LONG, accepted: str = SHORT, stored: tuple[StoredRecord, ...] = ()) -> dict[str, str]:
    return own_rules.written(FRAME, SPEC, RULE, RuleCode(code=code, refused=refused, accepted=accepted, stored=stored))


def test_a_limit_no_program_can_keep_is_a_rule_for_an_engineer_where_there_is_one() -> None:
    assert (RULE.record, RULE.message, RULE.source.quote) == ("loan", SAID, SAID.rstrip("."))
    assert SPEC.open_questions == ()
    assert [asked.default for asked in read_description(REQUEST).open_questions] == ["Yes; the app does not enforce it."]


def test_the_app_has_a_place_for_it_that_is_found_empty() -> None:
    assert f'    if not keeps_loan_custom(session, loan):\n        problems[""] = "{SAID}"\n' in FRAME[RULES]
    assert is_unwritten(FRAME[RULES], RULE)
    [(rule, message)] = unkept_rules(FRAME, SPEC)
    assert (rule, message) == (RULE, f"keeps_loan_custom refuses nothing, so the app does not keep the rule “{SAID}”")


@pytest.mark.parametrize(
    "code",
    [
        BODY,
        f"```python\n{BODY}\n```",
        "    " + BODY.replace("\n", "\n    "),
        f'def keeps(session: Session, loan: Loan) -> bool:\n    """Too long?"""\n    {BODY.replace(chr(10), chr(10) + "    ")}',
    ],
    ids=["body", "fenced", "indented", "whole function"],
)
def test_the_same_function_comes_of_every_form_small_models_give_it_in(code: str) -> None:
    head = "def keeps_loan_custom(session: Session, loan: Loan) -> bool:\n    "
    assert function_in(written(code)[RULES], RULE) == head + BODY.replace("\n", "\n    ")


def test_a_single_expression_is_returned() -> None:
    expression = "loan.end_date - loan.start_date < timedelta(15)"
    assert f"    return {expression}\n" in written(expression)[RULES]


def test_what_the_code_leaves_undecided_keeps_the_rule() -> None:
    """A small model forgot records without the dates it compares, and an app refused them."""
    code = "if loan.start_date is not None and loan.end_date is not None:\n    return (loan.end_date - loan.start_date).days <= 14"
    assert (function_in(written(code)[RULES], RULE) or "").endswith("days <= 14\n    return True")
    assert "return True" not in (function_in(written("return loan.end_date < loan.start_date + timedelta(15)")[RULES], RULE) or "")


def test_what_the_code_uses_is_imported() -> None:
    lines = (
        "tool = session.get(Tool, loan.tool_id)",
        "return tool.daily_fee > Decimal(14) or loan.end_date - timedelta(days=3) > date.today()",
    )
    text = written("\n".join(lines))[RULES]
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert {"from decimal import Decimal", "from datetime import timedelta", "from datetime import date"} <= set(imports)
    assert imports.count("from app.records.tools.model import Tool") == 1


def test_the_test_sends_what_breaks_the_rule_and_what_keeps_it() -> None:
    files = written(
        BODY,
        stored=(StoredRecord(record="tool", values='{"daily_fee": "3.00"}'),),
        accepted='{"tool_id": "#1", "created_by_id": 2, "end_date": null}',
    )
    text = files[shown_in(SPEC, RULE)]
    assert 'stored_1 = make.tool(author, **{"daily_fee": "3.00"})' in text
    assert 'values | {"start_date": "2030-01-01", "end_date": "2030-01-20"})\n    assert answer.status_code == 422' in text
    assert 'values | {"tool_id": stored_1.id, "end_date": None})\n    assert answer.status_code == 201' in text
    assert list(unkept_rules(files, SPEC)) == []


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("if loan.days > 14\n    return True", "`code` is no Python, line 1: expected ':': if loan.days > 14"),
        ("return loan.end_date is not None and (loan.end_date - loan.start_date).days <= 14", ABSENT),
        (
            "return loan.duration > 14",
            "`loan` has no `duration`. It has created_at, created_by_id, end_date, id, start_date, state, tool_id.",
        ),
        (
            "return (loan.end_date - start_date).days > 14",
            "There is no `start_date` here. Use only what `usable` lists. Do you mean `loan.start_date`?",
        ),
        ("return True", "`code` has to return True where the record keeps the rule and False where it breaks it."),
        ("x = 14", "`code` has to return True where the record keeps the rule and False where it breaks it."),
        (
            "def check(claim):\n    return claim.amount > 5",
            "The arguments are `session` and `loan`, not claim. Give the lines of the body only.",
        ),
    ],
)
def test_code_that_cannot_work_is_refused_in_one_sentence(code: str, complaint: str) -> None:
    with pytest.raises(RuleUnusable) as refused:
        written(code)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("refused", "complaint"),
    [
        (SHORT, "`accepted` and `refused` are the same. Give values that keep the rule, and values that break it."),
        (
            '{"start_date": "2023-04-15", "end_date": "2023-04-28"}',
            SPANS,
        ),
        ("start_date: 2030", '`refused` is no JSON object: Expecting value. Write it like {"amount": "12.50"}.'),
        (json.dumps({"days": 20}), "`refused`: a loan has no days. It has end_date, start_date, tool_id."),
        (json.dumps({"tool_id": "#1"}), '"#1" stands for nothing: 0 records are stored before.'),
    ],
)
def test_examples_that_show_nothing_are_refused(refused: str, complaint: str) -> None:
    with pytest.raises(RuleUnusable) as caught:
        written(BODY, refused)
    assert str(caught.value) == complaint


def test_an_engineer_is_told_of_what_the_sentence_touches_and_of_nothing_else() -> None:
    """Small models use what they are offered: asked about days, one counted the loans of a person."""
    assert own_rules.usable(SPEC, RULE).splitlines() == [
        "loan: Loan, the loan that somebody wants to store",
        "loan.start_date: dt.date | None",
        "loan.end_date: dt.date | None",
        "loan.tool_id: int, the id of a tool",
        "loan.state: str, one of requested, approved, rejected, returned",
        "dt: the module datetime; Decimal",
    ]
    assert own_rules.sent(SPEC, RULE).splitlines() == ['start_date: "YYYY-MM-DD"', 'end_date: "YYYY-MM-DD"']
    about_tools = RULE.model_copy(update={"message": "A tool with a daily fee above 50 is lent once to each member."})
    told = own_rules.usable(SPEC, about_tools)
    assert "session.get(Tool, loan.tool_id): Tool, what loan.tool_id refers to; it has\n  x.name: str" in told
    assert "records.count_others(session, loan, Loan.created_by_id == loan.created_by_id)" in told
    assert 'tool_id: "#1", a stored tool' in own_rules.sent(SPEC, about_tools)


def test_a_small_model_of_another_module_is_read_in_its_place() -> None:
    text = written("return datetime.timedelta(14) >= loan.end_date - loan.start_date")[RULES]
    assert "import datetime\n" in text
