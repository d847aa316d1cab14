"""Whether the server lives, whether it can work, and what it is."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import JSONResponse, PlainTextResponse

from server.api.dependencies import HealthService, MetricsService
from server.api.errors import problem
from server.services.health import Information, Readiness
from server.services.metrics import as_json, as_prometheus

router = APIRouter(tags=["system"])


@router.get("/ok", response_model=dict[str, bool])
async def ok(request: Request, health: HealthService, check_db: Annotated[bool, Query()] = False) -> Response:
    """The process answers; with `check_db=1`, the database too."""
    if check_db and (reasons := await health.database_troubles()):
        return problem(request, 500, "DatabaseUnreachable", " ".join(reasons))
    return JSONResponse({"ok": True})


@router.get("/ready")
async def ready(health: HealthService, response: Response) -> Readiness:
    """Whether builds are accepted and worked on; 503 with the reason otherwise."""
    readiness = await health.readiness()
    if not readiness.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return readiness


@router.get("/info")
async def info(health: HealthService) -> Information:
    """Version and abilities."""
    return health.information()


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(
    metrics: MetricsService, form: Annotated[Literal["prometheus", "json"], Query(alias="format")] = "prometheus"
) -> Response:
    """What waits and what runs, for a monitoring system."""
    now = await metrics.now()
    return JSONResponse(as_json(now)) if form == "json" else PlainTextResponse(as_prometheus(now), media_type="text/plain; version=0.0.4")
