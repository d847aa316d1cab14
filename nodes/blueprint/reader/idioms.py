"""Set phrases, contractions and torn verbs → the plain words the grammar knows. Text to text, one sentence at a time."""

import re
from collections.abc import Callable

from nodes.blueprint.reader.lexicon import PARTICLES

_WHO = r"(?:they|he|she|it|we|i|you|people|the\s+[\w-]+|an?\s+[\w-]+)"
_IT = r"(?:it|they|he|she|we|i|you)"
_EACH_PERIOD = (
    r"^(?:an?\s+|the\s+)?(daily|weekly|monthly|yearly|annual)\s+(?:(?:report|list|overview|summary|totals?|statistics?)\s+(?:of|on)\s+)?"
    r"(?:the\s+)?(?=[\w\s-]+$)(?![\w\s-]*\b(?:can|is|are|has|have|must|should|report)\b)([\w-]+(?:\s[\w-]+)?)(\s+(?:per|by)\s+.+)?$"
)
"""`Daily turnover`, `monthly list of absences`."""

_VALUE = r"[\w-]+(?:\s(?!or\b)[\w-]+)?"


def _with_values(match: re.Match[str]) -> str:
    """`a status: open, closed` → `a status (open, closed)`; a sentence that is only that is read elsewhere."""
    return f"{match.group(1)} ({match.group(2)})" if match.start() > 4 else match.group(0)


_PERIODS = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annual": "year"}


def _each_period(match: re.Match[str]) -> str:
    """`Daily turnover` → `report the turnover per day`; `monthly hours per project` are reported per project."""
    return f"report the total {match.group(2)}{match.group(3) or f' per {_PERIODS[match.group(1).lower()]}'}"


_SUBSTITUTIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"[’]", "'"),
    (r"\bw/\s*", "with "),
    (r"^[\w]+(?:\s+[\w]+){0,5}?\s+[-–—]\s+(?=[\w\s-]+:)", ""),
    (r"^([\w]+(?:\s+[\w]+){0,3}?)\s+[-–—]\s+(?=[\w])", r"\1: "),
    (r"\b(?:around|about|roughly|approximately|nearly|almost)\s+(?=\d)", ""),
    (r",?\s+and\s+ends?\s+up\s+(?:on|in|at)\s+(?:an?|the)\s+[\w-]+(?:\s+list)?(?=$|[,;])", ""),
    (
        rf"\b(status|state|stage)\s*(?::|=|\bof\b|\bwhich\s+is\b|\bthat\s+is\b|\bbeing\b)\s*(?:either\s+)?({_VALUE}(?:\s*(?:,|/|\bor\b|→)\s*(?:or\s+)?{_VALUE})+)$",
        _with_values,
    ),
    (rf"(?<=[,\w])(,\s*(?:and\s+)?(?:an?\s+)?[\w-]+)\s*:\s*({_VALUE}(?:\s*,\s*{_VALUE})*,?\s+or\s+{_VALUE})$", r"\1 (\2)"),
    (r"\b([\w-]+s)\s+(per\s+[\w-]+)\s+(\([^()]*,[^()]*\))", r"\1 \3 \2"),
    (r"\b(in and out|out and in|in/out)\b", "in"),
    (r"\b(?:declares?|deems?|considers?|rules?)\s+((?:an?|the|each|it|them)(?:\s+[\w-]+)?)\s+(?=[\w-]+(?:ed|t|n|id)\b)", r"marks \1 as "),
    (rf"\b(status|state|stage)\s+({_VALUE})\s+or\s+({_VALUE})$", r"\1 (\2, \3)"),
    (r"^\s*(?:hi|hello|hey)(?:\s+(?:there|all|everyone))?[,!.]?\s+", ""),
    (r"^\s*(?:ok(?:ay)?|so|well|basically|also|and|finally|additionally|plus|then|oh)\s*,\s+(?:so\s+)?", ""),
    (r"^\s*ok(?:ay)?,?\s+(?:so\s+)?", ""),
    (r"\b(i|we)'d like\b", r"\1 would like"),
    (r"\b(i|we)'ve got\b", r"\1 have"),
    (r"\bi'm\b", "I am"),
    (r"\b(we|they|you)'re\b", r"\1 are"),
    (r"\b(it|he|she)'s\b", r"\1 is"),
    (r"\b(is|are|was|were|should|must|could|would)n't\b", r"\1 not"),
    (r"\bwon't\b", "will not"),
    (r"\b(show|give|tell|send)\s+(?:me|us)\b", r"\1"),
    (r",?\s+please\b|\bplease,?\s+", " "),
    (r"\b(?:should|must|shall|will|would|is|are|be|get)\s+(?:also\s+)?(?:be\s+)?(?:able|allowed|permitted|free)\s+to\b", "can"),
    (r"\b(?:has|have)\s+to\s+(?=[a-z])", "must "),
    (r"\b(?:have|take|get)\s+a\s+look\s+at\b|\blooks?\s+(?:at|through)\b", "view"),
    (r"\bkeeps?\s+an?\s+(?:list|record|log|register|note|inventory|overview|catalogue?)\s+of\b", "track"),
    (r"\b(?:write|jot|put|note|take)\s+down\b", "record"),
    (r"\b(?:writes|jots|puts|notes|takes)\s+down\b", "records"),
    (
        r",?\s+(?:giving|stating|specifying|indicating|leaving|providing|quoting|mentioning|noting|entering)\s+(?=(?:the|an?|their|his|her|its)\b)",
        " with ",
    ),
    (r",\s+(?:giving|stating|specifying|leaving|providing|noting|entering)\s+(?=[\w-]+(?:\s[\w-]+)?(?:,|\s+and\b))", " with "),
    (r"^if\s+(?:an?|the|any)\s+[\w-]+\s+[\w-]+s(?:\s[\w-]+){0,3},\s+(?=(?:an?|the)\s)", ""),
    (
        r"\b([\w-]+s)\s+each\s+(?=(?:submit|write|have|get|make|add|choose|pick|enter|give|receive|send|upload|vote|own|pay|bring)\b)",
        r"\1 ",
    ),
    (r"\b(?:by|when)\s+(?:giving|stating|specifying|providing|entering|leaving)\s+(?=[\w-]+(?:\s+[\w-]+)?,)", "with "),
    (r"\bsets?\s+((?:an?|the|each|every|their)\s+[\w-]+|[\w-]+s)\s+to\s+(?=[a-z-]+(?:\s+(?:and|or)\b|,|$))", r"marks \1 as "),
    (r"(?:,?\s+and)?\s+what\s+(?:they|we|it|he|she)\s+(?!costs?\b|is\b|did\b)\w+(?=$|,)", ""),
    (r"\bone of (?:the|our|their|its)\s+([\w-]+s)\b", r"a \1"),
    (
        r"\bhow many\s+([\w-]+)\s+(?:(?:each|every|an?|the)\s+)?([\w-]+)\s+(?:has|have|had|gets?|got|made|makes?)\b",
        r"the number of \1 per \2",
    ),
    (r"\bwhether\s+an?\s+([\w-]+)\s+(?:is|was|has been)\s+([\w-]+)", r"\1 \2 (yes, no)"),
    (r"\bwhether\s+(?:it|they|he|she|the\s+[\w-]+)\s+(?:is|are|was|were|has been|have been)\s+([\w-]+)", r"\1 (yes, no)"),
    (r"\s+(?:would|will)\s+be\s+(?:very\s+|really\s+)?(?:nice|great|useful|helpful|good|handy|lovely|cool)(?:\s+too)?$", ""),
    (r"^reports?\s*:\s*", "report the "),
    (
        r"^(?:an?\s+|the\s+|some\s+)?(chart|graph|report|overview|summary|table)s?\s+(?:showing|of|on|about|with|that\s+shows?)\s+(?:the\s+)?",
        r"show the \1 of ",
    ),
    (
        _EACH_PERIOD,
        _each_period,
    ),
    (r"^(?:an?\s+|the\s+)?dashboards?\s+(?:with|of|showing|for)\s+", "show the "),
    (r"\s*(?:->|=>|→|⇒)\s*", " → "),
    (r"\b([\w-]+)\s+(?:yes\s*/\s*no|y/n|true/false|yes or no)(?=$|[,;)]|\s+and\b)", r"\1 (yes, no)"),
    (r"\b(is|are)\s+due\s+(?:on|by)\s+(?:an?|the|some)\s+(?:certain\s+)?(?:date|day)\b", "has a due date"),
    (r"(?<=,)(\s*(?:and\s+)?[\w-]+)\s+or\s+not\b", r"\1 (yes, no)"),
    (r"\bwhether\s+(?:i|we|they|he|she|you)\s+\w+\s+(?:the\s+|an?\s+)?([\w-]+)", r"\1 (yes, no)"),
)
"""Set phrases and what they say in plainer words."""

