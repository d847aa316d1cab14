"""What a server is made of, as people see it: what its machine offers, its settings, its agents. Found out by others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """`missing`: Appyard works, but less of it."""

    ok = "ok"
    missing = "missing"
    broken = "broken"


@dataclass(frozen=True)
class Examined:
    """One thing that was tried."""

    name: str
    condition: Condition
    detail: str


@dataclass(frozen=True)
class ShownSetting:
    """A setting in effect; a secret says only whether it is set."""

    variable: str
    value: str
    is_default: bool
    description: str


@dataclass(frozen=True)
class AgentCard:
    """An agent, in the words it is given, with the tasks it does and the model it asks."""

    role: str
    goal: str
    backstory: str
    model: str
    tasks: tuple[str, ...]


Examine = Callable[[], Awaitable[tuple[Examined, ...]]]
"""Tries everything; takes a second."""


@dataclass(frozen=True)
class Workplace:
    """A server, looked at from inside."""

    examine: Examine
    settings: tuple[ShownSetting, ...]
    agents: tuple[AgentCard, ...]
