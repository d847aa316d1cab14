"""Look after what waits for people: remind, pass on, park. The times are in the database, so a restart loses none."""

import asyncio
import logging

from checkpoints.errors import PersistenceError
from server.services.waiting_questions import WaitingQuestions

log = logging.getLogger(__name__)

PERIOD_SECONDS = 15.0


async def watch_questions(questions: WaitingQuestions, *, period_seconds: float = PERIOD_SECONDS) -> None:
    """Until cancelled. Any number of workers may do so at once: each question goes to exactly one of them."""
    while True:
        try:
            while tended := await questions.tend():
                log.info("questions_tended", extra={"count": tended})
        except PersistenceError as error:
            log.warning("questions_wait", extra={"reason": str(error)})
        await asyncio.sleep(period_seconds)
