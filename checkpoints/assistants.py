"""Assistants: a graph with a configuration, under a name. Every version is kept; one of them is in use."""

from uuid import UUID, uuid5

from psycopg.errors import ForeignKeyViolation

from checkpoints.connection import Database, Parameters, Transaction
from checkpoints.errors import AssistantExists, AssistantInUse, AssistantNotFound
from checkpoints.json_columns import searchable, searchable_or_null
from checkpoints.records import Assistant, AssistantSort, IfExists, JsonObject, Record

_GRAPHS = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")  # langgraph-api derives the ids of its own assistants from it too


def assistant_id_of_graph(graph_id: str) -> UUID:
    """The id of the assistant every graph has by itself; the same on every server."""
    return uuid5(_GRAPHS, graph_id)


class AssistantDraft(Record):
    """What an assistant is made of, or what of it changes: None leaves it as it is."""

    graph_id: str | None = None
    name: str | None = None
    description: str | None = None
    config: JsonObject | None = None
    context: JsonObject | None = None
    metadata: JsonObject | None = None

    def parameters(self) -> Parameters:
        """As the queries take it."""
        return {
            "graph_id": self.graph_id,
            "name": self.name,
            "description": self.description,
            "config": searchable_or_null(self.config),
            "context": searchable_or_null(self.context),
            "metadata": searchable_or_null(self.metadata),
        }


class AssistantFilter(Record):
    """Which assistants; None is any. `metadata` matches those that contain it, `name` those whose name does.

    So does `visible`, which no client asks for: it is what the caller may see.
    """

    graph_id: str | None = None
    name: str | None = None
    metadata: JsonObject | None = None
    visible: JsonObject | None = None

    def parameters(self) -> Parameters:
        """As the queries take it."""
        wanted = {"metadata": searchable_or_null(self.metadata), "visible": searchable_or_null(self.visible)}
        return {"graph_id": self.graph_id, "name": self.name, **wanted}


EVERY_ASSISTANT = AssistantFilter()


class AssistantRepository:
    """Reads and writes assistants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(self, graph_id: str, *, description: str | None = None, transaction: Transaction | None = None) -> Assistant:
        """The assistant a graph has by itself, created if need be. One that exists is only read, so nobody waits for it."""
        draft = AssistantDraft(graph_id=graph_id, name=graph_id, description=description, metadata={"created_by": "system"})
        async with self._database.transaction(transaction) as current:
            assistant_id = assistant_id_of_graph(graph_id)
            row = await current.fetch_one("get_assistant", {"assistant_id": assistant_id})
            if row is not None:
                return Assistant.model_validate(row)
            return await self.create(draft, assistant_id=assistant_id, if_exists=IfExists.do_nothing, transaction=current)

    async def create(
        self,
        draft: AssistantDraft,
        *,
        assistant_id: UUID | None = None,
        if_exists: IfExists = IfExists.raises,
        transaction: Transaction | None = None,
    ) -> Assistant:
        """A new assistant, or the one that has this id with `IfExists.do_nothing`. Raises `AssistantExists`."""
        parameters = {
            **draft.parameters(),
            "assistant_id": assistant_id,
            "name": draft.name or draft.graph_id,
            "config": searchable(draft.config or {}),
            "context": searchable(draft.context or {}),
            "metadata": searchable(draft.metadata or {}),
        }
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("create_assistant", parameters)
            if row is None and if_exists is IfExists.do_nothing:
                row = await current.fetch_one("get_assistant", parameters)
        if row is None:
            raise AssistantExists(str(assistant_id))
        return Assistant.model_validate(row)

    async def get(self, assistant_id: UUID, *, transaction: Transaction | None = None) -> Assistant:
        """One assistant. Raises `AssistantNotFound`."""
        return await self._one("get_assistant", {"assistant_id": assistant_id}, transaction)

    async def contains(self, assistant_id: UUID, metadata: JsonObject, *, transaction: Transaction | None = None) -> bool | None:
        """Whether an assistant contains this metadata; None if there is no such assistant."""
        async with self._database.statement(transaction) as current:
            row = await current.fetch_one("look_at_assistant", {"assistant_id": assistant_id, "visible": searchable(metadata)})
        return None if row is None else bool(row["is_visible"])

    async def search(
        self,
        which: AssistantFilter = EVERY_ASSISTANT,
        *,
        sort_by: AssistantSort = AssistantSort.created_at,
        descending: bool = True,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Assistant]:
        """One page of the assistants that match."""
        parameters = {**which.parameters(), "limit": limit, "offset": offset}
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch_sorted("search_assistants", parameters, by=sort_by, descending=descending)
        return [Assistant.model_validate(row) for row in rows]

    async def count(self, which: AssistantFilter = EVERY_ASSISTANT) -> int:
        """How many assistants match."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetch_one("count_assistants", which.parameters())
        return 0 if row is None else int(row["count"])

    async def update(self, assistant_id: UUID, change: AssistantDraft) -> Assistant:
        """Make a new version and put it in use. Raises `AssistantNotFound`."""
        parameters = {**change.parameters(), "assistant_id": assistant_id}
        async with self._database.transaction() as transaction:
            await self._one("lock_assistant", parameters, transaction)
            added = await transaction.fetch_one("add_assistant_version", parameters)
            assert added is not None
            return await self._one("use_assistant_version", {**parameters, "version": added["version"]}, transaction)

    async def use_version(self, assistant_id: UUID, version: int) -> Assistant:
        """Put an earlier version in use again. Raises `AssistantNotFound`, also if there is no such version."""
        return await self._one("use_assistant_version", {"assistant_id": assistant_id, "version": version})

    async def versions(
        self, assistant_id: UUID, *, metadata: JsonObject | None = None, limit: int = 10, offset: int = 0
    ) -> list[Assistant]:
        """One page of its versions, the newest first. Raises `AssistantNotFound`."""
        parameters = {"assistant_id": assistant_id, "metadata": searchable_or_null(metadata), "limit": limit, "offset": offset}
        async with self._database.transaction() as transaction:
            await self._one("get_assistant", parameters, transaction)
            rows = await transaction.fetch_all("assistant_versions", parameters)
        return [Assistant.model_validate(row) for row in rows]

    async def threads(self, assistant_id: UUID, *, visible: JsonObject | None = None, transaction: Transaction) -> list[UUID]:
        """The threads on which it ran, if `visible` is given those that contain it as metadata."""
        parameters = {"assistant_id": assistant_id, "visible": searchable_or_null(visible)}
        return [row["thread_id"] for row in await transaction.fetch_all("threads_of_assistant", parameters)]

    async def delete(self, assistant_id: UUID, *, transaction: Transaction | None = None) -> None:
        """Delete it with its versions and its finished runs. Raises `AssistantNotFound`, `AssistantInUse`."""
        parameters = {"assistant_id": assistant_id}
        try:
            async with self._database.transaction(transaction) as current, current.savepoint():
                await current.execute("delete_runs_of_assistant", parameters)
                if not await current.execute("delete_assistant", parameters):
                    raise AssistantNotFound(str(assistant_id))
        except ForeignKeyViolation as error:
            raise AssistantInUse(str(assistant_id)) from error

    async def _one(self, query: str, parameters: Parameters, transaction: Transaction | None = None) -> Assistant:
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one(query, parameters)
        if row is None:
            raise AssistantNotFound(str(parameters["assistant_id"]))
        return Assistant.model_validate(row)
