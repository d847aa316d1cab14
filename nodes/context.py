"""What a node works with: the options of this build, and the workshop it is given when the graph is wired.

`BuildOptions` is LangGraph's run context (Studio shows it as a form). `Workshop` holds live things and never reaches
a checkpoint.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, Field

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    Architecture,
    Artifact,
    ArtifactRef,
    CheckResult,
    EvidenceReport,
    GatePolicy,
    SpecChange,
)

M = TypeVar("M", bound=BaseModel)


class GatePolicies(Artifact):
    """When a person is asked, for each gate."""

    requirements: GatePolicy = Field(default=GatePolicy.auto, title="After requirements")
    architecture: GatePolicy = Field(default=GatePolicy.auto, title="After architecture")
    app: GatePolicy = Field(default=GatePolicy.on_findings, title="Before the package")


class BuildOptions(Artifact):
    """How one build runs. `None` means: as the server is set up."""

    model: str | None = Field(
        default=None, title="Model", description="builtin, openai:<model>, azure:<deployment>; empty: the server's choice."
    )
    models_by_agent: dict[str, str] = Field(default={}, title="Model per agent", description="Agent name → model.")
    gates: GatePolicies = Field(default=GatePolicies(), title="Review gates")
    repair_rounds: int = Field(default=3, ge=0, le=10, title="Repair rounds at most")
    budget_usd: float | None = Field(default=None, ge=0, title="Budget in US dollars")
    budget_tokens: int | None = Field(
        default=None, ge=0, title="Budget in tokens", description="Read and written ones together; for models without a price."
    )
    review_expiry_hours: float | None = Field(
        default=None, gt=0, title="Hours a question waits", description="Then the build is parked, and can be reopened."
    )
    four_eyes: bool = Field(default=False, title="Four eyes", description="Whoever asks for the build may not approve it.")


def effective_options(
    kept: BuildOptions | None, given: BuildOptions | None, *, allowance_usd: float | None = None, allowance_tokens: int | None = None
) -> BuildOptions:
    """What this run was given goes before what the build kept to so far; what neither says is the default.

    Four eyes, once asked for, stay: nobody approves their own build by asking again without.
    The allowances are what a person raised the build's budgets to: a run that still carries the old ones keeps to those.
    """
    merged = {name: getattr(options, name) for options in (kept, given) if options for name in options.model_fields_set}
    if any(options.four_eyes for options in (kept, given) if options):
        merged["four_eyes"] = True
    options = BuildOptions(**merged)
    raised = {"budget_usd": _higher(options.budget_usd, allowance_usd), "budget_tokens": _higher(options.budget_tokens, allowance_tokens)}
    return options.model_copy(update={name: limit for name, limit in raised.items() if limit is not None})


def _higher(limit: float | None, allowance: float | None) -> float | None:
    """The allowance, where it raises a limit there is."""
    return allowance if limit is not None and allowance is not None and allowance > limit else None


@dataclass(frozen=True)
class AgentTask(Generic[M]):
    """One question to one agent. `inputs` are named texts put into the prompt; `check` returns a complaint or None.

    `summarize` says in a few words what an answer holds, counted from the answer itself. `continues` is the LangGraph task
    under which this question was begun before the budget ran out: what was answered then is not asked again.
    `leaner` are the same inputs with less and less in them, each whole in itself, for models that read less at once.
    `files` (path → text) are what the agent's tools may read, where it has some.
    """

    name: str
    inputs: Mapping[str, str]
    answer: type[M]
    component: str | None = None
    attempt: int = 1
    check: Callable[[M], str | None] | None = None
    summarize: Callable[[M], str] | None = None
    continues: str = ""
    leaner: tuple[Mapping[str, str], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AgentAnswer(Generic[M]):
    """A validated answer, and what it used."""

    value: M
    result: AgentResult


class Crew(Protocol):
    """The agents. Raises `AgentOutputInvalid`, `ModelUnavailable`, `ModelRefused`, `BudgetExhausted`."""

    def corrects_drafts(self, task: str, options: BuildOptions) -> bool:
        """Whether the agent of `task` does better with a draft to correct: a language model does, a program wrote it."""

    def reads_little(self, task: str, options: BuildOptions) -> bool:
        """Whether the agent of `task` reads so little at once that it does better with small questions."""

    async def perform(self, task: AgentTask[M], options: BuildOptions) -> AgentAnswer[M]:
        """Have the agent responsible for `task.name` answer; cancelling it cancels the model call."""

    async def disown(self, components: Collection[str] | None = None) -> None:
        """What was answered for these components, or at all in this thread, proved wrong: no other build is given it."""


class ArtifactStore(Protocol):
    """Content-addressed bytes. Putting the same content twice is one artifact."""

    async def put(self, content: bytes, media_type: str) -> ArtifactRef:
        """Store `content` durably before returning."""

    async def get(self, ref: ArtifactRef) -> bytes:
        """The bytes; LookupError if they are not stored."""


OnCheck = Callable[[CheckResult], None]


@dataclass(frozen=True)
class Delivered:
    """The version that is in use while the next one is made: its data and its tests have to survive.

    `files` are those that were delivered, with the user's edits; `changes` say how the next version differs.
    """

    spec: AppSpec
    files: Mapping[str, str]
    changes: tuple[SpecChange, ...] = ()


class Verifier(Protocol):
    """Produces evidence by running the app."""

    async def verify(
        self,
        files: Mapping[str, bytes],
        spec: AppSpec,
        architecture: Architecture,
        *,
        version: int,
        tree_sha256: str,
        on_check: OnCheck,
        delivered: Delivered | None = None,
    ) -> EvidenceReport:
        """Run every check; a check that cannot run is `not_run` with its reason. `on_check` hears each as it ends.

        With `delivered`, two checks more: its data survive the upgrade, and its tests still pass as far as promised.
        """


class Frame(Protocol):
    """Generates the running frame of the app from specification and contract: path → text.

    With `delivered`, the tables are changed by a migration on top of those that were delivered.
    """

    def __call__(self, spec: AppSpec, architecture: Architecture, delivered: Delivered | None = None, /) -> Mapping[str, str]:
        """Every file; the same input gives the same bytes."""


@dataclass(frozen=True)
class Workshop:
    """The live things nodes use, chosen by whoever wires the graph. `four_eyes`: every build has them, whatever it asks for."""

    crew: Crew
    artifacts: ArtifactStore
    verifier: Verifier
    frame: Frame
    four_eyes: bool = False
