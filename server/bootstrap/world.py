"""What every process works with: the database and all kept in it, the queue, and the builds."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.approvals import ApprovalRepository
from checkpoints.artifacts import ArtifactRepository
from checkpoints.assistants import AssistantRepository
from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.connection import Database
from checkpoints.day_budgets import DayBudgetRepository, DayLimits
from checkpoints.embedded import start_embedded
from checkpoints.estimates import EstimateRepository
from checkpoints.idempotency import IdempotencyRepository
from checkpoints.migrate import migrate
from checkpoints.model_calls import ModelCallRepository
from checkpoints.models import ModelRepository
from checkpoints.run_events import RunEventRepository
from checkpoints.run_notifications import RunNotifications
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from checkpoints.webhooks import WebhookRepository
from nodes.blueprint.consistency import problems
from nodes.spec_diff import changes_between
from server.bootstrap.models import crewai_workshop, default_options, model_of, model_settings
from server.bootstrap.working import open_graphs, open_worker
from server.estimating import LazyEstimating
from server.langgraph_json import LanggraphConfig, read_config
from server.run_queue import RunQueue
from server.services.app_versions import AppVersions
from server.services.builds import Builds, Ledger
from server.services.health import Health
from server.services.shown_before import ShownBefore
from server.services.source_files import SourceFiles
from server.services.spending import Spending
from server.services.templates import Templates
from server.settings import Settings

if TYPE_CHECKING:
    from nodes.context import Workshop
    from server.graphs import GraphCatalogue
    from server.worker.run_worker import RunWorker

GRAPH_ID = "appyard"


@dataclass(frozen=True)
class World:
    """What a process of Appyard works with."""

    settings: Settings
    config: LanggraphConfig
    ledger: Ledger
    run_queue: RunQueue
    builds: Builds
    spending: Spending
    app_versions: AppVersions
    health: Health
    graphs: "GraphCatalogue | None"
    worker: "RunWorker | None"


@contextmanager
def open_database_url(settings: Settings) -> Iterator[str]:
    """DATABASE_URL, or that of the embedded PostgreSQL, which the last process to leave stops."""
    if settings.database_url:
        yield settings.database_url.get_secret_value()
        return
    embedded = start_embedded(settings.root)
    try:
        yield embedded.url
    finally:
        embedded.leave()


@asynccontextmanager
async def open_ledger(settings: Settings) -> AsyncIterator[Ledger]:
    """The database, brought up to date, and everything kept in it."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(open_database_url(settings))
        database = Database(url, max_size=settings.worker_concurrency * 2 + 8)
        await migrate(database)
        await stack.enter_async_context(database)
        notifications = await stack.enter_async_context(RunNotifications(database))
        yield Ledger(
            database=database,
            threads=ThreadRepository(database),
            runs=RunRepository(database),
            run_events=RunEventRepository(database, notifications),
            approvals=ApprovalRepository(database),
            artifacts=ArtifactRepository(database),
            model_calls=ModelCallRepository(database),
            day_budgets=DayBudgetRepository(database, DayLimits(settings.budget_per_user_day_usd, settings.budget_per_day_usd)),
            models=ModelRepository(database),
            estimates=EstimateRepository(database),
            cached_answers=CachedAnswerRepository(database, default_hours=settings.answer_cache_hours),
            webhooks=WebhookRepository(database),
            assistants=AssistantRepository(database),
            idempotency=IdempotencyRepository(database),
        )


OpenWorkshop = Callable[[Settings, Ledger], Awaitable["Workshop"]]


@asynccontextmanager
async def open_world(
    settings: Settings, *, with_worker: bool, config: Path | None = None, open_workshop: OpenWorkshop | None = None
) -> AsyncIterator[World]:
    """Ledger, queue and services; with a worker in this process if asked for. Tests bring a workshop of their own.

    Raises what a person has to mend: `DatabaseUnreachable`, `DataDirectoryUnusable`, `GraphNotLoaded`, …
    """
    read = read_config(config)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(open_ledger(settings))
        run_queue = await stack.enter_async_context(RunQueue(ledger.database.url).opened())
        model, defaults = model_of(settings), default_options(settings)
        estimating = LazyEstimating(
            model, model_settings(settings), settings.agents_dir, settings.prices_file, limits_days=bool(ledger.day_budgets.limits)
        )
        templates = Templates(settings.templates_dir)
        spending = Spending(
            ledger.model_calls,
            ledger.cached_answers,
            ledger.day_budgets,
            ledger.estimates,
            estimating,
            defaults=defaults,
            templates=templates,
        )
        builds = Builds(
            ledger,
            run_queue,
            spending=spending,
            defaults=defaults,
            graph_id=GRAPH_ID,
            templates=templates,
            shown_before=ShownBefore(ledger.runs, ledger.run_events, SourceFiles(ledger.artifacts), changes_between),
            spec_problems=problems,
        )
        graphs, worker = None, None
        if with_worker:
            workshop = open_workshop or crewai_workshop
            graphs = await stack.enter_async_context(open_graphs(ledger, read, lambda: workshop(settings, ledger)))
            worker = await stack.enter_async_context(open_worker(settings, ledger, run_queue, graphs, builds, spending))
        yield World(
            settings=settings,
            config=read,
            ledger=ledger,
            run_queue=run_queue,
            builds=builds,
            spending=spending,
            app_versions=AppVersions(builds, ledger.artifacts, changes_between),
            health=Health(
                database=ledger.database,
                graphs=tuple(sorted(read.graphs)),
                model=str(model),
                worker_alive=worker.is_alive if worker else None,
            ),
            graphs=graphs,
            worker=worker,
        )
