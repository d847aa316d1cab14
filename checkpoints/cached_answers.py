"""Answers that serve other builds of the same user which ask the very same, for a while."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from checkpoints.connection import Database
from checkpoints.json_columns import exact
from checkpoints.records import CachedAnswer, CacheFigures


class CachedAnswerRepository:
    """Reads and writes cached answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, thread_id: UUID, model: str, prompt_sha256: str) -> object | None:
        """The answer, and the hit is counted; None if there is none, or it is too old, or another user's."""
        asked = {"thread_id": thread_id, "model": model, "prompt_sha256": prompt_sha256}
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("find_cached_answer", asked)
        answer: object | None = None if row is None else row["answer"]
        return answer

    async def keep(self, thread_id: UUID, answers: Sequence[CachedAnswer], *, hours: float) -> None:
        """Keep answers for so long, and forget what expired."""
        async with self._database.transaction() as transaction:
            await transaction.execute("forget_expired_answers", {})
            for kept in answers:
                cost = None if kept.cost_usd is None else Decimal(str(kept.cost_usd))
                told = {**kept.model_dump(), "answer": exact(kept.answer), "cost_usd": cost}
                await transaction.execute("cache_answer", {**told, "thread_id": thread_id, "hours": hours})

    async def figures(self, user_id: str | None = None) -> CacheFigures:
        """How often cached answers served, for one user or all."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("cache_figures", {"user_id": user_id})
        return CacheFigures.model_validate(row)
