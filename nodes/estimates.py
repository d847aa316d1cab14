"""Estimate what a build will cost from the questions it will ask, by the prices of the models that will be asked. Asks nobody."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from nodes.agents.choice import chosen_model
from nodes.agents.models import DefaultModel, Provider
from nodes.agents.pricing import PriceTable, Usage
from nodes.agents.prompt import CHARACTERS_PER_TOKEN
from nodes.agents.roster import Roster
from nodes.artifacts import UNCHANGED, AppSpec, BuildRequest, StackName
from nodes.blueprint import architect
from nodes.blueprint.reader import read_description
from nodes.context import BuildOptions, Frame
from nodes.costs import CostEstimate, EstimateBasis, KnownApp, Range, TaskEstimate, may_reach
from nodes.errors import BuildError
from nodes.foreseen_questions import TOLD_BY_TOOL, TOOL, Foreseen, Foresight, Span
from nodes.stack import STACKS
from nodes.stack_choice import choose_stack
from nodes.stack_fit import fitted

READING = frozenset({"analyze_requirements", "correct_requirements", "specify_program"})
"""The analyst's tasks."""

TYPICAL = "Members borrow tools. A tool has a name and a daily fee. Clubs organise meetings. A librarian approves or rejects each loan."
"""Stands for an app the built-in reader does not understand."""


@dataclass(frozen=True)
class Estimator:
    """Reckons with these agents, prices and frame."""

    roster: Roster
    prices: PriceTable
    default_model: DefaultModel
    frame: Frame

    def estimate(
        self, request: BuildRequest, options: BuildOptions, *, template: AppSpec | None = None, changes: KnownApp | None = None
    ) -> CostEstimate:
        """A few hundred milliseconds of work, no call. Of a change, `request` is what the app was built from.

        Raises `ModelNotConfigured` for a malformed model name.
        """
        foresight = Foresight(self.roster, self.frame)
        by_model = self._asks_a_model("specify_program", options)
        chosen = choose_stack(request) if by_model and template is None else StackName.python_web
        stack = STACKS[changes.spec.stack if changes else chosen]
        if by_model and not stack.keeps_records:
            questions = list(foresight.of_program(request, stack, options, changes=changes))
            components, basis = len(changes.parts) if changes else 1, EstimateBasis.program
        else:
            read, basis = _understood(request, changes.spec if changes else template)
            spec = fitted(read, StackName(stack.name))
            corrects = basis is EstimateBasis.this_app and self._asks_a_model("correct_requirements", options)
            questions = list(foresight.of_app(request, spec, options, corrects=corrects, changes=changes))
            components = len(architect.plan(spec).components)
        if _says_nothing(request, template, changes):
            questions = [asked for asked in questions if asked.task not in READING]
        return self._summed(questions, options, EstimateBasis.change if changes else basis, StackName(stack.name), components)

    def _summed(
        self, questions: Sequence[Foreseen], options: BuildOptions, basis: EstimateBasis, stack: StackName, components: int
    ) -> CostEstimate:
        names = dict.fromkeys(question.task for question in questions)
        tasks = tuple(self._task(name, [asked for asked in questions if asked.task == name], options) for name in names)
        costs = [task.cost_usd for task in tasks]
        cost = None if None in costs else sum((cost for cost in costs if cost), Range(low=0, high=0))
        tokens = sum((task.input_tokens + task.output_tokens for task in tasks), Range(low=0, high=0))
        return CostEstimate(
            basis=basis,
            stack=stack,
            components=components,
            calls=sum((task.calls for task in tasks), Range(low=0, high=0)),
            tokens=tokens,
            cost_usd=cost,
            prices_as_of=self.prices.as_of.isoformat(),
            budget_usd=options.budget_usd,
            budget_tokens=options.budget_tokens,
            may_pause=may_reach(cost, tokens, budget_usd=options.budget_usd, budget_tokens=options.budget_tokens),
            tasks=tasks,
        )

    def _task(self, name: str, questions: Sequence[Foreseen], options: BuildOptions) -> TaskEstimate:
        """Low: every first answer is taken, and no tool is called. High: each question is asked twice, with the refused answer in the
        second prompt, and agents with tools call half as many as they may. The built-in builder answers without a token.
        """
        model, (agent, entry) = chosen_model(self.roster, name, options, self.default_model), self.roster.agent_of(name)
        calls = Range(low=sum(asked.least for asked in questions), high=sum(2 * asked.most for asked in questions))
        low = high = Usage()
        if model.provider is not Provider.builtin:
            rounds = (entry.max_iter + 1) // 2 if entry.tools else 0
            low = _total((asked.prompt.low, asked.answer.low) for asked in questions for _ in range(asked.least))
            high = _total(call for asked in questions for _ in range(asked.most) for call in _worst(asked, rounds, len(entry.tools)))
            calls = Range(low=calls.low, high=calls.high * (1 + rounds))
        price = self.prices.price(model)
        return TaskEstimate(
            task=name,
            agent=self.roster.agents[agent].role,
            model=str(model),
            calls=calls,
            input_tokens=Range(low=low.input_tokens, high=high.input_tokens),
            output_tokens=Range(low=low.output_tokens, high=high.output_tokens),
            cost_usd=Range(low=price.of(low), high=price.of(high)) if price else None,
        )

    def _asks_a_model(self, task: str, options: BuildOptions) -> bool:
        return chosen_model(self.roster, task, options, self.default_model).provider is not Provider.builtin


def _says_nothing(request: BuildRequest, template: AppSpec | None, changes: KnownApp | None) -> bool:
    """Whether there are no words for the analyst to read: a template as it is, or a change by edited files alone."""
    if changes:
        return not changes.feedback.strip()
    return bool(template) and request.app_description == UNCHANGED and not request.requirements


def _worst(asked: Foreseen, rounds: int, tools: int) -> Iterator[tuple[int, int]]:
    """The calls of one question at their most, each as characters of its prompt and its answer."""
    offered = replace(asked, prompt=asked.prompt + Span(0, TOOL * tools))
    for prompt in (offered.prompt.high, offered.prompt.high + asked.answer.high):
        yield from ((prompt + TOLD_BY_TOOL * before, TOOL) for before in range(rounds))
        yield prompt + TOLD_BY_TOOL * rounds, asked.answer.high


def _total(calls: Iterable[tuple[int, int]]) -> Usage:
    asked = list(calls)
    return Usage(
        input_tokens=sum(prompt for prompt, _ in asked) // CHARACTERS_PER_TOKEN,
        output_tokens=sum(answer for _, answer in asked) // CHARACTERS_PER_TOKEN,
    )


def _understood(request: BuildRequest, known: AppSpec | None) -> tuple[AppSpec, EstimateBasis]:
    if known:
        return known, EstimateBasis.this_app
    try:
        return read_description(request), EstimateBasis.this_app
    except BuildError:
        return read_description(BuildRequest(app_description=TYPICAL)), EstimateBasis.typical_app
