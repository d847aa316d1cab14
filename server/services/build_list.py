"""Builds as lines of a list: find them, page through them, and see which wait for a person. Reads; changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, TypeAdapter

from checkpoints.connection import Database, Transaction
from nodes.artifacts import Artifact, ReviewRequest
from server.services.build_status import RuntimeStatus

PAGE_LENGTH = 50
_MOMENT = TypeAdapter(AwareDatetime)


@dataclass(frozen=True)
class Position:
    """Where a page begins: after the line with this time and id. Lines that are added meanwhile move nothing."""

    moment: datetime
    workflow_id: UUID

    def written(self) -> str:
        """As it stands in an address."""
        return f"{self.moment.isoformat()}~{self.workflow_id}"

    @classmethod
    def read(cls, text: str) -> "Position | None":
        """The position an address names; None where it names none."""
        moment, _, workflow_id = text.partition("~")
        try:
            return cls(_MOMENT.validate_python(moment), UUID(workflow_id))
        except ValueError:
            return None


@dataclass(frozen=True)
class BuildSearch:
    """Which builds; None is any. `text` is looked for in title and description."""

    text: str | None = None
    status: RuntimeStatus | None = None
    person: str | None = None
    within_hours: float | None = None
    before: Position | None = None
    limit: int = PAGE_LENGTH


class _Row(Artifact):
    """Columns a type does not mention are ignored, as in the repositories."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BuildLine(_Row):
    """One build. `request` is what it asks, if it asks. `seconds` counts the time its runs took, not the time it waited."""

    workflow_id: UUID
    title: str | None
    description: str
    person: str
    runtime_status: RuntimeStatus
    part_count: int | None
    seconds: float | None
    cost_usd: float
    budget_usd: float | None
    request: ReviewRequest | None
    opened_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class WaitingBuild(_Row):
    """A build that waits for a person, since when and how long still."""

    workflow_id: UUID
    title: str | None
    description: str
    person: str
    request: ReviewRequest
    opened_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class BuildPage:
    """One page as of `now`, and where the next one begins, if there is one."""

    lines: tuple[BuildLine, ...]
    older: Position | None
    now: datetime


@dataclass(frozen=True)
class WaitingPage:
    """One page of what waits as of `now`, and where the next one begins, if there is one."""

    lines: tuple[WaitingBuild, ...]
    older: Position | None
    now: datetime


class BuildList:
    """The use cases of whoever looks for a build."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, search: BuildSearch) -> BuildPage:
        """One page of the builds that match, the newest first."""
        parameters = {
            "text": search.text,
            "runtime_status": search.status,
            "person": search.person,
            "within_hours": search.within_hours,
            **_begins(search.before),
            "limit": search.limit + 1,
        }
        async with self._database.statement() as transaction:
            rows = await transaction.fetch_all("build_lines", parameters)
            now = await _now(transaction)
        lines = tuple(BuildLine.model_validate(row) for row in rows[: search.limit])
        older = Position(lines[-1].created_at, lines[-1].workflow_id) if len(rows) > search.limit else None
        return BuildPage(lines, older, now)

    async def waiting(self, before: Position | None = None, *, limit: int = PAGE_LENGTH) -> WaitingPage:
        """One page of what waits for a person, asked last first."""
        async with self._database.statement() as transaction:
            rows = await transaction.fetch_all("waiting_builds", {**_begins(before), "limit": limit + 1})
            now = await _now(transaction)
        lines = tuple(WaitingBuild.model_validate(row) for row in rows[:limit])
        older = Position(lines[-1].opened_at, lines[-1].workflow_id) if len(rows) > limit else None
        return WaitingPage(lines, older, now)

    async def count_waiting(self) -> int:
        """How many questions wait."""
        async with self._database.statement() as transaction:
            row = await transaction.fetch_one("count_waiting_builds")
        return int(row["count"]) if row else 0


async def _now(transaction: Transaction) -> datetime:
    row = await transaction.fetch_one("now")
    assert row is not None
    now: datetime = row["now"]
    return now


def _begins(before: Position | None) -> Mapping[str, object]:
    return {"before": before.moment if before else None, "before_id": before.workflow_id if before else None}
