"""JSON as it goes into the database. The driver reads it back by itself."""

import json
import re

# In JSON text every backslash belongs to an escape, so an escaped NUL is one preceded by an even number of them.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def exact(value: object) -> str:
    """For a `json` column: comes back as it was, also with NUL characters and lone surrogates. NaN becomes null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value), parse_constant=lambda _: None))


def searchable(value: object) -> str:
    """For a `jsonb` column, which cannot hold NUL characters or lone surrogates: they become U+FFFD and `?`."""
    text = exact(value)
    if "\\u" not in text:
        return text
    text = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace").decode()
    return _ESCAPED_NUL.sub("\\1\ufffd", text)


def exact_or_null(value: object) -> str | None:
    """As `exact`, with None as SQL's NULL."""
    return None if value is None else exact(value)


def searchable_or_null(value: object) -> str | None:
    """As `searchable`, with None as SQL's NULL."""
    return None if value is None else searchable(value)
