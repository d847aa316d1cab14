"""The bodies of the assistant routes, as clients of the LangGraph API send and expect them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from checkpoints.assistants import AssistantDraft, AssistantFilter
from checkpoints.records import Assistant, AssistantSort, IfExists
from server.api.thread_bodies import without_empty
from server.api.wire import JsonMap, PageLimit, PageOffset, WireBody, WireTime
from server.services.assistants import GraphSchemas

Name = Annotated[str, Field(min_length=1, max_length=400)]


class AssistantPatch(WireBody):
    """What to change about an assistant; what is left out stays."""

    graph_id: str | None = None
    name: Name | None = None
    description: str | None = None
    config: JsonMap | None = None
    context: JsonMap | None = None
    metadata: JsonMap | None = None

    def draft(self) -> AssistantDraft:
        """As the repository takes it."""
        return AssistantDraft.model_validate(self.model_dump(include=set(AssistantDraft.model_fields)))


class AssistantCreate(AssistantPatch):
    """An assistant to create."""

    graph_id: str
    assistant_id: UUID | None = None
    if_exists: IfExists = IfExists.raises


class AssistantCount(WireBody):
    """Which assistants to count; what is left out matches any."""

    graph_id: str | None = None
    name: str | None = None
    metadata: JsonMap | None = None

    def which(self) -> AssistantFilter:
        """As the repository takes it."""
        return AssistantFilter(graph_id=self.graph_id, name=self.name, metadata=without_empty(self.metadata))


class AssistantField(StrEnum):
    """What a search can be reduced to."""

    assistant_id = "assistant_id"
    graph_id = "graph_id"
    name = "name"
    description = "description"
    version = "version"
    config = "config"
    context = "context"
    metadata = "metadata"
    created_at = "created_at"
    updated_at = "updated_at"


class AssistantSearch(AssistantCount):
    """A page of assistants to find."""

    limit: PageLimit = 10
    offset: PageOffset = 0
    sort_by: AssistantSort = AssistantSort.created_at
    sort_order: Literal["asc", "desc", "ASC", "DESC"] = "desc"
    select: tuple[AssistantField, ...] | None = None


class VersionsSearch(WireBody):
    """A page of an assistant's versions."""

    metadata: JsonMap | None = None
    limit: PageLimit = 10
    offset: PageOffset = 0


class VersionChange(WireBody):
    """Which version to use."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class AssistantOnWire(WireBody):
    """An assistant as clients see it; fields that were not asked for are left out."""

    assistant_id: UUID | None = None
    graph_id: str | None = None
    name: str | None = None
    description: str | None = None
    version: int | None = None
    config: JsonMap | None = None
    context: JsonMap | None = None
    metadata: JsonMap | None = None
    created_at: WireTime | None = None
    updated_at: WireTime | None = None


EVERY_FIELD = tuple(AssistantField)


def assistant_on_wire(assistant: Assistant, fields: Sequence[AssistantField] = EVERY_FIELD) -> AssistantOnWire:
    """The assistant as it is answered."""
    shown: dict[str, Any] = {field.value: getattr(assistant, field) for field in fields}
    return AssistantOnWire.model_construct(**shown)  # read from our own rows: nothing to validate


class SchemasOnWire(WireBody):
    """The JSON schemas of a graph. `config_schema` is the older name of `context_schema`."""

    graph_id: str
    input_schema: JsonMap | None
    output_schema: JsonMap | None
    state_schema: JsonMap | None
    config_schema: JsonMap
    context_schema: JsonMap | None


def schemas_on_wire(schemas: GraphSchemas) -> SchemasOnWire:
    """The schemas as they are answered."""
    return SchemasOnWire.model_validate(
        {
            "graph_id": schemas.graph_id,
            "input_schema": schemas.input_schema,
            "output_schema": schemas.output_schema,
            "state_schema": schemas.state_schema,
            "config_schema": schemas.context_schema or {},
            "context_schema": schemas.context_schema,
        }
    )
