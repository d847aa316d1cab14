"""The stage line of a build: which of the six stations it has passed, stands at, or stopped at. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nodes.artifacts import CheckStatus, Gate
from server.services.build_list import BuildLine
from server.services.build_progress import BuildProgress, Stage
from server.services.build_record import BuildRecord
from server.services.build_status import RuntimeStatus

LABELS = {
    Stage.requirements: "Requirements",
    Stage.architecture: "Architecture",
    Stage.code: "Code",
    Stage.checks: "Checks",
    Stage.review: "Approval",
    Stage.package: "Package",
}
GATE_STAGES = {Gate.requirements: Stage.requirements, Gate.architecture: Stage.architecture, Gate.app: Stage.review}
"""The stations at whose end a person may be asked; about money one is asked wherever it runs out."""
ORDER = tuple(Stage)


class StageState(StrEnum):
    """How a station stands."""

    done = "done"
    active = "active"
    waiting = "waiting"
    stopped = "stopped"
    todo = "todo"


ICONS = {
    StageState.done: "done",
    StageState.active: "running",
    StageState.waiting: "waiting",
    StageState.stopped: "stopped",
    StageState.todo: "todo",
}


@dataclass(frozen=True)
class ShownStage:
    """One station as it is shown; `count` is what is done of how much, where there is something to count."""

    label: str
    state: StageState
    count: str = ""

    @property
    def icon(self) -> str:
        """The icon of its state."""
        return ICONS[self.state]


def stages_of_record(record: BuildRecord) -> tuple[ShownStage, ...]:
    """With counts, as a build's own page shows them."""
    at = GATE_STAGES.get(record.review.request.gate, record.progress.stage) if record.review else record.progress.stage
    counts = {Stage.code: _parts(record.progress), Stage.checks: _checks(record.progress)}
    return _line(record.status, at, counts)


def stages_of_line(line: BuildLine, progress: BuildProgress | None = None) -> tuple[ShownStage, ...]:
    """Without counts, as a list shows them: where the build stands as far as the line tells, or exactly with `progress`."""
    if line.request and line.request.gate in GATE_STAGES:
        at = GATE_STAGES[line.request.gate]
    elif progress:
        at = progress.stage
    elif line.part_count is None:
        at = Stage.requirements if line.title is None else Stage.architecture
    else:
        at = Stage.review if line.runtime_status in (RuntimeStatus.rejected, RuntimeStatus.expired) else Stage.checks
    return _line(line.runtime_status, at, {})


def in_words(stages: Sequence[ShownStage]) -> str:
    """For those who do not see the dots."""
    done = sum(1 for stage in stages if stage.state is StageState.done)
    current = [f", {stage.state.value} at {stage.label}" for stage in stages if stage.state not in (StageState.done, StageState.todo)]
    return f"{done} of {len(stages)} stages{''.join(current)}"


def _line(status: RuntimeStatus, at: Stage, counts: dict[Stage, str]) -> tuple[ShownStage, ...]:
    reached = ORDER.index(at)
    return tuple(
        ShownStage(
            LABELS[stage], _state(status, ORDER.index(stage) - reached), counts.get(stage, "") if ORDER.index(stage) <= reached else ""
        )
        for stage in ORDER
    )


def _state(status: RuntimeStatus, ahead: int) -> StageState:
    """The state of the station so many places ahead of where the build stands."""
    if status is RuntimeStatus.completed or ahead < 0:
        return StageState.done
    if ahead > 0:
        return StageState.todo
    match status:
        case RuntimeStatus.pending:
            return StageState.todo
        case RuntimeStatus.running:
            return StageState.active
        case RuntimeStatus.awaiting_approval:
            return StageState.waiting
        case _:
            return StageState.stopped


def _parts(progress: BuildProgress) -> str:
    """While they are written, how many are; a change rewrites only some of them."""
    written = len(progress.written) if progress.stage is Stage.code else len(progress.components)
    return f"{written}/{len(progress.components)}" if progress.components else ""


def _checks(progress: BuildProgress) -> str:
    if not progress.checks:
        return ""
    return f"{sum(1 for check in progress.checks if check.status is CheckStatus.passed)}/{len(progress.checks)}"
