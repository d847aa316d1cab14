"""Assistants: a graph with a configuration. Every graph is one by itself; an id or a graph's name finds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import to_jsonable_python

from checkpoints.assistants import AssistantDraft, AssistantFilter, AssistantRepository, assistant_id_of_graph
from checkpoints.connection import Database, Transaction
from checkpoints.errors import AssistantExists
from checkpoints.records import Assistant, AssistantSort, IfExists, JsonObject
from checkpoints.threads import ThreadRepository
from server.graphs import AnyGraph, GraphCatalogue
from server.services.caller import ANYONE, Caller
from server.services.errors import AssistantOfGraph, GraphNotFound


@dataclass(frozen=True)
class FoundAssistants:
    """A page of assistants, and how many there are."""

    assistants: tuple[Assistant, ...]
    total: int


@dataclass(frozen=True)
class GraphSchemas:
    """The JSON schemas of a graph, from which clients make forms; None where it has none that JSON can say."""

    graph_id: str
    input_schema: JsonObject | None
    output_schema: JsonObject | None
    state_schema: JsonObject | None
    context_schema: JsonObject | None


class Assistants:
    """The use cases of assistants."""

    def __init__(self, database: Database, assistants: AssistantRepository, threads: ThreadRepository, graphs: GraphCatalogue) -> None:
        self._database = database
        self._assistants = assistants
        self._threads = threads
        self._graphs = graphs

    async def ensure_of_graphs(self) -> None:
        """See to it that every graph is an assistant."""
        for name in self._graphs.names:
            await self._assistants.ensure(name, description=self._graphs.description(name))

    async def find(self, id_or_graph: str, *, transaction: Transaction | None = None) -> Assistant:
        """The assistant with this id, or the one a graph of this name is. Raises `AssistantNotFound`, `GraphNotFound`."""
        try:
            assistant_id = UUID(id_or_graph)
        except ValueError:
            self._check_graph(id_or_graph)
            return await self._assistants.ensure(id_or_graph, transaction=transaction)
        return await self._assistants.get(assistant_id, transaction=transaction)

    async def create(self, draft: AssistantDraft, *, assistant_id: UUID | None, if_exists: IfExists, caller: Caller = ANYONE) -> Assistant:
        """A new assistant, or with `do_nothing` the one that has the id.

        Raises `GraphNotFound`, and `AssistantExists`, also if the caller may not see the one that has the id.
        """
        self._check_graph(draft.graph_id or "")
        async with self._database.transaction() as transaction:
            try:
                return await self._assistants.create(draft, assistant_id=assistant_id, transaction=transaction)
            except AssistantExists:
                if assistant_id is None or if_exists is IfExists.raises or not await self._sees(caller, assistant_id, transaction):
                    raise
                return await self._assistants.get(assistant_id, transaction=transaction)

    async def _sees(self, caller: Caller, assistant_id: UUID, transaction: Transaction) -> bool:
        return caller.visible is None or bool(await self._assistants.contains(assistant_id, caller.visible, transaction=transaction))

    async def search(
        self,
        which: AssistantFilter,
        *,
        sort_by: AssistantSort,
        descending: bool,
        limit: int,
        offset: int,
        caller: Caller = ANYONE,
    ) -> FoundAssistants:
        """One page of the assistants that match, and how many match."""
        which = which.model_copy(update={"visible": caller.visible})
        found = await self._assistants.search(which, sort_by=sort_by, descending=descending, limit=limit, offset=offset)
        return FoundAssistants(tuple(found), await self._assistants.count(which))

    async def count(self, which: AssistantFilter, *, caller: Caller = ANYONE) -> int:
        """How many assistants match."""
        return await self._assistants.count(which.model_copy(update={"visible": caller.visible}))

    async def update(self, id_or_graph: str, change: AssistantDraft) -> Assistant:
        """A new version, put in use. Raises as `find`, and `GraphNotFound`."""
        if change.graph_id is not None:
            self._check_graph(change.graph_id)
        return await self._assistants.update((await self.find(id_or_graph)).assistant_id, change)

    async def use_version(self, id_or_graph: str, version: int) -> Assistant:
        """Put an earlier version in use again. Raises as `find`."""
        return await self._assistants.use_version((await self.find(id_or_graph)).assistant_id, version)

    async def versions(self, id_or_graph: str, *, metadata: JsonObject | None, limit: int, offset: int) -> tuple[Assistant, ...]:
        """One page of its versions, the newest first. Raises as `find`."""
        assistant = await self.find(id_or_graph)
        return tuple(await self._assistants.versions(assistant.assistant_id, metadata=metadata, limit=limit, offset=offset))

    async def delete(self, id_or_graph: str, *, with_threads: bool, caller: Caller = ANYONE) -> None:
        """Delete it with its runs, and if asked to those of its threads that the caller may see.

        Raises as `find`, and `AssistantOfGraph`, `AssistantInUse`.
        """
        assistant = await self.find(id_or_graph)
        if assistant.assistant_id == assistant_id_of_graph(assistant.graph_id):
            raise AssistantOfGraph(assistant.graph_id)
        async with self._database.transaction() as transaction:
            threads = (
                await self._assistants.threads(assistant.assistant_id, visible=caller.visible, transaction=transaction)
                if with_threads
                else []
            )
            await self._assistants.delete(assistant.assistant_id, transaction=transaction)
            for thread_id in threads:
                await self._threads.delete(thread_id, transaction=transaction)

    # ------------------------------------------------------------------------------------------------ its graph

    async def drawing(self, id_or_graph: str, *, xray: int | bool) -> JsonObject:
        """Nodes and edges. Raises as `find`, and `GraphNotLoaded`."""
        drawn = (await (await self._graph(id_or_graph)).aget_graph(xray=xray)).to_json()
        jsonable: JsonObject = to_jsonable_python(drawn, fallback=str)
        return jsonable

    async def schemas(self, id_or_graph: str) -> GraphSchemas:
        """What goes in, what comes out, what it keeps. Raises as `find`, and `GraphNotLoaded`."""
        assistant = await self.find(id_or_graph)
        return schemas_of((await self._graphs.load(assistant.graph_id)).graph, assistant.graph_id)

    async def subgraphs(self, id_or_graph: str, *, namespace: str | None, recurse: bool) -> Mapping[str, GraphSchemas]:
        """The schemas of the graphs inside its graph, by namespace. Raises as `find`, and `GraphNotLoaded`."""
        graph = await self._graph(id_or_graph)
        found = [entry async for entry in graph.aget_subgraphs(namespace=namespace, recurse=recurse)]
        return {name: schemas_of(inner, inner.name or name) for name, inner in found if isinstance(inner, Pregel)}

    async def _graph(self, id_or_graph: str) -> AnyGraph:
        return (await self._graphs.load((await self.find(id_or_graph)).graph_id)).graph

    def _check_graph(self, name: str) -> None:
        if name not in self._graphs.names:
            raise GraphNotFound(f"{name!r} is neither an assistant's id nor one of the graphs {', '.join(self._graphs.names)}.")


def schemas_of(graph: AnyGraph, graph_id: str) -> GraphSchemas:
    """The schemas LangGraph derives, each on its own: one that JSON cannot say does not hide the others."""

    def state() -> Mapping[str, object]:
        return (
            TypeAdapter(graph.builder.state_schema).json_schema()
            if isinstance(graph, CompiledStateGraph)
            else graph.get_output_jsonschema()
        )

    return GraphSchemas(
        graph_id=graph_id,
        input_schema=_schema(graph.get_input_jsonschema),
        output_schema=_schema(graph.get_output_jsonschema),
        state_schema=_schema(state),
        context_schema=_schema(graph.get_context_jsonschema),
    )


def _schema(derive: Callable[[], Mapping[str, object] | None]) -> JsonObject | None:
    try:
        derived = derive()
    except (PydanticUserError, NameError, TypeError):  # a type JSON has no word for, or one that is not imported at run time
        return None
    return None if derived is None else dict(derived)
