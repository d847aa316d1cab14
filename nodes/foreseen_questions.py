"""The questions a build will ask its agents, and how long they and their answers will be. Asks nobody.

Prompts are those the nodes write, filled by the built-in reader, architect and engineer; what only a model will know has a range.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from nodes.agents.models import AnswerForm
from nodes.agents.prompt import render
from nodes.agents.roster import Roster
from nodes.artifacts import (
    AppSpec,
    Architecture,
    ArchitecturePlan,
    ArtifactRef,
    BuildRequest,
    Changeset,
    Component,
    ComponentOrder,
    GatePolicy,
    QaReview,
    WorkOrder,
)
from nodes.blueprint import architect, engineer
from nodes.changes import apply_changes
from nodes.codegen import engineer_inputs, has_custom_rules
from nodes.context import BuildOptions, Frame
from nodes.contract import contract_of
from nodes.corrections import SpecCorrections
from nodes.costs import KnownApp
from nodes.ownership import owns
from nodes.program_spec import ProgramSpec
from nodes.record_tasks import divide_records_task, write_records_task
from nodes.stack import STACKS, StackProfile

WORDINESS = 3
"""An engineer's answer over that of the built-in builder, which writes sample data and their tests and no other code."""

SHARE_CORRECTED = 3
"""A draft is corrected by a tenth of its length as a rule, and seldom by more than a third."""


@dataclass(frozen=True)
class Span:
    """Characters, from the fewest to the most that are to be expected."""

    low: int
    high: int

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)


NOTHING = Span(0, 0)
NO_CORRECTION = 20
RULE = 500
"""One edit with one test: the least an engineer answers who has a rule to write."""

OPINION = Span(200, 3_000)
EVIDENCE = Span(1_500, 9_000)
"""The QA engineer's answer, and the evidence it reads: of the apps in the tests of the verification, with and without findings."""

PROGRAM = Span(800, 6_000)
PROGRAM_PLAN = Span(300, 2_500)
PART_OF_PROGRAM = Span(1_200, 14_000)
"""A program's specification, its division, and one part with its tests: from the smallest in the tests to 400 lines."""

RECORD_WRITTEN_WHOLE = Span(2_500, 20_000)
"""Routes, pages, rules and tests of one record where there is no frame: from one table to 500 lines."""

NOWHERE = ArtifactRef(sha256="0" * 64, size_bytes=0, media_type="")

MOST_PARTS = 3
"""Small programs are one part, as the architect is told; six is what it is allowed."""

TOOL = 400
TOLD_BY_TOOL = 4_000
"""A tool as it is offered, and what a call of it tells: a hundred lines of a file."""


@dataclass(frozen=True)
class Foreseen:
    """One question: how long it and its answer are, and how often it is asked at least and at most."""

    task: str
    prompt: Span
    answer: Span
    least: int
    most: int


