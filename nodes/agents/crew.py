"""The agents as nodes see them: one task in, one validated answer out, with what it used. Imports no CrewAI itself."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.runnables import RunnableConfig, RunnableLambda
from pydantic import BaseModel
from typing_extensions import override

from nodes.agents.budget import Budget, DayBudgets
from nodes.agents.capabilities import Capabilities, Memory
from nodes.agents.choice import chosen_model
from nodes.agents.crewai_import import import_runtime
from nodes.agents.journal import CallJournal, InMemoryJournal, NodeExecution, current_execution, outside_a_graph
from nodes.agents.models import AnswerForm, ChatModel, DefaultModel, ModelName, ModelSource, Provider
from nodes.agents.own_code import OwnCode
from nodes.agents.pace import Pace
from nodes.agents.pricing import PriceTable, load_prices
from nodes.agents.prompt import fitting, render
from nodes.agents.roster import AgentEntry, Roster, load_roster
from nodes.agents.self_test import SelfTest, self_test
from nodes.agents.shared_answers import AnswerCache
from nodes.agents.traces import annotate
from nodes.agents.waits import Wait
from nodes.artifacts import AgentResult
from nodes.context import AgentAnswer, AgentTask, BuildOptions, Crew
from nodes.errors import AgentOutputInvalid, CrewIncompatible, ModelRefused, ModelUnavailable
from nodes.progress import AgentFinished, AgentStarted, CallGoesOn, CallWaits, ProgressEvent, announce

if TYPE_CHECKING:
    from nodes.agents.calls import ModelCalls, RetryPolicy

VERSION = version("appyard")
log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)

TASK_TIMEOUT_SECONDS = 1800
"""Three answers of the longest kind from a slow model; agents.yaml may say less or more (`max_execution_time`)."""


SMALL_CONTEXT_TOKENS = 32_000
"""A component is a prompt of 8,000 to 30,000 tokens. Models that read less than this at once are small: they write a rule, not files."""


class CrewAICrew(Crew):
    """CrewAI agents over LangChain chat models.

    `default_model` answers where neither the build nor agents.yaml names a model. `storage` is a writable folder for
    CrewAI. `journal` None keeps answers in memory, which survives a failed node but not the process.
    """

    def __init__(
        self,
        models: ModelSource,
        default_model: DefaultModel,
        storage: Path,
        *,
        roster: Roster | None = None,
        journal: CallJournal | None = None,
        prices: PriceTable | None = None,
        retries: "RetryPolicy | None" = None,
        capabilities: Memory | None = None,
        pace: Pace | None = None,
        cache: AnswerCache | None = None,
        days: DayBudgets | None = None,
    ) -> None:
        self._models = models
        self._default_model = default_model
        self._storage = storage
        self._roster = roster or load_roster()
        self._journal = journal or InMemoryJournal()
        self._prices = prices or load_prices()
        self._retries = retries
        self._capabilities = Capabilities(capabilities)
        self._pace = pace or Pace()
        self._cache = cache
        self._budget = Budget()
        self._days = days
        self._runtime: ModuleType | None = None
        self._own = OwnCode()
        self._warming = asyncio.Lock()

    async def warm(self) -> SelfTest:
        """Import CrewAI and check it before the first build needs it, then the code in the roster's folder.

        Raises `RosterInvalid` for code that cannot be used.
        """
        tested = await self_test(self._storage)
        if tested.ok:
            runtime = import_runtime(self._storage)
            self._own = await asyncio.to_thread(runtime.own_code, self._roster)
            self._runtime = runtime
        return tested

    def model_of(self, task: str, options: BuildOptions) -> ModelName:
        """The model that would do `task`: named for the agent, else for the build, else in agents.yaml, else the default.

        Raises `ModelNotConfigured` for a malformed name, or one given for an agent that does not exist.
        """
        return chosen_model(self._roster, task, options, self._default_model)

    @override
    def corrects_drafts(self, task: str, options: BuildOptions) -> bool:
        """True for every language model. Raises `ModelNotConfigured`."""
        return self.model_of(task, options).provider is not Provider.builtin

    @override
    def reads_little(self, task: str, options: BuildOptions) -> bool:
        """True for models that read less than `SMALL_CONTEXT_TOKENS`. Raises `ModelNotConfigured`."""
        return self._models.open(self.model_of(task, options)).context_tokens < SMALL_CONTEXT_TOKENS

    @override
    async def perform(self, task: AgentTask[M], options: BuildOptions) -> AgentAnswer[M]:
        """Have the agent responsible for `task.name` answer; cancelling it cancels the model call.

        Raises `AgentOutputInvalid`, `ModelUnavailable`, `ModelRefused`, `ModelNotConfigured`, `BudgetExhausted`, `TokensExhausted`,
        `BudgetNotKeepable`, `CrewIncompatible`, and unchanged what a built-in model raises.
        """
        _, agent = self._roster.agent_of(task.name)
        chosen = self._models.open(self.model_of(task.name, options))
        await self._ready()
        execution = current_execution(task.continues)
        try:
            return await self._performed(task, agent, chosen, execution, options)
        except (ModelUnavailable, ModelRefused) as failed:
            if agent.fallback_llm is None or (fallback := ModelName.parse(agent.fallback_llm)) == chosen.name:
                raise
            log.warning("model_replaced", extra={"model": str(chosen.name), "fallback": str(fallback), "reason": str(failed)})
            return await self._performed(task, agent, self._models.open(fallback), execution, options)

    @override
    async def disown(self, components: Collection[str] | None = None) -> None:
        """Discard what this thread was answered for these components from the cache, or all of it."""
        if self._cache and (execution := current_execution()):
            await self._cache.discard(execution.thread_id, components=components)

    async def _performed(
        self, task: AgentTask[M], agent: AgentEntry, opened: ChatModel, execution: NodeExecution | None, options: BuildOptions
    ) -> AgentAnswer[M]:
        model = await self._capabilities.settled(opened)
        about = _about(task, execution)
        self._tell(
            AgentStarted(agent=agent.role, task=task.name, component=task.component, attempt=task.attempt, model=str(model.name)), about
        )
        started = time.monotonic()
        calls = self._calls(model, execution, options, lambda wait: self._tell(_told(wait, task, agent, model), about))
        task = fitting(task, model, self._roster)
        try:
            value = await self._traced(task, agent, calls, execution)
        except AgentOutputInvalid as invalid:
            await calls.shared.end(well=False)
            invalid.result = _result(task, agent, calls, time.monotonic() - started, f"No usable answer: {invalid.detail}")
            self._tell(AgentFinished(result=invalid.result), about)
            raise
        await calls.shared.end(well=True)
        summary = task.summarize(value) if task.summarize else ""
        result = _result(task, agent, calls, time.monotonic() - started, summary)
        self._tell(AgentFinished(result=result), about)
        return AgentAnswer(value, result)

    async def _ready(self) -> None:
        if self._is_warm():
            return
        async with self._warming:
            if self._is_warm():
                return
            tested = await self.warm()
            if not tested.ok:
                raise CrewIncompatible("; ".join(tested.reasons))

    def _is_warm(self) -> bool:
        return self._runtime is not None

    def _calls(
        self, model: ChatModel, execution: NodeExecution | None, options: BuildOptions, tell: Callable[[Wait | None], None]
    ) -> "ModelCalls":
        from nodes.agents.calls import ModelCalls, RetryPolicy
        from nodes.agents.money import Money

        money = Money(
            self._budget,
            self._prices.price(model.name),
            budget_usd=options.budget_usd,
            budget_tokens=options.budget_tokens,
            days=self._days if execution else None,
        )
        journal = self._journal if execution else InMemoryJournal()
        return ModelCalls(
            model,
            execution or outside_a_graph(),
            journal,
            money,
            self._retries or RetryPolicy(),
            pace=self._pace,
            cache=self._cache if execution else None,
            tell=tell,
        )

    def _tell(self, event: ProgressEvent, about: Mapping[str, object]) -> None:
        """Announce on the run's stream, where outside a graph nobody listens, and to CrewAI's listeners."""
        if current_execution():
            announce(event)
        if self._own.listens and self._runtime:
            self._runtime.tell_listeners(event, about)

    async def _traced(self, task: AgentTask[M], agent: AgentEntry, calls: "ModelCalls", execution: NodeExecution | None) -> M:
        """Run the task as a step of its own, so that streams and traces show node → agent → model call."""

        async def step(_: object, config: RunnableConfig) -> M:
            try:
                return await self._run(task, agent, calls, execution)
            finally:
                totals = calls.totals
                annotate(config, cost_usd=totals.cost_usd, calls=totals.calls, replayed_calls=totals.replayed)

        about = {
            "agent": agent.role,
            "task": task.name,
            "component": task.component,
            "attempt": task.attempt,
            "model": str(calls.model.name),
            "appyard_version": VERSION,
        }
        config = RunnableConfig(metadata=about, run_name=f"crewai:{agent.role}")
        stepped: M = await RunnableLambda(step).ainvoke(about, config)
        return stepped

    async def _run(self, task: AgentTask[M], agent: AgentEntry, calls: "ModelCalls", execution: NodeExecution | None) -> M:
        from nodes.agents import runtime

        entry = self._roster.task(task.name)
        form = AnswerForm.prompt if agent.tools else calls.model.answer_form  # an answer that may call tools is held to no schema
        description = render(task.name, entry, task.inputs, task.answer, form)
        assignment = runtime.Assignment(
            agent, entry, task.name, description, task.answer, task.check, self._own, task.files, _about(task, execution)
        )
        limit = agent.max_execution_time or TASK_TIMEOUT_SECONDS
        try:
            async with asyncio.timeout(limit):
                return await runtime.run(assignment, calls)
        except TimeoutError as error:
            raise ModelUnavailable(f"{calls.model.name}: {agent.role} did not finish within {limit} seconds.") from error
        except AgentOutputInvalid:
            # Answers that led nowhere must not be replayed when the build is resumed; what they cost stays counted.
            if execution and calls.first_n is not None:
                await self._journal.retire(execution.thread_id, execution.task_id, calls.first_n)
            raise


def _about(task: AgentTask[Any], execution: NodeExecution | None) -> dict[str, object]:
    """Where an agent works, for CrewAI's listeners: the fingerprint metadata of its events."""
    return {"thread_id": execution.thread_id if execution else None, "component": task.component, "attempt": task.attempt}


