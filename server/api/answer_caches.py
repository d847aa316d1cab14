"""Whose builds share their answers, over HTTP: look, switch, clear. Where callers are told apart these routes are closed to them."""

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.dependencies import AnswerCachesService
from server.api.errors import Problem
from server.services.answer_caches import CacheChange, CacheOverview, Cleared

router = APIRouter(prefix="/api/cache", tags=["workflow"], responses={422: {"model": Problem}, 503: {"model": Problem}})

OneUser = Annotated[str | None, Query(max_length=200, description="One user; without it, all.")]


@router.get("")
async def overview(caches: AnswerCachesService, user_id: OneUser = None) -> CacheOverview:
    """For how long the answers of each user's builds serve their other builds, how many are kept, and what that saved."""
    return await caches.overview(user_id)


@router.put("")
async def change(change: CacheChange, caches: AnswerCachesService) -> CacheOverview:
    """Switch it for one user: `hours` that answers serve, 0 for off, null for what the server is set up with."""
    return await caches.change(change)


@router.delete("/answers")
async def clear(caches: AnswerCachesService, user_id: OneUser = None) -> Cleared:
    """Forget the answers kept for one user, or for all."""
    return await caches.clear(user_id)
