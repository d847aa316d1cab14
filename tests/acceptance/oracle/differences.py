"""Where two records of answers differ."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from typing_extensions import override


class Difference(NamedTuple):
    """What two servers answer differently: to which call, and where in the answer. `ABSENT` where one says nothing."""

    call: str
    place: str
    theirs: Any
    ours: Any

    @property
    def event_of_ours(self) -> str | None:
        """The name of an event that only ours sends."""
        return self.ours.get("event") if self.theirs is ABSENT and isinstance(self.ours, dict) else None


class Absent:
    """Nothing is there."""

    @override
    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[Difference]:
    """Every difference, call by call."""
    return [
        Difference(call, place, their_value, our_value)
        for call in {**theirs, **ours}
        for place, their_value, our_value in unequal(theirs.get(call, ABSENT), ours.get(call, ABSENT))
    ]


def unequal(theirs: Any, ours: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The innermost places where two values differ, as `body.0.values`."""
    match theirs, ours:
        case dict(), dict():
            for key in theirs | ours:
                yield from unequal(theirs.get(key, ABSENT), ours.get(key, ABSENT), f"{place}.{key}".lstrip("."))
        case list(), list():
            for number, (their_item, our_item) in enumerate(zip_longest(theirs, ours, fillvalue=ABSENT)):
                yield from unequal(their_item, our_item, f"{place}.{number}")
        case _ if theirs != ours:
            yield place, theirs, ours
