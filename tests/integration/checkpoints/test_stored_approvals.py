import asyncio
from uuid import uuid4

import pytest

from checkpoints.approvals import ApprovalRepository
from checkpoints.connection import Database
from checkpoints.errors import ApprovalAlreadyDecided, ApprovalExpired, ApprovalNotFound, ApprovalSuperseded
from checkpoints.records import Approval, ApprovalStatus, Thread
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from tests.integration.checkpoints.conftest import MakeRun

REQUEST = {"gate": "app", "version": 3}


async def ask(approvals: ApprovalRepository, thread: Thread, request: object = REQUEST, **details: float | None) -> Approval:
    """Let the thread ask one question, `i`, and nothing else."""
    await approvals.ask(thread.thread_id, {"i": request}, expires_in_seconds=details.get("expires_in_seconds"))
    return await approvals.get(thread.thread_id, "i")


async def test_what_is_asked_waits_and_asking_again_changes_nothing(approvals: ApprovalRepository, thread: Thread) -> None:
    asked = await ask(approvals, thread, expires_in_seconds=3600)

    assert (asked.status, asked.request, asked.expires_at is None) == (ApprovalStatus.pending, REQUEST, False)
    assert await ask(approvals, thread, {"another": "text"}) == asked
    assert await approvals.waiting() == await approvals.waiting(thread.thread_id) == [asked]
    assert await approvals.waiting(uuid4()) == []


async def test_of_twenty_decisions_at_once_one_wins_and_the_others_learn_which(approvals: ApprovalRepository, thread: Thread) -> None:
    await ask(approvals, thread)

    outcomes = await asyncio.gather(
        *(approvals.decide(thread.thread_id, "i", {"approved": n % 2 == 0, "n": n}, decided_by=f"person {n}") for n in range(20)),
        return_exceptions=True,
    )

    winners = [outcome for outcome in outcomes if isinstance(outcome, Approval)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, ApprovalAlreadyDecided)]
    assert (len(winners), len(losers)) == (1, 19)
    assert {loser.approval.decided_by for loser in losers} == {winners[0].decided_by}
    assert await approvals.get(thread.thread_id, "i") == winners[0]
    assert await approvals.waiting() == []


async def test_a_decision_and_its_run_are_written_together_in_either_order(
    database: Database, approvals: ApprovalRepository, runs: RunRepository, thread: Thread, make_run: MakeRun
) -> None:
    assistant_id = (await make_run()).assistant_id
    run_id = uuid4()
    await ask(approvals, thread)

    async with database.transaction() as transaction:
        await approvals.decide(thread.thread_id, "i", True, run_id=run_id, transaction=transaction)
        await runs.create(thread.thread_id, assistant_id, transaction, kwargs={}, run_id=run_id)

    assert (await approvals.get(thread.thread_id, "i")).run_id == run_id


async def test_nothing_is_decided_when_the_run_cannot_be_created(database: Database, approvals: ApprovalRepository, thread: Thread) -> None:
    asked = await ask(approvals, thread)

    async def decide_and_fail() -> None:
        async with database.transaction() as transaction:
            await approvals.decide(thread.thread_id, "i", True, transaction=transaction)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await decide_and_fail()

    assert await approvals.get(thread.thread_id, "i") == asked


async def test_after_its_time_nothing_can_be_decided_and_one_sweep_gets_it(
    approvals: ApprovalRepository, threads: ThreadRepository, thread: Thread
) -> None:
    due = await ask(approvals, thread, expires_in_seconds=0)
    later = await ask(approvals, await threads.create(), expires_in_seconds=3600)
    assert await approvals.waiting() == [later]

    with pytest.raises(ApprovalExpired):
        await approvals.decide(due.thread_id, "i", True)
    sweeps = await asyncio.gather(*(approvals.expire_due() for _ in range(5)))
    assert [expired.thread_id for sweep in sweeps for expired in sweep] == [due.thread_id]
    with pytest.raises(ApprovalExpired) as refused:
        await approvals.decide(due.thread_id, "i", True)
    assert refused.value.approval.status is ApprovalStatus.expired


async def test_a_thread_that_moved_on_closes_what_it_no_longer_asks(approvals: ApprovalRepository, thread: Thread) -> None:
    await approvals.ask(thread.thread_id, {"old": REQUEST, "still": REQUEST}, expires_in_seconds=None)

    await approvals.ask(thread.thread_id, {"still": REQUEST, "new": REQUEST}, expires_in_seconds=None)

    assert {asked.interrupt_id for asked in await approvals.waiting()} == {"still", "new"}
    with pytest.raises(ApprovalSuperseded):
        await approvals.decide(thread.thread_id, "old", True)


async def test_a_state_that_was_changed_by_hand_closes_what_it_no_longer_asks(approvals: ApprovalRepository, thread: Thread) -> None:
    await approvals.ask(thread.thread_id, {"old": REQUEST, "still": REQUEST}, expires_in_seconds=None)

    closed = await approvals.supersede(thread.thread_id, still_asked=["still"])

    assert [approval.interrupt_id for approval in closed] == ["old"]
    assert [asked.interrupt_id for asked in await approvals.waiting()] == ["still"]


async def test_what_expired_or_was_superseded_waits_again_when_asked_again(approvals: ApprovalRepository, thread: Thread) -> None:
    await ask(approvals, thread)
    await approvals.supersede(thread.thread_id)

    asked_again = await ask(approvals, thread, {"version": 4})

    assert (asked_again.status, asked_again.request) == (ApprovalStatus.pending, {"version": 4})


async def test_a_question_whose_answer_the_graph_never_took_is_asked_again(approvals: ApprovalRepository, thread: Thread) -> None:
    asked = await ask(approvals, thread)
    await approvals.decide(thread.thread_id, "i", True, decided_by="ann")

    assert await ask(approvals, thread) == asked
    assert (await approvals.decide(thread.thread_id, "i", False)).decision is False


async def test_nobody_was_asked(approvals: ApprovalRepository, thread: Thread) -> None:
    for request in (
        approvals.get(thread.thread_id, "i"),
        approvals.decide(thread.thread_id, "i", True),
    ):
        with pytest.raises(ApprovalNotFound):
            await request
