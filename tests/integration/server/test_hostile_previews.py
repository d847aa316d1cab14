"""A previewed app that attacks whoever looks at it, in a real browser: it reaches nothing but itself."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from server.api.app import create_app
from server.bootstrap import ServedWorld, open_services
from server.dashboard.app import add_dashboard
from server.preview.proxy import preview_app
from server.preview.stage import Performance
from server.services.build_record import BuildRecords
from server.services.previews import DemoAccount, PreviewAddress, Previews, StagedApp
from server.services.source_files import SourceFiles
from tests.integration.server.conftest import RunAppyard

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),  # noqa: TID251 - whether this is CI is for nobody else to know
    reason="no Chromium here: apt-get install chromium; in CI it has to be there",
)

PAGE = """<!doctype html><html><head><title>Nice app</title></head><body><h1>Nice app</h1>
<iframe id="inner"></iframe><script>
const dashboard = "%(dashboard)s", build = "%(build)s";
const attempts = {
  "read the page around": () => parent.document.title,
  "read its storage": () => parent.localStorage.length,
  "lead the page around elsewhere": () => { top.location = "/stolen"; throw "not refused at once"; },
  "read cookies": () => document.cookie || Promise.reject("none"),
  "call the API": () => fetch(dashboard + "/api/builds", { credentials: "include" }).then((answer) => answer.text()),
  "call the API blindly": () => fetch(dashboard + "/api/cancel/" + build, { method: "POST", mode: "no-cors" }),
  "open a socket": () => new Promise((done, failed) => {
      const s = new WebSocket(dashboard.replace("http", "ws")); s.onopen = done; s.onerror = failed; }),
  "load a picture from there": () => new Promise((done, failed) => {
      const i = new Image(); i.onload = done; i.onerror = failed; i.src = dashboard + "/static/mark.svg"; }),
  "run a service worker": () => navigator.serviceWorker.register("/sw.js"),
  "run a worker": () => new Promise((done, failed) => { const w = new Worker("/sw.js"); w.onmessage = done; w.onerror = failed; }),
  "open a window": () => window.open(dashboard + "/builds") ?? Promise.reject("no window"),
  "frame the dashboard": () => new Promise((done, failed) => { const f = document.getElementById("inner"); f.src = dashboard + "/builds";
      f.onload = () => { try { f.contentDocument ? failed("empty") : failed("not readable"); } catch (e) { failed(e); } }; }),
};
(async () => {
  const seen = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    const slow = new Promise((_, failed) => setTimeout(() => failed("nothing came"), 1500));
    try { await Promise.race([attempt(), slow]); seen[name] = "REACHED"; } catch (refused) { seen[name] = "refused"; }
  }
  await fetch("/report", { method: "POST", body: JSON.stringify(seen) });
  const form = Object.assign(document.createElement("form"), { method: "post", action: dashboard + "/builds/" + build + "/cancel" });
  document.body.append(form);
  form.submit();
  console.error("the attack is over");
})();
</script></body></html>"""


@dataclass
class HostileStage:
    """Puts the attacking app on."""

    dashboard: str
    build: str = ""
    reported: asyncio.Future[dict[str, str]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @asynccontextmanager
    async def perform(self, app: StagedApp) -> AsyncIterator[Performance]:
        async def page(_: Request) -> Response:
            answer = HTMLResponse(PAGE % {"dashboard": self.dashboard, "build": self.build})
            answer.headers["Set-Cookie"] = "appyard_reviewer=mallory; Path=/; Domain=localhost"
            return answer

        async def report(request: Request) -> Response:
            self.reported.set_result(json.loads(await request.body()))
            return Response(status_code=204)

        async def script(_: Request) -> Response:
            return Response("postMessage(1)", media_type="text/javascript", headers={"Service-Worker-Allowed": "/"})

        routes = [Route("/", page), Route("/report", report, methods=["POST"]), Route("/sw.js", script)]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes))) as visitor:
            account = DemoAccount(role="member", label="Member", email="member@example.com", password="demo-password")
            yield Performance(Path("/dev/null"), (account,), visitor, "/sign-in")


@asynccontextmanager
async def served(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


def dashboard_with(services: ServedWorld, previews: Previews) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(lifespan)
    add_dashboard(app)
    app.state.services = replace(services, previews=previews, desk=replace(services.desk, previews=previews))
    return app


@pytest.mark.bounded(120)
async def test_an_attacking_app_reaches_neither_the_dashboard_nor_the_api_nor_the_browser(appyard: RunAppyard) -> None:
    yard = await appyard()
    workflow_id = await yard.start()
    before = await yard.ended(workflow_id)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    home, theirs = [listening.getsockname()[1] for listening in sockets]
    stage = HostileStage(f"http://127.0.0.1:{home}", workflow_id)
    ledger = yard.world.ledger
    address = PreviewAddress(f"http://*.localhost:{theirs}")
    previews = Previews(BuildRecords(ledger), SourceFiles(ledger.artifacts), stage, address=address, idle_minutes=15, limit=1)
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(yard.world))
        stack.push_async_callback(previews.close)
        await stack.enter_async_context(served(dashboard_with(services, previews), sockets[0]))
        await stack.enter_async_context(served(preview_app(previews), sockets[1]))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM or "chromium", args=["--no-sandbox"])
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{home}/builds/{workflow_id}")
        await page.get_by_role("button", name="Preview").click()
        seen = await asyncio.wait_for(stage.reported, 60)
        await page.get_by_text("the attack is over").wait_for()
        here, pages, cookies = page.url, len(context.pages), await context.cookies()
        await browser.close()
    assert {name for name, outcome in seen.items() if outcome != "refused"} == set()
    assert len(seen) == 12
    assert (here, pages) == (f"http://127.0.0.1:{home}/builds/{workflow_id}/preview", 1)
    assert cookies == []
    assert (await yard.status(workflow_id))["runtime_status"] == before["runtime_status"]
