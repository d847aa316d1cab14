"""Draw who worked when: agents and checks as bars over the time in which somebody worked. Pure geometry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nodes.artifacts import CheckStatus
from server.dashboard.words import CHECKS, TASKS, duration, money
from server.services.build_record import BuildRecord

WIDTH = 1040
LABELS = 210
NOTES = 150
ROW = 24
HEAD = 22
LEAST_WIDTH = 3.0
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
IDLE = timedelta(seconds=1)
"""What nobody worked in for longer is cut out of the picture."""


@dataclass(frozen=True)
class Work:
    """A stretch of work before it is placed."""

    label: str
    kind: str
    note: str
    began_at: datetime
    ended_at: datetime
    link: str
    opens: str


@dataclass(frozen=True)
class Bar:
    """One row of the picture; `link` is where it leads."""

    label: str
    kind: str
    note: str
    x: float
    y: int
    width: float
    seconds: float
    link: str
    opens: str


@dataclass(frozen=True)
class Tick:
    """A mark on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Gantt:
    """The whole picture; `in_words` says the same to those who do not see it."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    in_words: str


def gantt_of(record: BuildRecord) -> Gantt:
    """Every agent's task and every check of a build."""
    work = sorted([*_of_agents(record), *_of_checks(record)], key=lambda done: done.began_at)
    clock = _WorkingTime([(done.began_at, done.ended_at) for done in work])
    scale = (WIDTH - LABELS - NOTES) / max(clock.total_seconds, 0.001)
    bars = tuple(
        Bar(
            done.label,
            done.kind,
            done.note,
            round(LABELS + clock.at(done.began_at) * scale, 1),
            HEAD + ROW * row,
            round(max(LEAST_WIDTH, (clock.at(done.ended_at) - clock.at(done.began_at)) * scale), 1),
            (done.ended_at - done.began_at).total_seconds(),
            done.link,
            done.opens,
        )
        for row, done in enumerate(work)
    )
    spoken = f"{len(bars)} stretches of work within {duration(clock.total_seconds)}; the table below lists the agents."
    return Gantt(WIDTH, HEAD + ROW * len(bars) + 4, bars, _ticks(clock.total_seconds, scale), spoken)


def _of_agents(record: BuildRecord) -> Iterable[Work]:
    for place, span in enumerate(record.agents):
        if span.cut_off:
            continue
        subject = f": {span.component}" if span.component else ""
        label = f"{TASKS.get(span.task, span.task)}{subject}{f' #{span.attempt}' if span.attempt > 1 else ''}"
        ended_at = span.ended_at or record.now
        note = money(span.result.cost_usd) if span.result else "at work"
        yield Work(
            _cut(label),
            "" if span.ended_at else "going",
            f"{duration((ended_at - span.began_at).total_seconds())} · {note}",
            span.began_at,
            ended_at,
            f"?agent={place}#agent-{place}",
            "Opens what it wrote.",
        )


def _of_checks(record: BuildRecord) -> Iterable[Work]:
    kinds = {CheckStatus.passed: "check-bar", CheckStatus.failed: "failed", CheckStatus.not_run: "not-run"}
    many = len(record.versions) > 1
    for done in record.checks:
        took = done.check.duration_seconds
        label = f"Check: {CHECKS[done.check.check]}{f' v{done.version}' if many else ''}"
        began_at, link = done.ended_at - timedelta(seconds=took), f"evidence#check-{done.check.check.value}"
        yield Work(_cut(label), kinds[done.check.status], duration(took), began_at, done.ended_at, link, "Opens its evidence.")


class _WorkingTime:
    """Moments as seconds of work: pauses longer than `IDLE` count as none."""

    def __init__(self, stretches: Sequence[tuple[datetime, datetime]]) -> None:
        self._spans: list[tuple[datetime, datetime]] = []
        for began, ended in sorted(stretches):
            if self._spans and began - self._spans[-1][1] <= IDLE:
                self._spans[-1] = (self._spans[-1][0], max(self._spans[-1][1], ended))
            else:
                self._spans.append((began, ended))

    @property
    def total_seconds(self) -> float:
        """All of it."""
        return sum((ended - began).total_seconds() for began, ended in self._spans)

    def at(self, moment: datetime) -> float:
        """How much work there was before a moment."""
        return sum((min(ended, moment) - began).total_seconds() for began, ended in self._spans if began < moment)


def _ticks(total_seconds: float, scale: float) -> tuple[Tick, ...]:
    step = next((step for step in STEPS if total_seconds / step <= 8), STEPS[-1])
    count = int(total_seconds / step)
    return tuple(Tick(round(LABELS + step * number * scale, 1), duration(step * number) if number else "0") for number in range(count + 1))


def _cut(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"
