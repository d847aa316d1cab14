import asyncio

import pytest

from checkpoints.connection import Database
from checkpoints.errors import IdempotencyConflict
from checkpoints.idempotency import IdempotencyRepository
from checkpoints.records import StoredAnswer

ANSWER = StoredAnswer(status_code=202, body={"workflow_id": "w"})


async def request(
    database: Database, idempotency: IdempotencyRepository, body: str = "b", *, fail: bool = False
) -> tuple[bool, StoredAnswer]:
    """One request with the key `k`: whether it did the work, and its answer."""
    async with database.transaction() as transaction:
        earlier = await idempotency.reserve("ann", "k", body, transaction)
        if earlier is not None:
            return False, earlier
        if fail:
            raise ZeroDivisionError
        await idempotency.answer("ann", "k", ANSWER, transaction)
        return True, ANSWER


async def test_of_ten_equal_requests_at_once_one_does_the_work_and_all_get_its_answer(
    database: Database, idempotency: IdempotencyRepository
) -> None:
    outcomes = await asyncio.gather(*(request(database, idempotency) for _ in range(10)))

    assert sorted(did_the_work for did_the_work, _ in outcomes) == [False] * 9 + [True]
    assert {answer.model_dump_json() for _, answer in outcomes} == {ANSWER.model_dump_json()}


async def test_the_same_key_with_another_body_is_refused(database: Database, idempotency: IdempotencyRepository) -> None:
    await request(database, idempotency)

    with pytest.raises(IdempotencyConflict, match="Use a new key"):
        await request(database, idempotency, "another body")


async def test_a_request_that_failed_leaves_its_key_free(database: Database, idempotency: IdempotencyRepository) -> None:
    with pytest.raises(ZeroDivisionError):
        await request(database, idempotency, fail=True)

    assert await request(database, idempotency) == (True, ANSWER)


async def test_old_keys_are_forgotten_and_young_ones_kept(database: Database, idempotency: IdempotencyRepository) -> None:
    await request(database, idempotency)

    assert await idempotency.forget(older_than_hours=24) == 0
    assert await idempotency.forget(older_than_hours=0) == 1
