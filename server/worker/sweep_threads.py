"""Let go of the threads whose time to live is over."""

import asyncio
import logging

from checkpoints.errors import PersistenceError
from server.services.threads import Threads

log = logging.getLogger(__name__)


async def sweep_threads(threads: Threads, *, period_minutes: float) -> None:
    """Until cancelled, once in a period. Any number of processes may do so at once."""
    while True:
        try:
            if swept := await threads.sweep():
                log.info("threads_swept", extra={"count": swept})
        except PersistenceError as error:
            log.warning("sweep_waits", extra={"reason": str(error)})
        await asyncio.sleep(period_minutes * 60)
