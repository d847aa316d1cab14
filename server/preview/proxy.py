"""Pass requests on to the previewed app, on its own origin, with nothing of ours in them and nothing of its in the browser's reach.

What a hostile app could want is decided here: its cookies stay in this process, so that it can neither read nor set one of
another page; every answer carries a policy that keeps its pages from other origins (decision 0038).
"""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from html import escape
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from server.preview.stage import performance_of
from server.services.previews import ConsoleMessage, Previews, RunningPreview

CONSOLE_JS = Path(__file__).with_name("console.js")
CONSOLE_TAG = b'<script src="/__appyard/console.js"></script>'
MAX_REQUEST_BYTES = 20 * 1024 * 1024
MAX_PAGE_BYTES = 5 * 1024 * 1024
MAX_MESSAGE_BYTES = 16 * 1024
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
NOT_PASSED_ON = _HOP_BY_HOP | {"cookie", "accept-encoding", "content-length", "x-api-key"}
NOT_PASSED_BACK = _HOP_BY_HOP | {
    "date",
    "server",
    "set-cookie",
    "content-length",
    "content-encoding",
    "x-frame-options",
    "content-security-policy",
    "clear-site-data",
    "service-worker-allowed",
    "strict-transport-security",
    "referrer-policy",
    "public-key-pins",
    "access-control-allow-origin",
    "access-control-allow-credentials",
}
POLICY = (
    "sandbox allow-scripts allow-forms allow-modals allow-downloads allow-same-origin; "
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; form-action 'self'; frame-src 'self'; "
    "worker-src 'none'; frame-ancestors {}"
)
"""`allow-same-origin` is safe because the origin is the preview's alone; without `allow-top-navigation` it stays in its frame."""

STYLE = "body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}"

_HEAD = re.compile(rb"<head\b[^>]*>", re.IGNORECASE)
_ANCESTORS = re.compile(r"(?:^|;)\s*(?:frame-ancestors|sandbox)\b[^;]*", re.IGNORECASE)


def preview_app(previews: Previews) -> Starlette:
    """The application behind the port of previews."""

    async def console_script(_: Request) -> Response:
        return Response(CONSOLE_JS.read_bytes(), media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})

    async def hear(request: Request) -> Response:
        preview = previews.at(request.headers.get("host", ""))
        if preview and (message := _message(await _body(request, MAX_MESSAGE_BYTES))):
            preview.hear(message)
        return Response(status_code=204)

    async def pass_on(request: Request) -> Response:
        preview = previews.at(request.headers.get("host", ""))
        if preview is None:
            return _page(404, "No preview is here", "It was stopped, or the server was restarted. Start it again from the build's page.")
        preview.look()
        performance = performance_of(preview)
        if performance is None:
            return _page(
                503 if preview.problem else 200,
                "The app is starting",
                preview.problem or "This page looks again by itself.",
                again=not preview.problem,
            )
        if "service-worker" in request.headers:
            return Response("Service workers would outlive the preview.", 403)
        return await _passed_on(request, preview, performance.visitor)

    return Starlette(
        routes=[
            Route("/__appyard/console.js", console_script),
            Route("/__appyard/console", hear, methods=["POST"]),
            Route("/{path:path}", pass_on, methods=METHODS),
        ]
    )


async def _passed_on(request: Request, preview: RunningPreview, visitor: httpx.AsyncClient) -> Response:
    body = await _body(request, MAX_REQUEST_BYTES)
    if body is None:
        return _page(413, "This is too large", f"A preview takes at most {MAX_REQUEST_BYTES // 1024 // 1024} MB at once.")
    headers = [(name, value) for name, value in request.headers.items() if name not in NOT_PASSED_ON]
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    url = httpx.URL(preview.url).copy_with(raw_path=f"{path}?{query}".encode("latin-1") if query else path.encode("latin-1"))
    asked = visitor.build_request(request.method, url, headers=[*headers, ("accept-encoding", "identity")], content=body or None)
    try:
        answer = await visitor.send(asked, stream=True)
    except httpx.HTTPError as error:
        return _page(502, "The app does not answer", f"{type(error).__name__}. What it printed is beside the preview.")
    return await _passed_back(answer, preview)


async def _passed_back(answer: httpx.Response, preview: RunningPreview) -> Response:
    kept = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in NOT_PASSED_BACK]
    policies = [*_own_policies(answer.headers.get_list("content-security-policy")), POLICY.format(preview.shown_in or "'none'")]
    if answer.headers.get("content-type", "").startswith("text/html"):
        page = await _whole(answer.aiter_raw(), MAX_PAGE_BYTES)
        await answer.aclose()
        if page is None:
            return _page(502, "The page is too large", f"A preview shows pages of at most {MAX_PAGE_BYTES // 1024 // 1024} MB.")
        response: Response = Response(_HEAD.sub(lambda head: head.group() + CONSOLE_TAG, page, count=1), answer.status_code)
    else:
        response = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
    ours = [("referrer-policy", "same-origin"), *(("content-security-policy", policy) for policy in policies)]
    for name, value in (*kept, *ours):
        response.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return response


def _own_policies(given: Iterable[str]) -> list[str]:
    """The app's own policies, without what forbids to show it in a frame."""
    return [kept for policy in given if (kept := _ANCESTORS.sub("", policy).strip("; "))]


def _message(body: bytes | None) -> ConsoleMessage | None:
    try:
        said = json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, Mapping):
        return None
    return ConsoleMessage(level=str(said.get("level", ""))[:20], text=str(said.get("text", ""))[:2000])


async def _body(request: Request, limit: int) -> bytes | None:
    return await _whole(request.stream(), limit)


async def _whole(chunks: AsyncIterator[bytes], limit: int) -> bytes | None:
    """All of it; None if it is more than `limit` bytes."""
    received = bytearray()
    async for chunk in chunks:
        received += chunk
        if len(received) > limit:
            return None
    return bytes(received)


def _page(status_code: int, title: str, text: str, *, again: bool = False) -> Response:
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *", "Cache-Control": "no-store"}
    refresh = '<meta http-equiv="refresh" content="1">' if again else ""
    head = f"<!doctype html><html lang=en><head><title>{title}</title>{refresh}<style>{STYLE}</style></head>"
    return HTMLResponse(f"{head}<body><h1>{title}</h1><p>{escape(text)}</p></body></html>", status_code, headers)
