"""Say why a call waits, and until when, for as long as it does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nodes.progress import WaitCause

TOLD_FROM_SECONDS = 0.5
"""Shorter waits are over before anybody has read of them."""


@dataclass(frozen=True)
class Wait:
    """A wait of a call. `seconds` None: nobody knows how long. `next_try` of `tries` is what follows it."""

    cause: WaitCause
    seconds: float | None = None
    reason: str = ""
    next_try: int = 1
    tries: int = 1


Tell = Callable[[Wait | None], None]
"""Hears of each wait when it begins, and None when the call goes on."""


def unheard(_: Wait | None) -> None:
    """Where nobody watches."""


@contextmanager
def told(tell: Tell, wait: Wait) -> Iterator[None]:
    """Tell of `wait` while the block waits; however that ends, the call does not wait any more."""
    if wait.seconds is not None and wait.seconds < TOLD_FROM_SECONDS:
        yield
        return
    tell(wait)
    try:
        yield
    finally:
        tell(None)


@contextmanager
def told_at_first(tell: Tell) -> Iterator[Callable[[Wait], None]]:
    """For a block that may wait several times for one thing: what it gives tells of the first wait, and the end is told if it did."""
    told_of: list[Wait] = []

    def say(wait: Wait) -> None:
        if not told_of:
            told_of.append(wait)
            tell(wait)

    try:
        yield say
    finally:
        if told_of:
            tell(None)
