"""Estimate what a build will cost by preparing it without a model: the real prompts, filled by the built-in builder.

Prompts are exact but for what the model itself will have written. Answers are as long as the built-in builder's, times what
a language model adds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nodes.agents.choice import chosen_model
from nodes.agents.models import AnswerForm, ModelName
from nodes.agents.pricing import PriceTable, Usage
from nodes.agents.prompt import CHARACTERS_PER_TOKEN, render
from nodes.agents.roster import Roster
from nodes.artifacts import AppSpec, Architecture, ArchitecturePlan, Artifact, BuildRequest, Changeset, QaReview
from nodes.blueprint import architect, engineer
from nodes.blueprint.reader import read_description
from nodes.codegen import engineer_inputs, has_custom_rules
from nodes.context import BuildOptions, Frame
from nodes.contract import contract_of
from nodes.costs import CostEstimate, EstimateBasis, Range, TaskEstimate
from nodes.errors import BuildError
from nodes.ownership import owns
from nodes.stack import PYTHON_WEB

TYPICAL = "Members borrow tools. A tool has a name and a daily fee. Clubs organise meetings. A librarian approves or rejects each loan."
"""Stands for an app the built-in reader does not understand."""

WORDINESS = 3
"""An engineer's answer over that of the built-in builder, which writes sample data and their tests and no other code."""

OPINION_CHARACTERS = 2_000
EVIDENCE_CHARACTERS = 6_000
"""The QA engineer's answer, and the evidence it reads: about what builds of the built-in builder have."""


@dataclass(frozen=True)
class _Question:
    """One question as the build will ask it; sizes in characters. `again`: how often it may be asked in repair rounds.

    `is_sure`: it is asked in any case; an engineer is asked only where something is left to write.
    """

    task: str
    prompt: int
    answer: int
    again: float
    is_sure: bool = True


@dataclass(frozen=True)
class Estimator:
    """Reckons with these agents, prices and frame."""

    roster: Roster
    prices: PriceTable
    default_model: ModelName
    frame: Frame

    def estimate(self, request: BuildRequest, options: BuildOptions) -> CostEstimate:
        """A few hundred milliseconds of work, no call. Raises `ModelNotConfigured` for a malformed model name."""
        spec, basis = _understood(request)
        plan = architect.plan(spec)
        questions = list(self._questions(request, spec, plan, options.repair_rounds))
        names = dict.fromkeys(question.task for question in questions)
        tasks = tuple(self._task(name, [asked for asked in questions if asked.task == name], options) for name in names)
        costs = [task.cost_usd for task in tasks]
        cost = None if None in costs else sum((cost for cost in costs if cost), Range(low=0, high=0))
        budget = options.budget_usd
        return CostEstimate(
            basis=basis,
            components=len(plan.components),
            calls=sum((task.calls for task in tasks), Range(low=0, high=0)),
            tokens=sum((task.input_tokens + task.output_tokens for task in tasks), Range(low=0, high=0)),
            cost_usd=cost,
            prices_as_of=self.prices.as_of.isoformat(),
            budget_usd=budget,
            may_pause=budget is not None and (cost is None or cost.high > budget),
            tasks=tasks,
        )

    def _questions(self, request: BuildRequest, spec: AppSpec, plan: ArchitecturePlan, rounds: int) -> Iterator[_Question]:
        told = spec.model_dump_json()
        inputs = {"request": request.model_dump_json(), "previous": "", "feedback": ""}
        yield self._question("analyze_requirements", inputs, AppSpec, len(told))
        yield self._question("design_architecture", {"spec": told, "feedback": ""}, ArchitecturePlan, len(plan.model_dump_json()))
        architecture = Architecture(stack=PYTHON_WEB.name, summary=plan.summary, contract=contract_of(spec), components=plan.components)
        files = self.frame(spec, architecture)
        written = 0
        for component in plan.components:
            own = {path: text for path, text in files.items() if owns(component, path)}
            answer = WORDINESS * len(engineer.write(spec, component, own_files=own).model_dump_json())
            written += answer
            inputs = engineer_inputs(spec, architecture, component, files)
            asked = self._question("write_component", inputs, Changeset, answer, again=rounds / 2)
            yield replace(asked, is_sure=has_custom_rules(spec, component))
        inputs = {"spec": told, "components": "", "report": " " * EVIDENCE_CHARACTERS, "files": " " * (written + 60 * len(files))}
        yield self._question("review_app", inputs, QaReview, OPINION_CHARACTERS, again=rounds)

    def _question(self, task: str, inputs: dict[str, str], answer: type[Artifact], length: int, *, again: float = 0) -> _Question:
        entry, (_, agent) = self.roster.task(task), self.roster.agent_of(task)
        told = render(task, entry, inputs, answer, AnswerForm.prompt) + entry.expected_output
        return _Question(task, len(told + agent.role + agent.goal + agent.backstory), length, again)

    def _task(self, name: str, questions: Sequence[_Question], options: BuildOptions) -> TaskEstimate:
        """Low: what is sure to be asked, and every first answer is taken. High: each is asked for twice, with the refused answer
        in the second prompt.
        """
        model, (agent, _) = chosen_model(self.roster, name, options, self.default_model), self.roster.agent_of(name)
        sure = [question for question in questions if question.is_sure]
        low = _total(sure)
        high = _total(
            _Question(name, question.prompt * 2 + question.answer, question.answer * 2, 0)
            for question in questions
            for _ in range(1 + round(question.again))
        )
        price = self.prices.price(model)
        return TaskEstimate(
            task=name,
            agent=self.roster.agents[agent].role,
            model=str(model),
            calls=Range(low=len(sure), high=sum(2 * (1 + round(question.again)) for question in questions)),
            input_tokens=Range(low=low.input_tokens, high=high.input_tokens),
            output_tokens=Range(low=low.output_tokens, high=high.output_tokens),
            cost_usd=Range(low=price.of(low), high=price.of(high)) if price else None,
        )


def _total(questions: Iterator[_Question] | Sequence[_Question]) -> Usage:
    asked = [(question.prompt, question.answer) for question in questions]
    return Usage(
        input_tokens=sum(prompt for prompt, _ in asked) // CHARACTERS_PER_TOKEN,
        output_tokens=sum(answer for _, answer in asked) // CHARACTERS_PER_TOKEN,
    )


def _understood(request: BuildRequest) -> tuple[AppSpec, EstimateBasis]:
    try:
        return read_description(request), EstimateBasis.this_app
    except BuildError:
        return read_description(BuildRequest(app_description=TYPICAL)), EstimateBasis.typical_app
