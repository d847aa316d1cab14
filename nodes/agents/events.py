"""What Appyard says on CrewAI's event bus beside CrewAI's own events. Imports CrewAI; listeners of one's own import it."""

from typing import Any

from crewai.events.base_events import BaseEvent


class AppyardProgress(BaseEvent):
    """One event of the run's custom stream, such as `agent_finished` with its tokens and cost, as in `nodes.progress`."""

    type: str = "appyard_progress"
    progress: dict[str, Any]
