from nodes.agents.journal import InMemoryJournal, JournaledCall, ModelAnswer, current_execution


def call(text: str, cost_usd: float | None = 0.1) -> JournaledCall:
    return JournaledCall(prompt_sha256="", model="m", answer=ModelAnswer(text=text), cost_usd=cost_usd)


async def test_the_first_answer_under_a_key_stays() -> None:
    journal = InMemoryJournal()
    await journal.record("t", "task", 0, call("first"))
    await journal.record("t", "task", 0, call("second"))
    assert await journal.find("t", "task", 0) == call("first")
    assert await journal.find("t", "other", 0) is None


async def test_a_retired_answer_is_not_found_but_stays_spent() -> None:
    journal = InMemoryJournal()
    for n in range(3):
        await journal.record("t", "task", n, call(str(n)))
    await journal.retire("t", "task", 1)
    assert [await journal.find("t", "task", n) for n in range(3)] == [call("0"), None, None]
    await journal.record("t", "task", 1, call("again", cost_usd=None))
    assert round(await journal.spent_usd("t"), 6) == 0.3


def test_outside_a_graph_there_is_no_execution() -> None:
    assert current_execution() is None
