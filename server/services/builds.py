"""Builds as people use them: start, look, decide, cancel, resume, fetch. Knows no HTTP and no graph, only the ledger."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from checkpoints.approvals import ApprovalRepository
from checkpoints.artifacts import ArtifactRepository
from checkpoints.assistants import AssistantRepository
from checkpoints.cached_answers import CachedAnswerRepository
from checkpoints.connection import Database, Transaction
from checkpoints.day_budgets import DayBudgetRepository
from checkpoints.errors import ApprovalExpired, IllegalRunTransition, ThreadNotFound
from checkpoints.estimates import EstimateRepository
from checkpoints.idempotency import IdempotencyRepository
from checkpoints.model_calls import ModelCallRepository
from checkpoints.models import ModelRepository
from checkpoints.records import (
    Approval,
    ApprovalStatus,
    JsonObject,
    MultitaskStrategy,
    Run,
    RunEvent,
    RunStatus,
    StoredAnswer,
    Thread,
)
from checkpoints.run_events import RunEventRepository
from checkpoints.runs import RunRepository
from checkpoints.threads import ThreadFilter, ThreadRepository
from checkpoints.webhooks import WebhookRepository
from nodes.artifacts import (
    AppSpec,
    Artifact,
    BuildRequest,
    ChangeRequest,
    Decision,
    Gate,
    KeptVersion,
    ReviewAnswer,
    ReviewRequest,
)
from nodes.context import BuildOptions, effective_options
from nodes.costs import CostEstimate
from server.run_queue import RunQueue
from server.services.agent_text import AGENT_TEXT
from server.services.asked_changes import AskedChange, careful, known_app
from server.services.build_progress import BuildProgress, progress_of
from server.services.build_status import (
    PAUSED_BY,
    BuildStatus,
    CustomStatus,
    PendingReview,
    RuntimeStatus,
    concerns_of,
    conversation,
    declined_of,
    delivery_of,
    failure_of,
    message_of,
    open_questions_of,
    recipes_of,
    runtime_status,
    unmet_preferences_of,
    usage_report,
    versions_of,
)
from server.services.decisions import AT_THIS_MACHINE, DecisionRecord, Origin, check_current, told
from server.services.edited_files import stored_tree
from server.services.errors import (
    AppVersionNotFound,
    BuildFinished,
    BuildNotChangeable,
    BuildNotFound,
    BuildNotParked,
    BuildNotRunning,
    BuildNotWaiting,
    DecisionStale,
    NothingUnderstood,
    PackageNotReady,
    SpecificationRefused,
)
from server.services.estimate_use import estimate_use
from server.services.new_limits import NO_NEW_LIMITS, NewLimits, limits_of
from server.services.shown_before import ShownBefore
from server.services.spending import Spending
from server.services.templates import Templates

KIND = {"kind": "build"}
"""Metadata that marks a thread as a build; other graphs' threads live beside it."""

DEFAULT_EXPIRY_HOURS = 24.0
STREAM_MODES = ["custom", "updates"]
RESUMABLE = frozenset({RuntimeStatus.failed, RuntimeStatus.canceled, RuntimeStatus.paused, RuntimeStatus.expired})


@dataclass(frozen=True)
class BuildStart:
    """What a build starts with; a description of a build from a template says what should be different, if anything."""

    request: BuildRequest
    options: BuildOptions
    template: str | None = None


@dataclass(frozen=True)
class StartedBuild:
    """An accepted build."""

    workflow_id: UUID
    created_at: datetime


@dataclass(frozen=True)
class Package:
    """A packaged app."""

    content: bytes
    file_name: str
    sha256: str


class BuildSummary(Artifact):
    """A line in a list of builds."""

    workflow_id: UUID
    title: str
    runtime_status: RuntimeStatus
    created_time: datetime
    last_updated_time: datetime


@dataclass(frozen=True)
class Ledger:
    """Everything that is remembered, opened once."""

    database: Database
    threads: ThreadRepository
    runs: RunRepository
    run_events: RunEventRepository
    approvals: ApprovalRepository
    artifacts: ArtifactRepository
    model_calls: ModelCallRepository
    day_budgets: DayBudgetRepository
    webhooks: WebhookRepository
    models: ModelRepository
    cached_answers: CachedAnswerRepository
    estimates: EstimateRepository
    assistants: AssistantRepository
    idempotency: IdempotencyRepository


