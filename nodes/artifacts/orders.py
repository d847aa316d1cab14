"""What an engineer is handed, and where a node stopped for want of money or tokens."""

from datetime import datetime
from typing import TypeAlias

from nodes.artifacts.architecture import Architecture
from nodes.artifacts.evidence import Finding
from nodes.artifacts.gates import BudgetLimit
from nodes.artifacts.specification import AppSpec
from nodes.artifacts.stored import Artifact, ArtifactRef, Identifier


class WrittenBefore(Artifact):
    """What engineers wrote for the version a change starts from: the order they had, and the `SourceTree` it came to."""

    work_order: ArtifactRef
    tree: ArtifactRef


class WorkOrder(Artifact):
    """What all engineers of one round share. `frame` refers to the generated frame, a `SourceTree`."""

    spec: AppSpec
    architecture: Architecture
    frame: ArtifactRef
    before: WrittenBefore | None = None


class ComponentOrder(Artifact):
    """One engineer's job: the component, the `SourceTree` to start from, and what was found wrong before."""

    component: Identifier
    attempt: int
    work_order: ArtifactRef
    base: ArtifactRef
    findings: tuple[Finding, ...] = ()
    feedback: str = ""


class BudgetPause(Artifact):
    """A node that stopped before a model call which could have exceeded a budget. `order` is that of an engineer.

    `task_id` is the LangGraph task under which its answers so far are journaled; it goes on with them.
    """

    node: str
    task_id: str
    order: ComponentOrder | None = None
    spent_usd: float
    budget_usd: float
    next_call_usd: float
    limit: BudgetLimit = BudgetLimit.build
    resumes_at: datetime | None = None


class TokenPause(Artifact):
    """The same before a call that could have exceeded the build's budget in tokens."""

    node: str
    task_id: str
    order: ComponentOrder | None = None
    spent_tokens: int
    budget_tokens: int
    next_call_tokens: int


Pause: TypeAlias = BudgetPause | TokenPause
