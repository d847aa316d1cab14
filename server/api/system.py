"""Whether the server lives, whether it can work, and what it is."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Gauge, generate_latest

from server.api.dependencies import HealthService, MetricsService
from server.api.errors import problem
from server.services.health import Information, Readiness
from server.services.metrics import Metric, as_json

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
    return JSONResponse(as_json(now)) if form == "json" else PlainTextResponse(as_prometheus(now), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def as_prometheus(metrics: tuple[Metric, ...]) -> bytes:
    """In the text format of Prometheus. A registry of this answer's own: nothing is counted in the process."""
    registry = CollectorRegistry()
    for metric in metrics:
        labels = sorted({label[0] for label in metric.values if label})
        gauge = Gauge(metric.name, metric.help, labels, registry=registry)
        for label, value in metric.values.items():
            (gauge.labels(label[1]) if label else gauge).set(value)
    return generate_latest(registry)
