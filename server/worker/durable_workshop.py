"""The workshop's durable side: artifacts and answered model calls in the database, for the thread that runs."""

from uuid import UUID

from langgraph.config import get_config

from checkpoints.artifacts import ArtifactRepository
from checkpoints.errors import ArtifactNotFound
from nodes.artifacts import ArtifactRef


def running_thread() -> UUID:
    """The thread of the node we are inside of."""
    return UUID(get_config()["configurable"]["thread_id"])


class ThreadArtifacts:
    """An `ArtifactStore`: what a node puts belongs to its thread and goes with it."""

    def __init__(self, artifacts: ArtifactRepository) -> None:
        self._artifacts = artifacts

    async def put(self, content: bytes, media_type: str) -> ArtifactRef:
        """Stored durably when this returns."""
        stored = await self._artifacts.put(running_thread(), content, media_type)
        return ArtifactRef(sha256=stored.sha256, size_bytes=stored.size_bytes, media_type=media_type)

    async def get(self, ref: ArtifactRef) -> bytes:
        """The bytes; LookupError if they are gone."""
        try:
            return await self._artifacts.get(ref.sha256)
        except ArtifactNotFound as error:
            raise LookupError(str(error)) from error
