"""Give back the runs of workers that died. The lock of a run goes with its worker's process, so this is seen at once."""

import asyncio
import logging
from uuid import UUID

from checkpoints.errors import PersistenceError
from checkpoints.runs import RunRepository
from server.run_queue import RunQueue

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.7


async def recover_runs(runs: RunRepository, run_queue: RunQueue) -> None:
    """Until cancelled: requeue every taken job whose run nobody holds, seen so twice in a row.

    Twice, because between taking a job and holding its run a living worker needs a moment. This covers a worker that
    died before it claimed, while it worked, and after it finished but before it said so. A run whose job is gone
    although it is not finished gets a new one.
    """
    suspects: set[UUID] = set()
    while True:
        await asyncio.sleep(PERIOD_SECONDS)
        try:
            unheld = set(await runs.unheld(await run_queue.runs_in_work()))
            for run_id in unheld & suspects:
                log.warning("run_recovered", extra={"run_id": str(run_id)})
                await run_queue.requeue(run_id)
            suspects = unheld - suspects
            for run in await runs.abandoned():
                await run_queue.enqueue_again(run.run_id, run.thread_id)
        except PersistenceError as error:
            log.warning("recovery_waits", extra={"reason": str(error)})
