"""A model that reads little writes a rule at a time; what it cannot is left to the whole component, or said."""

from collections.abc import Sequence

from nodes.artifacts import (
    Architecture,
    BuildRequest,
    Changeset,
    CheckName,
    ComponentOrder,
    ComponentResult,
    FieldSpec,
    FieldType,
    FileChange,
    FileOperation,
    Finding,
    RuleCode,
    RuleKind,
    RuleSpec,
    Severity,
    WorkOrder,
)
from nodes.blueprint import architect
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.reader import read_description
from nodes.changes import apply_changes
from nodes.codegen import NOTHING_LEFT, generate_component
from nodes.context import BuildOptions, Workshop
from nodes.contract import contract_of
from nodes.errors import AgentOutputInvalid
from nodes.rule_functions import custom_rules, function_in, function_of, is_unwritten, kept_in, named_test, shown_in, unkept_rules
from nodes.rule_tasks import is_about
from nodes.source_trees import load_tree, save_tree
from nodes.stack import PYTHON_WEB
from tests.factories import ScriptedCrew, make_workshop

SPEC = read_description(
    BuildRequest(app_description="Members borrow tools. A loan has a start date and an end date. A loan may last at most 14 days."),
    has_engineers=True,
)
[RULE] = custom_rules(SPEC)
PLAN = architect.plan(SPEC)
ARCHITECTURE = Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(SPEC), components=PLAN.components)
LOANS = next(part for part in PLAN.components if "loan" in part.records)
FRAME = generate_frame(SPEC, ARCHITECTURE)
WRONG = RuleCode(
    code="return loan.end_date <= loan.start_date + dt.timedelta(13)",
    refused='{"end_date": "2030-02-01"}',
    accepted='{"end_date": "2030-01-03"}',
)
RIGHT = WRONG.model_copy(update={"code": "return not loan.end_date or (loan.end_date - loan.start_date).days <= 14"})


class Engineer:
    """The part with the rule, written from a real frame by an engineer who answers as scripted."""

    def __init__(self, rules: Sequence[object], components: Sequence[object] = (), *, small: bool = True) -> None:
        script = {"write_rule": rules, "write_component": components}
        self.crew = ScriptedCrew(script, corrects=frozenset({"write_component"}), small=small)
        self.workshop: Workshop = make_workshop(self.crew)

    async def write(
        self, files: dict[str, str] | None = None, findings: tuple[Finding, ...] = ()
    ) -> tuple[ComponentResult, dict[str, str]]:
        """The result, and the part's files with it."""
        store = self.workshop.artifacts
        frame = await save_tree(store, FRAME)
        work = WorkOrder(spec=SPEC, architecture=ARCHITECTURE, frame=frame)
        ref = await store.put(work.model_dump_json().encode(), "application/json")
        base = await save_tree(store, files) if files else frame
        order = ComponentOrder(component=LOANS.name, attempt=2 if files else 1, work_order=ref, base=base, findings=findings)
        done = await generate_component({"order": order, "options": BuildOptions()}, workshop=self.workshop)
        result = done["components"][LOANS.name]
        changes = Changeset.model_validate_json(await store.get(result.changeset))
        return result, apply_changes(await load_tree(store, frame), LOANS, changes)


def finding(message: str, file: str | None) -> Finding:
    return Finding(check=CheckName.tests, severity=Severity.major, message=message, file=file, component=LOANS.name)


async def test_a_rule_is_written_alone_and_the_rest_of_the_part_by_program() -> None:
    engineer = Engineer([RIGHT])
    result, files = await engineer.write()
    assert engineer.crew.names() == [f"write_rule({LOANS.name}#1)"]
    assert engineer.crew.tasks[0].inputs["rule"] == "A loan may last at most 14 days."
    assert "own_files" not in engineer.crew.tasks[0].inputs
    assert "(loan.end_date - loan.start_date).days <= 14" in (function_in(files[kept_in(SPEC, RULE)], RULE) or "")
    assert set(result.files) == {kept_in(SPEC, RULE), shown_in(SPEC, RULE), "app/records/loans/samples.py", "tests/test_loans_samples.py"}
    assert (result.unanswered, NOTHING_LEFT in result.notes, "takes a language model" in result.notes) == ("", False, False)


async def test_what_failed_is_shown_with_the_rule_and_nothing_else_is_asked() -> None:
    _, files = await Engineer([WRONG]).write()
    engineer = Engineer([RIGHT])
    failed = finding("test_rule_loan_custom: assert 422 == 201", shown_in(SPEC, RULE))
    _, mended = await engineer.write({**FRAME, **files}, (failed,))
    assert engineer.crew.names() == [f"write_rule({LOANS.name}#2)"]
    asked = engineer.crew.tasks[0].inputs
    assert asked["findings"] == "test_rule_loan_custom: assert 422 == 201"
    assert "return loan.end_date <= loan.start_date + dt.timedelta(13)" in asked["previous"]
    assert ".days <= 14" in (function_in(mended[kept_in(SPEC, RULE)], RULE) or "")


