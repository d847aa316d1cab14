"""What routes are handed: services, made once in bootstrap and put on the application as `app.state.services`."""

from typing import Annotated, Protocol

from fastapi import Depends, Request

from server.services.assistants import Assistants
from server.services.builds import Builds
from server.services.health import Health
from server.services.metrics import Metrics
from server.services.run_streams import RunStreams
from server.services.runs import Runs
from server.services.store import StoreItems
from server.services.thread_state import ThreadStates
from server.services.threads import Threads


class Services(Protocol):
    """What bootstrap's `World` offers the routes."""

    @property
    def builds(self) -> Builds: ...

    @property
    def health(self) -> Health: ...

    @property
    def threads(self) -> Threads: ...

    @property
    def thread_states(self) -> ThreadStates: ...

    @property
    def assistants(self) -> Assistants: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def store(self) -> StoreItems: ...

    @property
    def runs(self) -> Runs: ...

    @property
    def run_streams(self) -> RunStreams: ...


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _builds(request: Request) -> Builds:
    return _services(request).builds


def _health(request: Request) -> Health:
    return _services(request).health


def _threads(request: Request) -> Threads:
    return _services(request).threads


def _runs(request: Request) -> Runs:
    return _services(request).runs


def _run_streams(request: Request) -> RunStreams:
    return _services(request).run_streams


def _thread_states(request: Request) -> ThreadStates:
    return _services(request).thread_states


def _assistants(request: Request) -> Assistants:
    return _services(request).assistants


def _metrics(request: Request) -> Metrics:
    return _services(request).metrics


def _store(request: Request) -> StoreItems:
    return _services(request).store


BuildsService = Annotated[Builds, Depends(_builds)]
HealthService = Annotated[Health, Depends(_health)]
ThreadsService = Annotated[Threads, Depends(_threads)]
RunsService = Annotated[Runs, Depends(_runs)]
RunStreamsService = Annotated[RunStreams, Depends(_run_streams)]
ThreadStatesService = Annotated[ThreadStates, Depends(_thread_states)]
AssistantsService = Annotated[Assistants, Depends(_assistants)]
StoreService = Annotated[StoreItems, Depends(_store)]
MetricsService = Annotated[Metrics, Depends(_metrics)]
