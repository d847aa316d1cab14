"""Answers that serve other builds of the same user, for a while."""

from decimal import Decimal

from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.connection import Database
from checkpoints.records import CachedAnswer, CacheFigures
from checkpoints.threads import ThreadRepository

KEPT = CachedAnswer(model="openai:m", prompt_sha256="p", answer={"text": "a\u0000b"}, cost_usd=0.25)


async def test_an_answer_serves_the_same_users_builds_alone_and_hits_are_counted(database: Database) -> None:
    cached, threads = CachedAnswerRepository(database), ThreadRepository(database)
    adas, adas_next, lis = [(await threads.create(metadata={"user_id": user})).thread_id for user in ("ada", "ada", "li")]
    await cached.keep(adas, [KEPT], hours=1)
    assert await cached.find(adas_next, "openai:m", "p") == KEPT.answer
    assert await cached.find(lis, "openai:m", "p") is None
    assert await cached.find(adas_next, "openai:other", "p") is None
    assert await cached.figures("ada") == CacheFigures(answers=1, hits=1, saved_usd=Decimal("0.25"))
    assert await cached.figures("li") == CacheFigures()


async def test_an_answer_that_is_too_old_serves_nobody_and_is_forgotten(database: Database) -> None:
    cached, threads = CachedAnswerRepository(database), ThreadRepository(database)
    thread_id = (await threads.create(metadata={"user_id": "ada"})).thread_id
    await cached.keep(thread_id, [KEPT], hours=-1)
    assert await cached.find(thread_id, "openai:m", "p") is None
    await cached.keep(thread_id, [], hours=1)
    assert await cached.figures() == CacheFigures()
