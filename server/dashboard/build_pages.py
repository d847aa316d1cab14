"""The pages of one build: what it does, plan, code, evidence, timeline, history, and the stream that says they changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from nodes.artifacts import AgentResult, CheckName, CheckStatus, Component
from server.api.sse import HEARTBEAT, with_heartbeats
from server.dashboard.agent_views import agent_view, agents_at_work, change_frame, event_key, heard_so_far
from server.dashboard.code_view import CodeLine, CodeView, compared, file_tree, harmless_markdown, highlighted
from server.dashboard.dependencies import Desk, DeskOf
from server.dashboard.gantt import gantt_of
from server.dashboard.graph_picture import graph_picture
from server.dashboard.page_route import PageRoute
from server.dashboard.plan_picture import plan_picture
from server.dashboard.rendering import Pages, PagesOf
from server.dashboard.specification_view import record_views
from server.dashboard.stages import stages_of_record
from server.dashboard.words import Tone, build_state
from server.services.build_record import BuildRecord
from server.services.build_status import RuntimeStatus, activity_of
from server.services.builds import RESUMABLE
from server.services.estimate_use import estimate_use

router = APIRouter(prefix="/builds/{workflow_id}", route_class=PageRoute, include_in_schema=False)

REVIEWER_COOKIE = "appyard_reviewer"
STOPPABLE = frozenset({RuntimeStatus.pending, RuntimeStatus.running})
_WORST_FIRST = [CheckStatus.failed, CheckStatus.not_run, CheckStatus.passed]


@dataclass(frozen=True)
class Tab:
    """One of the pages of a build."""

    name: str
    label: str
    path: str


TABS = (
    Tab("what", "What it does", ""),
    Tab("plan", "Plan", "/plan"),
    Tab("code", "Code", "/code"),
    Tab("evidence", "Evidence", "/evidence"),
    Tab("timeline", "Timeline", "/timeline"),
    Tab("history", "History", "/history"),
)


@dataclass(frozen=True)
class Said:
    """Something to tell above the page."""

    tone: Tone
    title: str
    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Typed:
    """What stands in the gate's form: kept when it could not be sent."""

    reviewer: str
    feedback: str = ""
    reason: str = ""
    budget_usd: str = ""
    budget_tokens: str = ""


@dataclass(frozen=True)
class BuildPages:
    """Shows the pages of one build as it stands."""

    pages: Pages
    record: BuildRecord
    typed: Typed

    async def show(self, tab: str, *, said: Said | None = None, status_code: int = 200, **shown: object) -> Response:
        """One page, with the stage line, the gate and what there is to say above it."""
        record = self.record
        shown.setdefault("heard", "")
        return await self.pages.show(
            f"build_{tab}.html",
            here="builds",
            status_code=status_code,
            record=record,
            shown=build_state(record.status, record.progress, rounds=record.options.repair_rounds),
            stages=stages_of_record(record),
            cost=record.cost_usd,
            activity=activity_of(record.progress) if record.status is RuntimeStatus.running else "Waiting for a worker.",
            stoppable=record.status in STOPPABLE,
            resumable=record.status in RESUMABLE,
            changeable=record.status.is_final and bool(record.versions),
            tabs=TABS,
            tab_name=tab,
            said=said,
            typed=self.typed,
            **shown,
        )

    async def show_what(self, *, said: Said | None = None, status_code: int = 200) -> Response:
        """What was understood: the first page of a build; while it is built also who is at work."""
        views = record_views(self.record.spec) if self.record.spec else ()
        at_work = await agents_at_work(self.pages.desk.texts, self.record)
        return await self.show(
            "what",
            said=said,
            status_code=status_code,
            record_views=views,
            graph=graph_picture(self.record) if self.record.status in STOPPABLE else None,
            at_work=at_work,
            heard=heard_so_far(self.record, at_work) if self.record.status in STOPPABLE else "",
        )


async def pages_of_build(workflow_id: UUID, request: Request, desk: DeskOf, pages: PagesOf) -> BuildPages:
    """The build of the address. Raises `BuildNotFound`."""
    reviewer = request.cookies.get(REVIEWER_COOKIE, "").strip()[:200]
    return BuildPages(pages, await desk.records.get(workflow_id), Typed(reviewer or "local"))


BuildPagesOf = Annotated[BuildPages, Depends(pages_of_build)]


@router.get("")
async def what_it_does(build: BuildPagesOf) -> Response:
    """Records, who may do what, states; each item with where it comes from."""
    return await build.show_what()


@router.get("/plan")
async def plan(build: BuildPagesOf) -> Response:
    """The parts of the app, and the contract they are written against."""
    architecture = build.record.architecture
    spec = build.record.spec
    return await build.show(
        "plan",
        parts=[_part(build.record, component) for component in architecture.components] if architecture else [],
        picture=plan_picture(architecture.components) if architecture else None,
        role_labels={role.name: role.label for role in spec.roles} if spec else {},
    )


