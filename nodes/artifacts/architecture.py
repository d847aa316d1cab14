"""How the app is divided: the contract of its API, and the parts engineers write."""

from enum import StrEnum
from typing import Literal

from nodes.artifacts.specification import RecipeKind, Scope
from nodes.artifacts.stored import Artifact, Identifier


class Operation(StrEnum):
    """What an endpoint of the built app's JSON API does; `recipe`: what the recipe of the endpoint's kind is for."""

    list = "list"
    create = "create"
    read = "read"
    update = "update"
    delete = "delete"
    transition = "transition"
    report = "report"
    recipe = "recipe"


class Access(Artifact):
    """A role that may call an endpoint, and for which records."""

    role: Identifier
    scope: Scope = Scope.all


class Endpoint(Artifact):
    """One operation of the JSON API; `path` uses `{id}`. `name` is its OpenAPI operation id.

    `own_states`: whoever may call it only for own records may do so only while the record is in one of these states, and is
    answered 409 afterwards; empty: in every state.
    """

    name: Identifier
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    operation: Operation
    record: Identifier
    transition: Identifier | None = None
    recipe: RecipeKind | None = None
    access: tuple[Access, ...]
    own_states: tuple[Identifier, ...] = ()
    success_status: int
    request_schema: str | None = None
    response_schema: str | None = None


class SchemaProperty(Artifact):
    """One property of a JSON schema: `json_type` and `format` are OpenAPI's words."""

    name: Identifier
    json_type: Literal["string", "integer", "number", "boolean", "array"]
    format: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    references: Identifier | None = None


class Schema(Artifact):
    """A request or response body."""

    name: str
    properties: tuple[SchemaProperty, ...]


class Contract(Artifact):
    """What every component is written against and the running app is compared with."""

    endpoints: tuple[Endpoint, ...]
    schemas: tuple[Schema, ...]


class Component(Artifact):
    """A part written by one engineer. It may change only files that match a pattern in `owns`.

    Patterns are paths with `*` (within a folder) and `**` (across folders). `depends_on` names components whose code
    has to be written before.
    """

    name: Identifier
    title: str
    summary: str
    records: tuple[Identifier, ...] = ()
    owns: tuple[str, ...]
    depends_on: tuple[Identifier, ...] = ()


class Architecture(Artifact):
    """The stack, the contract, and who writes what."""

    stack: str
    summary: str
    decisions: tuple[str, ...] = ()
    contract: Contract
    components: tuple[Component, ...]


class ArchitecturePlan(Artifact):
    """What the architect decides; the contract is derived from the specification by program, not by an opinion."""

    summary: str
    decisions: tuple[str, ...] = ()
    components: tuple[Component, ...]
