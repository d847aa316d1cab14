"""What runs graphs: the catalogue of them, a worker at work, its notices and its traces."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from checkpoints.crons import CronRepository
from checkpoints.webhooks import WebhookRepository
from server.langgraph_json import LanggraphConfig
from server.mail import MailServer
from server.run_queue import RunQueue
from server.services.builds import Builds, Ledger
from server.services.notices import Receivers
from server.services.renewed_budgets import RenewedBudgets
from server.services.spending import Spending
from server.services.waiting_questions import WaitingQuestions, WaitingTimes
from server.services.webhooks import Webhooks
from server.settings import Settings, add_to_environment

if TYPE_CHECKING:
    from server.graphs import GraphCatalogue
    from server.services.assistants import Assistants
    from server.services.crons import Crons
    from server.services.runs import Runs
    from server.worker.run_worker import RunWorker
    from server.worker.send_webhooks import WebhookSender
    from server.worker.tracing import Tracing


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


@asynccontextmanager
async def open_worker(
    settings: Settings, ledger: Ledger, run_queue: RunQueue, graphs: "GraphCatalogue", builds: Builds, spending: Spending
) -> AsyncIterator["RunWorker"]:
    """A worker at work; it gives its runs back when the block ends."""
    # Here, because a process that only serves or prints help need not load everything that runs graphs.
    from server.services.assistants import Assistants
    from server.services.new_builds import NewBuilds
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
    crons = make_crons(ledger, run_queue, assistants, Runs(ledger, run_queue, assistants, NewBuilds(spending, ledger.threads)))
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
