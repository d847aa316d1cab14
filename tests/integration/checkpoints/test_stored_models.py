"""What workers share about models: capabilities that are remembered, and turns in the order of asking."""

import asyncio

import pytest

from checkpoints.connection import Database
from checkpoints.models import ModelRepository


async def test_the_newest_finding_counts_for_its_endpoint_alone(database: Database) -> None:
    models = ModelRepository(database)
    assert await models.recall("http://a", "qwen") is None
    await models.remember("http://a", "qwen", "prompt")
    await models.remember("http://a", "qwen", "tools")
    assert await models.recall("http://a", "qwen") == "tools"
    assert await models.recall("http://b", "qwen") is None


async def test_turns_at_once_are_spaced_out_whoever_asks(database: Database) -> None:
    models = ModelRepository(database)
    waits = sorted(await asyncio.gather(*(models.take_turn("openai:m", 100.0) for _ in range(5))))
    assert waits == [pytest.approx(n * 100.0, abs=20.0) for n in range(5)]
    assert await models.take_turn("openai:other", 100.0) == 0.0


async def test_a_model_that_asked_to_be_left_alone_is(database: Database) -> None:
    models = ModelRepository(database)
    await models.hold_off("openai:m", 500.0)
    await models.hold_off("openai:m", 5.0)
    assert await models.take_turn("openai:m", 1.0) == pytest.approx(500.0, abs=30.0)
