"""Previews: built apps that run while somebody looks at them. Starts, finds and stops them; knows neither HTTP nor the sandbox."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID

from nodes.artifacts import AppSpec, Architecture, Artifact
from server.services.build_record import BuildRecord, BuildRecords
from server.services.errors import BuildHasNoApp, PreviewNotRunning, PreviewUnavailable
from server.services.source_files import SourceFiles

TOKEN_BYTES = 16
"""128 bits: whoever knows the address may look, and nobody guesses it."""

LOG_CHARACTERS = 20_000
CONSOLE_MESSAGES = 200


class PreviewState(StrEnum):
    """`failed`: the app did not start; `problem` says why."""

    starting = "starting"
    running = "running"
    failed = "failed"


class PreviewFailed(Exception):
    """The app did not start; the message says what came instead."""


class DemoAccount(Artifact):
    """Somebody the sample data knows: who looks at a preview signs in as one of them."""

    role: str
    label: str
    email: str
    password: str


class ConsoleMessage(Artifact):
    """What a page of the app said in the browser: an error, a warning, a refused request."""

    level: str
    text: str


class Preview(Artifact):
    """One preview as it stands. `url` is where the app is, on an origin of its own; it stops after `idle_minutes` without a look."""

    workflow_id: UUID
    version: int
    state: PreviewState
    url: str
    accounts: tuple[DemoAccount, ...] = ()
    problem: str = ""
    idle_minutes: float


class PreviewNotes(Artifact):
    """What the server printed last, and what pages said in the browser."""

    log: str
    console: tuple[ConsoleMessage, ...]


@dataclass(frozen=True)
class StagedApp:
    """What is put on the stage."""

    files: Mapping[str, bytes]
    spec: AppSpec
    architecture: Architecture


class OnStage(Protocol):
    """An app that runs."""

    @property
    def log_path(self) -> Path:
        """What it prints."""

    @property
    def accounts(self) -> tuple[DemoAccount, ...]:
        """Who can sign in."""

    async def enter(self, url: str, role: str) -> None:
        """Sign whoever looks in as the account of `role`. Raises `PreviewUnavailable` if the app does not let it in."""


class Stage(Protocol):
    """Runs apps in the sandbox."""

    def perform(self, app: StagedApp) -> AbstractAsyncContextManager[OnStage]:
        """The app with its sample data, until the context ends. Raises `PreviewUnavailable`, and `PreviewFailed` if it does not start."""


@dataclass(frozen=True)
class PreviewAddress:
    """Where previews are reached: `*` of the pattern stands for the name of one, so that each is an origin of its own."""

    pattern: str

    def url(self, name: str) -> str:
        return self.pattern.replace("*", name)

    def name(self, host: str) -> str:
        """The name in a request's `Host`, empty if it is none of ours."""
        before, _, after = self.pattern.partition("://")[2].rstrip("/").partition("*")
        fits = host.startswith(before) and host.endswith(after) and len(host) > len(before) + len(after)
        return host[len(before) : len(host) - len(after)] if fits else ""


@dataclass
class RunningPreview:
    """A preview in this process. `shown_in` is the origin whose pages may frame it."""

    workflow_id: UUID
    version: int
    name: str
    url: str
    shown_in: str
    console: deque[ConsoleMessage] = field(default_factory=lambda: deque(maxlen=CONSOLE_MESSAGES))
    on_stage: OnStage | None = None
    problem: str = ""
    looked_at: float = field(default_factory=time.monotonic)
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Somebody looks: it goes on running."""
        self.looked_at = time.monotonic()
        self.looked.set()

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what a page said, the newest few hundred."""
        self.console.append(message)


