import asyncio
from decimal import Decimal

import pytest

from checkpoints.errors import ThreadNotFound
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import AgentUsage, CostDimension, ModelCall, Thread, Usage
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.conftest import MakeRun


def call(thread: Thread, n: int = 0, **details: object) -> ModelCall:
    return ModelCall.model_validate(
        {
            "thread_id": thread.thread_id,
            "task_id": "task",
            "n": n,
            "prompt_sha256": "p" * 64,
            "node": "analyze",
            "agent": "analyst",
            "model": "builtin",
            "answer": {"text": "a\u0000b"},
            "input_tokens": 10,
            "output_tokens": 5,
            "cached_tokens": 2,
            "cost_usd": Decimal("0.000000125"),
            "duration_ms": 7,
            **details,
        }
    )


async def test_an_answer_is_found_again_exactly(model_calls: ModelCallRepository, thread: Thread) -> None:
    answered = call(thread)
    assert await model_calls.find(thread.thread_id, "task", 0) is None

    assert await model_calls.record(answered) == answered

    assert await model_calls.find(thread.thread_id, "task", 0) == answered
    assert await model_calls.find(thread.thread_id, "task", 1) is None


async def test_the_first_answer_counts_and_every_answer_is_accounted_for(model_calls: ModelCallRepository, thread: Thread) -> None:
    answers = await asyncio.gather(*(model_calls.record(call(thread, answer=n)) for n in range(5)))

    assert len({answer.answer for answer in answers}) == 1
    assert (await model_calls.usage(thread_id=thread.thread_id)).calls == 5


async def test_an_answer_recorded_again_is_accounted_for_once(model_calls: ModelCallRepository, thread: Thread) -> None:
    for _ in range(2):  # the first time the connection may have broken before it said that it was done
        await model_calls.record(call(thread))

    assert (await model_calls.usage(thread_id=thread.thread_id)).calls == 1


async def test_usage_is_summed_for_a_thread_a_run_and_each_agent(
    model_calls: ModelCallRepository, thread: Thread, make_run: MakeRun
) -> None:
    run = await make_run()
    await model_calls.record(call(thread, 0))
    await model_calls.record(call(thread, 1, run_id=run.run_id))
    await model_calls.record(call(thread, 2, run_id=run.run_id, agent="engineer", cost_usd=None))

    one = Usage(calls=1, input_tokens=10, output_tokens=5, cached_tokens=2, cost_usd=Decimal("0.000000125"), duration_ms=7)
    total = Usage(
        calls=3, unpriced_calls=1, input_tokens=30, output_tokens=15, cached_tokens=6, cost_usd=Decimal("0.00000025"), duration_ms=21
    )
    unpriced = one.model_copy(update={"unpriced_calls": 1, "cost_usd": Decimal(0)})
    assert await model_calls.usage(thread_id=thread.thread_id) == total
    assert await model_calls.usage(within_hours=1) == total
    assert await model_calls.usage(within_hours=0) == Usage()
    assert (await model_calls.usage(run_id=run.run_id)).calls == 2
    assert await model_calls.usage_by_agent(thread.thread_id, run_id=run.run_id) == [
        AgentUsage(agent="analyst", **one.model_dump()),
        AgentUsage(agent="engineer", **unpriced.model_dump()),
    ]


async def test_a_deleted_thread_journals_nothing_but_what_its_calls_cost(
    model_calls: ModelCallRepository, threads: ThreadRepository
) -> None:
    thread = await threads.create(metadata={"user_id": "ada"})
    await model_calls.record(call(thread, 0, component="loans"))
    by_agent = await model_calls.costs(CostDimension.agent, user_id="ada")
    await threads.delete(thread.thread_id)

    assert await model_calls.costs(CostDimension.agent, user_id="ada") == by_agent
    with pytest.raises(ThreadNotFound):
        await model_calls.record(call(thread, 1))  # was under way when the thread was deleted
    assert (await model_calls.usage()).calls == 2
    assert (await model_calls.usage(within_hours=24)).cost_usd == Decimal("0.00000025")
    for dimension in (CostDimension.build, CostDimension.user, CostDimension.component, CostDimension.call, CostDimension.run):
        total, nameless = await model_calls.costs(dimension)
        assert (total.calls, nameless.key, nameless.calls) == (2, None, 2)
