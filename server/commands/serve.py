"""`appyard serve`: the HTTP API, with a worker in the same process unless told otherwise."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from rich.console import Console
from typing_extensions import override

from server.api.app import create_app
from server.api.cors import STUDIO_ORIGINS, default_rules, with_studio
from server.api.keys import ApiKeys, hash_of
from server.authority import read_authority
from server.bootstrap import World, open_services, open_world
from server.commands import event_loop
from server.commands.exit_codes import ExitCode
from server.commands.failures import CannotStart
from server.dashboard.app import add_dashboard
from server.langgraph_json import read_config
from server.preview.serve import serving_previews
from server.services.previews import PreviewAddress
from server.settings import LOOPBACK, Settings
from server.telemetry import log_to_stderr

log = logging.getLogger(__name__)


def run_server(config: Path | None, host: str | None, port: int | None, *, with_worker: bool, studio: bool = False) -> ExitCode:
    """Serve until stopped. Raises `CannotStart`, and what `open_world` raises."""
    settings = Settings()
    host, port = host or settings.host, settings.port if port is None else port
    check_reach(settings, host, config)
    log_to_stderr(settings)
    listening = listen(host, port)
    event_loop.run(_serve(settings, config, listening, with_worker=with_worker, studio=studio))
    return ExitCode.done


def check_reach(settings: Settings, host: str, config: Path | None = None) -> None:
    """Only this machine may reach a server that asks nobody who they are, or one that runs generated code unconfined.

    Raises `CannotStart`, and `ConfigUnusable` for a langgraph.json whose `auth` cannot be read.
    """
    if host in LOOPBACK:
        return
    if not settings.has_keys and read_config(config).auth is None:
        raise CannotStart(
            f"--host {host} can be reached from other machines. Set APPYARD_API_KEY_HASHES (`appyard key` makes a key), or use 127.0.0.1."
        )
    if settings.unsafe_local:
        raise CannotStart("APPYARD_UNSAFE_LOCAL runs generated code without a sandbox; that is allowed on 127.0.0.1 only.")


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, opened before anything else so that a taken port is said at once. Raises `CannotStart`."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        raise CannotStart(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port.") from error
    # asyncio sets it only on sockets it made; without it every answer waits 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def listen_for_previews(settings: Settings, host: str) -> socket.socket:
    """Where previews are served. Raises `CannotStart` if the port that APPYARD_PREVIEW_URL leads to is taken."""
    try:
        return listen(host, settings.preview_port)
    except CannotStart as taken:
        if settings.preview_url:
            raise CannotStart(f"{taken} It is the one of previews: APPYARD_PREVIEW_PORT.") from taken
        return listen(host, 0)


def preview_address(settings: Settings, listening: socket.socket) -> PreviewAddress | None:
    """Where browsers find previews; None where nobody said and other machines look. Browsers take *.localhost for this machine."""
    if settings.preview_url:
        return PreviewAddress(settings.preview_url.rstrip("/"))
    host, port = listening.getsockname()[:2]
    return PreviewAddress(f"http://*.localhost:{port}") if host in LOOPBACK else None


class _Server(uvicorn.Server):
    """Stops on a signal and returns. uvicorn's own way ends the process at once, before runs are given back."""

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT ask the server to stop; a second one makes it stop waiting for open connections."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.force_exit, self.should_exit = self.should_exit, True


async def _serve(settings: Settings, config: Path | None, listening: socket.socket, *, with_worker: bool, studio: bool) -> None:
    async with open_world(settings, with_worker=with_worker, config=config) as world:
        await serve_world(world, settings, listening, studio=studio)


async def serve_world(world: World, settings: Settings, listening: socket.socket, *, studio: bool = False) -> None:
    """Serve a world that is open, until a signal asks to stop."""
    for_previews = listen_for_previews(settings, listening.getsockname()[0])
    previews_at = preview_address(settings, for_previews)
    async with open_services(world, previews_at=previews_at) as services, serving_previews(services.previews, for_previews):

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.services = services
            yield

        rules = world.config.cors or default_rules()
        shown_to = with_studio(rules) if studio else rules
        host, port = listening.getsockname()[:2]
        app = create_app(
            lifespan,
            keys=keys_of(settings),
            authority=read_authority(world.config, studio=studio and host in LOOPBACK),
            cors=shown_to,
            serves_mcp=world.config.serves_mcp,
            serves_a2a=world.config.serves_a2a,
        )
        add_dashboard(app)
        server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        if studio:
            print(studio_link(host, port), flush=True)
        address = address_of(listening)
        log.info("serving", extra={"dashboard": f"{address}/", "docs": f"{address}/docs", "model": world.health.model})
        await server.serve(sockets=[listening])


async def serve_build(world: World, settings: Settings, workflow_id: UUID, console: Console) -> None:
    """Show a build in the dashboard until Ctrl-C, on the usual port or, where that is taken, on a free one."""
    check_reach(settings, settings.host)
    try:
        listening = listen(settings.host, settings.port)
    except CannotStart:
        listening = listen(settings.host, 0)
    address = address_of(listening)
    for line in (
        f"\nDashboard [bold]{address}/builds/{workflow_id}[/bold]",
        f"See there how it was built, and describe your own app: {address}/builds/new",
        "Ctrl-C ends the dashboard; `make serve` starts it again.",
    ):
        console.print(line, highlight=False, soft_wrap=True)
    await serve_world(world, settings, listening)
    console.print("The dashboard has ended. Everything is kept.")


def address_of(listening: socket.socket) -> str:
    """Where a browser on this machine reaches it."""
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def keys_of(settings: Settings) -> ApiKeys | None:
    """The keys a request may carry; None if it needs none."""
    plain = [hash_of(settings.api_key.get_secret_value())] if settings.api_key else []
    return ApiKeys([*plain, *settings.api_key_hashes]) if settings.has_keys else None


def studio_link(host: str, port: int) -> str:
    """Where LangGraph Studio, a web page of LangChain's, shows this server. It asks for a LangSmith account."""
    return f"LangGraph Studio: {STUDIO_ORIGINS[0]}/studio/?baseUrl=http://{f'[{host}]' if ':' in host else host}:{port}"
