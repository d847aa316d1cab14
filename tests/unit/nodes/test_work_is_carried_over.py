"""A change starts from what engineers wrote for the version before: rules, tests and sample data of theirs are not written anew."""

import json

from nodes.artifacts import AppSpec, Architecture, BuildRequest, Changeset, ComponentOrder, FieldSpec, FieldType, WorkOrder, WrittenBefore
from nodes.blueprint import architect, engineer
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.reader import read_description
from nodes.changes import apply_changes
from nodes.codegen import generate_component
from nodes.context import BuildOptions
from nodes.contract import contract_of
from nodes.rule_functions import custom_rules, function_in, kept_in, named_test
from nodes.source_trees import save_tree
from nodes.stack import PYTHON_WEB
from tests.factories import ScriptedCrew, make_workshop

BEFORE = read_description(
    BuildRequest(app_description="Members borrow tools. A loan has a start date and an end date. A loan may last at most 14 days."),
    has_engineers=True,
)
[RULE] = custom_rules(BEFORE)
PLACE = FieldSpec(name="place", label="Place", type=FieldType.text, required=True)
AFTER = BEFORE.model_copy(
    update={
        "records": tuple(
            record.model_copy(update={"fields": (*record.fields, PLACE)}) if record.name == "loan" else record for record in BEFORE.records
        )
    }
)
"""The same with a place for each loan."""

PLAN = architect.plan(BEFORE)
LOANS = next(part for part in PLAN.components if "loan" in part.records)
OF_TWO_WEEKS = "tests/test_loans_two_weeks.py"
ITS_TEST = f"def {named_test(RULE)}_of_two_weeks(make) -> None:\n    make()\n"


def architecture_of(spec: AppSpec) -> Architecture:
    return Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(spec), components=PLAN.components)


async def shown_after(written: dict[str, str]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The files and findings an engineer is shown when the change begins, `written` being what engineers had written before."""
    crew = ScriptedCrew({"write_component": [Changeset(component=LOANS.name, changes=())]}, corrects=frozenset({"write_component"}))
    workshop = make_workshop(crew)
    store, frames = workshop.artifacts, [generate_frame(spec, architecture_of(spec)) for spec in (BEFORE, AFTER)]
    old, new = [await save_tree(store, frame) for frame in frames]
    first = WorkOrder(spec=BEFORE, architecture=architecture_of(BEFORE), frame=old)
    drafted = apply_changes(frames[0], LOANS, engineer.write(BEFORE, LOANS, own_files=frames[0]))
    before = WrittenBefore(
        work_order=await store.put(first.model_dump_json().encode(), "application/json"), tree=await save_tree(store, drafted | written)
    )
    work = WorkOrder(spec=AFTER, architecture=architecture_of(AFTER), frame=new, before=before)
    ref = await store.put(work.model_dump_json().encode(), "application/json")
    order = ComponentOrder(component=LOANS.name, attempt=2, work_order=ref, base=new, feedback="A loan has a place.")
    await generate_component({"order": order, "options": BuildOptions()}, workshop=workshop)
    return json.loads(crew.tasks[0].inputs["own_files"]), json.loads(crew.tasks[0].inputs["findings"])


RULES = kept_in(BEFORE, RULE)
UNWRITTEN = generate_frame(BEFORE, architecture_of(BEFORE))[RULES]
WRITTEN = UNWRITTEN.replace("return True  # this rule is still to be written", "return loan.end_date <= loan.start_date")


async def test_a_change_starts_from_the_rules_and_tests_engineers_wrote() -> None:
    files, findings = await shown_after({RULES: WRITTEN, OF_TWO_WEEKS: ITS_TEST})
    assert "return loan.end_date <= loan.start_date" in (function_in(files[RULES], RULE) or "")
    assert files[OF_TWO_WEEKS] == ITS_TEST
    assert "place" in files["app/records/loans/model.py"]
    assert findings == []


async def test_where_both_changed_the_same_lines_those_of_engineers_stay_and_they_are_told_what_was_wanted() -> None:
    model, after = "app/records/loans/model.py", "    tool_id: Mapped[int]"
    text = generate_frame(BEFORE, architecture_of(BEFORE))[model]
    assert after in text
    changed = text.replace(after, f"    weeks: Mapped[int | None] = mapped_column(sa.Integer)\n{after}")
    files, findings = await shown_after({RULES: WRITTEN, model: changed, OF_TWO_WEEKS: ITS_TEST})
    assert "weeks: Mapped[int | None]" in files[model]
    assert [finding["file"] for finding in findings] == [model]
    assert "wanted was: place: Mapped[str]" in findings[0]["message"]
