"""Say something to a build while it is running: its engineers are told in the next repair round."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from nodes.artifacts import HINTS
from server.services.build_status import RuntimeStatus
from server.services.builds import Builds
from server.services.errors import BuildNotAtWork
from server.services.store import NewItem, StoreItems

AT_WORK = frozenset({RuntimeStatus.pending, RuntimeStatus.running, RuntimeStatus.paused})
KEPT_MINUTES = 30 * 24 * 60


@dataclass(frozen=True)
class Hints:
    """What is said is kept in LangGraph's store, where the graph finds it when it judges the next version."""

    builds: Builds
    store: StoreItems

    async def give(self, workflow_id: UUID, text: str, *, given_by: str) -> None:
        """Raises `BuildNotFound`, and `BuildNotAtWork` if there is no next round."""
        status = (await self.builds.status(workflow_id)).runtime_status
        if status not in AT_WORK:
            raise BuildNotAtWork(f"It is {status.value}.")
        said = {"text": text, "given_by": given_by}
        await self.store.put(NewItem((*HINTS, str(workflow_id)), uuid4().hex, said, index=False, ttl_minutes=KEPT_MINUTES))
