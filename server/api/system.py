"""Whether the server lives, whether it can work, and what it is."""

from fastapi import APIRouter, Response, status

from server.api.dependencies import HealthService
from server.services.health import Information, Readiness

router = APIRouter(tags=["system"])


@router.get("/ok")
async def ok() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


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
