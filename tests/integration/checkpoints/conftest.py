"""The repositories on a fresh database, and the rows most tests start from."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from checkpoints.approvals import ApprovalRepository
from checkpoints.artifacts import ArtifactRepository
from checkpoints.assistants import AssistantRepository
from checkpoints.connection import Database
from checkpoints.idempotency import IdempotencyRepository
from checkpoints.model_calls import ModelCallRepository
from checkpoints.records import Assistant, ClaimedRun, Run, Thread
from checkpoints.run_events import RunEventRepository
from checkpoints.run_notifications import RunNotifications
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository

MakeRun = Callable[..., Awaitable[Run]]
Claim = Callable[[Run], Awaitable[ClaimedRun]]


@pytest.fixture
def threads(database: Database) -> ThreadRepository:
    return ThreadRepository(database)


@pytest.fixture
def runs(database: Database) -> RunRepository:
    return RunRepository(database)


@pytest.fixture
def approvals(database: Database) -> ApprovalRepository:
    return ApprovalRepository(database)


@pytest.fixture
def artifacts(database: Database) -> ArtifactRepository:
    return ArtifactRepository(database)


@pytest.fixture
def model_calls(database: Database) -> ModelCallRepository:
    return ModelCallRepository(database)


@pytest.fixture
def idempotency(database: Database) -> IdempotencyRepository:
    return IdempotencyRepository(database)


@pytest.fixture
async def notifications(database: Database) -> AsyncIterator[RunNotifications]:
    # Looking again would hide a lost notification: a test that relies on one must not be saved by the clock.
    async with RunNotifications(database, look_again_seconds=3600) as notifications:
        await notifications.listening()
        yield notifications


@pytest.fixture
def run_events(database: Database, notifications: RunNotifications) -> RunEventRepository:
    return RunEventRepository(database, notifications)


@pytest.fixture
async def assistant(database: Database) -> Assistant:
    return await AssistantRepository(database).ensure("build")


@pytest.fixture
async def thread(threads: ThreadRepository) -> Thread:
    return await threads.create()


@pytest.fixture
def make_run(database: Database, runs: RunRepository, thread: Thread, assistant: Assistant) -> MakeRun:
    async def make_run(thread_id: UUID | None = None, **details: object) -> Run:
        async with database.transaction() as transaction:
            return await runs.create(thread_id or thread.thread_id, assistant.assistant_id, transaction, **{"kwargs": {}, **details})  # type: ignore[arg-type]  # a factory of any details

    return make_run


@pytest.fixture
def claim(runs: RunRepository) -> Claim:
    async def claim(run: Run) -> ClaimedRun:
        claimed = await runs.claim(run.run_id, owner="worker", lease_seconds=60)
        assert claimed is not None
        return claimed

    return claim
