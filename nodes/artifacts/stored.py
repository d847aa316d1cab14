"""What every artifact is: frozen, closed, revived by its class path; and how bytes and hashes are named."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""A name usable in code, SQL and URLs: lower case, digits and underscores."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Artifact(BaseModel):
    """A value that crosses a module boundary: frozen, and closed against unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ArtifactRef(Artifact):
    """Points to bytes in the artifact store by the SHA-256 of their content."""

    sha256: Sha256
    size_bytes: int
    media_type: str


def sha256_of(values: Sequence[BaseModel]) -> str:
    """The hash a review is bound to: over the canonical JSON of what was shown."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(value.model_dump_json().encode())
        digest.update(b"\x00")
    return digest.hexdigest()
