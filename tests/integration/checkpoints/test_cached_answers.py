"""Answers that serve other builds of the same tenant, for a while."""

from decimal import Decimal
from uuid import UUID

import pytest

from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.connection import Database
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import CachedAnswer, ModelCall
from checkpoints.threads import ThreadRepository

KEPT = CachedAnswer(model="openai:m", question_sha256="q", answer={"text": "a\u0000b"}, cost_usd=Decimal("0.25"))


async def thread_of(database: Database, user_id: str | None) -> UUID:
    return (await ThreadRepository(database).create(metadata={"user_id": user_id} if user_id else {})).thread_id


async def asked(database: Database, thread_id: UUID, question: str, component: str | None = None) -> None:
    """The journal says that the thread asked this."""
    call = {"thread_id": thread_id, "task_id": question, "n": 0, "prompt_sha256": "p", "node": "n", "agent": "a", "answer": {}}
    await ModelCallRepository(database).record(
        ModelCall.model_validate({**call, "model": KEPT.model, "question_sha256": question, "component": component})
    )


async def served(cached: CachedAnswerRepository, thread_id: UUID, question: str = "q", identity: str | None = None) -> object:
    found = await cached.find(thread_id, KEPT.model, question, identity=identity)
    return found and found.answer


async def test_an_answer_serves_the_same_tenants_builds_alone(database: Database) -> None:
    cached = CachedAnswerRepository(database, default_hours=1)
    adas, adas_next, lis, nobodys = [await thread_of(database, user) for user in ("ada", "ada", "li", None)]
    for thread_id in (adas, nobodys):
        await cached.keep(thread_id, [KEPT])
    assert await served(cached, adas_next) == KEPT.answer
    assert [await served(cached, thread_id) for thread_id in (lis, nobodys)] == [None, None]
    assert await cached.find(adas_next, "openai:other", "q") is None
    assert [await cached.count(user) for user in ("ada", "li", None)] == [1, 0, 1]


async def test_who_only_says_to_be_a_tenant_neither_reads_nor_writes_its_answers(database: Database) -> None:
    cached = CachedAnswerRepository(database, default_hours=1)
    thread_id = await thread_of(database, "ada")
    await cached.keep(thread_id, [KEPT], identity="li")
    assert await cached.count() == 0
    await cached.keep(thread_id, [KEPT], identity="ada")
    assert [await served(cached, thread_id, identity=identity) for identity in ("ada", "li")] == [KEPT.answer, None]


@pytest.mark.parametrize(("default", "said", "serves"), [(0, None, 0), (0, 1.0, 1), (1, None, 1), (1, 0.0, 0)])
async def test_what_a_tenant_says_goes_before_the_setting(database: Database, default: float, said: float | None, serves: int) -> None:
    cached = CachedAnswerRepository(database, default_hours=default)
    await cached.set_hours("ada", 5, set_by="li")
    await cached.set_hours("ada", said, set_by="li")
    thread_id = await thread_of(database, "ada")
    await cached.keep(thread_id, [KEPT])
    assert (await served(cached, thread_id) is not None) == bool(serves)
    assert [(cache.hours, cache.answers) for cache in await cached.of_tenants("ada")] == (
        [(said, serves)] if said is not None or serves else []
    )


async def test_an_answer_that_is_too_old_serves_nobody_and_is_forgotten(database: Database) -> None:
    cached = CachedAnswerRepository(database, default_hours=2)
    thread_id = await thread_of(database, "ada")
    await cached.keep(thread_id, [KEPT])
    async with database.transaction() as transaction:
        await transaction.connection.execute("UPDATE cached_answers SET created_at = created_at - interval '90 minutes'")
    assert await served(cached, thread_id) == KEPT.answer
    await cached.set_hours("ada", 1, set_by="li")  # a shorter time holds for what is kept already
    assert await served(cached, thread_id) is None
    async with database.transaction() as transaction:
        await transaction.connection.execute("UPDATE cached_answers SET expires_at = now() - interval '1 second'")
    await cached.set_hours("ada", 9, set_by="li")  # a longer one brings nothing back
    assert await served(cached, thread_id) is None
    await cached.keep(thread_id, [])
    assert await cached.clear() == 0


async def test_what_led_nowhere_serves_nobody_whether_it_was_bought_or_found(database: Database) -> None:
    cached = CachedAnswerRepository(database, default_hours=1)
    bought, found, other = [await thread_of(database, "ada") for _ in range(3)]
    await cached.keep(bought, [KEPT.model_copy(update={"question_sha256": name}) for name in ("spec", "loans", "books")])
    for name, component in (("spec", None), ("loans", "loans"), ("books", "books")):
        await asked(database, found, name, component)
    await cached.discard(other)
    await cached.discard(found, components=["loans"])
    assert [await served(cached, other, name) is not None for name in ("spec", "loans", "books")] == [True, False, True]
    await cached.discard(found, questions=["books"])
    assert [await served(cached, other, name) is not None for name in ("spec", "books")] == [True, False]
    await cached.discard(found)
    assert await cached.count() == 0


async def test_what_a_deleted_build_was_answered_goes_with_it_and_what_it_saved_stays_counted(database: Database) -> None:
    cached, calls = CachedAnswerRepository(database, default_hours=1), ModelCallRepository(database)
    thread_id = await thread_of(database, "ada")
    await cached.keep(thread_id, [KEPT])
    await asked(database, thread_id, "q")
    hit = {"thread_id": thread_id, "task_id": "hit", "n": 0, "prompt_sha256": "p", "node": "n", "agent": "a", "answer": {}, "model": "m"}
    await calls.record(ModelCall.model_validate({**hit, "saved_tokens": 1200, "saved_usd": Decimal("0.25"), "cost_usd": Decimal(0)}))
    await ThreadRepository(database).delete(thread_id)
    used = await calls.usage()
    assert await cached.count() == 0
    assert (used.calls, used.reused_calls, used.saved_tokens, used.saved_usd) == (2, 1, 1200, Decimal("0.25"))
