"""What routes are handed: services, made once in bootstrap."""

from typing import Annotated

from fastapi import Depends, Request

from server.services.builds import Builds
from server.services.health import Health


def _builds(request: Request) -> Builds:
    builds: Builds = request.app.state.builds
    return builds


def _health(request: Request) -> Health:
    health: Health = request.app.state.health
    return health


BuildsService = Annotated[Builds, Depends(_builds)]
HealthService = Annotated[Health, Depends(_health)]
