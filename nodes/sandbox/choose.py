"""Find the best sandbox this machine allows, by running something in it, and say in words why the others are not it."""

from collections.abc import Callable
from dataclasses import dataclass

from nodes.errors import SandboxUnavailable
from nodes.sandbox.bubblewrap import BubblewrapSandbox
from nodes.sandbox.landlock import LandlockSandbox
from nodes.sandbox.protocol import Command, Sandbox
from nodes.sandbox.unconfined import UnconfinedSandbox


@dataclass(frozen=True)
class SandboxAbsent:
    """Nothing confines generated code here. `reasons` has one sentence per sandbox that was tried."""

    reasons: tuple[str, ...]


CANDIDATES: tuple[tuple[str, Callable[[], Sandbox]], ...] = (("bubblewrap", BubblewrapSandbox), ("landlock", LandlockSandbox))
"""Best first."""


async def choose_sandbox(*, allow_unconfined: bool = False) -> Sandbox | SandboxAbsent:
    """The first candidate that really runs a program. `allow_unconfined`: rather none than nothing, asked for by a person."""
    reasons = []
    for name, make in CANDIDATES:
        sandbox, reason = await _tried(make)
        if sandbox:
            return sandbox
        reasons.append(f"{name}: {reason}")
    return UnconfinedSandbox() if allow_unconfined else SandboxAbsent(tuple(reasons))


async def explain_sandboxes() -> tuple[tuple[str, str | None], ...]:
    """Every candidate with None if it works here, or the reason why not: for `appyard doctor`."""
    return tuple([(name, (await _tried(make))[1]) for name, make in CANDIDATES])


async def _tried(make: Callable[[], Sandbox]) -> tuple[Sandbox | None, str | None]:
    try:
        sandbox = make()
        result = await sandbox.run(Command(argv=("cat", "greeting"), files={"greeting": b"ready"}))
    except SandboxUnavailable as error:
        return None, error.detail
    if result.ok and result.stdout == "ready":
        return sandbox, None
    return None, f"a trial run ended with exit code {result.exit_code}: {(result.limit or result.stderr).strip()[-300:]}"
