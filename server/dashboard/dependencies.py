"""What the dashboard's routes are handed: services, made once in bootstrap."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from server.services.agent_text import AgentTexts
from server.services.analytics import Analytics
from server.services.answer_caches import AnswerCaches
from server.services.build_list import BuildList
from server.services.build_record import BuildRecords
from server.services.builds import Builds
from server.services.forks import Forks
from server.services.health import Health
from server.services.hints import Hints
from server.services.previews import Previews
from server.services.readings import Readings
from server.services.source_files import SourceFiles
from server.services.spending import Spending
from server.services.thread_state import ThreadStates
from server.services.workplace import Workplace


@dataclass(frozen=True)
class Desk:
    """Everything a person can do at the dashboard."""

    builds: Builds
    build_list: BuildList
    records: BuildRecords
    texts: AgentTexts
    readings: Readings
    files: SourceFiles
    states: ThreadStates
    forks: Forks
    analytics: Analytics
    spending: Spending
    answer_caches: AnswerCaches
    workplace: Workplace
    previews: Previews
    hints: Hints
    health: Health


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.services.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]
