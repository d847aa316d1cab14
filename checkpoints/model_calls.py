"""Every answered model call: a journal, so that a crash repeats none, and a ledger, so that all are accounted for."""

from uuid import UUID, uuid4

from psycopg.errors import ForeignKeyViolation

from checkpoints.connection import Database, Transaction
from checkpoints.errors import ThreadNotFound
from checkpoints.json_columns import exact
from checkpoints.records import AgentUsage, CostDimension, CostEntry, ModelCall, Usage


class ModelCallRepository:
    """Reads and writes model calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, thread_id: UUID, task_id: str, n: int) -> ModelCall | None:
        """The answer to the n-th call of a LangGraph task, if it was journaled. Compare its `prompt_sha256`."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("find_model_call", {"thread_id": thread_id, "task_id": task_id, "n": n})
        return None if row is None else ModelCall.model_validate(row)

    async def record(self, call: ModelCall, *, transaction: Transaction | None = None) -> ModelCall:
        """Journal an answer durably before its node goes on; the one that counts, should there be one already.

        A worker that lost its run may answer beside the one that has it: both were paid for, so both are accounted for.
        Raises `ThreadNotFound` if the thread or the run was deleted meanwhile; what the call cost is accounted for all the same.
        """
        parameters = {**call.model_dump(), "answer": exact(call.answer)}
        try:
            async with self._database.transaction(transaction) as current:
                row = await current.fetch_one("record_model_call", parameters)
                if row is None:
                    row = await current.fetch_one("find_model_call", parameters)
                    standing = ModelCall.model_validate(row)
                    # What is recorded again because nobody heard that it was, is the same to the millisecond.
                    if (standing.answer, standing.duration_ms) != (call.answer, call.duration_ms):
                        await current.execute("record_model_call", {**parameters, "task_id": f"{call.task_id}#{uuid4()}"})
        except ForeignKeyViolation as error:
            async with self._database.transaction() as another:
                await another.execute("forget_call", parameters)
            raise ThreadNotFound(str(call.thread_id)) from error
        return ModelCall.model_validate(row)

    async def retire(self, thread_id: UUID, task_id: str, first: int) -> None:
        """Never replay a task's answers from number `first` on; what they used stays in the sums."""
        async with self._database.transaction() as transaction:
            await transaction.execute("retire_model_calls", {"thread_id": thread_id, "task_id": task_id, "first": first})

    async def usage(self, *, thread_id: UUID | None = None, run_id: UUID | None = None, within_hours: float | None = None) -> Usage:
        """Sums over the calls of a thread, of a run, of the last hours; of all of them where nothing is given."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("usage", {"thread_id": thread_id, "run_id": run_id, "hours": within_hours})
        return Usage.model_validate(row)

    async def costs(
        self, by: CostDimension, *, thread_id: UUID | None = None, user_id: str | None = None, days: int | None = None, limit: int = 100
    ) -> list[CostEntry]:
        """What calls used and cost: the sum of all, then by `by`, the dearest first. Of a build, a user, the last days, or of all."""
        asked = {"by": by.value, "thread_id": thread_id, "user_id": user_id, "days": days, "limit": limit}
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch_all("costs", asked)
        return [CostEntry.model_validate(row) for row in rows]

    async def usage_by_agent(self, thread_id: UUID, *, run_id: UUID | None = None) -> list[AgentUsage]:
        """The same for each agent, in the order they first spoke."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch_all("usage_by_agent", {"thread_id": thread_id, "run_id": run_id})
        return [AgentUsage.model_validate(row) for row in rows]
