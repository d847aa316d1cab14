"""Switch off what CrewAI does beside running an agent: a third of what a call costs, for nobody. Imports CrewAI.

Each of these is an internal of CrewAI 1.15. Figures: shares of the CPU time of one call, `python -m benchmarks.agents`.
"""

from uuid import UUID

import crewai.task
from crewai.events.event_bus import crewai_event_bus
from crewai.events.listeners.tracing import utils as tracing
from crewai.events.types import llm_guardrail_events
from crewai.utilities import file_store


def quieten() -> None:
    """Once, after CrewAI is imported and before listeners of one's own are: theirs stay."""
    _remove_listeners()
    llm_guardrail_events.getsource = _named  # type: ignore[attr-defined, assignment]  # imported there, not exported
    # Files of a task are kept with aiocache. Where that is not installed none was ever kept, for anybody in this process.
    if file_store._file_store is None:  # noqa: SLF001 - CrewAI tells it nowhere else
        crewai.task.clear_task_files = _nothing_to_clear  # type: ignore[attr-defined]  # imported there, not exported


def start_alone() -> None:
    """Before each run: what this context kept of earlier ones is let go."""
    # CrewAI keeps every event's source in a context variable; without this each run keeps all agents of its context alive.
    crewai_event_bus.reset_runtime_state()
    # Otherwise each run reads from the disk whether a "first-time user" declined traces: a twelfth.
    tracing._first_time_trace_hook.set(_never)  # noqa: SLF001 - no public switch is as quick


def _remove_listeners() -> None:
    """CrewAI's own print to a console that is switched off and fill spans of a telemetry that is too, in threads: a tenth."""
    handlers = crewai_event_bus._sync_handlers  # noqa: SLF001 - the bus lists them nowhere else
    for event, listening in tuple(handlers.items()):
        for handler in listening:
            crewai_event_bus.off(event, handler)


def _named(guardrail: object) -> str:
    """In place of the source text of the guardrail in each event about it, which is parsed anew for each: a fifth."""
    return str(getattr(guardrail, "__qualname__", guardrail))


def _never() -> bool:
    return False


def _nothing_to_clear(task_id: UUID) -> None:
    """In place of a thread and an event loop for each ended task: a quarter."""
