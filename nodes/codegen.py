"""Write one component: one engineer, one `ComponentOrder` → one checked changeset. Runs side by side for each part."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NotRequired

from typing_extensions import TypedDict

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    Architecture,
    Changeset,
    Component,
    ComponentOrder,
    ComponentResult,
    Finding,
    RuleCode,
    RuleKind,
    RuleSpec,
    WorkOrder,
    WrittenBefore,
)
from nodes.blueprint import engineer, own_rules
from nodes.blueprint.frame import tidied
from nodes.changes import apply_changes, complaint_about, difference
from nodes.context import AgentTask, BuildOptions, Workshop
from nodes.errors import AgentOutputInvalid
from nodes.excerpts import contract_concerning, spec_concerning
from nodes.outlines import outline, outlines, shared_outlines
from nodes.ownership import owns
from nodes.program_tasks import write_task
from nodes.record_tasks import write_records_task
from nodes.rule_functions import custom_rules, kept_in, shown_in, unkept_rules, works_out
from nodes.rule_tasks import rule_task, rules_to_write
from nodes.source_trees import JSON, load_tree
from nodes.stack import STACKS
from nodes.user_edits import Merged, merge_edits
from nodes.work_orders import fingerprint

SELDOM_LEFT_ALONE = ("/rules.py", "/samples.py")
"""Where rules of kind `custom` and sample data are written; the rest of a part is complete as generated."""

TEST_HELPERS = ("tests/conftest.py", "tests/make.py", "tests/people.py")
"""What tests are written with; fixtures are used without an import."""

NOTHING_LEFT = "No engineer was asked: rules, pages and tests of this part are generated, and nothing else was left to write."
"""The note of a part that takes no model."""


class ComponentInput(TypedDict):
    """What `Send` hands to one engineer."""

    order: ComponentOrder
    options: BuildOptions
    continues: NotRequired[str]


class ComponentOutput(TypedDict):
    """The finished component under its name."""

    components: dict[str, ComponentResult]
    agent_results: list[AgentResult]


async def generate_component(state: ComponentInput, *, workshop: Workshop) -> ComponentOutput:
    """Where no attempt gave an applicable changeset the files stay as they were, and the result says so.

    Raises what else a crew raises.
    """
    order, options = state["order"], state["options"]
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(order.work_order))
    component = next(part for part in work.architecture.components if part.name == order.component)
    tree = await load_tree(workshop.artifacts, order.base)
    own, continues = _owned(component, tree), state.get("continues", "")
    stack = STACKS[work.architecture.stack]
    if stack.is_written_whole:
        asked = write_records_task if stack.keeps_records else write_task
        ask = asked(work, component, tree, order, continues)
        written = await _ask_engineer(replace(ask, files=tree), component, own, workshop, options)
    elif workshop.crew.corrects_drafts("write_component", options):
        written = await _on_the_frame(work, component, tree, order, continues, workshop, options)
    else:
        written = await _ask_engineer(_task(work, component, tree, order, continues), component, own, workshop, options)
    frame = _owned(component, await load_tree(workshop.artifacts, work.frame))
    kept = difference(component, frame, written.files, written.notes)
    ref = await workshop.artifacts.put(kept.model_dump_json().encode(), JSON)
    result = ComponentResult(
        component=component.name,
        changeset=ref,
        attempt=order.attempt,
        files=tuple(change.path for change in kept.changes),
        notes=kept.notes,
        fingerprint=fingerprint(component, work.spec),
        unanswered=written.unanswered,
    )
    return {"components": {component.name: result}, "agent_results": list(written.used)}


@dataclass(frozen=True)
class _Written:
    """A component's files, the notes to them, why an answer is not in them, and what was used."""

    files: Mapping[str, str]
    notes: str
    unanswered: str = ""
    used: tuple[AgentResult, ...] = ()

    def then(self, later: "_Written") -> "_Written":
        """What was written later on top of this."""
        notes, unanswered = (" ".join(filter(None, pair)) for pair in ((self.notes, later.notes), (self.unanswered, later.unanswered)))
        return _Written(later.files, notes, unanswered, (*self.used, *later.used))


