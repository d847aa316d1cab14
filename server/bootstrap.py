"""Build the world from the settings: open everything in order, close it in reverse. The one composition root."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from checkpoints.approvals import ApprovalRepository
from checkpoints.artifacts import ArtifactRepository
from checkpoints.assistants import AssistantRepository
from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.connection import Database
from checkpoints.crons import CronRepository
from checkpoints.day_budgets import DayBudgetRepository, DayLimits
from checkpoints.embedded import start_embedded
from checkpoints.idempotency import IdempotencyRepository
from checkpoints.migrate import migrate
from checkpoints.model_calls import ModelCallRepository
from checkpoints.models import ModelRepository
from checkpoints.run_events import RunEventRepository
from checkpoints.run_notifications import RunNotifications
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadRepository
from checkpoints.webhooks import WebhookRepository
from nodes.agents.models import ModelName, ModelSettings, default_model
from nodes.blueprint.consistency import problems
from nodes.context import BuildOptions
from nodes.spec_diff import changes_between
from server.dashboard.dependencies import Desk
from server.estimating import LazyEstimating
from server.langgraph_json import LanggraphConfig, ThreadTtl, read_config
from server.mail import MailServer
from server.run_queue import RunQueue
from server.services.agent_text import AgentTexts
from server.services.analytics import Analytics
from server.services.app_versions import AppVersions
from server.services.build_list import BuildList
from server.services.build_record import BuildRecords
from server.services.builds import Builds, Ledger
from server.services.caller import Sight
from server.services.health import Health
from server.services.metrics import Metrics
from server.services.notices import Receivers
from server.services.previews import PreviewAddress, Previews
from server.services.readings import Readings
from server.services.renewed_budgets import RenewedBudgets
from server.services.shown_before import ShownBefore
from server.services.source_files import SourceFiles
from server.services.spending import Spending
from server.services.templates import Templates
from server.services.threads import Threads, TimeToLive
from server.services.waiting_questions import WaitingQuestions, WaitingTimes
from server.services.webhooks import Webhooks
from server.services.workplace import AgentCard, Condition, Examined, ShownSetting, Workplace
from server.settings import Settings, add_to_environment, shown_settings

if TYPE_CHECKING:
    from nodes.agents.pace import RateLimit
    from nodes.context import Workshop
    from server.graphs import GraphCatalogue
    from server.services.agent_tasks import AgentTasks
    from server.services.assistants import Assistants
    from server.services.commands import ThreadCommands
    from server.services.crons import Crons
    from server.services.forks import Forks
    from server.services.hints import Hints
    from server.services.mcp_tools import McpTools
    from server.services.run_streams import RunStreams
    from server.services.runs import Runs
    from server.services.store import StoreItems
    from server.services.thread_state import ThreadStates
    from server.services.thread_streams import ThreadStreams
    from server.worker.run_worker import RunWorker
    from server.worker.send_webhooks import WebhookSender
    from server.worker.tracing import Tracing

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


@dataclass(frozen=True)
class ServedWorld:
    """What the HTTP routes are handed."""

    builds: Builds
    build_list: BuildList
    spending: Spending
    desk: Desk
    forks: "Forks"
    app_versions: AppVersions
    previews: Previews
    hints: "Hints"
    health: Health
    threads: Threads
    thread_states: "ThreadStates"
    assistants: "Assistants"
    store: "StoreItems"
    metrics: Metrics
    runs: "Runs"
    crons: "Crons"
    mcp_tools: "McpTools"
    webhooks: Webhooks
    agent_tasks: "AgentTasks"
    run_streams: "RunStreams"
    thread_streams: "ThreadStreams"
    commands: "ThreadCommands"
    sight: Sight


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
            cached_answers=CachedAnswerRepository(database),
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
        estimating = LazyEstimating(model, settings.agents_dir, settings.prices_file)
        spending = Spending(ledger.model_calls, ledger.cached_answers, ledger.day_budgets, estimating, defaults=defaults)
        builds = Builds(
            ledger,
            run_queue,
            spending=spending,
            defaults=defaults,
            graph_id=GRAPH_ID,
            templates=Templates(settings.templates_dir),
            shown_before=ShownBefore(ledger.runs, ledger.run_events, SourceFiles(ledger.artifacts), changes_between),
            spec_problems=problems,
        )
        graphs, worker = None, None
        if with_worker:
            workshop = open_workshop or crewai_workshop
            graphs = await stack.enter_async_context(open_graphs(ledger, read, lambda: workshop(settings, ledger)))
            worker = await stack.enter_async_context(open_worker(settings, ledger, run_queue, graphs, builds))
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


@asynccontextmanager
async def open_services(world: World, *, previews_at: PreviewAddress | None = None) -> AsyncIterator[ServedWorld]:
    """The services behind the routes. Graphs are loaded in the background, so that the server answers at once."""
    # Here, because commands that only look at builds need not load LangGraph.
    from nodes.blueprint.consistency import problems
    from server.services.agent_tasks import AgentTasks
    from server.services.assistants import Assistants
    from server.services.commands import ThreadCommands
    from server.services.forks import Forks
    from server.services.hints import Hints
    from server.services.mcp_tools import McpTools
    from server.services.run_streams import RunStreams
    from server.services.runs import Runs
    from server.services.store import StoreItems
    from server.services.thread_state import ThreadStates
    from server.services.thread_streams import ThreadStreams
    from server.worker.sweep_threads import sweep_threads

    ledger = world.ledger
    async with AsyncExitStack() as stack:
        graphs = world.graphs
        if graphs is None:
            graphs = await stack.enter_async_context(open_graphs(ledger, world.config, nothing_to_work_with))
        assistants = Assistants(ledger.database, ledger.assistants, ledger.threads, graphs)
        await assistants.ensure_of_graphs()
        loading = asyncio.create_task(graphs.load_all(), name="load_graphs")
        stack.push_async_callback(stopped, loading)
        states = ThreadStates(ledger, graphs)
        forks = Forks(ledger, states, world.builds, problems)
        threads = Threads(ledger, states, default_ttl=thread_ttl(world.config))
        stack.push_async_callback(stopped, asyncio.create_task(sweep_threads(threads, period_minutes=sweep_minutes(world.config))))
        store = StoreItems(graphs.store, url=ledger.database.url)
        hints = Hints(world.builds, store)
        previews = make_previews(world, previews_at)
        stack.push_async_callback(previews.close)
        runs = Runs(ledger, world.run_queue, assistants)
        run_streams = RunStreams(ledger, runs)
        yield ServedWorld(
            builds=world.builds,
            build_list=BuildList(ledger.database),
            spending=world.spending,
            desk=make_desk(world, states, previews, forks, hints),
            forks=forks,
            previews=previews,
            app_versions=world.app_versions,
            health=world.health,
            threads=threads,
            thread_states=states,
            assistants=assistants,
            store=store,
            hints=hints,
            metrics=Metrics(ledger.database, world.health),
            runs=runs,
            crons=make_crons(ledger, world.run_queue, assistants, runs),
            mcp_tools=McpTools(assistants, runs, run_streams),
            webhooks=Webhooks(ledger.webhooks, receivers_of(world.settings)),
            agent_tasks=AgentTasks(ledger, assistants, runs, run_streams, states),
            run_streams=run_streams,
            thread_streams=ThreadStreams(ledger),
            commands=ThreadCommands(ledger, runs),
            sight=Sight(ledger.threads, ledger.assistants, CronRepository(ledger.database), world.config.graphs),
        )


def make_desk(world: World, states: "ThreadStates", previews: Previews, forks: "Forks", hints: "Hints") -> Desk:
    """What people do at the dashboard."""
    from nodes.blueprint.reader import read_description

    ledger = world.ledger
    return Desk(
        builds=world.builds,
        build_list=BuildList(ledger.database),
        records=BuildRecords(ledger),
        texts=AgentTexts(ledger.run_events),
        readings=Readings(read_description),
        files=SourceFiles(ledger.artifacts),
        states=states,
        forks=forks,
        analytics=Analytics(ledger.database),
        workplace=make_workplace(world),
        previews=previews,
        hints=hints,
        health=world.health,
    )


def make_previews(world: World, address: PreviewAddress | None) -> Previews:
    """Previews in this process; the sandbox is looked for when the first is started."""
    from nodes.sandbox.choose import choose_sandbox
    from nodes.verification.node_toolchain import find_node
    from nodes.verification.toolchain import default_toolchain
    from server.preview.stage import SandboxStage

    settings, ledger = world.settings, world.ledger
    return Previews(
        BuildRecords(ledger),
        SourceFiles(ledger.artifacts),
        SandboxStage(choose_sandbox, settings.toolchain_dir or default_toolchain(), settings.node_dir or find_node()),
        address=address,
        idle_minutes=settings.preview_idle_minutes,
        limit=settings.preview_limit,
    )


def make_workplace(world: World) -> Workplace:
    """What the pages about the server itself show."""
    from nodes.agents.roster import load_roster
    from server.examine import examine

    settings = world.settings

    async def database() -> Examined:
        where = "DATABASE_URL" if settings.database_url else f"embedded in {settings.root}"
        troubles = await world.health.database_troubles()
        return Examined("database", Condition.broken if troubles else Condition.ok, "; ".join(troubles) or where)

    roster = load_roster(settings.agents_dir) if settings.agents_dir else load_roster()
    cards = [
        AgentCard(
            role=agent.role,
            goal=agent.goal,
            backstory=agent.backstory,
            model=settings.models_by_agent.get(name) or agent.llm or world.health.model,
            tasks=tuple(task_name for task_name, task in roster.tasks.items() if task.agent == name),
        )
        for name, agent in roster.agents.items()
    ]
    return Workplace(
        examine=lambda: examine(settings, database, lambda: world.health.model, with_agents=world.worker is not None),
        settings=tuple(ShownSetting(*shown) for shown in shown_settings(settings)),
        agents=tuple(cards),
    )


def make_crons(ledger: Ledger, run_queue: RunQueue, assistants: "Assistants", runs: "Runs") -> "Crons":
    """The service of crons, which both the routes and the worker use."""
    from server.services.crons import Crons

    return Crons(ledger.database, CronRepository(ledger.database), assistants, runs, run_queue)


async def stopped(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def open_graphs(
    ledger: Ledger, config: LanggraphConfig, open_workshop: Callable[[], Awaitable[object]]
) -> AsyncIterator["GraphCatalogue"]:
    """The graphs of the configuration, not loaded yet, with what they are given."""
    from checkpoints.store import open_store
    from server.graphs import GraphCatalogue

    add_to_environment(config.environment)
    ttl = config.store_ttl
    opened = open_store(
        ledger.database,
        default_ttl_minutes=ttl.default_ttl,
        refresh_on_read=ttl.refresh_on_read,
        sweep_minutes=ttl.sweep_interval_minutes,
    )
    async with opened as store:
        yield GraphCatalogue(config.graphs, open_workshop=open_workshop, store=store, import_folders=config.import_folders)


async def nothing_to_work_with() -> object:
    """The workshop of a process that reads state and runs no node."""
    return object()


def thread_ttl(config: LanggraphConfig) -> TimeToLive | None:
    """How long threads live unless their creator says otherwise."""
    ttl = config.thread_ttl
    return TimeToLive(ttl.default_ttl, ttl.strategy) if ttl and ttl.default_ttl else None


def sweep_minutes(config: LanggraphConfig) -> float:
    """How often threads are looked through for those whose time is over."""
    return (config.thread_ttl or ThreadTtl()).sweep_interval_minutes


@asynccontextmanager
async def open_worker(
    settings: Settings, ledger: Ledger, run_queue: RunQueue, graphs: "GraphCatalogue", builds: Builds
) -> AsyncIterator["RunWorker"]:
    """A worker at work; it gives its runs back when the block ends."""
    # Here, because a process that only serves or prints help need not load everything that runs graphs.
    from server.services.assistants import Assistants
    from server.services.runs import Runs
    from server.worker.execute_run import RunExecutor, WorkerLimits
    from server.worker.fire_crons import fire_crons
    from server.worker.run_worker import RunWorker
    from server.worker.watch_questions import watch_questions

    name = f"{socket.gethostname()}:{os.getpid()}"
    tracing = open_tracing(settings)
    executor = RunExecutor(
        ledger.database,
        ledger.threads,
        ledger.runs,
        ledger.run_events,
        ledger.approvals,
        graphs,
        Webhooks(ledger.webhooks, receivers_of(settings)),
        owner=name,
        limits=WorkerLimits(settings.lease_seconds, settings.review_expiry_hours),
        tracing=tracing,
    )
    worker = RunWorker(executor, ledger.runs, run_queue, graphs, concurrency=settings.worker_concurrency, name=name)
    assistants = Assistants(ledger.database, ledger.assistants, ledger.threads, graphs)
    crons = make_crons(ledger, run_queue, assistants, Runs(ledger, run_queue, assistants))
    sender = make_sender(settings, ledger.webhooks)
    async with worker.at_work():
        firing = asyncio.create_task(fire_crons(crons), name="fire_crons")
        watching = asyncio.create_task(watch_questions(make_waiting(settings, ledger)), name="watch_questions")
        renewing = asyncio.create_task(watch_questions(RenewedBudgets(ledger.approvals, builds)), name="watch_budgets")
        sending = asyncio.create_task(sender.send_for_ever(), name="send_webhooks")
        try:
            yield worker
        finally:
            await stopped(firing)
            await stopped(watching)
            await stopped(renewing)
            await stopped(sending)
            if tracing:
                await tracing.close()


def make_sender(settings: Settings, deliveries: WebhookRepository) -> "WebhookSender":
    """What sends webhooks and e-mails."""
    from server.outbound import OutboundCaller
    from server.worker.send_webhooks import WebhookSender

    return WebhookSender(
        deliveries,
        OutboundCaller(allows_private=settings.webhooks_to_private_addresses),
        secret=settings.webhook_secret.get_secret_value() if settings.webhook_secret else None,
        mail_server=mail_server(settings),
    )


def make_waiting(settings: Settings, ledger: Ledger) -> WaitingQuestions:
    """What becomes of questions that wait."""
    times = WaitingTimes(settings.review_reminder_hours, settings.review_escalation_hours)
    return WaitingQuestions(ledger.database, ledger.approvals, ledger.webhooks, receivers_of(settings), times)


def receivers_of(settings: Settings) -> Receivers:
    """Whom the server tells of builds."""

    def shown(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret else None

    return Receivers(
        url=shown(settings.webhook_url),
        slack_url=shown(settings.slack_webhook_url),
        mail_to=settings.mail_to,
        escalation_url=shown(settings.escalation_webhook_url),
        escalation_mail_to=settings.escalation_mail_to,
        base_url=settings.base_url,
    )


def mail_server(settings: Settings) -> MailServer | None:
    """Who takes e-mails; None if nobody does."""
    sender = settings.mail_from or next(iter((*settings.mail_to, *settings.escalation_mail_to)), None)
    if not settings.smtp_host or not sender:
        return None
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return MailServer(settings.smtp_host, settings.smtp_port, settings.smtp_security, sender, settings.smtp_user, password)


def open_tracing(settings: Settings) -> "Tracing | None":
    """Where runs are traced; None unless it was asked for, and then nothing is sent anywhere."""
    if not settings.langsmith_tracing:
        return None
    from langsmith import Client

    from server.worker.tracing import Tracing

    client = Client(
        api_url=settings.langsmith_endpoint,
        api_key=settings.langsmith_api_key.get_secret_value() if settings.langsmith_api_key else None,
        hide_inputs=settings.langsmith_hide_inputs,
        hide_outputs=settings.langsmith_hide_outputs,
    )
    return Tracing(client, settings.langsmith_project)


async def crewai_workshop(settings: Settings, ledger: Ledger) -> "Workshop":
    """The live things of the build graph: CrewAI agents, this machine's sandbox, artifacts and journal in the database."""
    from nodes.agents.crew import CrewAICrew
    from nodes.agents.models import ChatModels
    from nodes.agents.pace import Pace
    from nodes.agents.pricing import load_prices
    from nodes.agents.roster import load_roster
    from nodes.blueprint.app_frames import app_frame
    from nodes.context import Workshop
    from nodes.sandbox.choose import choose_sandbox
    from nodes.verification.browser.check import chromium
    from nodes.verification.node_toolchain import find_node
    from nodes.verification.toolchain import default_toolchain
    from nodes.verification.verify import AppVerifier
    from server.worker.durable_workshop import DurableCache, DurableDayBudgets, DurableJournal, ThreadArtifacts

    artifacts = ThreadArtifacts(ledger.artifacts)
    crew = CrewAICrew(
        ChatModels(model_settings(settings)),
        model_of(settings),
        settings.root / "crewai",
        roster=load_roster(settings.agents_dir) if settings.agents_dir else load_roster(),
        journal=DurableJournal(ledger.model_calls),
        capabilities=ledger.models,
        pace=Pace(ledger.models, rate_limits(settings)),
        cache=DurableCache(ledger.cached_answers, hours=settings.answer_cache_hours) if settings.answer_cache_hours else None,
        days=DurableDayBudgets(ledger.day_budgets) if ledger.day_budgets.limits else None,
        prices=load_prices(settings.prices_file),
    )
    sandbox = await choose_sandbox(allow_unconfined=settings.unsafe_local)
    toolchain = settings.toolchain_dir or default_toolchain()
    await crew.warm()
    verifier = AppVerifier(
        sandbox, toolchain, artifacts, browser=chromium() if settings.browser else None, node=settings.node_dir or find_node()
    )
    return Workshop(crew=crew, artifacts=artifacts, verifier=verifier, frame=app_frame, four_eyes=settings.four_eyes)


