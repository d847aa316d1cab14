"""Content-addressed bytes. The same content is stored once, and goes with the last thread that refers to it."""

import hashlib
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from checkpoints.connection import Database, Transaction
from checkpoints.errors import ArtifactNotFound, ThreadNotFound
from checkpoints.records import StoredArtifact

_ATTEMPTS = 3


class ArtifactRepository:
    """Reads and writes artifacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, thread_id: UUID, content: bytes, media_type: str) -> StoredArtifact:
        """Store `content` durably for a thread. Content that was there keeps its media type. Raises `ThreadNotFound`."""
        sha256 = hashlib.sha256(content).hexdigest()
        parameters = {"sha256": sha256, "media_type": media_type, "content": content, "thread_id": thread_id}
        for _ in range(_ATTEMPTS):
            try:
                async with self._database.transaction() as transaction:
                    await transaction.execute("put_artifact", parameters)
                    await transaction.execute("use_artifact", parameters)
                    return StoredArtifact.model_validate(await transaction.fetch_one("describe_artifact", parameters))
            except ForeignKeyViolation as error:
                # Either the thread is gone, or the artifact just went with the last other thread that used it.
                if error.diag.constraint_name == "artifact_uses_thread_id_fkey":
                    break
        raise ThreadNotFound(str(thread_id))

    async def describe(self, sha256: str, *, transaction: Transaction | None = None) -> StoredArtifact:
        """Media type and size. Raises `ArtifactNotFound`."""
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("describe_artifact", {"sha256": sha256})
        if row is None:
            raise ArtifactNotFound(sha256)
        return StoredArtifact.model_validate(row)

    async def get(self, sha256: str, *, transaction: Transaction | None = None) -> bytes:
        """The bytes. Raises `ArtifactNotFound`."""
        async with self._database.transaction(transaction) as current:
            row = await current.fetch_one("get_artifact", {"sha256": sha256})
        if row is None:
            raise ArtifactNotFound(sha256)
        return bytes(row["content"])
