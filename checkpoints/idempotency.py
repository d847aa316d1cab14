"""Idempotency keys: a request that is repeated gets the first answer, and does nothing a second time."""

from checkpoints.connection import Database, Transaction
from checkpoints.errors import IdempotencyConflict
from checkpoints.json_columns import exact
from checkpoints.records import StoredAnswer


class IdempotencyRepository:
    """Reserves keys and keeps answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, scope: str, key: str, body_sha256: str, transaction: Transaction) -> StoredAnswer | None:
        """None: the key is new, so do the work and `answer` in this transaction. Otherwise the answer to repeat.

        Waits while another request is at work with the key. Raises `IdempotencyConflict` if its body was another.
        `scope` separates callers (tenant, route).
        """
        parameters = {"scope": scope, "key": key, "body_sha256": body_sha256}
        if await transaction.fetch_one("reserve_idempotency_key", parameters) is not None:
            return None
        row = await transaction.fetch_one("get_idempotency_key", parameters)
        if row is None or row["body_sha256"] != body_sha256:
            raise IdempotencyConflict(key)
        return StoredAnswer(status_code=row["status_code"], body=row["answer"])

    async def answer(self, scope: str, key: str, answer: StoredAnswer, transaction: Transaction) -> None:
        """Keep the answer, in the transaction that reserved the key."""
        parameters = {"scope": scope, "key": key, "status_code": answer.status_code, "answer": exact(answer.body)}
        await transaction.execute("store_idempotent_answer", parameters)

    async def forget(self, *, older_than_hours: int = 24) -> int:
        """Delete old keys; how many."""
        async with self._database.transaction() as transaction:
            return await transaction.execute("forget_idempotency_keys", {"hours": older_than_hours})
