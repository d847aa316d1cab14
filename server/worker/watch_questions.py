"""Look after what waits: remind people, pass on, park, go on by itself. The times are in the database, so a restart loses none."""

import asyncio
import logging
from typing import Protocol

from checkpoints.errors import PersistenceError

log = logging.getLogger(__name__)

PERIOD_SECONDS = 15.0


class Tended(Protocol):
    """Questions that something becomes due for."""

    async def tend(self) -> int:
        """Do what is due; for how many questions."""


async def watch_questions(questions: Tended, *, period_seconds: float = PERIOD_SECONDS) -> None:
    """Until cancelled. Any number of workers may do so at once: each question goes to exactly one of them."""
    while True:
        try:
            while tended := await questions.tend():
                log.info("questions_tended", extra={"count": tended})
        except PersistenceError as error:
            log.warning("questions_wait", extra={"reason": str(error)})
        await asyncio.sleep(period_seconds)