async def test_findings_about_anything_else_go_to_the_whole_part() -> None:
    _, files = await Engineer([RIGHT]).write()
    engineer = Engineer([RIGHT], [Changeset(component=LOANS.name, changes=())])
    await engineer.write({**FRAME, **files}, (finding("GET /loans answers 500", None),))
    assert engineer.crew.names() == [f"write_component({LOANS.name}#2)"]


async def test_a_rule_no_function_can_tell_is_left_to_the_whole_part() -> None:
    engineer = Engineer([RuleCode(code="", notes="It depends on who signs in.")], [Changeset(component=LOANS.name, changes=())])
    result, files = await engineer.write()
    assert engineer.crew.names() == [f"write_rule({LOANS.name}#1)", f"write_component({LOANS.name}#1)"]
    assert "It depends on who signs in." in result.notes
    assert is_unwritten(files[kept_in(SPEC, RULE)], RULE)


async def test_a_rule_without_a_usable_answer_leaves_the_part_as_it_was_and_says_so() -> None:
    engineer = Engineer([AgentOutputInvalid("Senior Software Engineer, after 3 answers: `loan` has no `duration`.")])
    result, files = await engineer.write()
    assert result.unanswered.startswith("“A loan may last at most 14 days.” is not written: ")
    assert is_unwritten(files[kept_in(SPEC, RULE)], RULE)
    assert "app/records/loans/samples.py" in result.files


UNWRITTEN, WRITTEN = "return True  # this rule is still to be written", "return loan.end_date <= loan.start_date"
ENFORCED = FileChange(path=kept_in(SPEC, RULE), operation=FileOperation.edit, search=UNWRITTEN, content=WRITTEN)
SHOWN = FileChange(
    path=shown_in(SPEC, RULE), operation=FileOperation.add, content=f"def {named_test(RULE)}_of_two_weeks(make) -> None:\n    make()\n"
)


async def test_a_model_that_reads_enough_writes_the_whole_part_and_is_told_which_rule_it_left_out() -> None:
    written = Changeset(component=LOANS.name, changes=(ENFORCED, SHOWN))
    engineer = Engineer([RIGHT], [written], small=False)
    await engineer.write()
    assert engineer.crew.names() == [f"write_component({LOANS.name}#1)"]
    check = engineer.crew.tasks[0].check
    assert check is not None
    function, said = function_of(RULE), "the rule “A loan may last at most 14 days.”"
    assert check(Changeset(component=LOANS.name, changes=())) == f"{function} refuses nothing, so the app does not keep {said}."
    assert check(Changeset(component=LOANS.name, changes=(ENFORCED,))) == f"no test shows that {function} keeps {said}."


def test_what_is_worked_out_is_shown_by_a_test_of_its_name() -> None:
    """No function refuses anything: `keeps_days` has no place in the app."""
    loan = SPEC.record("loan")
    days = FieldSpec(name="days", label="Days", type=FieldType.integer, by_app=True)
    rule = RuleSpec(name="days", record="loan", kind=RuleKind.custom, fields=("days", "end_date"), message="Days are counted.")
    changed = loan.model_copy(update={"fields": (*loan.fields, days)})
    spec = SPEC.model_copy(update={"records": tuple(changed if entry is loan else entry for entry in SPEC.records), "rules": (rule,)})
    files = generate_frame(spec, ARCHITECTURE)
    assert function_in(files[kept_in(spec, rule)], rule) is None
    assert [message for _, message in unkept_rules(files, spec)] == [
        "no test called test_rule_days shows what is worked out: “Days are counted.”"
    ]
    assert list(unkept_rules({**files, "tests/test_loans_days.py": "def test_rule_days(make) -> None: ...\n"}, spec)) == []


def test_samples_that_break_a_rule_are_no_fault_of_the_rule() -> None:
    assert not is_about(finding(RULE.message, "tests/test_loans_samples.py"), SPEC, RULE, FRAME)
    assert is_about(finding(RULE.message, "app/records/loans/store.py"), SPEC, RULE, FRAME)


async def test_what_breaks_in_the_function_of_a_rule_is_asked_of_the_rule_and_the_rest_waits() -> None:
    """As a real model broke it: every test of the record fails in the same line."""
    _, files = await Engineer([WRONG]).write()
    path = kept_in(SPEC, RULE)
    line = next(number for number, text in enumerate(files[path].splitlines(), 1) if "return loan.end_date <=" in text)
    broken = [finding(f"test_{n}: TypeError: '<=' not supported", path).model_copy(update={"line": line}) for n in range(7)]
    engineer = Engineer([RIGHT])
    await engineer.write({**FRAME, **files}, (*broken, finding("GET /loans answers 500", None)))
    assert engineer.crew.names() == [f"write_rule({LOANS.name}#2)"]
    assert engineer.crew.tasks[0].inputs["findings"].count("\n") == 2
