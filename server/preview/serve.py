"""Serve previews on a port of their own, in the process that runs them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from typing_extensions import override

from server.preview.proxy import preview_app
from server.services.previews import Previews


class _Server(uvicorn.Server):
    """Stops when it is told to; signals are the main server's."""

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving_previews(previews: Previews, listening: socket.socket) -> AsyncIterator[None]:
    """Answer on `listening` until the context ends."""
    config = uvicorn.Config(
        preview_app(previews), log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]), name="serve_previews")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task])
