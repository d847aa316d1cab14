"""The graphs this server runs, by name, loaded when first needed. One that cannot be loaded does not stop the others."""

import asyncio
import copy
import importlib
import importlib.util
import logging
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable, signature
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel
from langgraph.store.base import BaseStore
from langgraph.store.postgres.aio import AsyncPostgresStore

from checkpoints.checkpointer import checkpointer_within, open_checkpointer
from checkpoints.connection import Database, Transaction
from checkpoints.fenced_saver import StoreBeside
from checkpoints.records import ClaimedRun, Thread
from nodes.errors import BuildError
from server.langgraph_json import GraphSource
from server.services.errors import GraphNotFound, GraphNotLoaded, GraphVersionUnavailable

log = logging.getLogger(__name__)

AnyGraph: TypeAlias = Pregel[Any, Any, Any, Any]


@dataclass(frozen=True)
class ServedGraph:
    """A loaded graph. `version` is its module's GRAPH_VERSION, if it keeps one."""

    name: str
    graph: AnyGraph
    version: str | None
    store: BaseStore | None = None

    def check_version(self, thread: Thread) -> None:
        """Refuse a thread begun with other steps; LangGraph would drop an answer silently. Raises `GraphVersionUnavailable`."""
        if thread.graph_version and self.version and thread.graph_version != self.version:
            raise GraphVersionUnavailable(f"The thread has version {thread.graph_version}; {self.version} is running.")

    def compiled(
        self, database: Database, claimed: ClaimedRun | None = None, *, waits_for_disk: bool = True, store: StoreBeside | None = None
    ) -> AnyGraph:
        """The graph on a saver of its own: a shared saver would serialise the runs. With `claimed`, writes are fenced."""
        return self._with(open_checkpointer(database, (), claimed=claimed, waits_for_disk=waits_for_disk, store=store))

    def reading(self, transaction: Transaction) -> AnyGraph:
        """The graph as `transaction` sees the checkpoints."""
        return self._with(checkpointer_within(transaction, ()))

    def _with(self, saver: BaseCheckpointSaver[Any]) -> AnyGraph:
        # A copy with another saver takes microseconds; compiling takes 2 to 9 ms (measured).
        graph = copy.copy(self.graph)
        graph.checkpointer = saver
        graph.store = self.store
        return graph


class GraphCatalogue:
    """Loads graphs by name. A factory that takes a config finds what `open_workshop` returns as `configurable.workshop`."""

    def __init__(
        self,
        sources: Mapping[str, GraphSource],
        *,
        open_workshop: Callable[[], Awaitable[object]],
        store: AsyncPostgresStore,
        import_folders: Sequence[Path] = (),
    ) -> None:
        self._sources = sources
        self._open_workshop = open_workshop
        self.store = store
        self._import_folders = import_folders
        self._loaded: dict[str, ServedGraph] = {}
        self._loading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def names(self) -> tuple[str, ...]:
        """Every graph that is configured."""
        return tuple(sorted(self._sources))

    def description(self, name: str) -> str | None:
        """What the configuration says of a graph."""
        return self._sources[name].description

    async def load(self, name: str) -> ServedGraph:
        """The graph called `name`. Raises `GraphNotFound`, or `GraphNotLoaded` with the reason."""
        if name not in self._sources:
            raise GraphNotFound(f"{name!r} is not configured; known are {', '.join(self.names)}.")
        async with self._loading[name]:
            if name not in self._loaded:
                self._loaded[name] = await self._load(name, self._sources[name])
            return self._loaded[name]

    async def load_all(self) -> None:
        """Load every graph before it is needed; those that cannot be are logged with their reason."""
        for name in self.names:
            try:
                await self.load(name)
                log.info("graph_loaded", extra={"graph": name})
            except GraphNotLoaded as error:
                log.error("graph_not_loaded", extra={"graph": name, "reason": error.detail})  # noqa: TRY400 - the reason is the message

    async def _load(self, name: str, source: GraphSource) -> ServedGraph:
        try:
            # Importing takes seconds and would hold up heartbeats and requests.
            module = await asyncio.to_thread(import_source, source, self._import_folders)
            made = getattr(module, source.attribute)
            if callable(made) and not isinstance(made, (StateGraph, Pregel)):
                made = await self._made_by(made)
            graph = made.compile(name=name) if isinstance(made, StateGraph) else made
        except BuildError as error:  # what it is given to work with: its own words say what to do
            raise GraphNotLoaded(f"{name}: {error}") from error
        except Exception as error:
            raise GraphNotLoaded(f"{name!r} from {source.path}: {type(error).__name__}: {error}") from error
        if not isinstance(graph, Pregel):
            raise GraphNotLoaded(f"{name!r}: {source.attribute} in {source.path} is a {type(made).__name__}, not a graph.")
        return ServedGraph(name, graph, getattr(module, "GRAPH_VERSION", None), self.store)

    async def _made_by(self, factory: Callable[..., object]) -> Any:  # noqa: ANN401 - a factory may return anything
        takes_config = bool(signature(factory).parameters)
        made = factory({"configurable": {"workshop": await self._open_workshop()}}) if takes_config else factory()
        return await made if isawaitable(made) else made


def import_source(source: GraphSource, import_folders: Sequence[Path] = ()) -> ModuleType:
    """Import by module name if the file belongs to a package, so that its types have one path; by file otherwise."""
    for folder in (source.folder, *import_folders):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    if not source.path.endswith(".py"):
        return importlib.import_module(source.path)
    file = (source.folder / source.path).resolve()
    if (file.parent / "__init__.py").exists():
        return importlib.import_module(".".join(file.relative_to(source.folder).with_suffix("").parts))
    name = "appyard_graph_" + "_".join(file.with_suffix("").parts[1:])
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # types defined in it are pickled and typed by this name
    spec.loader.exec_module(module)
    return module
