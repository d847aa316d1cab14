"""What routes are handed: services, made once in bootstrap and put on the application as `app.state.services`."""

from typing import Annotated, Protocol

from fastapi import Depends, Request

from server.services.builds import Builds
from server.services.health import Health
from server.services.threads import Threads


class Services(Protocol):
    """What bootstrap's `World` offers the routes."""

    @property
    def builds(self) -> Builds: ...

    @property
    def health(self) -> Health: ...

    @property
    def threads(self) -> Threads: ...


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _builds(request: Request) -> Builds:
    return _services(request).builds


def _health(request: Request) -> Health:
    return _services(request).health


def _threads(request: Request) -> Threads:
    return _services(request).threads


BuildsService = Annotated[Builds, Depends(_builds)]
HealthService = Annotated[Health, Depends(_health)]
ThreadsService = Annotated[Threads, Depends(_threads)]
