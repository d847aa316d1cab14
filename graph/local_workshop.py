"""A workshop for Studio: the graph on its own, without our server. Artifacts are files; the model is chosen in the form."""

import asyncio
import hashlib
from pathlib import Path
from uuid import uuid4

from nodes.agents.crew import CrewAICrew
from nodes.agents.models import BUILTIN, ChatModels, ModelSettings
from nodes.artifacts import ArtifactRef
from nodes.blueprint.app_frames import app_frame
from nodes.context import Workshop
from nodes.sandbox.choose import choose_sandbox
from nodes.verification.browser.check import chromium
from nodes.verification.node_toolchain import find_node
from nodes.verification.toolchain import default_toolchain
from nodes.verification.verify import AppVerifier

FOLDER = Path(".appyard/studio")


class ArtifactFolder:
    """An `ArtifactStore` in a folder: one file per content, written aside and renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes, media_type: str) -> ArtifactRef:
        """Store `content` under its hash."""
        return await asyncio.to_thread(self._put, content, media_type)

    def _put(self, content: bytes, media_type: str) -> ArtifactRef:
        ref = ArtifactRef(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content), media_type=media_type)
        path = self._folder / ref.sha256
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            aside = path.with_suffix(f".{uuid4().hex}")
            aside.write_bytes(content)
            aside.rename(path)
        return ref

    async def get(self, ref: ArtifactRef) -> bytes:
        """The bytes; LookupError if the folder was emptied since."""
        try:
            return await asyncio.to_thread((self._folder / ref.sha256).read_bytes)
        except FileNotFoundError as error:
            raise LookupError(f"artifact {ref.sha256} is not in {self._folder}") from error


_OPENED: dict[Path, Workshop] = {}


async def local_workshop(folder: Path = FOLDER) -> Workshop:
    """One per process and folder: Studio makes the graph anew for each request, but probing a sandbox takes a moment.

    Made in a thread of its own, since `langgraph dev` refuses whatever would hold up its event loop.
    """
    if folder not in _OPENED:
        _OPENED[folder] = await asyncio.to_thread(asyncio.run, _opened(folder))
    return _OPENED[folder]


async def _opened(folder: Path) -> Workshop:
    artifacts = ArtifactFolder(folder / "artifacts")
    crew = CrewAICrew(ChatModels(ModelSettings()), BUILTIN, folder / "crewai")
    verifier = AppVerifier(await choose_sandbox(), default_toolchain(), artifacts, browser=chromium(), node=find_node())
    return Workshop(crew=crew, artifacts=artifacts, verifier=verifier, frame=app_frame)
