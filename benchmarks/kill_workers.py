"""Kill the workers of builds at random moments, and report what survived and how soon another worker went on.

    python -m benchmarks.kill_workers [--kills 10] [--at-once 1] [--seed 1]

Real worker processes that drive one build each, a real PostgreSQL, and a model endpoint that counts what it answered
(`ThinkingModel`). A build sends about 30 events beside the text of its agents; each kill comes after a random one of them.
Two spare workers take over at once; the one that was killed is replaced meanwhile, which is three seconds of imports and
slows everything else down.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from nodes.context import BuildOptions
from server.bootstrap import World, open_database_url, open_world
from server.services.build_status import RuntimeStatus
from server.settings import Settings
from tests.durability.thinking_model import ThinkingModel
from tests.durability.workers import Survived, Workers, build_through_a_kill

EVENTS_OF_A_BUILD = 30
SPARE_WORKERS = 2


async def main(kills: int, at_once: int, seed: int) -> None:
    """Run the trials, print one line for each as it ends, and the sums."""
    moments = [random.Random(seed + number).randrange(2, EVENTS_OF_A_BUILD) for number in range(kills)]  # noqa: S311 - chance decides who is killed, nothing secret
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
                    survived = await trials(world, workers, model, moments, at_once)
                    report(survived, model, time.monotonic() - started)


async def trials(world: World, workers: Workers, model: ThinkingModel, moments: list[int], at_once: int) -> list[Survived]:
    """One build and one kill for each moment, so many builds at once. Each asks a model of its own name, by which it is counted."""
    slots = asyncio.Semaphore(at_once)

    async def trial(number: int, moment: int) -> Survived:
        async with slots:
            options = BuildOptions(model=f"openai:thinking-{number}")
            survived = await build_through_a_kill(
                world, workers, kill_after_events=moment, options=options, answered=lambda: sum(bought_by(number, model).values())
            )
        bought = bought_by(number, model)
        print(
            f"{number:>3}: killed after event {moment:>2}: {survived.status.runtime_status:<16} "
            f"went on after {survived.recovery_seconds or 0:.2f} s, answers bought {sum(bought.values())}, "
            f"bought twice {sum(times > 1 for times in bought.values())}",
            flush=True,
        )
        if survived.status.runtime_status is not RuntimeStatus.completed:
            print(f"     {survived.status.error or survived.status.custom_status}", flush=True)
        return survived

    replacing = asyncio.create_task(workers.replace_killed())
    try:
        return await asyncio.gather(*(trial(number, moment) for number, moment in enumerate(moments)))
    finally:
        replacing.cancel()
        await asyncio.gather(replacing, return_exceptions=True)


def report(survived: list[Survived], model: ThinkingModel, seconds: float) -> None:
    """The sums."""
    completed = sum(trial.status.runtime_status is RuntimeStatus.completed for trial in survived)
    recoveries = sorted(trial.recovery_seconds for trial in survived if trial.recovery_seconds is not None)
    print(f"\nbuilds completed     {completed} of {len(survived)}, in {seconds:.0f} s")
    print(f"answers bought       {model.answered.total()}")
    print(f"answers bought twice {sum(times - 1 for times in model.repeated.values())}")
    if recoveries:
        print(f"recovery seconds     {len(recoveries)} of them: median {statistics.median(recoveries):.2f}, worst {recoveries[-1]:.2f}")


def bought_by(number: int, model: ThinkingModel) -> dict[tuple[str, str], int]:
    """What one build was answered, and how often; every build asks a model of its own name."""
    return {asked: times for asked, times in model.answered.items() if asked[0] == f"thinking-{number}"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.kills, arguments.at_once, arguments.seed))