@router.get("/code")
async def code(
    build: BuildPagesOf,
    desk: DeskOf,
    version: Annotated[int | None, Query(ge=1)] = None,
    against: Annotated[int | None, Query(ge=1)] = None,
    file: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The files of a version, or what differs from another one."""
    view = await code_view(desk, build.record, version, against, file or None) if build.record.versions else None
    return await build.show("code", code=view)


@router.get("/evidence")
async def evidence(build: BuildPagesOf, desk: DeskOf, log: CheckName | None = None) -> Response:
    """Every check of the newest version, the failing ones first."""
    record = build.record
    checks = sorted(record.progress.checks, key=lambda check: _WORST_FIRST.index(check.status))
    opened = next((check for check in checks if check.check is log and check.log), None)
    newest = record.versions[-1] if record.versions else None
    return await build.show(
        "evidence",
        checks=checks,
        report=newest.report if newest else None,
        evidence_version=newest.version.number if newest else record.progress.version,
        review_summary=record.qa.review.summary if record.qa else "",
        concerns=record.qa.concerns if record.qa else (),
        opened=opened.check if opened else None,
        log=await desk.files.text(opened.log) if opened and opened.log else "",
    )


@router.get("/pictures/{sha256}.png")
async def picture(build: BuildPagesOf, desk: DeskOf, sha256: str) -> Response:
    """A picture of the running app, from the evidence of the newest version."""
    shown = (screenshot for check in build.record.progress.checks for screenshot in check.screenshots)
    content = await desk.files.picture(shown, sha256)
    return Response(
        content, 200 if content else 404, media_type="image/png", headers={"Cache-Control": "private, max-age=31536000, immutable"}
    )


@router.get("/timeline")
async def timeline(build: BuildPagesOf, desk: DeskOf, agent: Annotated[int | None, Query(ge=0)] = None) -> Response:
    """The graph, who worked when, what it took, and what one agent wrote, live while it is at work."""
    record = build.record
    results = [span.result for span in record.agents if span.result]
    opened = await agent_view(desk.texts, record, agent) if agent is not None else None
    return await build.show(
        "timeline",
        graph=graph_picture(record),
        gantt=gantt_of(record),
        totals=totals_of(results),
        estimates=[estimate_use(outcome).words for outcome in await desk.spending.estimates_of(record.workflow_id)],
        opened=opened,
        heard=heard_so_far(record, (opened,)) if opened and opened.is_at_work else "",
    )


@router.get("/changes")
async def changes(
    workflow_id: UUID,
    desk: DeskOf,
    seen: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Server-sent events: that the build changed, upon which the page is fetched again, and what agents write. Raises `BuildNotFound`."""
    ticks = with_heartbeats(await desk.records.changes(workflow_id, seen, event_key(after)), change_frame, HEARTBEAT)
    return StreamingResponse(ticks, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


# ------------------------------------------------------------------------------------------------ what the pages show


@dataclass(frozen=True)
class PartView:
    """A part, and what its engineer made of it."""

    component: Component
    attempt: int | None
    file_count: int
    notes: object


def _part(record: BuildRecord, component: Component) -> PartView:
    written = record.components.get(component.name)
    if written is None:
        return PartView(component, None, 0, "")
    return PartView(component, written.attempt, len(written.files), harmless_markdown(written.notes) if written.notes else "")


async def code_view(desk: Desk, record: BuildRecord, number: int | None, against: int | None, file: str | None) -> CodeView:
    """A version's code. Raises `AppVersionNotFound`, `SourceFileNotFound`."""
    version = record.version(number).version
    older = record.version(against).version if against else None
    differences = {change.path: change.kind for change in await desk.files.compare(older, version)} if older else {}
    paths = differences if older else dict.fromkeys(await desk.files.tree(version))
    path = file if file in paths or (file and not older) else next(iter(paths), None) if older else _first_file(paths)
    lines: tuple[CodeLine, ...] = ()
    markdown = None
    if path and older:
        lines = compared(path, await desk.files.difference(older, version, path))
    elif path:
        text = await desk.files.read(version, path)
        markdown = harmless_markdown(text) if path.endswith(".md") else None
        lines = () if markdown else highlighted(path, text)
    return CodeView(version, older, file_tree(paths, path), tuple(differences), path, differences.get(path or ""), lines, markdown)


def _first_file(paths: Mapping[str, object]) -> str | None:
    return "README.md" if "README.md" in paths else next(iter(sorted(paths)), None)


@dataclass(frozen=True)
class Totals:
    """Sums over the agents of a build."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


def totals_of(results: list[AgentResult]) -> Totals:
    """What all of it took."""
    return Totals(
        calls=sum(result.calls for result in results),
        input_tokens=sum(result.input_tokens for result in results),
        output_tokens=sum(result.output_tokens for result in results),
        cost_usd=sum(result.cost_usd or 0.0 for result in results),
    )
