"""What is known of models, shared by all workers: how they take a schema, and when they may be asked next."""

from checkpoints.connection import Database

CAPABILITY_DAYS = 30
"""An endpoint that learned structured output since is found out within a month."""


class ModelRepository:
    """Reads and writes what is known of models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recall(self, endpoint: str, model: str) -> str | None:
        """The answer form found out for `model` at `endpoint`; None if nobody did lately."""
        async with self._database.transaction() as transaction:
            asked = {"endpoint": endpoint, "model": model, "days": CAPABILITY_DAYS}
            row = await transaction.fetch_one("recall_capability", asked)
        return None if row is None else str(row["answer_form"])

    async def remember(self, endpoint: str, model: str, answer_form: str) -> None:
        """Keep what a probe found."""
        async with self._database.transaction() as transaction:
            await transaction.execute("remember_capability", {"endpoint": endpoint, "model": model, "answer_form": answer_form})

    async def take_turn(self, model: str, takes_seconds: float) -> float:
        """Seconds to wait before `model` may be asked, if a call takes `takes_seconds` of its rate. In order of asking."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("take_turn", {"model": model, "takes_seconds": takes_seconds})
        assert row is not None
        return float(row["wait_seconds"])

    async def hold_off(self, model: str, seconds: float) -> None:
        """Let nobody ask `model` for so long: its endpoint said so."""
        async with self._database.transaction() as transaction:
            await transaction.execute("hold_off", {"model": model, "seconds": seconds})
