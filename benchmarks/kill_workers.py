"""Kill the workers of builds at random moments, and report what survived, how soon another worker went on, and what was paid twice.

    python -m benchmarks.kill_workers [--kills 10] [--at-once 1] [--seed 1]

Real worker processes that drive one build each, a real PostgreSQL, and a model endpoint that remembers what it sent and when
(`ThinkingModel`). A build sends about 30 events beside the text of its agents; each kill comes within a second after a random
one of them. Two spare workers take over at once; the one that was killed is replaced meanwhile, which is three seconds of
imports and slows everything else down.

An answer can be paid twice if its worker dies before it is journaled, so it matters how long that takes: the table says it, and
how many of the answers paid twice were sent longer than that before the kill. Those alone would have been forgotten.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from nodes.context import BuildOptions
from server.bootstrap import World, open_database_url, open_world
from server.services.build_status import RuntimeStatus
from server.settings import Settings
from tests.durability.thinking_model import Sent, ThinkingModel
from tests.durability.workers import Survived, Workers, build_through_a_kill

EVENTS_OF_A_BUILD = 30
LONGEST_AFTER_EVENT_SECONDS = 1.0
SPARE_WORKERS = 2


@dataclass(frozen=True)
class Trial:
    """A build and its kill. `sent`: what the model sent to it; `journaled`: text and time of each answer in the journal."""

    survived: Survived
    sent: tuple[Sent, ...]
    journaled: tuple[tuple[str, float], ...]

    @property
    def journaling_ms(self) -> Iterator[float]:
        """How long each journaled answer took from the endpoint into the journal: from the last time it was sent before that."""
        for text, at in self.journaled:
            before = [answer.at for answer in self.sent if answer.text == text and answer.at <= at]
            if before:
                yield 1000 * (at - max(before))

    @property
    def paid_twice_ms(self) -> Iterator[float]:
        """For each answer that was sent again after the kill, how long before the kill it was first sent; below 0: after it."""
        times: defaultdict[str, list[float]] = defaultdict(list)
        for answer in self.sent:
            times[answer.prompt].append(answer.at)
        killed_at = self.survived.killed_at or 0
        yield from (1000 * (killed_at - first) for first, *again in times.values() for _ in again)


async def main(kills: int, at_once: int, seed: int) -> None:
    """Run the trials, print one line for each as it ends, and the sums."""
    chance = random.Random(seed)  # noqa: S311 - decides who is killed, nothing secret
    moments = [(chance.randrange(2, EVENTS_OF_A_BUILD), chance.uniform(0, LONGEST_AFTER_EVENT_SECONDS)) for _ in range(kills)]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})
        with open_database_url(settings) as url:
            async with ThinkingModel() as model, open_world(settings, with_worker=False) as world:
                environment = {
                    "DATABASE_URL": url,
                    "APPYARD_DATA_DIR": str(settings.root),
                    "APPYARD_WORKER_CONCURRENCY": "1",
                    "OPENAI_BASE_URL": model.base_url,
                    "OPENAI_API_KEY": "none",
                    "APPYARD_MODEL": "openai:thinking",
                }
                async with Workers(at_once + SPARE_WORKERS, environment) as workers:
                    started = time.monotonic()
                    ended = await trials(world, workers, model, moments, at_once)
                    report(ended, time.monotonic() - started)


async def trials(world: World, workers: Workers, model: ThinkingModel, moments: Sequence[tuple[int, float]], at_once: int) -> list[Trial]:
    """One build and one kill for each moment, so many builds at once. Each asks a model of its own name, by which it is known."""
    slots = asyncio.Semaphore(at_once)

    async def trial(number: int, events: int, seconds: float) -> Trial:
        async with slots:
            options = BuildOptions(model=f"openai:thinking-{number}")
            survived = await build_through_a_kill(
                world, workers, kill_after_events=events, options=options, until=lambda _: asyncio.sleep(seconds)
            )
        sent = tuple(answer for answer in model.sent if answer.model == f"thinking-{number}")
        ended = Trial(survived, sent, await journal_of(world, survived.workflow_id))
        print(_line(number, events, seconds, ended), flush=True)
        return ended

    replacing = asyncio.create_task(workers.replace_killed())
    try:
        return await asyncio.gather(*(trial(number, *moment) for number, moment in enumerate(moments)))
    finally:
        replacing.cancel()
        await asyncio.gather(replacing, return_exceptions=True)


async def journal_of(world: World, workflow_id: UUID) -> tuple[tuple[str, float], ...]:
    """Text and time of every answer of a build in the journal."""
    async with world.ledger.database.statement() as statement:
        cursor = await statement.connection.execute(
            "SELECT answer ->> 'text' AS text, extract(epoch FROM created_at)::float8 AS at FROM model_calls WHERE thread_id = %s",
            (workflow_id,),
        )
        return tuple((str(row["text"]), float(row["at"])) for row in map(dict, await cursor.fetchall()))


def _line(number: int, events: int, seconds: float, trial: Trial) -> str:
    survived, twice = trial.survived, [f"{ms:.0f} ms" for ms in trial.paid_twice_ms]
    went_on = "had ended" if survived.killed_at is None else f"went on after {survived.recovery_seconds or 0:.2f} s"
    paid_twice = f", paid twice what was sent {', '.join(twice)} before" if twice else ""
    failure = (
        ""
        if survived.status.runtime_status is RuntimeStatus.completed
        else f"\n     {survived.status.error or survived.status.custom_status}"
    )
    return (
        f"{number:>3}: killed {seconds:.2f} s after event {events:>2}: {survived.status.runtime_status:<10} {went_on:<20} "
        f"{len(trial.sent):>2} answers{paid_twice}{failure}"
    )


def report(ended: Sequence[Trial], seconds: float) -> None:
    """The sums."""
    completed = sum(trial.survived.status.runtime_status is RuntimeStatus.completed for trial in ended)
    recoveries = [trial.survived.recovery_seconds for trial in ended if trial.survived.recovery_seconds is not None]
    journaling = sorted(ms for trial in ended for ms in trial.journaling_ms)
    twice = [ms for trial in ended for ms in trial.paid_twice_ms]
    print(f"\nbuilds completed          {completed} of {len(ended)}, in {seconds:.0f} s; {len(recoveries)} went on after a kill")
    if recoveries:
        print(f"went on after             median {statistics.median(recoveries):.2f} s, worst {max(recoveries):.2f} s")
    print(f"answers sent              {sum(len(trial.sent) for trial in ended)}")
    if journaling:
        print(f"journaled after           median {statistics.median(journaling):.0f} ms, longest {journaling[-1]:.0f} ms")
        print(f"paid twice                {len(twice)}")
        print(f"  sent after the kill     {sum(ms < 0 for ms in twice)}, to nobody")
        print(f"  on their way            {sum(0 <= ms <= journaling[-1] for ms in twice)}")
        print(f"  forgotten               {sum(ms > journaling[-1] for ms in twice)} (aim 0)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.kills, arguments.at_once, arguments.seed))
