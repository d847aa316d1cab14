"""Kill the worker of a build at random moments, and report what survived and how soon another worker went on.

    python -m benchmarks.kill_workers [--kills 10] [--seed 1]

Real worker processes, a real PostgreSQL, and a model endpoint that counts what it answered (`ThinkingModel`). A build
sends about 25 events; each kill comes after a random one of them.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
from pathlib import Path

from nodes.context import BuildOptions
from server.bootstrap import open_database_url, open_world
from server.services.build_status import RuntimeStatus
from server.settings import Settings
from tests.durability.thinking_model import ThinkingModel
from tests.durability.workers import Workers, build_through_a_kill

EVENTS_OF_A_BUILD = 26


async def main(kills: int, seed: int) -> None:
    """Run the trials and print one line for each, and the sums."""
    moments = [random.Random(seed + number).randrange(2, EVENTS_OF_A_BUILD) for number in range(kills)]  # noqa: S311 - chance decides who is killed, nothing secret
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})
        with open_database_url(settings) as url:
            await trials(settings, url, moments)


async def trials(settings: Settings, url: str, moments: list[int]) -> None:
    """One build and one kill for each moment."""
    options = BuildOptions(model="openai:thinking")
    recoveries, completed, repeated = [], 0, 0
    async with ThinkingModel() as model, open_world(settings, with_worker=False) as world:
        environment = {
            "DATABASE_URL": url,
            "APPYARD_DATA_DIR": str(settings.root),
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "none",
            "APPYARD_MODEL": "openai:thinking",
        }
        async with Workers(2, environment) as workers:
            for moment in moments:
                survived = await build_through_a_kill(world, workers, kill_after_events=moment, options=options)
                completed += survived.status.runtime_status is RuntimeStatus.completed
                repeated += sum(times - 1 for times in model.repeated.values())
                if survived.recovery_seconds is not None:
                    recoveries.append(survived.recovery_seconds)
                print(
                    f"killed after event {moment:>2}: {survived.status.runtime_status:<16} "
                    f"went on after {survived.recovery_seconds or 0:.2f} s, answers bought {model.answered.total()}, "
                    f"bought twice {len(model.repeated)}",
                    flush=True,
                )
                model.answered.clear()
                await workers.complete()
    print(f"\nbuilds completed     {completed} of {len(moments)}")
    print(f"answers bought twice {repeated}")
    if recoveries:
        print(f"recovery seconds     median {statistics.median(recoveries):.2f}, worst {max(recoveries):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.kills, arguments.seed))
