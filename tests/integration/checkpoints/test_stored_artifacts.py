import asyncio
import hashlib
from uuid import uuid4

import pytest

from checkpoints.artifacts import ArtifactRepository
from checkpoints.errors import ArtifactNotFound, ThreadNotFound
from checkpoints.records import StoredArtifact, Thread
from checkpoints.threads import ThreadRepository


async def test_bytes_come_back_by_their_hash(artifacts: ArtifactRepository, thread: Thread) -> None:
    content = bytes(range(256)) * 1000

    stored = await artifacts.put(thread.thread_id, content, "application/zip")

    assert stored == StoredArtifact(sha256=hashlib.sha256(content).hexdigest(), media_type="application/zip", size_bytes=256_000)
    assert await artifacts.get(stored.sha256) == content
    assert await artifacts.describe(stored.sha256) == stored


async def test_the_same_bytes_from_many_at_once_are_one_artifact(artifacts: ArtifactRepository, threads: ThreadRepository) -> None:
    several = [await threads.create() for _ in range(4)]

    stored = await asyncio.gather(*(artifacts.put(thread.thread_id, b"same", "text/plain") for thread in several * 4))

    assert len(set(stored)) == 1


async def test_nothing_is_stored_for_a_thread_that_is_gone(artifacts: ArtifactRepository) -> None:
    with pytest.raises(ThreadNotFound):
        await artifacts.put(uuid4(), b"x", "text/plain")

    for request in (artifacts.get(hashlib.sha256(b"x").hexdigest()), artifacts.describe("0" * 64)):
        with pytest.raises(ArtifactNotFound):
            await request


async def test_an_artifact_put_while_its_only_other_user_is_deleted_is_kept(
    artifacts: ArtifactRepository, threads: ThreadRepository
) -> None:
    keeper = await threads.create()
    for n in range(20):
        content = f"content {n}".encode()
        doomed = await threads.create()
        await artifacts.put(doomed.thread_id, content, "text/plain")

        stored, _ = await asyncio.gather(artifacts.put(keeper.thread_id, content, "text/plain"), threads.delete(doomed.thread_id))

        assert await artifacts.get(stored.sha256) == content
