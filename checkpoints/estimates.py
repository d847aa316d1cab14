"""What builds were estimated to use, beside what they used."""

from uuid import UUID

from checkpoints.connection import Database, Transaction
from checkpoints.json_columns import exact
from checkpoints.records import EstimateFigures, EstimateMade, EstimateOutcome, PastEstimate


class EstimateRepository:
    """Reads and writes estimates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, thread_id: UUID, made: EstimateMade, *, transaction: Transaction) -> None:
        """Keep one for a thread; what is used from now on is compared with it."""
        await transaction.execute("keep_estimate", {**made.model_dump(), "estimate": exact(made.estimate), "thread_id": thread_id})

    async def of_thread(self, thread_id: UUID) -> list[EstimateOutcome]:
        """A build's estimates, that of its newest change first, each with what was used after it."""
        async with self._database.statement() as transaction:
            rows = await transaction.fetch_all("estimates_of_thread", {"thread_id": thread_id})
        return [EstimateOutcome.model_validate(row) for row in rows]

    async def alike(self, models: str, stack: str, *, is_change: bool, limit: int) -> list[PastEstimate]:
        """The newest finished builds, or changes, with the same models on the same stack."""
        asked = {"models": models, "stack": stack, "is_change": is_change, "limit": limit}
        async with self._database.statement() as transaction:
            rows = await transaction.fetch_all("estimates_of_alike", asked)
        return [PastEstimate.model_validate(row) for row in rows]

    async def report(self, *, days: int | None = None) -> list[EstimateFigures]:
        """How well finished builds, of the last days or ever, were estimated: a line for each choice of models and each stack."""
        async with self._database.statement() as transaction:
            rows = await transaction.fetch_all("estimate_report", {"days": days})
        return [EstimateFigures.model_validate(row) for row in rows]
