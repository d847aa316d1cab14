"""On whose behalf a use case is carried out, as far as that changes what it does. Who that may be is decided before.

Without an `auth` in langgraph.json everything is done on behalf of ANYONE.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import TypeAdapter

from checkpoints.assistants import AssistantRepository, assistant_id_of_graph
from checkpoints.crons import CronRepository
from checkpoints.records import JsonObject
from checkpoints.threads import ThreadRepository

OF_THE_SERVER = "langgraph_auth_"
"""What begins like this in `configurable` is said by the server, whatever a client sends."""


@dataclass(frozen=True)
class Caller:
    """Who calls, and what follows from it for this one request.

    `user` is what graphs are told of the person. `visible` is metadata that things must contain to be seen; None: all are.
    `thread_metadata` is for threads that are made along the way.
    """

    user: JsonObject | None = None
    visible: JsonObject | None = None
    thread_metadata: JsonObject = field(default_factory=dict)

    def configurable(self) -> JsonObject:
        """What graphs find of the person, under the names of LangGraph's own server."""
        if self.user is None:
            return {}
        return {
            "langgraph_auth_user": self.user,
            "langgraph_auth_user_id": self.user["identity"],
            "langgraph_auth_permissions": self.user["permissions"],
        }

    def kept(self) -> JsonObject:
        """As it is kept with what happens later."""
        return {"user": self.user, "visible": self.visible, "thread_metadata": self.thread_metadata} if self != ANYONE else {}


ANYONE = Caller()


def kept_caller(kept: JsonObject) -> Caller:
    """The caller that was kept."""
    return TypeAdapter(Caller).validate_python(kept)


class Sight:
    """Whether a caller may see what a request names."""

    def __init__(
        self, threads: ThreadRepository, assistants: AssistantRepository, crons: CronRepository, graphs: Mapping[str, object]
    ) -> None:
        self._threads = threads
        self._assistants = assistants
        self._crons = crons
        self._of_graphs = {name: assistant_id_of_graph(name) for name in graphs}

    async def thread(self, thread_id: UUID, visible: JsonObject) -> bool | None:
        """Whether a thread contains this metadata; None if there is no such thread. The others likewise."""
        return await self._threads.contains(thread_id, visible)

    async def assistant(self, assistant_id: UUID, visible: JsonObject) -> bool | None:
        return await self._assistants.contains(assistant_id, visible)

    async def cron(self, cron_id: UUID, visible: JsonObject) -> bool | None:
        return await self._crons.contains(cron_id, visible)

    def assistant_named(self, id_or_graph: str) -> UUID | None:
        """The assistant that an id or the name of a graph means; None if it is neither."""
        if id_or_graph in self._of_graphs:
            return self._of_graphs[id_or_graph]
        try:
            return UUID(id_or_graph)
        except ValueError:
            return None

    def is_of_graph(self, assistant_id: UUID) -> bool:
        """Whether it is one that a graph has by itself, with which everybody may begin runs."""
        return assistant_id in self._of_graphs.values()
