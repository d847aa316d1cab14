"""Builds on stacks that are written whole: the real graph, frame and checks; only the agents are scripted."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from graph.builder import build_graph
from nodes.artifacts import BuildRequest, ChangeRequest, Changeset, FileChange, FileOperation, QaReview
from nodes.blueprint.app_frames import app_frame
from nodes.context import BuildOptions, Workshop
from nodes.sandbox.choose import SandboxAbsent
from nodes.sandbox.protocol import Sandbox
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts, ScriptedCrew


def added(component: str, **files: str) -> Changeset:
    """A changeset of new files, by their path with two underscores for a slash."""
    return adding(component, {f"{name.replace('__', '/')}.py": text for name, text in files.items()})


def adding(component: str, files: Mapping[str, str]) -> Changeset:
    changes = (FileChange(path=path, operation=FileOperation.add, content=text) for path, text in files.items())
    return Changeset(component=component, changes=tuple(changes))


class Build:
    """One build of the real graph with the real frame and real checks; only the agents are scripted."""

    def __init__(
        self,
        script: dict[str, Sequence[object]],
        sandbox: Sandbox | SandboxAbsent,
        toolchain: Path,
        node: Path | None = None,
        browser: Path | None = None,
    ) -> None:
        usual = {"review_app": [QaReview(summary="Read.")]}
        self.crew = ScriptedCrew(usual | script, frozenset({"specify_program"}))
        self.artifacts = InMemoryArtifacts()
        verifier = AppVerifier(sandbox, toolchain, self.artifacts, node=node, browser=browser)
        workshop = Workshop(crew=self.crew, artifacts=self.artifacts, verifier=verifier, frame=app_frame)
        self.graph = build_graph(workshop).compile(checkpointer=InMemorySaver())

    async def run(self, request: BuildRequest, options: BuildOptions | None = None) -> dict[str, Any]:
        return await self._go({"request": request}, options)

    async def change(self, feedback: str) -> dict[str, Any]:
        return await self._go({"change": ChangeRequest(feedback=feedback).model_dump(mode="json")})

    async def _go(self, given: Any, options: BuildOptions | None = None) -> dict[str, Any]:
        config: RunnableConfig = {"configurable": {"thread_id": "1"}}
        state: dict[str, Any] = await self.graph.ainvoke(given, config, context=options or BuildOptions())
        return state

    def package(self, state: dict[str, Any]) -> dict[str, str]:
        """The delivered files that are text."""
        content = self.artifacts.content[state["delivery"].package.sha256]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name.partition("/")[2]: archive.read(name).decode(errors="replace") for name in archive.namelist()}
