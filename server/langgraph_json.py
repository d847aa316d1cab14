"""Read langgraph.json: which graphs are served, and what goes with them. Loading a graph is `server.graphs`' business.

Keys that only matter for building images are passed over; what would change how the server behaves, and is not
supported, is named in a warning, or refused where ignoring it would be unsafe.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checkpoints.records import PruneStrategy
from server.services.errors import ConfigUnusable

log = logging.getLogger(__name__)

APPYARD = "appyard"
"""The name of our own graph; it is served even without a langgraph.json."""

FOR_IMAGES = frozenset(
    "$schema name api_version base_image dockerfile_lines image_distro internal_docker_tag keep_pkg_tools node_version "
    "pip_config_file pip_installer python_version source".split()
)


@dataclass(frozen=True)
class GraphSource:
    """Where a graph comes from: a file (or module) and the name in it."""

    path: str
    attribute: str
    folder: Path
    description: str | None = None


class _Section(BaseModel):
    """Part of the file. What a section does not know is kept, to be named."""

    model_config = ConfigDict(extra="allow", frozen=True)


class CorsRules(_Section):
    """Which web pages may call the server."""

    allow_origins: tuple[str, ...] = ()
    allow_origin_regex: str | None = None
    allow_methods: tuple[str, ...] = ("*",)
    allow_headers: tuple[str, ...] = ("*",)
    allow_credentials: bool = False
    expose_headers: tuple[str, ...] = ()
    max_age: int = 600


class ThreadTtl(_Section):
    """How long a thread lives unless its creator says otherwise, in minutes."""

    strategy: PruneStrategy = PruneStrategy.delete
    default_ttl: float | None = Field(default=None, gt=0)
    sweep_interval_minutes: float = Field(default=5, gt=0)


class StoreTtl(_Section):
    """How long an item of the store lives unless its writer says otherwise, in minutes."""

    refresh_on_read: bool = True
    default_ttl: float | None = Field(default=None, gt=0)
    sweep_interval_minutes: float = Field(default=5, gt=0)


class _Http(_Section):
    cors: CorsRules | None = None
    disable_mcp: bool = False
    disable_a2a: bool = False


class _Store(_Section):
    ttl: StoreTtl | None = None


class _Checkpointer(_Section):
    ttl: ThreadTtl | None = None


class _Auth(_Section):
    path: str
    disable_studio_auth: bool = False


class _Graph(_Section):
    path: str
    description: str | None = None


class _File(_Section):
    graphs: Mapping[str, str | _Graph]
    dependencies: tuple[str, ...] = ()
    env: str | Mapping[str, str] = ""
    http: _Http = _Http()
    store: _Store = _Store()
    checkpointer: _Checkpointer = _Checkpointer()
    auth: _Auth | None = None


@dataclass(frozen=True)
class AuthSource:
    """Where the `langgraph_sdk.Auth` comes from, and whether LangGraph Studio may be let in past it."""

    source: GraphSource
    may_admit_studio: bool = True


@dataclass(frozen=True)
class LanggraphConfig:
    """What the file says. `environment` is for the graphs; what the process has already goes before it."""

    graphs: Mapping[str, GraphSource]
    import_folders: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cors: CorsRules | None = None
    auth: AuthSource | None = None
    serves_mcp: bool = True
    serves_a2a: bool = True
    store_ttl: StoreTtl = field(default_factory=StoreTtl)
    thread_ttl: ThreadTtl | None = None
    unknown: tuple[str, ...] = ()


def without_file() -> LanggraphConfig:
    """The build graph alone."""
    return LanggraphConfig(graphs=our_graph())


def our_graph() -> Mapping[str, GraphSource]:
    """The build graph, without a configuration file."""
    root = Path(__file__).resolve().parent.parent
    return {APPYARD: GraphSource("graph.builder", "make_graph", root, "Builds an app from a description.")}


def read_config(path: Path | None) -> LanggraphConfig:
    """The file at `path`, and our own graph besides; what is not supported is logged. Raises `ConfigUnusable`."""
    if path is None:
        return without_file()
    try:
        file = _File.model_validate_json(path.read_text(encoding="utf-8"))
        config = _config(file, path.parent.resolve())
    except OSError as error:
        raise ConfigUnusable(f"{path}: {error.strerror}.") from error
    except ValidationError as error:
        raise ConfigUnusable(f"{path}: {'; '.join(_complaint(found) for found in error.errors()[:5])}.") from error
    except ValueError as error:
        raise ConfigUnusable(f"{path}: {error}.") from error
    for key in config.unknown:
        log.warning("config_key_not_supported", extra={"key": key, "file": str(path)})
    return config


def _config(file: _File, folder: Path) -> LanggraphConfig:
    return LanggraphConfig(
        graphs={**our_graph(), **{name: _source(entry, folder) for name, entry in file.graphs.items()}},
        import_folders=tuple((folder / entry).resolve() for entry in file.dependencies if entry.startswith(".")),
        environment=_environment(file.env, folder),
        cors=file.http.cors,
        auth=AuthSource(_source(file.auth.path, folder), not file.auth.disable_studio_auth) if file.auth else None,
        serves_mcp=not file.http.disable_mcp,
        serves_a2a=not file.http.disable_a2a,
        store_ttl=file.store.ttl or StoreTtl(),
        thread_ttl=file.checkpointer.ttl,
        unknown=tuple(sorted(_unknown(file, ""))),
    )


def _source(entry: str | _Graph, folder: Path) -> GraphSource:
    text, description = (entry, None) if isinstance(entry, str) else (entry.path, entry.description)
    path, colon, attribute = text.rpartition(":")
    if not colon:
        raise ValueError(f"{text!r} names nothing in a file; write ./file.py:name")
    return GraphSource(path, attribute, folder, description)


def _environment(given: str | Mapping[str, str], folder: Path) -> Mapping[str, str]:
    if not isinstance(given, str):
        return given
    if given and not (folder / given).is_file():
        raise ConfigUnusable(f"env names {given}, which is not a file.")
    return {name: value for name, value in dotenv_values(folder / given).items() if value is not None} if given else {}


def _unknown(section: _Section, where: str) -> list[str]:
    """Keys nothing here reads, with their path."""
    found = [f"{where}{key}" for key in section.model_extra or {} if where or key not in FOR_IMAGES]
    for name in type(section).model_fields:
        if isinstance(part := getattr(section, name), _Section):
            found += _unknown(part, f"{where}{name}.")
    return found


def _complaint(found: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails is not public
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else f'expected {{"graphs": {{"name": "./file.py:graph"}}}} ({found["msg"]})'