@dataclass(frozen=True)
class Foresight:
    """Foresees the questions of these agents on this frame."""

    roster: Roster
    frame: Frame

    def of_app(
        self,
        request: BuildRequest,
        spec: AppSpec,
        options: BuildOptions,
        *,
        corrects: bool,
        changes: KnownApp | None = None,
    ) -> Iterator[Foreseen]:
        """An app with records, understood as `spec`. With `corrects` a model corrects that instead of writing a specification."""
        yield self._understanding(request, spec, options, changes.feedback if changes else "", corrects=corrects)
        plan = architect.plan(spec)
        architecture = Architecture(stack=spec.stack, summary=plan.summary, contract=contract_of(spec), components=plan.components)
        work = WorkOrder(spec=spec, architecture=architecture, frame=NOWHERE)
        files = dict(self.frame(spec, architecture))
        length, again = len(plan.model_dump_json()), round(options.repair_rounds / 2)
        if STACKS[spec.stack].is_written_whole:
            divided = divide_records_task(spec, "", "")
            parts = [self._part_of_records(work, component, files) for component in plan.components]
        else:
            divided = None
            parts = [self._part_on_frame(work, component, files) for component in plan.components]
        inputs = divided.inputs if divided else {"spec": spec.model_dump_json(), "feedback": ""}
        yield self._asked("divide_records" if divided else "design_architecture", inputs, ArchitecturePlan, Span(length // 2, length * 2))
        for part in parts:
            yield replace(part, least=0 if changes else part.least, most=part.most + again)
        written = sum((part.answer for part in parts), Span(60 * len(files), 60 * len(files)))
        yield self._reviewed(spec.model_dump_json(), written, options.repair_rounds)

    def _part_on_frame(self, work: WorkOrder, component: Component, files: Mapping[str, str]) -> Foreseen:
        """Its engineer starts from what the built-in one writes, and is asked in any case only where a rule is left to write."""
        own = {path: text for path, text in files.items() if owns(component, path)}
        drafted = engineer.write(work.spec, component, own_files=own)
        inputs = engineer_inputs(work.spec, work.architecture, component, {**files, **apply_changes(own, component, drafted)})
        answer = Span(RULE, WORDINESS * len(drafted.model_dump_json()))
        return self._asked("write_component", inputs, Changeset, answer, least=int(has_custom_rules(work.spec, component)))

    def _part_of_records(self, work: WorkOrder, component: Component, files: Mapping[str, str]) -> Foreseen:
        order = ComponentOrder(component=component.name, attempt=1, work_order=NOWHERE, base=NOWHERE)
        number = len(component.records)
        answer = Span(RECORD_WRITTEN_WHOLE.low * number, RECORD_WRITTEN_WHOLE.high * number)
        inputs = write_records_task(work, component, files, order, "").inputs
        return self._asked("write_records", inputs, Changeset, answer, beside=Span(0, answer.high))

    def of_program(
        self,
        request: BuildRequest,
        stack: StackProfile,
        options: BuildOptions,
        *,
        changes: KnownApp | None = None,
    ) -> Iterator[Foreseen]:
        """A program written whole. Of one that is changed every part is written again, with its files before the engineer."""
        layout, again = stack.layout, round(options.repair_rounds / 2)
        known = changes.spec.model_dump_json(exclude_defaults=True) if changes else ""
        feedback = changes.feedback if changes else ""
        inputs = {"layout": layout, "request": request.model_dump_json(), "previous": known, "feedback": feedback}
        yield self._asked("specify_program", inputs, ProgramSpec, PROGRAM, most=1 + _asks_back(options))
        specified = Span(len(known), 2 * len(known)) if changes else PROGRAM
        yield self._asked(
            "divide_program", {"layout": layout, "spec": "", "feedback": ""}, ArchitecturePlan, PROGRAM_PLAN, beside=specified
        )
        sure = len(changes.parts) if changes else 1
        most = sure if changes else MOST_PARTS
        inputs = dict.fromkeys(("spec", "parts", "component", "other_files", "own_files", "findings", "feedback"), "") | {"layout": layout}
        for number in range(most):
            others = Span(0, PART_OF_PROGRAM.high * number)
            repaired = Span(PART_OF_PROGRAM.low if changes else 0, PART_OF_PROGRAM.high)
            beside = specified + PROGRAM_PLAN + others + repaired
            least = int(number < sure)
            yield self._asked("write_program", inputs, Changeset, PART_OF_PROGRAM, least=least, most=1 + again, beside=beside)
        whole = Span(PART_OF_PROGRAM.low * sure, PART_OF_PROGRAM.high * most)
        yield self._reviewed("", whole + specified, options.repair_rounds)

    def _understanding(self, request: BuildRequest, draft: AppSpec, options: BuildOptions, feedback: str, *, corrects: bool) -> Foreseen:
        most = 1 + _asks_back(options)
        if corrects:
            length = len(told := draft.model_dump_json(exclude_defaults=True))
            inputs = {"request": request.model_dump_json(), "draft": told, "feedback": feedback}
            answer = Span(NO_CORRECTION, length // SHARE_CORRECTED)
            return self._asked("correct_requirements", inputs, SpecCorrections, answer, most=most)
        length = len(draft.model_dump_json())
        inputs = {"request": request.model_dump_json(), "previous": "", "feedback": ""}
        return self._asked("analyze_requirements", inputs, AppSpec, Span(length // 2, length * 2), most=most)

    def _reviewed(self, spec: str, files: Span, rounds: int) -> Foreseen:
        inputs = {"spec": spec, "components": "", "report": "", "files": ""}
        return self._asked("review_app", inputs, QaReview, OPINION, most=1 + rounds, beside=files + EVIDENCE)

    def _asked(
        self,
        task: str,
        inputs: Mapping[str, str],
        answer: type[ArchitecturePlan | AppSpec | Changeset | ProgramSpec | QaReview | SpecCorrections],
        length: Span,
        *,
        least: int = 1,
        most: int = 1,
        beside: Span = NOTHING,
    ) -> Foreseen:
        """`beside` is what will stand in the prompt besides `inputs`. The shortest has the answer's form beside it, not in it."""
        entry, (_, agent) = self.roster.task(task), self.roster.agent_of(task)
        form = AnswerForm.json_schema if not agent.tools else AnswerForm.prompt
        persona = len(agent.role + agent.goal + agent.backstory + entry.expected_output)
        shortest, longest = (len(render(task, entry, inputs, answer, one)) + persona for one in (form, AnswerForm.prompt))
        return Foreseen(task, Span(shortest, longest) + beside, length, least, most)


def _asks_back(options: BuildOptions) -> int:
    """Whether the analyst may ask a person something, which is answered by reading everything once more."""
    return int(options.gates.requirements is not GatePolicy.auto)
