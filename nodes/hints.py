"""Take what people say to a running build into its next repair round. They say it through LangGraph's store."""

from collections.abc import Sequence

from langgraph.config import get_config
from langgraph.runtime import Runtime
from langgraph.store.base import Item

from nodes.artifacts import HINTS, Hint, QaOutcome, RepairStop
from nodes.context import BuildOptions

MOST_HINTS = 100


async def said_meanwhile(runtime: Runtime[BuildOptions]) -> Sequence[Item]:
    """All that was said to this build, the oldest first; nothing where there is no store."""
    if runtime.store is None:
        return []
    namespace = (*HINTS, str(get_config()["configurable"]["thread_id"]))
    return sorted(await runtime.store.asearch(namespace, limit=MOST_HINTS), key=lambda item: item.created_at)


def with_hints(outcome: QaOutcome, previous: QaOutcome | None, said: Sequence[Item], *, failing: tuple[str, ...], rounds: int) -> QaOutcome:
    """`outcome` with the hints taken so far. A new one is reason to try `failing` parts again although they failed twice."""
    known = previous.hints if previous else ()
    taken = {hint.key for hint in known}
    new = tuple(
        Hint(key=item.key, text=str(item.value["text"]), given_by=str(item.value["given_by"]), round=outcome.round)
        for item in said
        if item.key not in taken
    )
    outcome = outcome.model_copy(update={"hints": (*known, *new)})
    if not new or outcome.stop is not RepairStop.same_failure_twice or outcome.round > rounds:
        return outcome
    return outcome.model_copy(update={"stop": None, "components_to_repair": failing}) if failing else outcome