SpecProblems = Callable[[AppSpec], Sequence[str]]
"""What is inconsistent in a specification, in sentences that say what to correct."""


class Builds:
    """The use cases of a build."""

    def __init__(
        self,
        ledger: Ledger,
        run_queue: RunQueue,
        *,
        spending: Spending,
        defaults: BuildOptions,
        graph_id: str,
        templates: Templates,
        shown_before: ShownBefore,
        spec_problems: SpecProblems,
    ) -> None:
        self._ledger = ledger
        self._run_queue = run_queue
        self._spending = spending
        self._defaults = defaults
        self._graph_id = graph_id
        self.templates = templates
        self._shown_before = shown_before
        self._spec_problems = spec_problems

    # ------------------------------------------------------------------------------------------------ starting

    async def start(self, start: BuildStart, *, idempotency_key: str | None = None) -> StartedBuild:
        """Accept a build: thread, run and job in one transaction.

        Raises `IdempotencyConflict`, `ModelNotConfigured`, `BudgetNotKeepable` and `TemplateNotFound`.
        """
        options = await self._spending.acceptable(start.options)
        estimate = await self._spending.estimate_if_paid(start.request, start.options, template=start.template)
        async with self._ledger.database.transaction() as transaction:
            if idempotency_key:
                body = start.request.model_dump_json() + start.options.model_dump_json() + (start.template or "")
                digest = hashlib.sha256(body.encode()).hexdigest()
                repeated = await self._ledger.idempotency.reserve("start", idempotency_key, digest, transaction)
                if repeated and isinstance(repeated.body, Mapping):
                    thread = await self._ledger.threads.get(UUID(str(repeated.body["workflow_id"])), transaction=transaction)
                    return StartedBuild(thread.thread_id, thread.created_at)
            started = await self._accept(start, options, estimate, transaction)
            if idempotency_key:
                answer = StoredAnswer(status_code=202, body={"workflow_id": str(started.workflow_id)})
                await self._ledger.idempotency.answer("start", idempotency_key, answer, transaction)
            return started

    async def _accept(
        self, start: BuildStart, options: BuildOptions, estimate: CostEstimate | None, transaction: Transaction
    ) -> StartedBuild:
        description = start.request.app_description
        thread = await self._ledger.threads.create(
            uuid4(),
            metadata={**KIND, "user_id": start.request.user_id, "description": description[:200]},
            graph_id=self._graph_id,
            transaction=transaction,
        )
        if estimate:
            await self._spending.keep_estimate(thread.thread_id, estimate, transaction)
        given: JsonObject = {"request": as_json(start.request)}
        if start.template:
            given = {**given, "template": as_json(self.templates.named(start.template))}
        await self.enqueue(thread.thread_id, {"input": given}, options, transaction)
        return StartedBuild(thread.thread_id, thread.created_at)

    async def enqueue(
        self, thread_id: UUID, given: JsonObject, options: BuildOptions, transaction: Transaction, run_id: UUID | None = None
    ) -> Run:
        """Accept a run of a build beside whatever else the transaction does."""
        if "command" not in given:  # what a person decides is taken in any case
            await self._spending.acceptable(options)
        assistant = await self._ledger.assistants.ensure(self._graph_id, transaction=transaction)
        run = await self._ledger.runs.create(
            thread_id,
            assistant.assistant_id,
            transaction,
            kwargs={**given, "context": as_json(options), "stream_mode": STREAM_MODES, "tells_text": True},
            multitask_strategy=MultitaskStrategy.reject,
            run_id=run_id,
        )
        await self._run_queue.enqueue(run.run_id, thread_id, transaction)
        return run

    # ------------------------------------------------------------------------------------------------ changing

    async def change(self, workflow_id: UUID, asked: AskedChange, *, origin: Origin = AT_THIS_MACHINE) -> BuildStatus:
        """Ask for a change to an app; the version in use stays until the next one is approved.

        Its build has ended, or waits for a decision about the app, which this then is.

        Unless the options say otherwise, a person is asked first where stored data would go or words stay unclear.
        Raises `BuildNotFound`, `BuildNotChangeable`, `AppVersionNotFound`.
        """
        thread, run = await self._thread(workflow_id), await self._newest_run(workflow_id)
        status, versions = await self._runtime_status(thread, run), versions_of(thread)
        review = pending_review(await self._ledger.approvals.of_thread(workflow_id))
        asked_at_app = review is not None and review.request.gate is Gate.app
        if not (status.is_final or asked_at_app) or not (versions or (thread.values or {}).get("qa")):
            raise BuildNotChangeable(f"It is {status}.")
        if asked.restore_version and asked.restore_version not in {kept.version.number for kept in versions}:
            raise AppVersionNotFound(f"There is no version {asked.restore_version}.")
        request = ChangeRequest(
            feedback=asked.feedback,
            files=await stored_tree(self._ledger.artifacts, workflow_id, asked.files) if asked.files else None,
            restore_version=asked.restore_version,
            requested_by=asked.requested_by,
        )
        options = careful(effective_options(await self._options(workflow_id), asked.options), asked.options)
        run_id, began = uuid4(), await self.began_with(workflow_id)
        estimate = await self._spending.estimate_change_if_paid(began.request, options, known_app(thread.values or {}, asked.feedback))
        async with self._ledger.database.transaction() as transaction:
            if estimate:
                await self._spending.keep_estimate(workflow_id, estimate, transaction, is_change=True)
            if review is not None:
                said = request.feedback or "Edited files were handed in."
                answer = ReviewAnswer(decision=Decision.changes_requested, feedback=said, decided_by=asked.requested_by)
                await self._ledger.approvals.decide(
                    workflow_id,
                    review.interrupt_id,
                    as_json(answer),
                    decided_by=asked.requested_by,
                    run_id=run_id,
                    via=origin,
                    transaction=transaction,
                )
            await self.enqueue(workflow_id, {"input": {"change": as_json(request)}}, options, transaction, run_id)
        return await self.status(workflow_id)

    async def kept_versions(self, workflow_id: UUID) -> tuple[KeptVersion, ...]:
        """The checked versions of the app, oldest first. Raises `BuildNotFound`."""
        return versions_of(await self._thread(workflow_id))

    # ------------------------------------------------------------------------------------------------ looking

    async def status(self, workflow_id: UUID) -> BuildStatus:
        """Everything a client needs to show a build. Raises `BuildNotFound`."""
        thread = await self._thread(workflow_id)
        runs = await self._runs(workflow_id)
        progress = await self._progress(runs)
        approvals = await self._ledger.approvals.of_thread(workflow_id)
        review = pending_review(approvals)
        status = runtime_status(thread, runs[0], approvals)
        failure = failure_of(thread, runs[0])
        request = BuildRequest.model_validate(first_input(runs)["request"])
        usage = await self._ledger.model_calls.usage(thread_id=workflow_id)
        by_agent = await self._ledger.model_calls.usage_by_agent(workflow_id)
        delivery, estimates = delivery_of(thread), await self._spending.estimates_of(workflow_id)
        return BuildStatus(
            workflow_id=workflow_id,
            runtime_status=status,
            custom_status=CustomStatus(
                current_agent=progress.current_agent if status is RuntimeStatus.running else None,
                progress=progress.percent,
                stage=progress.stage,
                message=message_of(status, progress, review, failure or declined_of(thread)),
            ),
            title=title_of(thread),
            input=request.model_dump(mode="json"),
            output=(thread.values or {}) | {"package": f"/api/builds/{workflow_id}/artifact.zip"} if delivery else None,
            review=review if status is RuntimeStatus.awaiting_approval else None,
            waits=progress.waits if status is RuntimeStatus.running else (),
            error=failure,
            unmet_preferences=unmet_preferences_of(thread),
            recipes=recipes_of(thread),
            open_questions=open_questions_of(thread),
            checks=progress.checks,
            concerns=concerns_of(thread),
            changes=progress.changes,
            declined=declined_of(thread),
            agent_results=progress.results,
            conversation_history=conversation(request.app_description, progress, approvals),
            usage=usage_report(usage),
            usage_by_agent={entry.agent: usage_report(entry) for entry in by_agent},
            estimate=CostEstimate.model_validate(estimates[0].estimate) if estimates else None,
            estimates=tuple(estimate_use(outcome) for outcome in estimates),
            trace_url=progress.trace_url,
            created_time=thread.created_at,
            last_updated_time=max(thread.updated_at, runs[0].updated_at),
        )

    async def progress(self, workflow_id: UUID) -> BuildProgress:
        """How far a build is. Raises `BuildNotFound`."""
        return await self._progress(await self._runs(workflow_id))

    async def newest(self, *, limit: int = 20, offset: int = 0) -> tuple[BuildSummary, ...]:
        """Builds, newest first."""
        threads = await self._ledger.threads.search(ThreadFilter(metadata=dict(KIND)), limit=limit, offset=offset)
        return tuple([summary for thread in threads if (summary := await self._summary(thread))])

    async def _summary(self, thread: Thread) -> BuildSummary | None:
        try:
            run = await self._newest_run(thread.thread_id)
        except BuildNotFound:
            return None
        return BuildSummary(
            workflow_id=thread.thread_id,
            title=title_of(thread) or str(thread.metadata.get("description", "")),
            runtime_status=await self._runtime_status(thread, run),
            created_time=thread.created_at,
            last_updated_time=max(thread.updated_at, run.updated_at),
        )

    async def events(self, workflow_id: UUID, *, after: str | None = None) -> AsyncIterator[RunEvent]:
        """What happens in the newest run, from its beginning or after an event id. Raises `BuildNotFound`."""
        await self._thread(workflow_id)
        run = await self._newest_run(workflow_id)
        return self._ledger.run_events.follow(run.run_id, after=int(after) if after and after.isdigit() else 0)

    async def package(self, workflow_id: UUID) -> Package:
        """The packaged app. Raises `BuildNotFound`, `PackageNotReady`."""
        delivery = delivery_of(await self._thread(workflow_id))
        if delivery is None:
            raise PackageNotReady(str(workflow_id))
        content = await self._ledger.artifacts.get(delivery.package.sha256)
        return Package(content, delivery.file_name, delivery.package.sha256)

    # ------------------------------------------------------------------------------------------------ deciding

    async def decide(
        self, workflow_id: UUID, answer: ReviewAnswer, *, interrupt_id: str | None = None, origin: Origin = AT_THIS_MACHINE
    ) -> Approval:
        """Record the decision and go on with it, in one transaction; exactly one of many wins.

        Raises `BuildNotFound`, `BuildNotWaiting`, `DecisionStale`, `RequesterMayNotApprove`, `SpecificationRefused`,
        `BudgetNotRaised`, `ApprovalAlreadyDecided`, `ApprovalExpired`.
        """
        # Read before the transaction: one that holds a connection and waits for another can wait for itself.
        asked = interrupt_id or await self._asked(workflow_id)
        options = await self._options(workflow_id)
        if answer.spec and (found := self._spec_problems(answer.spec)):
            raise SpecificationRefused(*found)
        try:
            return await self._decide(workflow_id, asked, answer, options, origin)
        except DecisionStale as stale:
            now = ReviewRequest.model_validate((await self._ledger.approvals.get(workflow_id, asked)).request)
            seen = answer.subject_sha256 or now.subject_sha256
            changes = await self._shown_before.differences(workflow_id, seen, now.subject_sha256)
            raise DecisionStale(stale.detail, changes) from None

    async def _decide(self, workflow_id: UUID, asked: str, answer: ReviewAnswer, options: BuildOptions, origin: Origin) -> Approval:
        async with self._ledger.database.transaction() as transaction:
            approval = await self._ledger.approvals.get(workflow_id, asked, transaction=transaction)
            request = ReviewRequest.model_validate(approval.request)
            check_current(answer, request)
            if request.budget and not request.budget.is_of_the_build:
                if answer.budget_usd is not None:
                    await self._ledger.day_budgets.raise_limit(
                        workflow_id, request.budget.limit, answer.budget_usd, raised_by=answer.decided_by, transaction=transaction
                    )
            else:
                options = limits_of(answer).over(options)
            run_id = uuid4()
            decided = await self._ledger.approvals.decide(
                workflow_id, asked, as_json(answer), decided_by=answer.decided_by, run_id=run_id, via=origin, transaction=transaction
            )
            if answer.decision is Decision.rejected and request.budget is None:  # what is not wanted is offered to no other build
                await self._ledger.cached_answers.discard(workflow_id, transaction=transaction)
            resume: JsonObject = {"command": {"resume": {asked: as_json(answer)}}}
            await self.enqueue(workflow_id, resume, options, transaction, run_id)
            return decided

    async def spec(self, workflow_id: UUID) -> AppSpec:
        """What was understood. Raises `BuildNotFound`, `NothingUnderstood`."""
        found = ((await self._thread(workflow_id)).values or {}).get("spec")
        if not found:
            raise NothingUnderstood
        return AppSpec.model_validate(found)

    async def decisions(self, workflow_id: UUID) -> tuple[DecisionRecord, ...]:
        """Everything the build asked, the oldest first: who decided what, when, and from where. Raises `BuildNotFound`."""
        await self._thread(workflow_id)
        return told(await self._ledger.approvals.of_thread(workflow_id))

    async def _asked(self, workflow_id: UUID) -> str:
        """The interrupt that waits. Raises `BuildNotFound`, `BuildNotWaiting`, `ApprovalExpired`."""
        thread = await self._thread(workflow_id)
        if waiting := await self._ledger.approvals.waiting(workflow_id):
            return waiting[0].interrupt_id
        if expired := expired_question(await self._ledger.approvals.of_thread(workflow_id)):
            raise ApprovalExpired(expired)
        raise BuildNotWaiting(f"It is {await self._runtime_status(thread, await self._newest_run(workflow_id))}.")

    async def _options(self, workflow_id: UUID) -> BuildOptions:
        run = await self._newest_run(workflow_id)
        return BuildOptions.model_validate(run.kwargs.get("context") or {})

    # ------------------------------------------------------------------------------------------------ stopping, going on

    async def cancel(self, workflow_id: UUID, *, origin: Origin = AT_THIS_MACHINE) -> BuildStatus:
        """Stop the newest run at once; a build that waits is rejected. Raises `BuildNotFound`, `BuildFinished`."""
        await self._thread(workflow_id)
        run = await self._newest_run(workflow_id)
        if await self._ledger.approvals.waiting(workflow_id):
            await self.decide(workflow_id, ReviewAnswer(decision=Decision.rejected, feedback="Canceled while it waited."), origin=origin)
            return await self.status(workflow_id)
        try:
            await self._ledger.runs.request_cancel(run.run_id)
        except IllegalRunTransition as error:
            raise BuildFinished(error.detail) from error
        await self._run_queue.cancel(run.run_id)
        return await self.status(workflow_id)

    async def pause(self, workflow_id: UUID, *, paused_by: str = "local") -> BuildStatus:
        """Stop at once to go on later: finished steps and answered model calls are kept. Raises `BuildNotFound`, `BuildNotRunning`."""
        thread, run = await self._thread(workflow_id), await self._newest_run(workflow_id)
        async with self._ledger.database.transaction() as transaction:
            await self._ledger.runs.note(run.run_id, {PAUSED_BY: paused_by}, transaction)
            try:
                await self._ledger.runs.request_cancel(run.run_id, transaction=transaction)
            except IllegalRunTransition as error:
                raise BuildNotRunning(f"It is {await self._runtime_status(thread, run)}.") from error
        await self._run_queue.cancel(run.run_id)
        return await self.status(workflow_id)

    async def resume(
        self, workflow_id: UUID, limits: NewLimits = NO_NEW_LIMITS, *, resumed_by: str = "local", origin: Origin = AT_THIS_MACHINE
    ) -> BuildStatus:
        """Go on with a build that failed, was paused, canceled or parked: from its last checkpoint, or with the same question.

        With `limits`, also with one that waits for a higher budget. Raises `BuildNotFound`, `BuildNotWaiting`,
        `BudgetNotRaised`, `BudgetNotKeepable`.
        """
        thread = await self._thread(workflow_id)
        runs = await self._runs(workflow_id)
        if limits and await self._waits_for_money(workflow_id):
            answer = ReviewAnswer.model_validate({"decision": Decision.approved, "decided_by": resumed_by, **limits.given()})
            await self.decide(workflow_id, answer, origin=origin)
            return await self.status(workflow_id)
        status = await self._runtime_status(thread, runs[0])
        if status is RuntimeStatus.expired:
            return await self.reopen(workflow_id, reopened_by=resumed_by)
        if status not in RESUMABLE:
            raise BuildNotWaiting(f"It is {status}; only a failed, paused, canceled or expired build is resumed.")
        given: JsonObject = {"input": None} if thread.values else {"input": first_input(runs)}
        if runs[0].started_at is None:  # stopped before anybody took it up: what it was to bring still has to be brought
            given = {name: runs[0].kwargs[name] for name in ("input", "command", "config") if name in runs[0].kwargs}
        options = limits.over(await self._options(workflow_id))
        async with self._ledger.database.transaction() as transaction:
            await self.enqueue(workflow_id, given, options, transaction)
        return await self.status(workflow_id)

    async def reopen(self, workflow_id: UUID, *, reopened_by: str = "local") -> BuildStatus:
        """Put the question of a parked build again, with a new deadline; nothing runs for it. Raises `BuildNotFound`, `BuildNotParked`."""
        thread, run = await self._thread(workflow_id), await self._newest_run(workflow_id)
        options = effective_options(self._defaults, await self._options(workflow_id))
        hours = options.review_expiry_hours or DEFAULT_EXPIRY_HOURS
        approvals = self._ledger.approvals
        if run.status is not RunStatus.interrupted or not await approvals.reopen(
            workflow_id, expires_in_seconds=hours * 3600, reopened_by=reopened_by
        ):
            raise BuildNotParked(f"It is {await self._runtime_status(thread, run)}.")
        return await self.status(workflow_id)

    async def _waits_for_money(self, workflow_id: UUID) -> bool:
        review = pending_review(await self._ledger.approvals.of_thread(workflow_id))
        return review is not None and review.request.gate is Gate.budget

    # ------------------------------------------------------------------------------------------------ reading the ledger

    async def began_with(self, workflow_id: UUID) -> BuildStart:
        """What a build was started with, and how it runs now. Raises `BuildNotFound`."""
        await self._thread(workflow_id)
        runs = await self._runs(workflow_id)
        request = BuildRequest.model_validate(first_input(runs)["request"])
        return BuildStart(request, BuildOptions.model_validate(runs[0].kwargs.get("context") or {}))

    async def _thread(self, workflow_id: UUID) -> Thread:
        try:
            thread = await self._ledger.threads.get(workflow_id)
        except ThreadNotFound as error:
            raise BuildNotFound(str(workflow_id)) from error
        if thread.metadata.get("kind") != KIND["kind"]:
            raise BuildNotFound(str(workflow_id))
        return thread

    async def _newest_run(self, workflow_id: UUID) -> Run:
        return (await self._runs(workflow_id, limit=1))[0]

    async def _runs(self, workflow_id: UUID, *, limit: int = 100) -> list[Run]:
        """The newest first. Raises `BuildNotFound` if there are none: clients of the thread API may have deleted them."""
        if runs := await self._ledger.runs.list_of_thread(workflow_id, limit=limit):
            return runs
        raise BuildNotFound(str(workflow_id))

    async def _runtime_status(self, thread: Thread, run: Run) -> RuntimeStatus:
        asked = await self._ledger.approvals.of_thread(thread.thread_id) if run.status is RunStatus.interrupted else []
        return runtime_status(thread, run, asked)

    async def _progress(self, runs: list[Run]) -> BuildProgress:
        events: list[RunEvent] = []
        for run in reversed(runs):
            after = 0
            while page := await self._ledger.run_events.read_after(run.run_id, after, without=AGENT_TEXT):
                events += page
                after = page[-1].seq
        return progress_of(events)


