"""The graphs this server runs, by name, loaded when first needed. One that cannot be loaded does not stop the others."""

import asyncio
import importlib
import importlib.util
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import isawaitable, signature
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph

from checkpoints.checkpointer import open_checkpointer
from checkpoints.connection import Database
from checkpoints.records import ClaimedRun
from server.services.errors import GraphNotLoaded

AnyGraph: TypeAlias = CompiledStateGraph[Any, Any, Any, Any]

APPYARD = "appyard"
"""The name of our own graph; it is served even without a langgraph.json."""


@dataclass(frozen=True)
class ServedGraph:
    """A loaded graph. `version` is its module's GRAPH_VERSION, if it keeps one."""

    name: str
    builder: StateGraph[Any, Any, Any, Any]
    version: str | None

    def compiled(self, database: Database, claimed: ClaimedRun | None = None) -> AnyGraph:
        """The graph on a saver of its own: a shared saver would serialise the runs. With `claimed`, writes are fenced."""
        return self.builder.compile(checkpointer=open_checkpointer(database, (), claimed=claimed), name=self.name)


@dataclass(frozen=True)
class GraphSource:
    """Where a graph comes from: a file (or module) and the name in it, as in langgraph.json."""

    path: str
    attribute: str
    folder: Path


class GraphCatalogue:
    """Loads graphs by name. A factory that takes a config finds what `open_workshop` returns as `configurable.workshop`."""

    def __init__(self, sources: Mapping[str, GraphSource], *, open_workshop: Callable[[], Awaitable[object]]) -> None:
        self._sources = sources
        self._open_workshop = open_workshop
        self._loaded: dict[str, ServedGraph] = {}
        self._loading = asyncio.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Every graph that is configured."""
        return tuple(sorted(self._sources))

    async def load(self, name: str) -> ServedGraph:
        """The graph called `name`. Raises `GraphNotLoaded` with the reason."""
        async with self._loading:
            if name not in self._loaded:
                self._loaded[name] = await self._load(name)
            return self._loaded[name]

    async def _load(self, name: str) -> ServedGraph:
        source = self._sources.get(name)
        if source is None:
            raise GraphNotLoaded(f"{name!r} is not configured; known are {', '.join(self.names)}.")
        try:
            # Importing takes seconds and would hold up heartbeats and requests.
            module = await asyncio.to_thread(import_source, source)
            made = getattr(module, source.attribute)
            if callable(made) and not isinstance(made, (StateGraph, CompiledStateGraph)):
                made = await self._made_by(made)
        except Exception as error:
            raise GraphNotLoaded(f"{name!r} from {source.path}: {type(error).__name__}: {error}") from error
        builder = made.builder if isinstance(made, CompiledStateGraph) else made
        if not isinstance(builder, StateGraph):
            raise GraphNotLoaded(f"{name!r}: {source.attribute} in {source.path} is a {type(made).__name__}, not a graph.")
        return ServedGraph(name, builder, getattr(module, "GRAPH_VERSION", None))

    async def _made_by(self, factory: Callable[..., object]) -> object:
        takes_config = bool(signature(factory).parameters)
        made = factory({"configurable": {"workshop": await self._open_workshop()}}) if takes_config else factory()
        return await made if isawaitable(made) else made


def our_graph() -> Mapping[str, GraphSource]:
    """The build graph, without a configuration file."""
    root = Path(__file__).resolve().parent.parent
    return {APPYARD: GraphSource("graph.builder", "make_graph", root)}


def read_sources(config: Path) -> Mapping[str, GraphSource]:
    """The graphs of a langgraph.json. Raises `GraphNotLoaded` if the file cannot be read as one."""
    try:
        entries = json.loads(config.read_text(encoding="utf-8"))["graphs"]
        sources = {name: _source(entry, config.parent.resolve()) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GraphNotLoaded(f'{config}: expected {{"graphs": {{"name": "./file.py:graph"}}}} ({error}).') from error
    return {**our_graph(), **sources}


def _source(entry: str | Mapping[str, str], folder: Path) -> GraphSource:
    path, colon, attribute = (entry if isinstance(entry, str) else entry["path"]).rpartition(":")
    if not colon:
        raise ValueError(f"{entry!r} names no graph; write ./file.py:graph")
    return GraphSource(path, attribute, folder)


def import_source(source: GraphSource) -> ModuleType:
    """Import by module name if the file belongs to a package, so that its types have one path; by file otherwise."""
    if str(source.folder) not in sys.path:
        sys.path.append(str(source.folder))
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
