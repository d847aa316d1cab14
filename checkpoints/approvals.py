"""What waits for a person, and what was decided: one winner, however many decide at once."""

from collections.abc import Mapping, Sequence
from typing import Protocol, assert_never
from uuid import UUID

from checkpoints.connection import Database, Parameters, Row, Transaction
from checkpoints.errors import (
    ApprovalAlreadyDecided,
    ApprovalClosed,
    ApprovalExpired,
    ApprovalNotFound,
    ApprovalSuperseded,
)
from checkpoints.json_columns import exact
from checkpoints.records import Approval, ApprovalStatus


class Via(Protocol):
    """Through which door a decision came, and from which address."""

    @property
    def door(self) -> str: ...

    @property
    def address(self) -> str | None: ...


class ApprovalRepository:
    """Reads and writes approvals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, thread_id: UUID, questions: Mapping[str, object], *, expires_in_seconds: float | None, transaction: Transaction | None = None
    ) -> None:
        """Let a thread ask exactly these questions, by interrupt id: others close, and one that waits goes on waiting.

        A question that was decided is asked again: its run ended before the graph took the answer.
        """
        parameters = {
            "thread_id": thread_id,
            "asked": list(questions),
            "questions": exact(dict(questions)),
            "expires_in_seconds": expires_in_seconds,
        }
        async with self._database.statement(transaction) as current:
            await current.execute("ask_questions", parameters)

    async def get(self, thread_id: UUID, interrupt_id: str, *, transaction: Transaction | None = None) -> Approval:
        """One approval. Raises `ApprovalNotFound`."""
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("get_approval", _key(thread_id, interrupt_id))
        if row is None:
            raise ApprovalNotFound(f"{thread_id}, {interrupt_id}")
        return _approval(row)

    async def decide(
        self,
        thread_id: UUID,
        interrupt_id: str,
        decision: object,
        *,
        decided_by: str | None = None,
        run_id: UUID | None = None,
        via: Via | None = None,
        transaction: Transaction | None = None,
    ) -> Approval:
        """Decide once; `run_id` is the run that resumes with it, created in the same transaction, before or after.

        Raises `ApprovalNotFound`, or the `ApprovalClosed` that fits, which carries the approval as it ended.
        """
        parameters = {
            **_key(thread_id, interrupt_id),
            "decision": exact(decision),
            "decided_by": decided_by,
            "run_id": run_id,
            "decided_via": via.door if via else None,
            "decided_from": via.address if via else None,
        }
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("decide_approval", parameters)
            if row is None:
                raise _closed(await self.get(thread_id, interrupt_id, transaction=current))
            return _approval(row)

    async def expire_due(self, *, limit: int = 100, transaction: Transaction | None = None) -> list[Approval]:
        """Close what nobody decided in time; the ones this call closed, so that exactly one caller acts on each."""
        return await self._all("expire_due_approvals", {"limit": limit}, transaction)

    async def remind_due(
        self, graph_id: str, after_seconds: Sequence[float], *, limit: int = 100, transaction: Transaction | None = None
    ) -> list[Approval]:
        """The questions of a graph that are to be brought to mind now; each goes to exactly one caller."""
        parameters = {"graph_id": graph_id, "after_seconds": list(after_seconds), "limit": limit}
        return await self._all("remind_due_approvals", parameters, transaction)

    async def escalate_due(
        self, graph_id: str, after_seconds: float, *, limit: int = 100, transaction: Transaction | None = None
    ) -> list[Approval]:
        """The questions of a graph that somebody else is to be told of now; each goes to exactly one caller, once."""
        parameters = {"graph_id": graph_id, "after_seconds": after_seconds, "limit": limit}
        return await self._all("escalate_due_approvals", parameters, transaction)

    async def of_past_days(self, graph_id: str, *, limit: int = 100) -> list[tuple[UUID, str]]:
        """Thread and interrupt of a graph's questions about the budget of a day that is over."""
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch_all("questions_of_past_days", {"graph_id": graph_id, "limit": limit})
        return [(row["thread_id"], row["interrupt_id"]) for row in rows]

    async def reopen(self, thread_id: UUID, *, expires_in_seconds: float, reopened_by: str) -> Approval | None:
        """Put the thread's last question again if its time was over; None if it was not."""
        parameters = {"thread_id": thread_id, "expires_in_seconds": expires_in_seconds, "reopened_by": reopened_by}
        reopened = await self._all("reopen_approvals", parameters, None)
        return reopened[0] if reopened else None

    async def supersede(
        self, thread_id: UUID, *, still_asked: Sequence[str] = (), transaction: Transaction | None = None
    ) -> list[Approval]:
        """Close a thread's waiting questions, except those whose interrupts it still has."""
        return await self._all("supersede_approvals", {"thread_id": thread_id, "still_asked": list(still_asked)}, transaction)

    async def waiting(
        self, thread_id: UUID | None = None, *, limit: int = 100, offset: int = 0, transaction: Transaction | None = None
    ) -> list[Approval]:
        """What waits for a person, the oldest first; of one thread or of all."""
        return await self._all("waiting_approvals", {"thread_id": thread_id, "limit": limit, "offset": offset}, transaction)

    async def of_thread(self, thread_id: UUID, *, transaction: Transaction | None = None) -> list[Approval]:
        """Everything a thread ever asked, the oldest first."""
        return await self._all("approvals_of_thread", {"thread_id": thread_id}, transaction)

    async def _all(self, query: str, parameters: Parameters, transaction: Transaction | None) -> list[Approval]:
        async with self._database.transaction(transaction) as current:
            return [_approval(row) for row in await current.fetch_all(query, parameters)]


def _key(thread_id: UUID, interrupt_id: str) -> Parameters:
    return {"thread_id": thread_id, "interrupt_id": interrupt_id}


def _approval(row: Row) -> Approval:
    return Approval.model_validate(row)


def _closed(approval: Approval) -> ApprovalClosed:
    match approval.status:
        case ApprovalStatus.decided:
            return ApprovalAlreadyDecided(approval)
        case ApprovalStatus.superseded:
            return ApprovalSuperseded(approval)
        case ApprovalStatus.expired | ApprovalStatus.pending:  # pending and refused: due, and not yet swept
            return ApprovalExpired(approval)
        case _:
            assert_never(approval.status)
