"""Whose builds share their answers: what each tenant said, what is kept, what that saved. A tenant is the user builds belong to."""

from datetime import datetime

from pydantic import Field, field_validator

from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.records import TenantCache
from nodes.artifacts import Artifact, readable_text

MOST_HOURS = 8_760.0
"""A year: prompts change with every version of Appyard, so that older answers match nothing."""


class CacheChange(Artifact):
    """What somebody says of a tenant's cache. `hours` 0 switches it off; None lets the server's setting decide again."""

    user_id: str = Field(min_length=1, max_length=200)
    hours: float | None = Field(ge=0, le=MOST_HOURS)
    set_by: str = Field(default="local", min_length=1, max_length=200)

    @field_validator("user_id", "set_by")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not readable_text(value).strip():
            raise ValueError("is empty; say whose builds are meant, and who says so")
        return value


class TenantCacheReport(Artifact):
    """The cache of one tenant. `hours`: how long its answers serve its other builds, 0 for not at all.

    `set_by` is who said that; None if nobody did, and the server's setting holds.
    """

    user_id: str
    hours: float
    set_by: str | None
    set_at: datetime | None
    answers: int
    hits: int
    saved_tokens: int
    saved_usd: float


class CacheOverview(Artifact):
    """`default_hours` holds for tenants that said nothing; 0: their builds share no answers."""

    default_hours: float
    tenants: tuple[TenantCacheReport, ...]


class Cleared(Artifact):
    """How many answers were forgotten."""

    answers: int


class AnswerCaches:
    """The use cases of whoever administers the cache."""

    def __init__(self, cached_answers: CachedAnswerRepository) -> None:
        self._cached_answers = cached_answers

    async def overview(self, user_id: str | None = None) -> CacheOverview:
        """Every tenant there is something to tell of, or one."""
        default = self._cached_answers.default_hours
        tenants = [_report(tenant, default) for tenant in await self._cached_answers.of_tenants(user_id)]
        return CacheOverview(default_hours=default, tenants=tuple(tenants))

    async def change(self, change: CacheChange) -> CacheOverview:
        """Switch a tenant's cache; answers kept already serve as long as what is said now allows."""
        await self._cached_answers.set_hours(change.user_id, change.hours, set_by=change.set_by)
        return await self.overview(change.user_id)

    async def clear(self, user_id: str | None = None) -> Cleared:
        """Forget the answers of one tenant, or of all."""
        return Cleared(answers=await self._cached_answers.clear(user_id))


def _report(tenant: TenantCache, default_hours: float) -> TenantCacheReport:
    return TenantCacheReport(
        user_id=tenant.user_id,
        hours=default_hours if tenant.hours is None else tenant.hours,
        set_by=tenant.set_by,
        set_at=tenant.set_at,
        answers=tenant.answers,
        hits=tenant.hits,
        saved_tokens=tenant.saved_tokens,
        saved_usd=float(tenant.saved_usd),
    )
