"""An engineer of the script who really asks an endpoint, over HTTP, with the server's ledger, turns and limits."""

from pathlib import Path

from nodes.agents.crew import CrewAICrew
from nodes.agents.pace import Pace, RateLimit
from nodes.artifacts import Changeset
from nodes.context import AgentTask, BuildOptions
from server.worker.durable_workshop import DurableJournal
from tests.integration.agents.fault_server import MODEL, FaultServer
from tests.integration.server.conftest import Appyard


class PaidEngineer:
    """Hired once the server runs; what the answers cost is in its ledger."""

    def __init__(self) -> None:
        self._crew: CrewAICrew | None = None

    async def hire(self, yard: Appyard, server: FaultServer, storage: Path, *, calls_per_minute: float | None = None) -> None:
        """Make ready: the first import of CrewAI takes seconds."""
        ledger = yard.world.ledger
        pace = Pace(ledger.models, {str(MODEL): RateLimit(calls_per_minute=calls_per_minute)})
        self._crew = server.crew(storage, tries=4, journal=DurableJournal(ledger.model_calls), pace=pace)
        await self._crew.warm()

    async def write(self, task: AgentTask[Changeset]) -> Changeset:
        """The endpoint's answer."""
        assert self._crew is not None
        return (await self._crew.perform(task, BuildOptions())).value
