"""What the HTTP routes and the dashboard are handed: every use case, made once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.crons import CronRepository
from nodes.blueprint.consistency import problems
from server.bootstrap.models import model_of
from server.bootstrap.working import make_crons, nothing_to_work_with, open_graphs, receivers_of, stopped
from server.bootstrap.world import World
from server.dashboard.dependencies import Desk
from server.langgraph_json import LanggraphConfig, ThreadTtl
from server.services.agent_text import AgentTexts
from server.services.analytics import Analytics
from server.services.answer_caches import AnswerCaches
from server.services.app_versions import AppVersions
from server.services.build_list import BuildList
from server.services.build_record import BuildRecords
from server.services.builds import Builds
from server.services.caller import Sight
from server.services.health import Health
from server.services.metrics import Metrics
from server.services.previews import PreviewAddress, Previews
from server.services.readings import Readings
from server.services.source_files import SourceFiles
from server.services.spending import Spending
from server.services.threads import Threads, TimeToLive
from server.services.webhooks import Webhooks
from server.services.workplace import AgentCard, Condition, Examined, ShownSetting, Workplace
from server.settings import shown_settings

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class ServedWorld:
    """What the HTTP routes are handed."""

    builds: Builds
    build_list: BuildList
    spending: Spending
    answer_caches: AnswerCaches
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


@asynccontextmanager
async def open_services(world: World, *, previews_at: PreviewAddress | None = None) -> AsyncIterator[ServedWorld]:
    """The services behind the routes. Graphs are loaded in the background, so that the server answers at once."""
    # Here, because commands that only look at builds need not load LangGraph.
    from server.services.agent_tasks import AgentTasks
    from server.services.assistants import Assistants
    from server.services.commands import ThreadCommands
    from server.services.forks import Forks
    from server.services.hints import Hints
    from server.services.mcp_tools import McpTools
    from server.services.new_builds import NewBuilds
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
        runs = Runs(ledger, world.run_queue, assistants, NewBuilds(world.spending, ledger.threads))
        run_streams = RunStreams(ledger, runs)
        yield ServedWorld(
            builds=world.builds,
            build_list=BuildList(ledger.database),
            spending=world.spending,
            answer_caches=AnswerCaches(ledger.cached_answers),
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
        spending=world.spending,
        answer_caches=AnswerCaches(ledger.cached_answers),
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
        examine=lambda: examine(settings, database, lambda: model_of(settings), with_agents=world.worker is not None),
        settings=tuple(ShownSetting(*shown) for shown in shown_settings(settings)),
        agents=tuple(cards),
    )


def thread_ttl(config: LanggraphConfig) -> TimeToLive | None:
    """How long threads live unless their creator says otherwise."""
    ttl = config.thread_ttl
    return TimeToLive(ttl.default_ttl, ttl.strategy) if ttl and ttl.default_ttl else None


def sweep_minutes(config: LanggraphConfig) -> float:
    """How often threads are looked through for those whose time is over."""
    return (config.thread_ttl or ThreadTtl()).sweep_interval_minutes
