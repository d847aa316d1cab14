"""Follow threads: what all their runs record, in the order the runs begin, resumable at any event, for as long as wanted."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from checkpoints.errors import RunNotFound
from checkpoints.records import Run, RunEvent
from server.services.builds import Ledger
from server.services.caller import ANYONE, Caller
from server.services.protocol import PHASES, ROOT, Namespace, ProtocolEvent, RunTranslator, Subscription, moment, node_of, position

HEAD_START_SECONDS = 0.05
"""Both SDKs watch a thread on a connection beside that of its contents. At a question they drop what the contents have not
told yet, and at the end of a run they expect to have heard its questions: so live contents go first, then questions, then
the end, each far enough ahead to arrive first."""


@dataclass(frozen=True)
class ThreadRecord:
    """What one run of a thread recorded, and where that stands on the thread."""

    seq: int
    run: Run
    record: RunEvent


@dataclass(frozen=True)
class AgentNode:
    """A graph of a run, how far it is, and the graphs inside it."""

    namespace: Namespace
    phase: str
    graph_name: str
    children: "tuple[AgentNode, ...]" = ()


class ThreadStreams:
    """The use cases of those who watch a thread rather than a run. Their streams never end by themselves."""

    def __init__(self, ledger: Ledger) -> None:
        self._runs = ledger.runs
        self._threads = ledger.threads
        self._run_events = ledger.run_events

    async def records(self, thread_id: UUID, *, after: int) -> AsyncIterator[ThreadRecord]:
        """What the thread's runs record after a position, each record once. 0: everything there is."""
        async for run in self._runs_from(thread_id, await self._run_at(thread_id, after)):
            begun_at = position(run, 0)
            async for record in self._run_events.follow(run.run_id, after=max(0, after - begun_at)):
                yield ThreadRecord(begun_at + record.seq, run, record)

    async def now(self, thread_id: UUID) -> int:
        """The position to follow from to hear of the run under way and of later ones, and of none that has ended."""
        run = await self._runs.begun_at(thread_id)
        if run is None:
            return 0
        return position(run, run.last_event_seq) if run.status.is_terminal else position(run, 0)

    async def events(
        self, thread_id: UUID, wanted: Subscription, *, after: int = 0, caller: Caller = ANYONE
    ) -> AsyncIterator[ProtocolEvent]:
        """The protocol's events after a position, from the first run of the thread on; the thread may not exist yet.

        So only its runs show whether it is one that the caller may see; otherwise the stream ends.
        """
        async for run in self._runs_from(thread_id, await self._run_at(thread_id, after)):
            if caller.visible is not None and not await self._threads.contains(thread_id, caller.visible):
                return
            async for event in self._events_of(run):
                if event.seq > after and wanted.wants(event):
                    yield event

    async def tree(self, thread_id: UUID, run_id: UUID | None) -> AgentNode:
        """The graphs of a run, or of the one that began last. Raises `RunNotFound`."""
        run = await self._runs.get(run_id) if run_id else await self._runs.begun_at(thread_id)
        if run is None or run.thread_id != thread_id:
            raise RunNotFound(str(run_id or ""))
        phases = await self._phases(run) if run.started_at else {}
        return _node(ROOT, PHASES[run.status], str(run.metadata.get("graph_id") or ""), phases)

    async def _phases(self, run: Run) -> Mapping[Namespace, str]:
        """How far each graph inside a run is, by what was recorded until now."""
        translator, phases, after = RunTranslator(run), dict[Namespace, str](), 0
        while page := await self._run_events.read_after(run.run_id, after):
            for event in chain.from_iterable(map(translator.of, page)):
                if event.method == "lifecycle" and isinstance(event.data, dict):
                    phases[event.namespace] = event.data["event"]
            after = page[-1].seq
        return phases

    async def _events_of(self, run: Run) -> AsyncIterator[ProtocolEvent]:
        translator = RunTranslator(run)
        async for record in self._run_events.follow(run.run_id):
            for event in translator.of(record):
                if event.ends_reading and not run.status.is_terminal:
                    await asyncio.sleep(HEAD_START_SECONDS)
                yield event
        for event in translator.gone():
            yield event

    async def _run_at(self, thread_id: UUID, after: int) -> Run | None:
        return await self._runs.begun_at(thread_id, moment(after)) if after else None

    async def _runs_from(self, thread_id: UUID, first: Run | None) -> AsyncIterator[Run]:
        """`first`, or the first run there is, and every later one as soon as it has begun."""
        with self._run_events.changes(thread_id) as changes:
            if first:
                yield first
            last = first
            async for _ in changes:
                while run := await self._runs.next_begun(thread_id, last.started_at if last else None):
                    yield run
                    last = run


def _node(namespace: Namespace, phase: str, graph_name: str, phases: Mapping[Namespace, str]) -> AgentNode:
    inside = [inner for inner in phases if len(inner) == len(namespace) + 1 and inner[: len(namespace)] == namespace]
    return AgentNode(namespace, phase, graph_name, tuple(_node(inner, phases[inner], node_of(inner[-1]), phases) for inner in inside))
