"""What routes are handed: services, made once in bootstrap and put on the application as `app.state.services`."""

from typing import Annotated, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection

from server.services.agent_tasks import AgentTasks
from server.services.answer_caches import AnswerCaches
from server.services.app_versions import AppVersions
from server.services.assistants import Assistants
from server.services.build_list import BuildList
from server.services.builds import Builds
from server.services.caller import ANYONE, Caller, Sight
from server.services.commands import ThreadCommands
from server.services.crons import Crons
from server.services.decisions import Door, Origin
from server.services.forks import Forks
from server.services.health import Health
from server.services.hints import Hints
from server.services.mcp_tools import McpTools
from server.services.metrics import Metrics
from server.services.previews import Previews
from server.services.run_streams import RunStreams
from server.services.runs import Runs
from server.services.spending import Spending
from server.services.store import StoreItems
from server.services.thread_state import ThreadStates
from server.services.thread_streams import ThreadStreams
from server.services.threads import Threads
from server.services.webhooks import Webhooks


class Services(Protocol):
    """What bootstrap's `World` offers the routes."""

    @property
    def builds(self) -> Builds: ...

    @property
    def forks(self) -> Forks: ...

    @property
    def build_list(self) -> BuildList: ...

    @property
    def spending(self) -> Spending: ...

    @property
    def answer_caches(self) -> AnswerCaches: ...

    @property
    def app_versions(self) -> AppVersions: ...

    @property
    def previews(self) -> Previews: ...

    @property
    def hints(self) -> Hints: ...

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
    def mcp_tools(self) -> McpTools: ...

    @property
    def agent_tasks(self) -> AgentTasks: ...

    @property
    def webhooks(self) -> Webhooks: ...

    @property
    def crons(self) -> Crons: ...

    @property
    def run_streams(self) -> RunStreams: ...

    @property
    def thread_streams(self) -> ThreadStreams: ...

    @property
    def commands(self) -> ThreadCommands: ...

    @property
    def sight(self) -> Sight: ...


def _services(request: HTTPConnection) -> Services:
    services: Services = request.app.state.services
    return services


def _builds(request: HTTPConnection) -> Builds:
    return _services(request).builds


def _forks(request: HTTPConnection) -> Forks:
    return _services(request).forks


def _build_list(request: HTTPConnection) -> BuildList:
    return _services(request).build_list


def _spending(request: HTTPConnection) -> Spending:
    return _services(request).spending


def _answer_caches(request: HTTPConnection) -> AnswerCaches:
    return _services(request).answer_caches


def _app_versions(request: HTTPConnection) -> AppVersions:
    return _services(request).app_versions


def _hints(request: HTTPConnection) -> Hints:
    return _services(request).hints


def _previews(request: HTTPConnection) -> Previews:
    return _services(request).previews


def _health(request: HTTPConnection) -> Health:
    return _services(request).health


def _threads(request: HTTPConnection) -> Threads:
    return _services(request).threads


def _runs(request: HTTPConnection) -> Runs:
    return _services(request).runs


def _run_streams(request: HTTPConnection) -> RunStreams:
    return _services(request).run_streams


def _mcp_tools(request: HTTPConnection) -> McpTools:
    return _services(request).mcp_tools


def _agent_tasks(request: HTTPConnection) -> AgentTasks:
    return _services(request).agent_tasks


def _webhooks(request: HTTPConnection) -> Webhooks:
    return _services(request).webhooks


def _crons(request: HTTPConnection) -> Crons:
    return _services(request).crons


def _thread_streams(request: HTTPConnection) -> ThreadStreams:
    return _services(request).thread_streams


def _commands(request: HTTPConnection) -> ThreadCommands:
    return _services(request).commands


def _thread_states(request: HTTPConnection) -> ThreadStates:
    return _services(request).thread_states


def _assistants(request: HTTPConnection) -> Assistants:
    return _services(request).assistants


def _metrics(request: HTTPConnection) -> Metrics:
    return _services(request).metrics


def _store(request: HTTPConnection) -> StoreItems:
    return _services(request).store


def caller_of(request: HTTPConnection) -> Caller:
    """On whose behalf the request is carried out: put there by the gate, if there is one."""
    caller: Caller = request.scope.get("caller", ANYONE)
    return caller


def address_of(request: HTTPConnection) -> str | None:
    """The address a request comes from; behind a proxy that of the proxy, unless the server trusts what it says."""
    return request.client.host if request.client else None


def _origin(request: HTTPConnection) -> Origin:
    return Origin(Door.api, address_of(request))


OriginOfRequest = Annotated[Origin, Depends(_origin)]
CallerOfRequest = Annotated[Caller, Depends(caller_of)]
BuildsService = Annotated[Builds, Depends(_builds)]
ForksService = Annotated[Forks, Depends(_forks)]
BuildListService = Annotated[BuildList, Depends(_build_list)]
SpendingService = Annotated[Spending, Depends(_spending)]
AnswerCachesService = Annotated[AnswerCaches, Depends(_answer_caches)]
AppVersionsService = Annotated[AppVersions, Depends(_app_versions)]
HintsService = Annotated[Hints, Depends(_hints)]
PreviewsService = Annotated[Previews, Depends(_previews)]
HealthService = Annotated[Health, Depends(_health)]
ThreadsService = Annotated[Threads, Depends(_threads)]
RunsService = Annotated[Runs, Depends(_runs)]
RunStreamsService = Annotated[RunStreams, Depends(_run_streams)]
ThreadStreamsService = Annotated[ThreadStreams, Depends(_thread_streams)]
ThreadCommandsService = Annotated[ThreadCommands, Depends(_commands)]
McpToolsService = Annotated[McpTools, Depends(_mcp_tools)]
AgentTasksService = Annotated[AgentTasks, Depends(_agent_tasks)]
WebhooksService = Annotated[Webhooks, Depends(_webhooks)]
CronsService = Annotated[Crons, Depends(_crons)]
ThreadStatesService = Annotated[ThreadStates, Depends(_thread_states)]
AssistantsService = Annotated[Assistants, Depends(_assistants)]
StoreService = Annotated[StoreItems, Depends(_store)]
MetricsService = Annotated[Metrics, Depends(_metrics)]