async def _on_the_frame(
    work: WorkOrder,
    component: Component,
    tree: Mapping[str, str],
    order: ComponentOrder,
    continues: str,
    workshop: Workshop,
    options: BuildOptions,
) -> _Written:
    """A program's draft, then rule by rule what no program can write, then what else is asked: no call that can only spoil is paid for."""
    written, is_drafted = _Written(_owned(component, tree), ""), order.base == work.frame
    if is_drafted:
        written = _drafted(work, component, written.files)
    if is_drafted and work.before:
        carried = await _carried_over(work.before, component, written.files, workshop)
        written, order = replace(written, files=carried.files), order.model_copy(update={"findings": carried.check.findings})
    small = workshop.crew.reads_little("write_rule", options)
    rules, left = rules_to_write(work.spec, component, written.files, order.findings) if small else (), False
    for rule in rules:
        task = rule_task(work.spec, component, rule, written.files, order, continues)
        asked = replace(task, files={**tree, **written.files})
        code, ruled = await _ask_for_rule(asked, rule, work.spec, written.files, workshop, options)
        written, left = written.then(ruled), left or (code is not None and not code.code.strip())
    left = left or (is_drafted and any(works_out(work.spec, rule) for rule in custom_rules(work.spec, component)))
    if rules and not (left or order.feedback):
        return written  # what else was found may come from the rule: the next round tells
    if is_drafted and not (left or order.feedback or order.findings or has_custom_rules(work.spec, component)):
        return written.then(_Written(written.files, NOTHING_LEFT))
    files = {**tree, **written.files}
    ask = replace(_task(work, component, files, order, continues), files=files)
    if not small:
        ask = replace(ask, check=lambda changeset: complaint_about_work(written.files, work, component, order, changeset))
    return written.then(await _ask_engineer(ask, component, written.files, workshop, options))


def _drafted(work: WorkOrder, component: Component, own: Mapping[str, str]) -> _Written:
    """The part as far as a program writes it, sample data included."""
    drafted = engineer.write(_without_custom_rules(work.spec), component, own_files=own)
    return _Written(apply_changes(own, component, drafted), drafted.notes)


async def _carried_over(before: WrittenBefore, component: Component, own: Mapping[str, str], workshop: Workshop) -> Merged:
    """`own` with what engineers wrote for the version before, so that a change starts from their work instead of losing it."""
    work = WorkOrder.model_validate_json(await workshop.artifacts.get(before.work_order))
    frame, tree = await load_tree(workshop.artifacts, work.frame), await load_tree(workshop.artifacts, before.tree)
    base = _owned(component, frame)
    for part in work.architecture.components:
        if any(owns(component, path) for path in _owned(part, frame)):
            base |= {path: text for path, text in _drafted(work, part, _owned(part, frame)).files.items() if owns(component, path)}
    written = {path: text for path, text in _owned(component, tree).items() if path in own or path not in base}
    return merge_edits(base, written, own)


async def _ask_for_rule(
    task: AgentTask[RuleCode], rule: RuleSpec, spec: AppSpec, files: Mapping[str, str], workshop: Workshop, options: BuildOptions
) -> tuple[RuleCode | None, _Written]:
    """The answer, and the files with it: as they were where there was none, or where the rule is left to the whole component."""
    try:
        answered = await workshop.crew.perform(task, options)
    except AgentOutputInvalid as invalid:
        said = f"“{rule.message}” is not written: {invalid.detail or invalid}"
        return None, _Written(files, said, said, (invalid.result,) if invalid.result else ())
    code = answered.value
    if not code.code.strip():
        return code, _Written(files, code.notes, used=(answered.result,))
    after = own_rules.written(files, spec, rule, code)
    # In a thread: it starts the formatter, and other runs of this worker must not wait for that.
    changed = {path: after[path] for path in (kept_in(spec, rule), shown_in(spec, rule))}
    after |= await asyncio.to_thread(tidied, changed, task.files)
    return code, _Written(after, code.notes or f"“{rule.message}” is written, with a test.", used=(answered.result,))


def _without_custom_rules(spec: AppSpec) -> AppSpec:
    return spec.model_copy(update={"rules": tuple(rule for rule in spec.rules if rule.kind is not RuleKind.custom)})


