"""Put words of a specification into generated source so that they stay words: one escape per language."""

import html
import json
import re
from collections.abc import Sequence

_QUOTED = {'"': '\\"', "'": "'"}


def one_line(text: str) -> str:
    """Line breaks, tabs and control characters become single spaces."""
    return re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()


def python_literal(value: object) -> str:
    """A literal as ruff would write it: text in double quotes, everything else by repr."""
    if isinstance(value, str):
        if '"' in value and "'" not in value:
            return repr(value)
        return '"' + "".join(_QUOTED.get(character) or repr(character)[1:-1] for character in value) + '"'
    return repr(value)


def in_docstring(text: str) -> str:
    """Text inside a docstring or a comment: it can neither end it nor escape anything."""
    return one_line(text).replace("\\", "/").replace('"', "'")


def in_page(text: str) -> str:
    """Text inside a Jinja page, as content or quoted attribute: neither HTML nor a Jinja expression."""
    return html.escape(one_line(text)).replace("{", "&#123;").replace("}", "&#125;")


def in_markdown(text: str) -> str:
    """Text inside a Markdown paragraph or table cell."""
    escaped = html.escape(one_line(text), quote=False)
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escaped)


def in_toml(text: str) -> str:
    """A basic string of TOML; JSON's escapes are a subset of TOML's."""
    return json.dumps(one_line(text), ensure_ascii=False)


def sentence_list(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def lower_first(text: str) -> str:
    """`Travel claim` → `travel claim`; abbreviations such as `SIM card` stay."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or len(text) == 1 else text


def with_article(text: str) -> str:
    """`invoice` → `an invoice`. By the first letter: good enough for labels, and never wrong in meaning."""
    return f"{'an' if text[:1].lower() in 'aeiou' else 'a'} {text}"