def pending_review(approvals: list[Approval]) -> PendingReview | None:
    """The question that waits, if one does."""
    for approval in approvals:
        if approval.status == "pending":
            return PendingReview(
                interrupt_id=approval.interrupt_id,
                request=ReviewRequest.model_validate(approval.request),
                opened_at=approval.opened_at,
                expires_at=approval.expires_at,
            )
    return None


def expired_question(approvals: list[Approval]) -> Approval | None:
    """The last question, if the time to answer it is over, also where nobody has noticed so far."""
    last = approvals[-1] if approvals else None
    return last if last and last.status in (ApprovalStatus.expired, ApprovalStatus.pending) else None


def title_of(thread: Thread) -> str | None:
    """The app's title, once it was understood."""
    spec = (thread.values or {}).get("spec")
    return str(spec["title"]) if isinstance(spec, Mapping) else None


def first_input(runs: list[Run]) -> JsonObject:
    """What the thread's first run was started with, or the build it was forked from."""
    given = runs[-1].kwargs["input"] or runs[-1].kwargs["began_with"]
    assert isinstance(given, dict)
    return given


def as_json(value: Artifact) -> JsonObject:
    """What was set, as JSON: unset options stay unset, so that later defaults apply."""
    made: JsonObject = json.loads(value.model_dump_json(exclude_unset=True))
    return made