def rate_limits(settings: Settings) -> "dict[str, RateLimit]":
    """The rates of models. Raises `ModelNotConfigured` for a malformed name, pydantic's ValidationError for a malformed rate."""
    from nodes.agents.pace import RateLimit

    return {str(ModelName.parse(name)): RateLimit.model_validate(rate) for name, rate in settings.model_rate_limits.items()}


def model_settings(settings: Settings) -> ModelSettings:
    """How model endpoints are reached."""
    return ModelSettings(
        openai_api_key=settings.openai_api_key.get_secret_value() if settings.openai_api_key else None,
        openai_base_url=settings.openai_base_url,
        azure_endpoint=settings.azure_openai_endpoint,
        azure_api_key=settings.azure_openai_api_key.get_secret_value() if settings.azure_openai_api_key else None,
        azure_api_version=settings.azure_openai_api_version,
        request_timeout_seconds=settings.model_timeout_seconds,
        context_tokens=settings.model_context_tokens,
        max_output_tokens=settings.model_output_tokens,
    )


def model_of(settings: Settings) -> ModelName:
    """The model used unless a build says otherwise."""
    return default_model(model_settings(settings), settings.model)


def default_options(settings: Settings) -> BuildOptions:
    """What a build does unless it says otherwise. Only what was set is passed on."""
    given = {
        "models_by_agent": settings.models_by_agent or None,
        "repair_rounds": settings.repair_rounds,
        "budget_usd": settings.budget_usd,
        "four_eyes": settings.four_eyes or None,
        "review_expiry_hours": settings.review_expiry_hours,
    }
    return BuildOptions.model_validate({name: value for name, value in given.items() if value is not None})
