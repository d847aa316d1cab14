"""Values as Python source beside what they are, so that rules can be checked before anything is written."""

from dataclasses import dataclass

Value = str | int | float | bool


@dataclass(frozen=True)
class Written:
    """A value: the source text of `samples.py`, and something comparable."""

    source: str
    plain: Value


def written(value: Value) -> Written:
    """A plain literal."""
    return Written(_quoted(value) if isinstance(value, str) else repr(value), value)


def _quoted(text: str) -> str:
    """A string literal in double quotes, as the generated code is formatted."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"' if "'" in text or '"' not in text else repr(text)


def money(value: float) -> Written:
    """An amount with two digits."""
    return Written(f'Decimal("{value:.2f}")', round(value, 2))


def number(value: float) -> Written:
    """A decimal fraction."""
    return Written(f'Decimal("{value:g}")', value)


def day(offset: int) -> Written:
    """A day counted from the day the samples are loaded: negative is past."""
    return Written(f"day({offset})", offset)


def moment(offset: int, hour: int, minute: int) -> Written:
    """A time of day on such a day."""
    return Written(f"at({offset}, {hour}, {minute})", offset * 1440 + hour * 60 + minute)