_QUESTION_PARTS: tuple[tuple[str, str], ...] = (
    (
        rf"\b(?:what|which)\s+([\w-]+)\s+{_WHO}\s+(?:want|wants|need|needs|like|use|uses|chose|choose|have|has|ordered|prefer|prefers)\b",
        r"\1",
    ),
    (
        rf"\bthe\s+(date|day|time|place)\s+(?:when|where|on\s+which|at\s+which)\s+{_WHO}\s+(?:is|are|was|were|has been)\s+([\w-]+)\b",
        r"the \1 \2",
    ),
    (rf"\bwhere\s+{_IT}\s+(?:is|are|was|were)\s+(?:kept|stored|located|placed)\b|\bwhere\s+{_IT}\s+(?:is|are)\b", "location"),
    (rf"\bwhere\s+{_IT}\s+(?:is|are|was|were|has been)\s+([\w-]+)\b", r"place \1"),
    (rf"\bwhen\s+{_IT}\s+(?:is|are|was|were|has been)\s+([\w-]+(?:ed|en|ught|ld|ne|nt|d))\b", r"date \1"),
    (
        rf"\bthe\s+(date|day|time|place)\s+(?:when\s+|on\s+which\s+|at\s+which\s+)?{_WHO}\s+(?:is|are|was|were|has been)\s+([\w-]+)\b",
        r"the \1 \2",
    ),
    (r"\bwhere\s+(found|lost|bought|made|seen|kept)\b", r"place \1"),
    (r"\bwhen\s+(found|lost|bought|made|seen|due)\b", r"date \1"),
    (rf"\bhow much\s+{_WHO}\s+(?:costs?|cost)\b|\bwhat\s+{_WHO}\s+costs?\b", "cost"),
    (rf"\bhow much\s+{_WHO}\s+(?:weighs?)\b", "weight"),
    (rf"\bhow (?:much|many)\s+([\w-]+)(?:\s+{_WHO}\s+\w+)?(?=$|[,;)]|\s+and\b)", r"number of \1"),
    (r"\bhow much\b", "amount"),
    (rf"\bhow long\s+{_WHO}\s+\w+\b|\bhow long\b", "duration"),
    (rf"\bwhat\s+{_IT}\s+(?:charged?|paid|pay|spent)\b", "amount"),
    (rf"\bwhat\s+{_WHO}\s+did\b|\bwhat\s+(?:was|is|has been)\s+done\b", "work done"),
    (r"\bwhat\s+(?:was|is|has been)\s+(?:said|discussed|agreed|decided|found)\b", "summary"),
    (rf"\bwhat\s+{_WHO}\s+(?:is|are)\b", "name"),
)
"""Parts told as questions, in a list: `where it is kept` is a location."""

