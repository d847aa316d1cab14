"""Assistants: a graph with a configuration, under a name. Their versions and searches come with the thread API."""

from uuid import UUID, uuid5

from checkpoints.connection import Database, Transaction
from checkpoints.errors import AssistantNotFound
from checkpoints.json_columns import searchable
from checkpoints.records import Assistant, JsonObject

_GRAPHS = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")  # langgraph-api derives the ids of its own assistants from it too


def assistant_id_of_graph(graph_id: str) -> UUID:
    """The id of the assistant every graph has by itself; the same on every server."""
    return uuid5(_GRAPHS, graph_id)


class AssistantRepository:
    """Reads and writes assistants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(
        self,
        graph_id: str,
        *,
        assistant_id: UUID | None = None,
        name: str | None = None,
        description: str | None = None,
        config: JsonObject | None = None,
        context: JsonObject | None = None,
        metadata: JsonObject | None = None,
        transaction: Transaction | None = None,
    ) -> Assistant:
        """The assistant of a graph, created if need be; its name and description are brought up to date."""
        parameters = {
            "assistant_id": assistant_id or assistant_id_of_graph(graph_id),
            "graph_id": graph_id,
            "name": name or graph_id,
            "description": description,
            "config": searchable(config or {}),
            "context": searchable(context or {}),
            "metadata": searchable(metadata or {"created_by": "system"}),
        }
        async with self._database.transaction(transaction) as current:
            return Assistant.model_validate(await current.fetch_one("ensure_assistant", parameters))

    async def get(self, assistant_id: UUID, *, transaction: Transaction | None = None) -> Assistant:
        """One assistant. Raises `AssistantNotFound`."""
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("get_assistant", {"assistant_id": assistant_id})
        if row is None:
            raise AssistantNotFound(str(assistant_id))
        return Assistant.model_validate(row)
