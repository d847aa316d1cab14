"""A LangSmith of our own on loopback: takes what the real client sends to its ingest API, and keeps it.

async with ingest_server() as langsmith:
    client = Client(api_url=langsmith.url, api_key="key")
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

INFO = {
    "version": "0",
    "batch_ingest_config": {
        "use_multipart_endpoint": False,
        "size_limit": 100,
        "size_limit_bytes": 20_000_000,
        "scale_up_nthreads_limit": 1,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    },
}
PROJECT = "00000000-0000-4000-8000-000000000001"
TENANT = "00000000-0000-4000-8000-000000000002"


@dataclass
class Langsmith:
    """What was sent: each run as it was posted, with what was patched later. One that `hangs` takes everything and answers nothing."""

    url: str = ""
    hangs: bool = False
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    connections: dict[asyncio.StreamWriter, "asyncio.Task[None] | None"] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def heard(self, name: str) -> None:
        """Wait until a run of this name was sent."""
        async with self.news:
            await self.news.wait_for(lambda: any(run.get("name") == name for run in self.runs.values()))

    def path(self, run: dict[str, Any]) -> tuple[str, ...]:
        """The names from the trace's root down to `run`."""
        parent = self.runs.get(run.get("parent_run_id") or "")
        return (*(self.path(parent) if parent else ()), run["name"])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections[writer] = asyncio.current_task()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length")]
        body = await reader.readexactly(lengths[0]) if lengths else b""
        request = head.split(" HTTP/")[0]
        self.requests.append(request)
        if self.hangs:
            await reader.read()  # ends when the client gives up, or the test
            return
        answer = json.dumps(self._answer(request, body)).encode()
        told = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(answer)}\r\n\r\n"
        async with self.news:
            self.news.notify_all()
        writer.write(told.encode() + answer)
        await writer.drain()
        writer.close()

    def _answer(self, request: str, body: bytes) -> object:
        if request.startswith("GET /info"):
            return INFO
        if request.startswith("POST /sessions"):
            project = {"id": PROJECT, "tenant_id": TENANT, "reference_dataset_id": None}
            return {**project, "name": json.loads(body)["name"], "start_time": "2026-01-01T00:00:00"}
        if request.startswith("POST /runs/batch"):
            batch = json.loads(body)
            for sent in [*batch.get("post", []), *batch.get("patch", [])]:
                known = self.runs.setdefault(sent["id"], {})
                known.update({name: value for name, value in sent.items() if value is not None})
        return {}


@asynccontextmanager
async def ingest_server(*, hangs: bool = False) -> AsyncIterator[Langsmith]:
    langsmith = Langsmith(hangs=hangs)
    server = await asyncio.start_server(langsmith.serve, "127.0.0.1", 0)
    langsmith.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield langsmith
    finally:
        server.close()
        for writer in langsmith.connections:
            writer.close()
        await asyncio.gather(*filter(None, langsmith.connections.values()), return_exceptions=True)
