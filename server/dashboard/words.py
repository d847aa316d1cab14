"""How the dashboard says things: states, times, money, counts. One word for one thing, here and nowhere else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nodes.artifacts import CheckName, CheckStatus, Decision, FieldSpec, FieldType, Gate, Severity, Verdict
from server.services.build_progress import BuildProgress
from server.services.build_status import RuntimeStatus
from server.services.decisions import Door
from server.services.workplace import Condition


class Tone(StrEnum):
    """What a colour means; an icon and a word always say it too."""

    ok = "ok"
    warn = "warn"
    bad = "bad"
    info = "info"
    muted = "muted"


@dataclass(frozen=True)
class Shown:
    """A state as it is shown: a word, an icon, a tone."""

    word: str
    icon: str
    tone: Tone


STATES: Mapping[RuntimeStatus, Shown] = {
    RuntimeStatus.pending: Shown("Queued", "clock", Tone.muted),
    RuntimeStatus.running: Shown("Running", "running", Tone.info),
    RuntimeStatus.awaiting_approval: Shown("Waiting for you", "waiting", Tone.warn),
    RuntimeStatus.completed: Shown("Completed", "ok", Tone.ok),
    RuntimeStatus.failed: Shown("Failed", "bad", Tone.bad),
    RuntimeStatus.canceled: Shown("Canceled", "stopped", Tone.muted),
    RuntimeStatus.paused: Shown("Paused", "stopped", Tone.warn),
    RuntimeStatus.rejected: Shown("Rejected", "stopped", Tone.muted),
    RuntimeStatus.expired: Shown("Expired", "clock", Tone.muted),
}
CHECK_STATES: Mapping[CheckStatus, Shown] = {
    CheckStatus.passed: Shown("Passed", "ok", Tone.ok),
    CheckStatus.failed: Shown("Failed", "bad", Tone.bad),
    CheckStatus.not_run: Shown("Not run", "warn", Tone.warn),
}
VERDICTS: Mapping[Verdict, Shown] = {
    Verdict.verified: Shown("Verified", "ok", Tone.ok),
    Verdict.failed: Shown("Not verified: a check failed", "bad", Tone.bad),
    Verdict.incomplete: Shown("Not verified: a check could not run", "warn", Tone.warn),
}
CHECKS: Mapping[CheckName, str] = {
    CheckName.compile: "Source",
    CheckName.lint: "Lint",
    CheckName.placeholders: "Placeholders",
    CheckName.secrets: "Secrets",
    CheckName.tests: "Tests",
    CheckName.boot: "Start",
    CheckName.contract: "Contract",
    CheckName.probe: "Permissions and rules",
    CheckName.restart: "Restart",
    CheckName.browser: "In a browser",
    CheckName.examples: "Examples",
}
CONDITIONS: Mapping[Condition, Shown] = {
    Condition.ok: Shown("Works", "ok", Tone.ok),
    Condition.missing: Shown("Missing", "warn", Tone.warn),
    Condition.broken: Shown("Broken", "bad", Tone.bad),
}
SEVERITIES: Mapping[Severity, Shown] = {
    Severity.blocker: Shown("Blocker", "bad", Tone.bad),
    Severity.major: Shown("Major", "warn", Tone.warn),
    Severity.minor: Shown("Minor", "info", Tone.info),
}
GATES: Mapping[Gate, str] = {
    Gate.requirements: "What was understood",
    Gate.architecture: "The plan",
    Gate.app: "The app",
    Gate.budget: "The budget",
}
DECISIONS: Mapping[Decision, str] = {
    Decision.approved: "Approved",
    Decision.changes_requested: "Changes requested",
    Decision.rejected: "Rejected",
    Decision.hint: "Hint given",
    Decision.roll_back: "Rolled back",
}
FIELD_TYPES: Mapping[FieldType, str] = {
    FieldType.long_text: "longer text",
    FieldType.integer: "whole number",
    FieldType.decimal: "number",
    FieldType.boolean: "yes or no",
    FieldType.datetime: "date and time",
    FieldType.email: "e-mail address",
    FieldType.phone: "phone number",
    FieldType.url: "web address",
}
"""Those whose name is not what a person says."""
TASKS: Mapping[str, str] = {
    "analyze_requirements": "Requirements",
    "design_architecture": "Architecture",
    "write_component": "Code",
    "write_rule": "Code",
    "specify_program": "Requirements",
    "divide_program": "Architecture",
    "write_program": "Code",
    "divide_records": "Architecture",
    "write_records": "Code",
    "review_app": "Review",
}


def build_state(status: RuntimeStatus, progress: BuildProgress | None = None, *, rounds: int = 0) -> Shown:
    """The state of a build; while it repairs, which round of how many."""
    attempts = [agent.attempt for agent in progress.active] if progress and status is RuntimeStatus.running else []
    if attempts and max(attempts) > 1:
        return Shown(f"Repairing ({max(attempts) - 1} of {max(rounds, max(attempts) - 1)})", "running", Tone.warn)
    return STATES[status]


def ago(moment: datetime, now: datetime) -> str:
    """`2 min ago`; the exact time belongs into a title."""
    seconds = (now - moment).total_seconds()
    return "now" if seconds < 10 else f"{roughly(seconds)} ago"


def until(moment: datetime, now: datetime) -> str:
    """`in 23 h`."""
    seconds = (moment - now).total_seconds()
    return f"in {roughly(seconds)}" if seconds > 0 else "now"


def roughly(seconds: float) -> str:
    """The largest unit that fits, rounded down: a deadline is never later than it says."""
    for unit, size in (("day", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            number = int(seconds // size)
            return counted(number, "day") if unit == "day" else f"{number} {unit}"
    return f"{int(seconds)} s"


def exact(moment: datetime) -> str:
    """To the second, with the time zone of the database."""
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def duration(seconds: float) -> str:
    """`38 s`, `1:12`, `1:02:03`; below ten seconds with a tenth."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = timedelta(seconds=round(seconds))
    if whole.total_seconds() < 60:
        return f"{int(whole.total_seconds())} s"
    hours, rest = divmod(int(whole.total_seconds()), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def money(dollars: float | None) -> str:
    """US dollars with two digits, four below a cent; an unknown price says so."""
    if dollars is None:
        return "no price"
    return f"${dollars:.4f}" if 0 < dollars < 0.01 else f"${dollars:,.2f}"


def counted(number: int, noun: str) -> str:
    """`1 part`, `4 parts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def middle(text: object, *, kept: int = 4) -> str:
    """A long id, shortened in the middle."""
    whole = str(text)
    return whole if len(whole) <= 2 * kept + 1 else f"{whole[:kept]}…{whole[-kept:]}"


def size(size_bytes: int) -> str:
    """`512 B`, `17 KB`."""
    return f"{size_bytes} B" if size_bytes < 1024 else f"{size_bytes / 1024:.0f} KB"


def field_type(field: FieldSpec) -> str:
    """A field's type as a person says it."""
    return f"one of {', '.join(field.choices)}" if field.type is FieldType.choice else FIELD_TYPES.get(field.type, field.type.value)


def sentence(text: str) -> str:
    """With a capital at the beginning and a full stop at the end."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}" if text else ""


def listed(words: list[str]) -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


DOORS: Mapping[str, str] = {
    Door.api: "the API",
    Door.dashboard: "the dashboard",
    Door.cli: "the command line",
    Door.langgraph: "the LangGraph API or Studio",
    Door.clock: "the clock: a new day has its own money",
}
FILTERS: Mapping[str, Callable[..., object]] = {
    "ago": ago,
    "check_state": CHECK_STATES.__getitem__,
    "check_word": CHECKS.__getitem__,
    "condition": CONDITIONS.__getitem__,
    "counted": counted,
    "decision_word": DECISIONS.__getitem__,
    "door_word": lambda door: DOORS.get(door, door),
    "duration": duration,
    "exact": exact,
    "field_type": field_type,
    "gate_word": GATES.__getitem__,
    "listed": listed,
    "middle": middle,
    "node_word": lambda node: str(node).replace("_", " ").strip(),
    "money": money,
    "sentence": sentence,
    "severity": SEVERITIES.__getitem__,
    "size": size,
    "status_word": lambda status: STATES[status].word,
    "task_word": lambda task: TASKS.get(task, task),
    "type_word": lambda kind: "one of several" if kind is FieldType.choice else FIELD_TYPES.get(kind, kind.value),
    "until": until,
    "verdict": VERDICTS.__getitem__,
}
"""What templates may call."""