_LISTS = re.compile(r"[,:(]|\b(?:has|have|record|note|store|keep|write|need|want|log|notes|records)\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"(?<=[a-z]s)\s+(?:that\s+|which\s+)?(?:they|he|she|we|i|you)\s+(?:make|makes|made|have|has|do|does|did|get|gets|use|uses|sell|sells|buy|buys|"
    r"own|owns|offer|offers|need|needs|want|wants|pay|pays|place|places|take|takes|give|gives|see|sees|send|sends)(?=\s*(?:[,:(]|$|and\b))",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_VALUES = re.compile(r"([\w-]+(?:\s+[\w-]+)?)\s*:\s*([^:()]+)$")
_TORN = re.compile(
    rf"\b(?P<verb>{'|'.join(sorted({verb for verb, _ in PARTICLES}))})(?P<s>s|es)?\s+"
    r"(?P<what>them|it|(?:their|the|an?|his|her|our|my|each|every|all)\s+[\w-]+(?:\s+[\w-]+)?|[\w-]+s)\s+"
    rf"(?P<particle>{'|'.join(sorted({particle for _, particle in PARTICLES}))})\b(?!\s+(?:of|the|an?|\d)\b)",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"\b(?P<verb>mark(?:s|ed)?|set(?:s)?|flag(?:s|ged)?|tick(?:s|ed)?)\s+(?P<what>it|them|(?:the|an?|each|every|their)\s+[\w-]+)\s+(?:to\s+be\s+|to\s+)?"
    r"(?=(?:paid|done|complete|completed|finished|ready|closed|open|sold|returned|cancelled|canceled|delivered|overdue|resolved|solved|void|sent|"
    r"served|collected|received|approved|rejected|lost|found|present|absent|urgent)\b)",
    re.IGNORECASE,
)


def in_plain_words(text: str) -> str:
    """`text` without contractions, courtesies and set phrases, its torn verbs put together: `tick them off` → `tick off them`."""
    for pattern, plain in _SUBSTITUTIONS:
        text = re.sub(pattern, plain, text, flags=re.IGNORECASE)
    text = _RELATIVE.sub("", text)
    if _LISTS.search(text):
        for pattern, plain in _QUESTION_PARTS:
            text = re.sub(pattern, plain, text, flags=re.IGNORECASE)
    text = _BRACKETS.sub(_valued, text)
    text = _MARKED.sub(r"\g<verb> \g<what> as ", text) if _MARKED.search(text) else text
    text = _TORN.sub(_together, text)
    return " ".join(text.split())


def _valued(match: re.Match[str]) -> str:
    """`(low/medium/high)` → `(low, medium, high)`; `(amount, method: cash or card)` → `(amount, method (cash or card))`."""
    if ";" in match.group(1):  # `(type electricity, gas or water; serial number)`
        return f"({', '.join(_RUN_ON.sub(_opened_values, item.strip()) for item in match.group(1).split(';'))})"
    inside = re.sub(r"([\w-]+)\s+([\w-]+(?:/[\w-]+)+)(?=\s*(?:,|$))", _alternatives, match.group(1))
    if inside != match.group(1):
        return f"({inside})"
    if "/" in inside and not re.search(r"\d\s*/|://|/\s*\d", inside):
        inside = re.sub(r"\s*/\s*", ", ", inside)
    inside = _VALUES.sub(r"\1 (\2)", inside) if "," in inside.split(":")[0] else inside
    return f"({inside})"


_RUN_ON = re.compile(r"^([\w-]+)\s*:?\s+([\w\s-]+(?:,[\w\s-]+)*(?:,|\s+or\s)[\w\s-]+)$")


def _opened_values(match: re.Match[str]) -> str:
    return f"{match.group(1)} ({match.group(2)})"


def _alternatives(match: re.Match[str]) -> str:
    """`severity minor/major` → `severity (minor, major)`."""
    return f"{match.group(1)} ({match.group(2).replace('/', ', ')})"


def _together(match: re.Match[str]) -> str:
    if (match["verb"].lower(), match["particle"].lower()) not in PARTICLES:
        return match.group(0)
    return f"{match['verb']}{match['s'] or ''} {match['particle']} {match['what']}"
