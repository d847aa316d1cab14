"""What an app is called: at most four plain words of its first sentence, or what it keeps if that sentence names no app."""

import re
from collections.abc import Sequence

from nodes.blueprint.reader.naming import plural, sentence_case
from nodes.blueprint.reader.phrases import clauses_of
from nodes.blueprint.reader.tagging import sentences_of

LONGEST_TITLE = 4
"""Words: what fits into the head of a page on a phone."""

_APP = "app|apps|application|website|web site|site|system|platform|program|tool|portal|software|solution"
_APP_WORDS = frozenset("app system platform website tool portal tracker manager software helpdesk box log".split())
_ANNOUNCING = re.compile(
    r"^\s*(?:please\s+)?(?:i\s+(?:need|want|would like)|we\s+(?:need|want|would like)|build|create|implement|develop|design|make|write|"
    r"generate|give me|help me)\s+(?:me\s+|us\s+)?(?:to\s+(?:build|create|have|make|track|manage|keep track of|organi[sz]e|record)\s+)?"
    r"(?:(?:an|a|the|my|our)\s+)?",
    re.IGNORECASE,
)
_OPENING = re.compile(_ANNOUNCING.pattern + r"|^(?:an?|the|my|our)\s+", re.IGNORECASE)
_DROPPED = re.compile(r"\b(simple|basic|web-based|website-based|online|small|modern|full-stack|complete|responsive|web)\s+", re.IGNORECASE)
_PURPOSE = re.compile(
    rf"^(?:(?:management\s+)?(?:{_APP})|something|a way)\s+(?:for|to\s+(?:manage|track|organi[sz]e|record|run|keep track of))\s+"
    r"(?:an?\s+|the\s+|my\s+|our\s+)?",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s+(?:where|that|which|who|with|using|in|on|at|by|from|through|so|to|when|has|have|is|are|for|about|based)\b|,|\s\(", re.IGNORECASE
)
_TAIL = re.compile(rf"(?:\s+|^)(?:{_APP})$", re.IGNORECASE)


def title_for(description: str, nouns: Sequence[str]) -> str:
    """The title of an app that keeps `nouns`, the first of which names it where the description starts with what happens."""
    kept = sentence_case(plural(nouns[0])) if nouns else "My app"
    return kept if _is_statement(description) else title_of(description) or kept


def title_of(description: str) -> str:
    """`Implement a car rental platform for tourists.` → `Car rental`; empty if the first sentence names no app."""
    first = re.split(r"[.!?:;\n]", description.strip())[0]
    text = _DROPPED.sub("", _OPENING.sub("", first))
    managed = bool(re.match(r"management\s", text, re.IGNORECASE))
    purpose = _PURPOSE.sub("", text)
    named = _shortened(re.sub(r"[<>{}\"`]", "", _CUT.split(purpose)[0]).strip())
    if managed and purpose != text:
        return _managed(named)
    return sentence_case(named)


def _managed(named: str) -> str:
    """`a management program for a customer business entity` → `Customer management`."""
    return sentence_case(f"{' '.join(word for word in named.split() if word not in {'business', 'entity'})} management")


def _shortened(text: str) -> str:
    """Without "app" and the like at its end; of a longer name the last words, which carry the meaning in English."""
    text = _TAIL.sub("", text).strip(" .-")
    if len(text.split()) > LONGEST_TITLE:
        text = re.split(r"\s+and\s+", text)[0]
    if len(text.split()) > LONGEST_TITLE:
        text = re.split(r"\s+of\s+", text)[0]
    return " ".join(text.split()[-LONGEST_TITLE:])


def _is_statement(description: str) -> bool:
    """`Employees request leave.`: the text starts with what happens, not with what the app is called."""
    first = next(iter(sentences_of(description)), None)
    if first is None or _ANNOUNCING.match(first.text) or _APP_WORDS & set(first.text.lower().split()):
        return False
    clauses = clauses_of(first)
    return bool(clauses) and clauses[0].verb not in {"", ":"} and bool(clauses[0].subjects)
