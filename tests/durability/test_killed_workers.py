"""kill -9: no accepted build is lost, no finished part is written again, no answer is bought twice."""

import random
from pathlib import Path

import pytest

from nodes.context import BuildOptions, GatePolicies
from server.bootstrap import open_world
from server.services.build_status import RuntimeStatus
from server.settings import Settings
from tests.durability.thinking_model import ThinkingModel
from tests.durability.workers import Workers, build_through_a_kill, nothing_on_its_way

OPTIONS = BuildOptions(gates=GatePolicies(), model="openai:thinking")
SEED = 20261122
EVENTS_OF_A_BUILD = 24


@pytest.mark.bounded(180)
async def test_a_build_survives_the_death_of_its_worker(database_url: str, tmp_path: Path) -> None:
    moments = random.Random(SEED).sample(range(2, EVENTS_OF_A_BUILD), 2)  # noqa: S311 - repeatable, not secret
    settings = Settings.model_validate({"data_dir": tmp_path, "database_url": database_url})
    async with ThinkingModel() as model, open_world(settings, with_worker=False) as world:
        environment = {
            "DATABASE_URL": database_url,
            "APPYARD_DATA_DIR": str(tmp_path),
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "none",
            "APPYARD_MODEL": "openai:thinking",
        }
        async with Workers(2, environment) as workers:
            for moment in moments:
                survived = await build_through_a_kill(
                    world,
                    workers,
                    kill_after_events=moment,
                    options=OPTIONS,
                    until=lambda workflow_id: nothing_on_its_way(world, workflow_id, lambda: len(model.sent)),
                )
                assert survived.status.runtime_status is RuntimeStatus.completed, survived.status.error
                assert survived.recovery_seconds is not None
                assert model.repeated == {}
                model.sent.clear()
                await workers.complete()
