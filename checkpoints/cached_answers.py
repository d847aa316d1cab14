"""Answers that serve other builds of the same tenant which ask the very same: whose may, for how long, and what is kept.

A tenant is the user a thread belongs to. Nothing here reads or writes across tenants: where it is known who really asks
(`identity`), a thread that says it belongs to somebody else has no cache.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from checkpoints.connection import Database, Transaction
from checkpoints.json_columns import exact
from checkpoints.records import CachedAnswer, FoundAnswer, TenantCache


class CachedAnswerRepository:
    """Reads and writes cached answers. `default_hours` holds for tenants that said nothing; 0: theirs are not kept."""

    def __init__(self, database: Database, *, default_hours: float) -> None:
        self._database = database
        self.default_hours = default_hours

    async def find(self, thread_id: UUID, model: str, question_sha256: str, *, identity: str | None = None) -> FoundAnswer | None:
        """The answer; None if there is none, or it is too old, or another tenant's, or the tenant has the cache off."""
        question = {"model": model, "question_sha256": question_sha256}
        asked = {**question, "thread_id": thread_id, "identity": identity, "default_hours": self.default_hours}
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("find_cached_answer", asked)
        return None if row is None else FoundAnswer.model_validate(row)

    async def keep(self, thread_id: UUID, answers: Sequence[CachedAnswer], *, identity: str | None = None) -> None:
        """Keep answers for the builds of the thread's tenant, if it has the cache on, and forget what expired."""
        about = {"thread_id": thread_id, "identity": identity, "default_hours": self.default_hours}
        async with self._database.transaction() as transaction:
            await transaction.execute("forget_expired_answers", {})
            for kept in sorted(answers, key=lambda answer: answer.question_sha256):  # in one order, so that no two wait for each other
                await transaction.execute("cache_answer", {**about, **kept.model_dump(), "answer": exact(kept.answer)})

    async def discard(
        self,
        thread_id: UUID,
        *,
        questions: Collection[str] | None = None,
        components: Collection[str] | None = None,
        transaction: Transaction | None = None,
    ) -> None:
        """Serve nobody any more with what a thread was answered: to these questions, for these components, or at all."""
        led_nowhere = {"thread_id": thread_id, "questions": _listed(questions), "components": _listed(components)}
        async with self._database.transaction(transaction) as current:
            await current.execute("discard_cached_answers", led_nowhere)

    async def clear(self, user_id: str | None = None) -> int:
        """Forget the answers of one tenant, or of all; how many there were."""
        async with self._database.transaction() as transaction:
            return await transaction.execute("clear_cached_answers", {"user_id": user_id})

    async def set_hours(self, user_id: str, hours: float | None, *, set_by: str) -> None:
        """Keep a tenant's answers for so long from now on; 0 switches it off, None lets the server's setting decide."""
        async with self._database.transaction() as transaction:
            if hours is None:
                await transaction.execute("forget_answer_caching", {"user_id": user_id})
            else:
                await transaction.execute("set_answer_caching", {"user_id": user_id, "hours": hours, "set_by": set_by})

    async def count(self, user_id: str | None = None) -> int:
        """How many answers may still serve, for one tenant or for all."""
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("count_cached_answers", {"user_id": user_id})
        return 0 if row is None else int(row["answers"])

    async def of_tenants(self, user_id: str | None = None) -> list[TenantCache]:
        """The tenants there is something to tell of, by name, or one of them."""
        async with self._database.statement() as transaction:
            rows = await transaction.fetch_all("caches_of_tenants", {"user_id": user_id})
        return [TenantCache.model_validate(row) for row in rows]


def _listed(names: Collection[str] | None) -> list[str] | None:
    return None if names is None else list(names)
