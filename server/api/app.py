"""Put the HTTP application together. Knows routes and middleware; what they call is made in bootstrap."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api import (
    a2a,
    answer_caches,
    assistants,
    checkpoints,
    commands,
    crons,
    mcp,
    previews,
    runs,
    spending,
    stateless_runs,
    store,
    system,
    thread_state,
    thread_streams,
    threads,
    versions,
    webhooks,
    workflows,
)
from server.api.auth_gate import guard
from server.api.cors import allow_pages, default_rules
from server.api.errors import install_error_table, problem
from server.api.keys import TOLD_TO_ALL, ApiKeys
from server.api.sockets import admit_sockets
from server.authority import Authority
from server.langgraph_json import CorsRules

MAX_WORKFLOW_BODY_BYTES = 2 * 1024 * 1024
MAX_BODY_BYTES = 32 * 1024 * 1024
"""Room for the state of a graph, which is larger than any description of an app."""

SIGN_IN = "/sign-in"
OPEN_PATHS = TOLD_TO_ALL | {SIGN_IN}
OPEN_FOLDER = "/static/"

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    lifespan: Lifespan,
    *,
    keys: ApiKeys | None = None,
    authority: Authority | None = None,
    cors: CorsRules | None = None,
    serves_mcp: bool = True,
    serves_a2a: bool = True,
) -> FastAPI:
    """The application. `lifespan` puts the services on `app.state`; with `keys` every request has to carry one.
    With an `authority` each has to be allowed by it too.

    `cors` says which web pages may call it; None: those of this machine. `serves_mcp` offers assistants as
    tools, `serves_a2a` as agents, to other agents.
    """
    app = FastAPIOffline(
        title="Appyard",
        summary="Describe an app; get one that was tested, run and packaged.",
        version=version("appyard"),
        lifespan=lifespan,
    )
    if authority:
        app.add_middleware(guard, authority=authority)
    app.add_middleware(limit_bodies)
    if keys:
        app.middleware("http")(_key_check(keys))
    app.add_middleware(admit_sockets, keys=keys, rules=cors or default_rules())
    app.add_middleware(allow_pages, rules=cors or default_rules())  # last, so that refusals too can be read by pages
    app.state.keys = keys
    install_error_table(app)
    app.include_router(system.router)
    app.include_router(workflows.router)
    app.include_router(webhooks.router)
    app.include_router(spending.router)
    app.include_router(answer_caches.router)
    app.include_router(versions.router)
    app.include_router(previews.router)
    app.include_router(checkpoints.router)
    for router in (threads.router, thread_state.router, assistants.router, store.router):
        app.include_router(router)
    app.include_router(crons.router)
    if serves_mcp:
        app.include_router(mcp.router)
    if serves_a2a:
        app.include_router(a2a.router)
    app.include_router(stateless_runs.router)
    for router in (runs.router, commands.router, thread_streams.router):
        app.include_router(router)
    return app


def limit_bodies(app: ASGIApp) -> ASGIApp:
    """`app` behind a limit of what a request may carry: 413 beyond it."""
    workflows_only = RequestBodyLimitMiddleware(app, max_body_size=MAX_WORKFLOW_BODY_BYTES)
    others = RequestBodyLimitMiddleware(app, max_body_size=MAX_BODY_BYTES)

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        of_workflow = path.startswith(f"{workflows.router.prefix}/") and not versions.takes_files(path)
        await (workflows_only if of_workflow else others)(scope, receive, send)

    return limited


def _key_check(keys: ApiKeys) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    async def check(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        path = request.url.path
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDER) or keys.admit(request.headers) or keys.admit_page(request):
            return await go_on(request)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': path})}", 303)
        return problem(request, 401, "NotAuthenticated", "Send a key of this server in the header x-api-key.")

    return check