def _told(wait: Wait | None, task: AgentTask[Any], agent: AgentEntry, model: ChatModel) -> CallWaits | CallGoesOn:
    """A wait of an agent's call as it is announced; None: it goes on."""
    if wait is None:
        return CallGoesOn(agent=agent.role, task=task.name, component=task.component, attempt=task.attempt)
    return CallWaits(
        agent=agent.role,
        task=task.name,
        component=task.component,
        attempt=task.attempt,
        model=str(model.name),
        cause=wait.cause,
        seconds=wait.seconds,
        reason=wait.reason,
        next_try=wait.next_try,
        tries=wait.tries,
    )


def _result(task: AgentTask[Any], agent: AgentEntry, calls: "ModelCalls", duration_seconds: float, summary: str) -> AgentResult:
    totals = calls.totals
    return AgentResult(
        agent=agent.role,
        task=task.name,
        component=task.component,
        attempt=task.attempt,
        model=str(calls.model.name),
        calls=totals.calls,
        replayed_calls=totals.replayed,
        input_tokens=totals.usage.input_tokens,
        output_tokens=totals.usage.output_tokens,
        cached_tokens=totals.usage.cached_tokens,
        tokens_estimated=totals.usage.estimated,
        cost_usd=totals.cost_usd,
        duration_seconds=round(duration_seconds, 3),
        summary=summary,
    )