def has_custom_rules(spec: AppSpec, component: Component) -> bool:
    """Whether the component has rules that only an engineer can write."""
    return bool(custom_rules(spec, component))


def _task(work: WorkOrder, component: Component, files: Mapping[str, str], order: ComponentOrder, continues: str) -> AgentTask[Changeset]:
    own = _owned(component, files)
    return AgentTask(
        name="write_component",
        inputs=engineer_inputs(work.spec, work.architecture, component, files, order.findings, order.feedback),
        leaner=leaner_inputs(work.spec, work.architecture, component, files, order.findings, order.feedback),
        answer=Changeset,
        component=component.name,
        attempt=order.attempt,
        check=lambda changeset: complaint_about(own, component, changeset, feedback=order.feedback),
        summarize=lambda changeset: f"{component.title}: changed {', '.join(change.path for change in changeset.changes) or 'nothing'}.",
        continues=continues,
    )


def complaint_about_work(
    own: Mapping[str, str], work: WorkOrder, component: Component, order: ComponentOrder, changeset: Changeset
) -> str | None:
    """Why the work of an engineer on the frame is not taken: it cannot be applied, or leaves out a rule that was left to write."""
    if complaint := complaint_about(own, component, changeset, feedback=order.feedback):
        return complaint
    after, left = apply_changes(own, component, changeset), set(custom_rules(work.spec, component))
    return "\n".join(f"{message}." for rule, message in unkept_rules(after, work.spec) if rule in left) or None


async def _ask_engineer(
    task: AgentTask[Changeset], component: Component, own: Mapping[str, str], workshop: Workshop, options: BuildOptions
) -> _Written:
    try:
        written = await workshop.crew.perform(task, options)
    except AgentOutputInvalid as invalid:
        used = (invalid.result,) if invalid.result else ()
        return _Written(own, f"No change: {invalid.detail}", invalid.detail or str(invalid), used)
    return _Written(apply_changes(own, component, written.value), written.value.notes, used=(written.result,))


def engineer_inputs(
    spec: AppSpec,
    architecture: Architecture,
    component: Component,
    files: Mapping[str, str],
    findings: Sequence[Finding] = (),
    feedback: str = "",
) -> dict[str, str]:
    """What an engineer is told; `files` are the whole app. What all engineers share comes first, so that providers cache it."""
    signatures = shared_outlines([_owned(part, files) for part in architecture.components], files) | _test_helpers(files)
    return {
        "contract": architecture.contract.model_dump_json(exclude_defaults=True),
        "spec": spec.model_dump_json(exclude_defaults=True),
        "signatures": json.dumps(signatures, ensure_ascii=False),
        "component": component.model_dump_json(),
        "own_files": json.dumps(_owned(component, files), ensure_ascii=False),
        "findings": json.dumps([finding.model_dump(mode="json") for finding in findings]),
        "feedback": feedback,
    }


def leaner_inputs(
    spec: AppSpec,
    architecture: Architecture,
    component: Component,
    files: Mapping[str, str],
    findings: Sequence[Finding] = (),
    feedback: str = "",
) -> tuple[dict[str, str], ...]:
    """First without what concerns other records, then without the files an engineer seldom changes, then without what only those use."""
    own_files = _owned(component, files)
    concerned = spec_concerning(spec, component), contract_concerning(architecture, component)
    told = engineer_inputs(concerned[0], concerned[1], component, files, findings, feedback)
    told["signatures"] = json.dumps(outlines(own_files, files) | _test_helpers(files), ensure_ascii=False)
    named = {finding.file for finding in findings}
    shown = {
        path: text if path in named or path.endswith(SELDOM_LEFT_ALONE) else f"({text.count(chr(10))} lines, not shown; leave it as it is)"
        for path, text in own_files.items()
    }
    fewer = {**told, "own_files": json.dumps(shown, ensure_ascii=False)}
    used = outlines({path: text for path, text in own_files.items() if shown[path] == text}, files)
    return told, fewer, {**fewer, "signatures": json.dumps(used, ensure_ascii=False)}


def _test_helpers(files: Mapping[str, str]) -> dict[str, str]:
    return {path: outline(files[path]) for path in TEST_HELPERS if path in files}


def _owned(component: Component, files: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if owns(component, path)}
