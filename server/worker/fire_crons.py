"""Begin the runs of crons when they are due. Any number of workers may look at once: each time is taken by one of them."""

import asyncio
import logging

from checkpoints.errors import PersistenceError
from server.services.crons import Crons

log = logging.getLogger(__name__)

PERIOD_SECONDS = 1.0


async def fire_crons(crons: Crons) -> None:
    """Until cancelled. A run begins within about a second of its time."""
    while True:
        try:
            while fired := await crons.fire_next():
                details = {"cron_id": str(fired.cron.cron_id), "run_id": str(fired.run_id), "refusal": fired.refusal}
                log.info("cron_fired" if fired.run_id else "cron_passed", extra=details)
        except PersistenceError as error:
            log.warning("crons_wait", extra={"reason": str(error)})
        await asyncio.sleep(PERIOD_SECONDS)
