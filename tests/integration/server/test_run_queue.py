"""How the queue wakes workers, heard on the channel they listen on."""

import json
from uuid import uuid4

from checkpoints.connection import Database
from server.run_queue import RunQueue

CHANNEL = "procrastinate_any_queue_v1"


async def wake_ups_after_success(database: Database, *, waiting_behind_it: int) -> list[str]:
    """What the workers hear when the first job of a thread succeeds."""
    async with RunQueue(database.url).opened() as queue, database.direct_connection() as listening:
        thread_id = uuid4()
        async with database.transaction() as transaction:
            for _ in range(1 + waiting_behind_it):
                await queue.enqueue(uuid4(), thread_id, transaction)
        async with database.direct_connection() as worker:
            await worker.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (SELECT min(id) FROM procrastinate_jobs)")
            await listening.execute(f"LISTEN {CHANNEL}")
            await worker.execute("SELECT procrastinate_finish_job_v1(id, 'succeeded', true) FROM procrastinate_jobs WHERE status = 'doing'")
            await worker.execute(f"""NOTIFY {CHANNEL}, '{{"type": "nothing more"}}'""")
        heard: list[str] = []
        async for notification in listening.notifies(timeout=20):
            heard.append(json.loads(notification.payload)["type"])
            if heard[-1] == "nothing more":
                break
        return heard


async def test_the_next_run_of_a_thread_is_begun_when_the_one_before_it_succeeds(database: Database) -> None:
    assert await wake_ups_after_success(database, waiting_behind_it=1) == ["job_inserted", "nothing more"]


async def test_nobody_is_woken_for_a_thread_that_has_nothing_more_to_do(database: Database) -> None:
    assert await wake_ups_after_success(database, waiting_behind_it=0) == ["nothing more"]
