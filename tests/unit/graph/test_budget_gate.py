"""A build whose money is used: it asks once, goes on where it stopped, and shows what there is if nobody pays."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from typing_extensions import override

from graph.builder import build_graph
from nodes.artifacts import BuildRequest, Changeset, Ending, Finding, Outcome, QaReview, RepairStop
from nodes.context import AgentTask, BuildOptions
from nodes.errors import BudgetExhausted
from tests.factories import ScriptedCrew, ScriptedVerifier, make_finding, make_plan, make_record, make_spec, make_workshop

SPEC = make_spec(make_record("claim"), make_record("trip"))
REQUEST = BuildRequest(app_description="Employees submit claims.")
NO_MONEY = BudgetExhausted(spent_usd=0.98, budget_usd=1.0, next_call_usd=0.25)


class PaidCrew(ScriptedCrew):
    """Agents that stop at the named tasks until the budget is more than a dollar."""

    def __init__(self, *stopping: str) -> None:
        super().__init__(
            {
                "analyze_requirements": [SPEC],
                "design_architecture": [make_plan(SPEC)],
                "write_component": [lambda task: Changeset(component=task.component, changes=())],
                "review_app": [QaReview(summary="Read.")],
            }
        )
        self.stopping = stopping

    @override
    async def perform(self, task: AgentTask[Any], options: BuildOptions) -> Any:
        about = task.component or task.name
        if about in self.stopping and (options.budget_usd or 0) <= 1.0:
            raise NO_MONEY
        return await super().perform(task, options)


class PaidBuild:
    """One build with a budget of a dollar."""

    def __init__(self, *stopping: str, rounds: tuple[tuple[Finding, ...], ...] = ((),)) -> None:
        self.crew = PaidCrew(*stopping)
        workshop = make_workshop(self.crew, ScriptedVerifier(rounds))
        self.graph = build_graph(workshop).compile(checkpointer=InMemorySaver())

    async def go(self, given: Any) -> dict[str, Any]:
        config: Any = {"configurable": {"thread_id": "1"}}
        state: dict[str, Any] = await self.graph.ainvoke(given, config, context=BuildOptions(budget_usd=1.0))
        return state

    async def answer(self, **answer: object) -> dict[str, Any]:
        return await self.go(Command(resume=answer))

    @property
    def questions(self) -> list[dict[str, Any]]:
        return [asked.value for asked in self.graph.get_state({"configurable": {"thread_id": "1"}}).interrupts]


@pytest.mark.parametrize("stopping", ["analyze_requirements", "design_architecture", "claim", "review_app"])
async def test_whoever_runs_out_of_money_goes_on_with_more(stopping: str) -> None:
    build = PaidBuild(stopping)
    await build.go({"request": REQUEST})
    [question] = build.questions
    assert question["question"] == (
        "$0.9800 of the budget of $1.00 is spent. An agent waits with finished work kept. Raise the budget to $1.23 or more to go on?"
    )
    state = await build.answer(decision="approved", budget_usd=2.0)
    assert state["outcome"].ending is Ending.delivered
    assert sorted(set(build.crew.names())) == sorted(build.crew.names())


async def test_many_engineers_without_money_are_one_question_and_finished_parts_are_kept() -> None:
    spec = make_spec(*(make_record(f"part{n}") for n in range(5)))
    build = PaidBuild("part1", "part2", "part3")
    build.crew._left["analyze_requirements"][0] = spec
    build.crew._left["design_architecture"][0] = make_plan(spec)
    await build.go({"request": REQUEST})
    [question] = build.questions
    assert question["budget"] == {"limit": "build", "spent_usd": 0.98, "budget_usd": 1.0, "least_usd": 1.73, "resumes_at": None}
    await build.answer(decision="approved", budget_usd=2.0)
    written = [name for name in build.crew.names() if name.startswith("write_component")]
    assert sorted(written) == [f"write_component(part{n}#1)" for n in range(5)]


async def test_an_approval_without_a_sufficient_limit_is_asked_again() -> None:
    build = PaidBuild("claim")
    await build.go({"request": REQUEST})
    await build.answer(decision="approved")
    await build.answer(decision="approved", budget_usd=1.0)
    [question] = build.questions
    assert question["question"].startswith("Say the new limit, at least 1.23, as budget_usd.")


async def test_declined_money_ends_a_build_that_has_nothing_to_show() -> None:
    build = PaidBuild("claim")
    await build.go({"request": REQUEST})
    state = await build.answer(decision="rejected", feedback="Too dear.")
    assert state["outcome"] == Outcome(ending=Ending.rejected, reason="Too dear.")


async def test_declined_money_in_a_repair_shows_what_there_is() -> None:
    build = PaidBuild(rounds=((make_finding("claim"),),))
    write = build.crew.perform

    async def stops_at_the_repair(task: AgentTask[Any], options: BuildOptions) -> Any:
        if task.attempt > 1:
            raise NO_MONEY
        return await write(task, options)

    build.crew.perform = stops_at_the_repair  # type: ignore[method-assign]  # the money ends between two rounds
    await build.go({"request": REQUEST})
    await build.answer(decision="rejected")
    [question] = build.questions
    assert (question["gate"], question["stop"]) == ("app", RepairStop.budget_exhausted)
    assert question["question"] == "1 finding left. Stopped: the budget is used. Accept it as it is?"