class Previews:
    """At most `limit` at once: one more stops the one that was looked at longest ago. All are gone when `close` returns."""

    def __init__(
        self,
        records: BuildRecords,
        files: SourceFiles,
        stage: Stage,
        *,
        address: PreviewAddress | None,
        idle_minutes: float,
        limit: int,
    ) -> None:
        self._records, self._files, self._stage = records, files, stage
        self._address, self._idle_minutes, self._limit = address, idle_minutes, limit
        self._running: dict[UUID, RunningPreview] = {}

    async def start(self, workflow_id: UUID, *, version: int | None = None, shown_in: str = "") -> Preview:
        """Begin to show a version, the newest by default; one that runs already is shown as it is.

        Raises `BuildNotFound`, `AppVersionNotFound`, `BuildHasNoApp`, `PreviewUnavailable`.
        """
        if self._address is None:
            raise PreviewUnavailable(
                "This server is reached from other machines. Set APPYARD_PREVIEW_URL, such as https://*.preview.example.com."
            )
        record = await self._records.get(workflow_id)
        app, number = await self._app(record, version)
        running = self._running.get(workflow_id)
        if running and running.version == number and not running.problem:
            running.shown_in = shown_in or running.shown_in
            running.look()
            return self._told(running)
        await self.stop(workflow_id)
        await self._make_room()
        name = f"p-{secrets.token_hex(TOKEN_BYTES)}"
        running = RunningPreview(workflow_id, number, name, self._address.url(name), shown_in)
        self._running[workflow_id] = running
        running.task = asyncio.create_task(self._perform(running, app), name=f"preview {workflow_id}")
        return self._told(running)

    def get(self, workflow_id: UUID) -> Preview:
        """The preview of a build. Raises `PreviewNotRunning`."""
        return self._told(self._of(workflow_id))

    async def settled(self, workflow_id: UUID) -> Preview:
        """As `get`, once the app runs or has failed to start. Raises `PreviewNotRunning`."""
        running = self._of(workflow_id)
        await running.settled.wait()
        return self._told(running)

    async def ended(self, workflow_id: UUID) -> None:
        """Wait until it was stopped, or stopped by itself."""
        running = self._running.get(workflow_id)
        if running and running.task:
            await asyncio.wait([running.task])

    def notes(self, workflow_id: UUID) -> PreviewNotes:
        """What it printed and what its pages said. Raises `PreviewNotRunning`."""
        running = self._of(workflow_id)
        log = running.on_stage.log_path.read_text(errors="replace")[-LOG_CHARACTERS:] if running.on_stage else ""
        return PreviewNotes(log=log, console=tuple(running.console))

    async def enter(self, workflow_id: UUID, role: str) -> Preview:
        """Sign whoever looks in as the demo account of `role`. Raises `PreviewNotRunning`, `PreviewUnavailable`."""
        running = self._of(workflow_id)
        if running.on_stage is None:
            raise PreviewNotRunning("It is still starting.")
        await running.on_stage.enter(running.url, role)
        running.look()
        return self._told(running)

    def at(self, host: str) -> RunningPreview | None:
        """The preview a request is meant for, by its `Host`."""
        name = self._address.name(host) if self._address else ""
        return next((running for running in self._running.values() if secrets.compare_digest(running.name, name)), None) if name else None

    async def stop(self, workflow_id: UUID) -> None:
        """End it; its processes and its data are gone on return."""
        running = self._running.pop(workflow_id, None)
        if running and running.task:
            running.task.cancel()
            await asyncio.wait([running.task])

    async def close(self) -> None:
        """End all of them."""
        for workflow_id in list(self._running):
            await self.stop(workflow_id)

    async def _app(self, record: BuildRecord, version: int | None) -> tuple[StagedApp, int]:
        if not record.versions or record.spec is None or record.architecture is None:
            raise BuildHasNoApp(f"It is {record.status.value}.")
        known = record.version(version).version
        tree = await self._files.tree(known)
        contents = await asyncio.gather(*(self._files.text(ref) for ref in tree.values()))
        files = {path: text.encode() for path, text in zip(tree, contents, strict=True)}
        return StagedApp(files, record.spec, record.architecture), known.number

    async def _make_room(self) -> None:
        while len(self._running) >= self._limit:
            longest_ago = min(self._running.values(), key=lambda running: running.looked_at)
            await self.stop(longest_ago.workflow_id)

    async def _perform(self, running: RunningPreview, app: StagedApp) -> None:
        try:
            async with self._stage.perform(app) as running.on_stage:
                running.settled.set()
                running.look()
                await self._until_idle(running)
        except PreviewFailed as failed:
            running.problem = str(failed)
            running.settled.set()
            await self._until_idle(running)
        finally:
            running.on_stage = None
            running.settled.set()
        if self._running.get(running.workflow_id) is running:
            del self._running[running.workflow_id]

    async def _until_idle(self, running: RunningPreview) -> None:
        with suppress(TimeoutError):
            while True:
                running.looked.clear()
                async with asyncio.timeout(60 * self._idle_minutes):
                    await running.looked.wait()

    def _of(self, workflow_id: UUID) -> RunningPreview:
        try:
            return self._running[workflow_id]
        except KeyError as error:
            raise PreviewNotRunning from error

    def _told(self, running: RunningPreview) -> Preview:
        state = PreviewState.failed if running.problem else PreviewState.running if running.on_stage else PreviewState.starting
        return Preview(
            workflow_id=running.workflow_id,
            version=running.version,
            state=state,
            url=running.url,
            accounts=running.on_stage.accounts if running.on_stage else (),
            problem=running.problem,
            idle_minutes=self._idle_minutes,
        )
