"""Whether this server can do its work, and what it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType

from checkpoints.connection import Database
from checkpoints.errors import PersistenceError
from nodes.artifacts import Artifact

FLAGS = MappingProxyType({"assistants": True, "crons": True, "langsmith": False, "langsmith_tracing_replicas": False})
"""What clients of the LangGraph API ask for before they show it."""


class Readiness(Artifact):
    """`reasons` says what is missing; empty if ready."""

    ready: bool
    reasons: tuple[str, ...] = ()


class Information(Artifact):
    """What a client can expect."""

    version: str
    langgraph_py_version: str
    flags: Mapping[str, bool]
    metadata: Mapping[str, str] = {}
    graphs: tuple[str, ...]
    model: str


@dataclass(frozen=True)
class Health:
    """Asks the parts how they are. `worker_alive` is None where no worker belongs to this process."""

    database: Database
    graphs: tuple[str, ...]
    model: str
    worker_alive: Callable[[], bool] | None

    async def readiness(self) -> Readiness:
        """The database answers, and the worker of this process runs."""
        reasons = await self.database_troubles()
        if self.worker_alive and not self.worker_alive():
            reasons.append("The worker of this process has stopped. Restart it.")
        return Readiness(ready=not reasons, reasons=tuple(reasons))

    async def database_troubles(self) -> list[str]:
        """Why the database does not answer; empty if it does."""
        try:
            async with self.database.transaction() as transaction:
                await transaction.fetch_one("ping")
        except PersistenceError as error:
            return [str(error)]
        return []

    def information(self) -> Information:
        """Versions, graphs, and the model used unless a build says otherwise."""
        return Information(
            version=version("appyard"),
            langgraph_py_version=version("langgraph"),
            flags=FLAGS,
            graphs=self.graphs,
            model=self.model,
        )
