"""Begin a new build from a checkpoint of another, with edits; the other stays exactly as it is.

What may be edited depends on the checkpoint: a thing is edited where it was just made, so that nothing that was made from
the old one is left over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from checkpoints.records import JsonObject
from checkpoints.threads import ThreadFilter
from nodes.artifacts import AppSpec, BuildRequest
from nodes.context import BuildOptions, effective_options
from server.services.builds import KIND, Builds, Ledger, StartedBuild, as_json, title_of
from server.services.errors import EditMisplaced, NothingFollows, SpecificationUnusable
from server.services.thread_state import CheckpointKey, StateChange, ThreadStates

BEFORE_READING = frozenset({"__start__", "analyze_requirements"})
AFTER_READING = frozenset({"review_requirements", "design_architecture"})


@dataclass(frozen=True)
class AskedFork:
    """From which checkpoint, and what is different there; options that are not set stay as the build had them."""

    checkpoint_id: str
    description: str | None = None
    spec: AppSpec | None = None
    options: BuildOptions = field(default_factory=BuildOptions)
    requested_by: str = "local"


@dataclass(frozen=True)
class ForkedBuild:
    """A build that began from a checkpoint of another."""

    workflow_id: UUID
    checkpoint_id: str


class Forks:
    """The use cases of time travel."""

    def __init__(self, ledger: Ledger, states: ThreadStates, builds: Builds, problems_of: Callable[[AppSpec], Sequence[str]]) -> None:
        """`problems_of` names the contradictions of a specification."""
        self._ledger = ledger
        self._states = states
        self._builds = builds
        self._problems_of = problems_of

    async def fork(self, workflow_id: UUID, asked: AskedFork) -> StartedBuild:
        """Begin the new build: its state, history and first run in one transaction.

        Raises `BuildNotFound`, `CheckpointNotFound`, `NothingFollows`, `EditMisplaced`, `SpecificationUnusable`.
        """
        began = await self._builds.began_with(workflow_id)
        looked_at = await self._states.get(workflow_id, CheckpointKey(asked.checkpoint_id), select=("next",))
        request = _described(began.request, asked.description)
        options = effective_options(began.options, asked.options)
        change = self._change(frozenset(str(node) for node in _listed(looked_at["next"])), asked, request, options)
        graph_id = await self._states.loaded(await self._ledger.threads.graph_of(workflow_id))
        original = await self._ledger.threads.get(workflow_id)
        origin = {"workflow_id": str(workflow_id), "title": title_of(original) or "", "checkpoint_id": asked.checkpoint_id}
        about: JsonObject = {**KIND, "user_id": asked.requested_by, "description": request.app_description[:200], "forked_from": origin}
        async with self._ledger.database.transaction() as transaction:
            copied = await self._ledger.threads.copy(workflow_id, without_metadata=("estimate",), transaction=transaction)
            await self._ledger.threads.update_metadata(copied.thread_id, about, transaction=transaction)
            key = CheckpointKey(asked.checkpoint_id)
            await self._states.change(copied.thread_id, graph_id, [[change]], transaction, at=key)
            given: JsonObject = {"input": None, "began_with": {"request": as_json(request)}}
            await self._builds.enqueue(copied.thread_id, given, options, transaction)
        return StartedBuild(copied.thread_id, copied.created_at)

    def _change(self, following: frozenset[str], asked: AskedFork, request: BuildRequest, options: BuildOptions) -> StateChange:
        """The change of the state that makes the copy go on from there."""
        if not following:
            raise NothingFollows
        if asked.spec is not None:
            if not may_edit_specification(following):
                raise EditMisplaced("The specification is edited at the checkpoint whose next step is the architecture.")
            if found := self._problems_of(asked.spec):
                raise SpecificationUnusable(" ".join(found[:3]))
            return StateChange({"spec": asked.spec}, "analyze_requirements")
        if asked.description is not None:
            if not may_edit_description(following):
                raise EditMisplaced("The description is edited at the checkpoint whose next step is the requirements.")
            return StateChange({"request": request}, "__start__")
        # The options are also a value of the state, which nodes behind the first read.
        return StateChange({"options": options}) if asked.options.model_fields_set else StateChange(None, "__copy__")

    async def of(self, workflow_id: UUID) -> tuple[ForkedBuild, ...]:
        """The builds that began in this one, the newest first."""
        found = await self._ledger.threads.search(ThreadFilter(metadata={"forked_from": {"workflow_id": str(workflow_id)}}), limit=50)
        origins = [(thread.thread_id, thread.metadata["forked_from"]) for thread in found]
        return tuple(ForkedBuild(build, str(origin["checkpoint_id"])) for build, origin in origins if isinstance(origin, Mapping))


def may_edit_description(following: frozenset[str]) -> bool:
    """Whether a checkpoint lies before the description was read."""
    return bool(following) and following <= BEFORE_READING


def may_edit_specification(following: frozenset[str]) -> bool:
    """Whether a checkpoint lies right after the specification was written."""
    return bool(following) and following <= AFTER_READING


def _described(request: BuildRequest, description: str | None) -> BuildRequest:
    """The request with other words. Raises pydantic's ValidationError."""
    if description is None:
        return request
    return BuildRequest.model_validate(request.model_dump() | {"app_description": description})


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
