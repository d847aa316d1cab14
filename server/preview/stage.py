"""Run an app for somebody to look at: in the sandbox, without network, with its sample data and the accounts in it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from nodes.errors import SandboxUnavailable, ToolchainMissing
from nodes.sandbox.choose import SandboxAbsent
from nodes.sandbox.protocol import Sandbox, SandboxLimits
from nodes.stack import STACKS, StackProfile, Toolchain, demo_email
from nodes.verification.node_toolchain import NODE_LIMITS, require_node
from nodes.verification.running_app import AppUnderTest, DidNotStart
from nodes.verification.toolchain import require_toolchain
from server.preview.enter import sign_in
from server.services.errors import PreviewUnavailable
from server.services.previews import DemoAccount, PreviewFailed, RunningPreview, StagedApp

LONGEST_SECONDS = 4 * 3600
PREVIEW_LIMITS = SandboxLimits(wall_seconds=LONGEST_SECONDS, cpu_seconds=1200)
"""Somebody who looks for four hours starts it again; an app that computes for 20 minutes is no app to look at."""


ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Performance:
    """An app that runs. `visitor` stands for whoever looks: it keeps the app's cookies, and connects to this app alone."""

    log_path: Path
    accounts: tuple[DemoAccount, ...]
    visitor: httpx.AsyncClient
    sign_in_page: str

    async def enter(self, url: str, role: str) -> None:
        """Raises `PreviewUnavailable` if the app knows nobody of that role, or does not let the account in."""
        account = next((known for known in self.accounts if known.role == role), None)
        if account is None:
            raise PreviewUnavailable(f"Its sample data have nobody with the role {role[:60]!r}.")
        await sign_in(self.visitor, httpx.URL(url).join(self.sign_in_page), account)


def performance_of(preview: RunningPreview) -> Performance | None:
    """What runs; None while it starts, and where it did not."""
    return preview.on_stage if isinstance(preview.on_stage, Performance) else None


class SandboxStage:
    """A `server.services.previews.Stage`. `choose` finds the sandbox of this machine, once, when the first app is shown."""

    def __init__(self, choose: Callable[[], Awaitable[Sandbox | SandboxAbsent]], toolchain: Path, node: Path | None = None) -> None:
        self._choose, self._toolchain, self._node = choose, toolchain, node
        self._chosen: Sandbox | SandboxAbsent | None = None

    @asynccontextmanager
    async def perform(self, app: StagedApp) -> AsyncIterator[Performance]:
        """Raises `PreviewFailed`: the app, its sandbox or its tool chain does not work, and why."""
        try:
            sandbox = await self._sandbox()
            stack = _stack(app)
            toolchain, limits = await self._tools(stack)
            async with sandbox.workspace(app.files, limits) as workspace:
                trial = AppUnderTest(workspace, stack, toolchain, limits=limits)
                if stack.demo_argv:
                    await trial.prepare()
                async with trial.served() as served, _visitor(served.socket_path) as visitor:
                    accounts = tuple(
                        DemoAccount(role=role.name, label=role.label, email=demo_email(role.name), password=trial.password)
                        for role in app.spec.roles
                    )
                    yield Performance(served.log_path, accounts, visitor, stack.sign_in_page)
        except (DidNotStart, PreviewUnavailable, SandboxUnavailable, ToolchainMissing) as error:
            raise PreviewFailed(str(error)) from error

    async def _tools(self, stack: StackProfile) -> tuple[Path, SandboxLimits]:
        """What runs the app, and within which limits. Raises `ToolchainMissing`."""
        if stack.toolchain is Toolchain.node:
            folder, _ = await require_node(self._node)
            return folder, replace(PREVIEW_LIMITS, reserved_bytes=NODE_LIMITS.reserved_bytes)
        return require_toolchain(self._toolchain), PREVIEW_LIMITS

    async def _sandbox(self) -> Sandbox:
        chosen = self._chosen = self._chosen or await self._choose()
        if isinstance(chosen, SandboxAbsent):
            raise PreviewUnavailable(f"No sandbox works: {'; '.join(chosen.reasons)}. `appyard doctor` says what is missing.")
        if not chosen.can_serve:
            raise PreviewUnavailable(f"The sandbox {chosen.name} cannot run a server. Install bubblewrap, or allow it user namespaces.")
        return chosen


def _stack(app: StagedApp) -> StackProfile:
    stack = STACKS.get(app.architecture.stack)
    if stack is None or not stack.serve_argv:
        raise PreviewUnavailable(f"An app of the stack {app.architecture.stack} has no pages to look at; download it and run it.")
    return stack


def _visitor(socket_path: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket_path)), trust_env=False, timeout=ANSWER_SECONDS)
