"""One task done by one agent: what it used and what it cost."""

from nodes.artifacts.stored import Artifact, Identifier


class AgentResult(Artifact):
    """One task done by one agent: what it used and what it cost. Amounts are of this task alone.

    `replayed_calls` of `calls` were answered from the journal after a crash; their tokens and cost were paid once.
    `tokens_estimated`: the endpoint did not tell what it used.
    """

    agent: str
    task: str
    component: Identifier | None = None
    attempt: int = 1
    model: str
    calls: int
    replayed_calls: int = 0
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    tokens_estimated: bool = False
    cost_usd: float | None = None
    duration_seconds: float = 0.0
    summary: str = ""
