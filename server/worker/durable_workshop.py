"""The workshop's durable side: artifacts and answered model calls in the database, for the thread that runs."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID, uuid4

from langgraph.config import get_config

from checkpoints.artifacts import ArtifactRepository
from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.day_budgets import DayBudgetRepository, HeldCall
from checkpoints.errors import ArtifactNotFound
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import CachedAnswer, ModelCall
from nodes.agents.budget import DayCeiling
from nodes.agents.journal import JournaledCall, ModelAnswer, Saved
from nodes.agents.models import BUILTIN
from nodes.agents.shared_answers import KeptAnswer
from nodes.artifacts import ArtifactRef, BudgetLimit
from server.services.caller import OF_THE_SERVER


def running_thread() -> UUID:
    """The thread of the node we are inside of."""
    return UUID(get_config()["configurable"]["thread_id"])


class ThreadArtifacts:
    """An `ArtifactStore`: what a node puts belongs to its thread and goes with it."""

    def __init__(self, artifacts: ArtifactRepository) -> None:
        self._artifacts = artifacts

    async def put(self, content: bytes, media_type: str) -> ArtifactRef:
        """Stored durably when this returns."""
        stored = await self._artifacts.put(running_thread(), content, media_type)
        return ArtifactRef(sha256=stored.sha256, size_bytes=stored.size_bytes, media_type=media_type)

    async def get(self, ref: ArtifactRef) -> bytes:
        """The bytes; LookupError if they are gone."""
        try:
            return await self._artifacts.get(ref.sha256)
        except ArtifactNotFound as error:
            raise LookupError(str(error)) from error


def authenticated() -> str | None:
    """Whom the handlers of `auth.path` found to have asked for the run we are inside of; None where there are none."""
    identity: str | None = get_config()["configurable"].get(f"{OF_THE_SERVER}user_id")
    return identity


class DurableCache:
    """An `AnswerCache` in the database. The built-in builder is not cached: asking it again is quicker."""

    def __init__(self, cached: CachedAnswerRepository) -> None:
        self._cached = cached

    async def find(self, thread_id: str, model: str, question_sha256: str) -> KeptAnswer | None:
        """What another build of the same tenant was answered to the very same."""
        if model == str(BUILTIN):
            return None
        found = await self._cached.find(UUID(thread_id), model, question_sha256, identity=authenticated())
        return None if found is None else KeptAnswer(ModelAnswer.model_validate(found.answer), _dollars(found.cost_usd))

    async def keep(self, thread_id: str, calls: Sequence[JournaledCall]) -> None:
        """Keep the answers for the builds of the thread's tenant."""
        answers = [
            CachedAnswer(
                model=call.model,
                question_sha256=call.question_sha256,
                answer=call.answer.model_dump(mode="json"),
                cost_usd=_exact(call.cost_usd),
            )
            for call in calls
            if call.model != str(BUILTIN)
        ]
        if answers:
            await self._cached.keep(UUID(thread_id), answers, identity=authenticated())

    async def discard(self, thread_id: str, *, questions: Collection[str] | None = None, components: Collection[str] | None = None) -> None:
        """Give no other build what this thread was answered."""
        await self._cached.discard(UUID(thread_id), questions=questions, components=components)


def _dollars(exact: Decimal | None) -> float | None:
    return None if exact is None else float(exact)


def _exact(dollars: float | None) -> Decimal | None:
    return None if dollars is None else Decimal(str(dollars))


class DurableDayBudgets:
    """The `DayBudgets` of the database."""

    def __init__(self, budgets: DayBudgetRepository) -> None:
        self._budgets = budgets

    async def hold(self, thread_id: str, task_id: str, n: int, bound_usd: float, *, seconds: float) -> DayCeiling | None:
        """Hold what the call can cost; the ceiling in its way if it does not fit."""
        tight = await self._budgets.hold(_held_call(thread_id, task_id, n), bound_usd, seconds=seconds)
        if tight is None:
            return None
        return DayCeiling(
            limit=BudgetLimit(tight.limit),
            limit_usd=float(tight.limit_usd),
            spent_usd=float(tight.spent_usd),
            held_usd=float(tight.held_usd),
            resumes_at=tight.resumes_at,
        )

    async def release(self, thread_id: str, task_id: str, n: int) -> None:
        """Hold it no longer."""
        await self._budgets.release(_held_call(thread_id, task_id, n))


def _held_call(thread_id: str, task_id: str, n: int) -> HeldCall:
    """The call as this attempt at the run makes it."""
    config = get_config()
    run_id, attempt = UUID(config["configurable"]["run_id"]), int(config.get("metadata", {})["run_attempt"])
    return HeldCall(UUID(thread_id), task_id, n, run_id=run_id, run_attempt=attempt)


class DurableJournal:
    """A `CallJournal` in the table of model calls, where each answer also says who asked and what it cost."""

    def __init__(self, model_calls: ModelCallRepository) -> None:
        self._model_calls = model_calls

    async def find(self, thread_id: str, task_id: str, n: int) -> JournaledCall | None:
        """The answer recorded under this key and not retired."""
        call = await self._model_calls.find(UUID(thread_id), task_id, n)
        if call is None:
            return None
        return JournaledCall(
            prompt_sha256=call.prompt_sha256,
            model=call.model,
            answer=ModelAnswer.model_validate(call.answer),
            cost_usd=_dollars(call.cost_usd),
            question_sha256=call.question_sha256 or "",
            saved=None if call.saved_tokens is None else Saved(tokens=call.saved_tokens, cost_usd=_dollars(call.saved_usd)),
        )

    async def record(self, thread_id: str, task_id: str, n: int, call: JournaledCall) -> None:
        """Keep an answer durably; one that already stands stays."""
        await self._model_calls.record(_as_model_call(thread_id, task_id, n, call))

    async def record_lost(self, thread_id: str, call: JournaledCall) -> None:
        """Account for an answer that broke off, as a task no node has."""
        await self._model_calls.record(_as_model_call(thread_id, f"lost#{uuid4()}", 0, call))

    async def retire(self, thread_id: str, task_id: str, first: int) -> None:
        """Never replay the answers from number `first` on; what they cost stays in the ledger."""
        await self._model_calls.retire(UUID(thread_id), task_id, first)

    async def spent_usd(self, thread_id: str) -> float:
        """What all answers of the thread cost together."""
        return float((await self._model_calls.usage(thread_id=UUID(thread_id))).cost_usd)

    async def spent_tokens(self, thread_id: str) -> int:
        """What all answers of the thread read and wrote together."""
        usage = await self._model_calls.usage(thread_id=UUID(thread_id))
        return usage.input_tokens + usage.output_tokens


def _as_model_call(thread_id: str, task_id: str, n: int, call: JournaledCall) -> ModelCall:
    """The call with who asked, in which node of which run."""
    config = get_config()
    about, running = config.get("metadata", {}), config["configurable"]
    usage = call.answer.usage
    return ModelCall(
        thread_id=UUID(thread_id),
        task_id=task_id,
        n=n,
        prompt_sha256=call.prompt_sha256,
        run_id=UUID(running["run_id"]),
        node=running["checkpoint_ns"].partition(":")[0],
        agent=about["agent"],
        component=about.get("component"),
        attempt=about.get("attempt") or 1,
        model=call.model,
        answer=call.answer.model_dump(mode="json"),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=_exact(call.cost_usd),
        duration_ms=round(call.duration_seconds * 1000),
        question_sha256=call.question_sha256 or None,
        saved_tokens=call.saved.tokens if call.saved else None,
        saved_usd=_exact(call.saved.cost_usd) if call.saved else None,
    )
