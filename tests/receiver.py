"""A receiver of webhooks on this machine: answers what it is told to, and hands over what came."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """A request; header names in small letters."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Receiver:
    """Where to send, and what came."""

    url: str
    arrived: asyncio.Queue[Received]

    async def next(self) -> Received:
        return await asyncio.wait_for(self.arrived.get(), 30)


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    """Answer these statuses one after the other, then 204."""
    left = list(statuses)
    arrived = asyncio.Queue[Received]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        arrived.put_nowait(Received(headers, await reader.readexactly(int(headers["content-length"]))))
        status = left.pop(0) if left else 204
        writer.write(f"HTTP/1.1 {status} Status\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield Receiver(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", arrived)
