"""Talk to the running app from outside the sandbox, over its UNIX socket, and write down every exchange."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

MAX_ANSWER_BYTES = 2 * 1024 * 1024
ANSWER_SECONDS = 10.0

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True)
class Answer:
    """What the app answered; status 0: nothing usable came, and `text` says why. `body` is None if it is no JSON.

    `location`: where it sends whoever asked, if anywhere.
    """

    method: str
    path: str
    status: int
    text: str
    location: str = ""

    @property
    def request(self) -> str:
        """The request line, as findings show it."""
        return f"{self.method} {self.path}"

    @property
    def body(self) -> Json:
        """The decoded JSON."""
        try:
            decoded: Json = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return decoded

    @property
    def object(self) -> dict[str, Json]:
        """The decoded JSON if it is an object, else an empty one."""
        body = self.body
        return body if isinstance(body, dict) else {}


@dataclass(frozen=True)
class Content:
    """A request body that is not JSON, such as a file."""

    data: bytes
    media_type: str


@dataclass
class Exchange:
    """A connection to one running app. `log` has one line per request: who, what, the answer."""

    client: httpx.AsyncClient
    log: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, *, who: str = "signed out", token: str | None = None, body: object = None) -> Answer:
        """Send one request. Never raises for what the app does: it is hostile until shown otherwise."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, text, location = await self._exchange(method, path, headers, body)
        except TimeoutError:
            status, text, location = 0, f"no answer within {ANSWER_SECONDS:g} s", ""
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            status, text, location = 0, f"{type(error).__name__}: {error}", ""
        milliseconds = (time.monotonic() - started) * 1000
        sent = f" {_shown(body)}" if body is not None else ""
        self.log.append(f"{who:14} {method:6} {path}{sent} -> {status or text} ({milliseconds:.0f} ms)")
        return Answer(method, path, status, text, location)

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: object) -> tuple[int, str, str]:
        given = body if isinstance(body, Content) or body is None else Content(json.dumps(body).encode(), "application/json")
        content, typed = (given.data, {**headers, "Content-Type": given.media_type}) if given else (None, headers)
        request = self.client.build_request(method, path, headers=typed, content=content)
        answer = await self.client.send(request, stream=True)
        try:
            received = bytearray()
            # Raw: decompressing what a hostile server sends could fill the memory.
            async for chunk in answer.aiter_raw():
                received += chunk
                if len(received) > MAX_ANSWER_BYTES:
                    return 0, f"the answer is larger than {MAX_ANSWER_BYTES} bytes", ""
            return answer.status_code, received.decode(errors="replace"), answer.headers.get("location", "")
        finally:
            await answer.aclose()


def _shown(body: object) -> str:
    """The body without its password, since logs become part of the evidence."""
    if isinstance(body, Content):
        return f"{len(body.data)} bytes of {body.media_type.partition(';')[0]}"
    shown = {**body, "password": "..."} if isinstance(body, dict) and "password" in body else body
    return json.dumps(shown)[:300]


@asynccontextmanager
async def exchange_with(socket_path: Path) -> AsyncIterator[Exchange]:
    """Connect to the app that listens on `socket_path`."""
    transport = httpx.AsyncHTTPTransport(uds=str(socket_path))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://app", headers={"Accept-Encoding": "identity"}, trust_env=False, timeout=ANSWER_SECONDS
    ) as client:
        yield Exchange(client)
