"""The state of threads: read it, list its checkpoints, change or fork it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic_core import to_json

from server.api.dependencies import ThreadStatesService
from server.api.errors import Problem
from server.api.state_bodies import HistorySearch, StateAt, StateChanged, StateOnWire, StatePart, StateUpdateBody
from server.services.thread_state import CheckpointKey, HistoryPage

router = APIRouter(
    prefix="/threads/{thread_id}",
    tags=["state"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}},
)


def _json(answer: object) -> Response:
    """JSON that the service made: a state may be megabytes, so it is not validated once more."""
    return Response(to_json(answer), media_type="application/json")


Subgraphs = Annotated[bool, Query()]
Select = Annotated[tuple[StatePart, ...], Query()]


@router.get("/state", response_model=StateOnWire)
async def get_state(thread_id: UUID, states: ThreadStatesService, subgraphs: Subgraphs = False, select: Select = ()) -> Response:
    """The newest state; `subgraphs` includes that of the graphs inside, `select` names the parts wanted."""
    return _json(await states.get(thread_id, subgraphs=subgraphs, select=select))


@router.get("/state/{checkpoint_id}", response_model=StateOnWire)
async def get_state_at(
    thread_id: UUID, checkpoint_id: UUID, states: ThreadStatesService, subgraphs: Subgraphs = False, select: Select = ()
) -> Response:
    """The state at a checkpoint."""
    return _json(await states.get(thread_id, CheckpointKey(str(checkpoint_id)), subgraphs=subgraphs, select=select))


@router.post("/state/checkpoint", response_model=StateOnWire)
async def get_state_at_checkpoint(thread_id: UUID, body: StateAt, states: ThreadStatesService) -> Response:
    """The state at a checkpoint, which may be that of a graph inside."""
    return _json(await states.get(thread_id, body.checkpoint.key(), subgraphs=body.subgraphs, select=body.select))


@router.post("/state")
async def update_state(thread_id: UUID, body: StateUpdateBody, states: ThreadStatesService) -> StateChanged:
    """Change the state, or fork it from an earlier checkpoint. Nothing runs until a run is started."""
    key = await states.update(thread_id, body.change(), at=body.at())
    return StateChanged.model_validate({"checkpoint": key, "configurable": key, "checkpoint_id": key["checkpoint_id"]})


@router.post("/history", response_model=list[StateOnWire])
async def search_history(thread_id: UUID, body: HistorySearch, states: ThreadStatesService) -> Response:
    """Checkpoints, the newest first."""
    return _json(await states.history(thread_id, body.page()))


@router.get("/history", response_model=list[StateOnWire])
async def list_history(
    thread_id: UUID,
    states: ThreadStatesService,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    before: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Checkpoints, the newest first."""
    return _json(await states.history(thread_id, HistoryPage(limit, CheckpointKey(str(before)) if before else None)))
