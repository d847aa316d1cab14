"""Assistants of the LangGraph API. Wherever one is named, its id or the name of its graph will do."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from server.api.assistant_bodies import (
    EVERY_FIELD,
    AssistantCount,
    AssistantCreate,
    AssistantOnWire,
    AssistantPatch,
    AssistantSearch,
    SchemasOnWire,
    VersionChange,
    VersionsSearch,
    assistant_on_wire,
    schemas_on_wire,
)
from server.api.dependencies import AssistantsService, CallerOfRequest
from server.api.errors import Problem
from server.api.wire import JsonMap, set_pagination

router = APIRouter(
    prefix="/assistants",
    tags=["assistants"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)

Xray = bool | Annotated[int, Field(ge=1, le=100)]


@router.post("")
async def create_assistant(body: AssistantCreate, assistants: AssistantsService, caller: CallerOfRequest) -> AssistantOnWire:
    """Create an assistant, or with `if_exists: do_nothing` get the one that has the id."""
    created = await assistants.create(body.draft(), assistant_id=body.assistant_id, if_exists=body.if_exists, caller=caller)
    return assistant_on_wire(created)


@router.post("/search", response_model_exclude_unset=True)
async def search_assistants(
    body: AssistantSearch, response: Response, assistants: AssistantsService, caller: CallerOfRequest
) -> list[AssistantOnWire]:
    """Find assistants by graph, name or metadata."""
    found = await assistants.search(
        body.which(),
        sort_by=body.sort_by,
        descending=body.sort_order.lower() == "desc",
        limit=body.limit,
        offset=body.offset,
        caller=caller,
    )
    set_pagination(response, offset=body.offset, shown=found.assistants, total=found.total)
    return [assistant_on_wire(assistant, body.select or EVERY_FIELD) for assistant in found.assistants]


@router.post("/count")
async def count_assistants(body: AssistantCount, assistants: AssistantsService, caller: CallerOfRequest) -> int:
    """How many assistants match."""
    return await assistants.count(body.which(), caller=caller)


@router.get("/{assistant_id}")
async def get_assistant(assistant_id: str, assistants: AssistantsService) -> AssistantOnWire:
    """One assistant."""
    return assistant_on_wire(await assistants.find(assistant_id))


@router.patch("/{assistant_id}")
async def update_assistant(assistant_id: str, body: AssistantPatch, assistants: AssistantsService) -> AssistantOnWire:
    """Make a new version and use it."""
    return assistant_on_wire(await assistants.update(assistant_id, body.draft()))


@router.delete("/{assistant_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_assistant(
    assistant_id: str, assistants: AssistantsService, caller: CallerOfRequest, delete_threads: Annotated[bool, Query()] = False
) -> None:
    """Delete an assistant with its versions and runs, and its threads if asked to."""
    await assistants.delete(assistant_id, with_threads=delete_threads, caller=caller)


@router.post("/{assistant_id}/versions")
async def list_versions(assistant_id: str, body: VersionsSearch, assistants: AssistantsService) -> list[AssistantOnWire]:
    """Its versions, the newest first."""
    metadata = dict(body.metadata) if body.metadata else None
    found = await assistants.versions(assistant_id, metadata=metadata, limit=body.limit, offset=body.offset)
    return [assistant_on_wire(assistant) for assistant in found]


@router.post("/{assistant_id}/latest")
async def use_version(assistant_id: str, body: VersionChange, assistants: AssistantsService) -> AssistantOnWire:
    """Use one of its versions."""
    return assistant_on_wire(await assistants.use_version(assistant_id, body.version))


@router.get("/{assistant_id}/graph")
async def draw_graph(assistant_id: str, assistants: AssistantsService, xray: Annotated[Xray, Query()] = False) -> JsonMap:
    """Nodes and edges; `xray` draws the graphs inside, all of them or down to a depth."""
    return await assistants.drawing(assistant_id, xray=xray)


@router.get("/{assistant_id}/schemas")
async def get_schemas(assistant_id: str, assistants: AssistantsService) -> SchemasOnWire:
    """The JSON schemas of input, output, state and context."""
    return schemas_on_wire(await assistants.schemas(assistant_id))


@router.get("/{assistant_id}/subgraphs")
async def list_subgraphs(
    assistant_id: str, assistants: AssistantsService, recurse: Annotated[bool, Query()] = False
) -> dict[str, SchemasOnWire]:
    """The schemas of the graphs inside, by namespace."""
    found = await assistants.subgraphs(assistant_id, namespace=None, recurse=recurse)
    return {name: schemas_on_wire(schemas) for name, schemas in found.items()}


@router.get("/{assistant_id}/subgraphs/{namespace}")
async def list_subgraphs_of(
    assistant_id: str, namespace: str, assistants: AssistantsService, recurse: Annotated[bool, Query()] = False
) -> dict[str, SchemasOnWire]:
    """The schemas of the graphs at a namespace."""
    found = await assistants.subgraphs(assistant_id, namespace=namespace, recurse=recurse)
    return {name: schemas_on_wire(schemas) for name, schemas in found.items()}
