"""A whole Appyard in this process: real PostgreSQL, queue and worker, HTTP without a socket; only the agents are scripted."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from nodes.artifacts import Changeset, FileChange, FileOperation, Finding, QaReview
from nodes.context import AgentTask, Workshop
from server.api.app import create_app
from server.api.keys import ApiKeys, hash_of
from server.authority import read_authority
from server.bootstrap import World, open_services, open_world
from server.bootstrap.models import crewai_workshop
from server.bootstrap.world import OpenWorkshop
from server.dashboard.app import add_dashboard
from server.services.builds import Ledger
from server.settings import Settings
from server.worker.durable_workshop import ThreadArtifacts
from tests.durability.thinking_model import ThinkingModel
from tests.factories import ScriptedCrew, ScriptedVerifier, make_plan, make_spec, make_workshop

DESCRIPTION = "Employees submit claims. A manager approves them."
SPEC = make_spec()


def write_samples(task: AgentTask[Changeset]) -> Changeset:
    """An engineer who replaces the samples."""
    change = FileChange(path=f"app/records/{task.component}s/samples.py", operation=FileOperation.replace, content="SAMPLES = [1]\n")
    return Changeset(component=task.component or "", changes=(change,))


def script(**changed: Sequence[object]) -> dict[str, Sequence[object]]:
    """What the agents answer, unless a test says otherwise."""
    usual: dict[str, Sequence[object]] = {
        "analyze_requirements": [SPEC],
        "design_architecture": [make_plan(SPEC)],
        "write_component": [write_samples],
        "review_app": [QaReview(summary="Read.")],
    }
    return usual | changed


@dataclass(frozen=True)
class Appyard:
    """A running Appyard, its HTTP client and its scripted agents."""

    world: World
    client: httpx.AsyncClient
    crew: ScriptedCrew

    async def start(self, **body: object) -> str:
        """Start a build over HTTP; its id."""
        answer = await self.client.post("/api/start", json={"app_description": DESCRIPTION, **body})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["workflow_id"])

    async def ended(self, workflow_id: str) -> dict[str, Any]:
        """The status once the newest run is over."""
        async with self.client.stream("GET", f"/api/events/{workflow_id}") as events:
            async for _ in events.aiter_lines():
                pass
        return await self.status(workflow_id)

    async def status(self, workflow_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/api/status/{workflow_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


RunAppyard = Callable[..., Awaitable[Appyard]]
"""Start an Appyard: `await appyard(script(), rounds=[[finding], []], review_expiry_hours=1)`."""


@pytest.fixture
async def appyard(database_url: str, tmp_path: Path) -> AsyncIterator[RunAppyard]:
    """A way to start an Appyard; it is stopped at the end of the test."""
    async with AsyncExitStack() as stack:

        async def run(
            answers: dict[str, Sequence[object]] | None = None,
            *,
            rounds: Sequence[Sequence[Finding] | None] = ((),),
            api_key: str | None = None,
            config: Path | None = None,
            open_workshop: OpenWorkshop | None = None,
            **settings: object,
        ) -> Appyard:
            crew = ScriptedCrew(answers or script())
            given = Settings.model_validate({"data_dir": tmp_path, "database_url": database_url, **settings})

            async def workshop(settings: Settings, ledger: Ledger) -> Workshop:
                made = make_workshop(crew, ScriptedVerifier(rounds))
                return replace(made, artifacts=ThreadArtifacts(ledger.artifacts), four_eyes=settings.four_eyes)

            world = await stack.enter_async_context(
                open_world(given, with_worker=True, config=config, open_workshop=open_workshop or workshop)
            )

            @asynccontextmanager
            async def lifespan(_: FastAPI) -> AsyncIterator[None]:
                yield

            app = create_app(lifespan, keys=ApiKeys([hash_of(api_key)]) if api_key else None, authority=read_authority(world.config))
            add_dashboard(app)
            app.state.services = await stack.enter_async_context(open_services(world))
            transport = httpx.ASGITransport(app)
            client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://appyard", timeout=30))
            return Appyard(world, client, crew)

        yield run


RunPaid = Callable[..., Awaitable[Appyard]]
"""Start an Appyard whose agents ask this model over HTTP: `await paid(model)`. Only what the checks find is scripted."""


@pytest.fixture
def paid(appyard: RunAppyard) -> RunPaid:
    """A way to start one."""

    async def run(model: ThinkingModel, rounds: Sequence[Sequence[Finding]] = ((),), **settings: object) -> Appyard:
        async def workshop(given: Settings, ledger: Ledger) -> Workshop:
            return replace(await crewai_workshop(given, ledger), verifier=ScriptedVerifier(rounds))

        return await appyard(open_workshop=workshop, model="openai:gpt-5-mini", openai_base_url=model.base_url, browser=False, **settings)

    return run
