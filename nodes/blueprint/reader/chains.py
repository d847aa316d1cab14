"""Lives told in one sentence → plain sentences: `draft → submitted`, `can be open or done`, `once paid it is shipped`.

It works on text, before grammar, and only where at least half of the words read like states.
"""

import re
from collections.abc import Sequence

from nodes.blueprint.reader import lexicon
from nodes.blueprint.reader.draft import is_role_noun
from nodes.blueprint.reader.naming import is_plural, plural, singular
from nodes.blueprint.reader.tagging import Tag, base_of, lexicon_tag

_DET = r"(?:(?:an?|the|each|every|all|any|our)\s+)?"
_WHAT = r"(?P<what>[\w-]+(?:\s+[\w-]+){0,2}?)"
_STATE = r"[\w'-]+(?:\s+[\w'-]+){0,3}?"

_HEADED = re.compile(
    rf"^(?:the\s+)?(?:possible\s+|following\s+)?(?:(?P<what>(?!the\b)[\w-]+(?:\s+[\w-]+)?(?:['’]s)?)\s+)?"
    r"(?:status(?:es)?|states?|stages?|workflow|life\s?cycle|pipeline|progress)"
    rf"(?:\s+(?:of|for)\s+{_DET}(?P<of>[\w-]+(?:\s+[\w-]+)?))?\s*(?:values?\s*)?"
    r"(?::|=|\s(?:is|are|can be|may be|could be|must be|goes?|runs?|moves?)\b)"
    r"\s*(?:(?:either|always|one of|from|through)\s+)*(?P<states>.+)$",
    re.IGNORECASE,
)
_PATH = re.compile(
    rf"^{_DET}{_WHAT}\s+(?:can\s+|will\s+|then\s+|should\s+|must\s+)?"
    r"(?:go(?:es)?|moves?|pass(?:es)?|progress(?:es)?|runs?|proceeds?|advances?|changes?|flows?|transitions?|travels?)"
    r"\s+(?:from\s+|through\s+|via\s+)?(?:the\s+(?:states?|stages?|steps?|status(?:es)?)\s*:?\s*)?(?P<states>.+)$",
    re.IGNORECASE,
)
_BEING = re.compile(
    rf"^{_DET}{_WHAT}\s+(?:is|are|gets?|ends?(?:\s+up)?(?:\s+as)?|can\s+be|may\s+be|could\s+be|will\s+be|must\s+be|should\s+be)\s+(?:always\s+)?(?:either\s+|first\s+)?"
    rf"(?P<states>{_STATE}(?:,\s*(?:then\s+|and\s+then\s+|later\s+|finally\s+)?{_STATE})*"
    rf"(?:,?\s+(?:or|and\s+(?:then|later|finally)|and|then)\s+|,\s*(?:then|later|finally)\s+){_STATE})$",
    re.IGNORECASE,
)
_ARROWS = re.compile(r"^(?:the\s+)?(?:(?P<what>[\w\s-]+?)\s*:\s*)?(?P<states>[^:→]+(?:→[^:→]+)+)$")
_STARTS = re.compile(
    rf"^{_DET}{_WHAT}\s+(?:always\s+)?(?:starts?|begins?)\s+(?:out\s+|off\s+|life\s+)?(?:as|in|with)\s+(?:an?\s+|the\s+(?:state|status)\s+)?"
    rf"(?P<state>{_STATE})(?:\s+(?:state|status))?(?P<rest>(?:,|\s+and|\s+until)\s.+)?$",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    rf"^{_DET}{_WHAT}\s+(?:is|are|stays?|remains?)\s+(?:an?\s+)?(?P<state>{_STATE})\s+until\s+(?P<rest>.+)$",
    re.IGNORECASE,
)
_ONCE = re.compile(
    r"^(?:once|after|when|as soon as|if)\s+"
    r"(?:(?P<who>it|they|the\s+[\w-]+|an?\s+[\w-]+)(?:['’]s|['’]re)?\s*(?:is|are|has been|have been|was)?\s+)?"
    r"(?P<first>[\w-]+),?\s+(?P<subject>it|they|the\s+[\w-]+)\s+(?:is|are|gets?|can be|will be|must be|may be)\s+"
    r"(?:then\s+)?(?P<second>[\w-]+)"
    r"(?P<rest>\s+by\s+.+)?$",
    re.IGNORECASE,
)
_PASSIVES = re.compile(
    rf"^(?:once\s+a\s+\w+,?\s+)?{_DET}{_WHAT}\s+(?:is|are|gets?|can be|will be|must be)\s+"
    r"(?P<steps>[\w-]+(?:\s+[^,]+?)?(?:,|\s+(?:and|or)\s).+)$",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"^(?:and\s+|or\s+)?(?:(?:then|later|finally|first|next|afterwards|eventually|either)\s+)*(?P<verb>[\w-]+(?:\s+(?:up|out|off|in|back|over))?)"
    r"(?:\s+(?P<rest>(?:by|for|to|on|at|in|with|from|as)\s.+))?$",
    re.IGNORECASE,
)
_BETWEEN = r"→|,|/|\bvia\b|\band\s+then\b|\bthen\b|\blater\b|\bfinally\b|\band\b|\bor\b"
_STATE_SPLIT = re.compile(rf"\s*(?:{_BETWEEN})\s*", re.IGNORECASE)
_PATH_SPLIT = re.compile(rf"\s*(?:{_BETWEEN}|\bto\b(?!-|\s+do\b)|\bto\b(?=\s+to\s+do\b))\s*", re.IGNORECASE)
_MORE = re.compile(r",?\s+(?:and|but)\s+(?=(?:can|may|could|must|might|are|is|only)\b)", re.IGNORECASE)
_ADJECTIVES = frozenset(
    """open closed new done pending active inactive draft drafts paid unpaid todo to-do backlog won lost ready late overdue free busy
    waiting lead qualified offer interview blocked live sold available proposal prospect quote quoted scheduled planned complete
    incomplete current archived live expired due urgent idle running broken working hired reviewing translating testing shipping""".split()
)
STATE_WORDS = _ADJECTIVES | {step.state.replace("_", " ") for step in lexicon.STEPS.values()}
_NO_STEPS = frozenset(
    "store keep record track list show know use make call need give save log display name see hold base divide group".split()
)
"""Passives that tell how something is kept, not what becomes of it."""


def lives(text: str) -> list[str]:
    """The plain sentences a sentence about a life stands for; none if it is not about one."""
    return _said_beside(text) or _all_states(text) or _headed(text) or _listed(text) or _started(text) or _followed(text) or _passives(text)


def _said_beside(text: str) -> list[str]:
    """`An invoice has a number and is either open or paid`."""
    match = re.match(
        rf"^(?P<has>{_DET}{_WHAT}\s+(?:has|have)\s.+?),?\s+and\s+(?:is|are|can\s+be)\s+(?:either\s+)?(?P<states>{_STATE}(?:,\s*{_STATE})*,?\s+or\s+{_STATE})$",
        text,
        re.IGNORECASE,
    )
    match = match or re.match(
        rf"^(?P<has>(?:.+\s)?(?P<what>[\w-]+(?:\s[\w-]+)?)\s+(?:is|are)\s+(?:created|opened|raised|made|added)),\s+which\s+(?:is|are|can\s+be)\s+"
        rf"(?P<states>{_STATE}(?:,\s*{_STATE})*,?\s+or\s+{_STATE})$",
        text,
        re.IGNORECASE,
    )
    states = states_in(match["states"]) if match else []
    if match is None or not states or not all(map(_is_state, states)) or _names_no_thing(match["what"]):
        return []
    return [match["has"], _status(match["what"], states)]


def _all_states(text: str) -> list[str]:
    """`Bugs: new, assigned, fixed, closed`: nothing but states behind the colon."""
    what, colon, listed = text.partition(":")
    states = states_in(listed) if colon and "(" not in listed and len(what.split()) < 4 else []
    if len(states) < 3 or not all(len(state.split()) < 4 and _is_state(state) for state in states) or _HEADED.match(text):
        return []
    return [_status(re.sub(r"^(?:the|an?|each|every|all)\s+", "", what.strip(), flags=re.IGNORECASE), states)]


def _headed(text: str) -> list[str]:
    """`Status of a task: to do, in progress, done`, `Statuses: created, lost`, `the order status is open or closed`."""
    match = _HEADED.match(text)
    if match is None:
        return []
    what = re.sub(r"['’]s$", "", (match["of"] or match["what"] or "").strip())
    states = states_in(match["states"], path=True)
    if len(states) < 2 or not all(len(state.split()) <= 4 for state in states) or not any(map(_is_state, states)):
        return []
    return [_status(what, states)]


def _listed(text: str) -> list[str]:
    """`orders go from open to paid`, `a ticket is open, in progress or closed`, `draft → submitted → approved`."""
    main, *more = _MORE.split(text, maxsplit=1)
    match = _PATH.match(main) or _BEING.match(main) or _ARROWS.match(main)
    if match is None:
        return []
    what = re.sub(r"\s+(?:status|states?|stages?|workflow|process)$", "", (match["what"] or "").strip(), flags=re.IGNORECASE)
    if lexicon.DETERMINERS & set(what.lower().split()):
        return []  # `implementers mark a | change as …`
    if match.re is _BEING and re.search(r"\sby\s", match["states"], re.IGNORECASE):
        return []  # who takes which step is told by `_passives`
    states = states_in(match["states"], path=match.re is not _BEING)
    if len(states) < 2 or not all(len(state.split()) <= 4 for state in states) or not (what or match.re is _ARROWS):
        return []
    listed = sum(_is_state(state) for state in states)
    person = is_role_noun(singular(what.lower().rsplit(" ", maxsplit=1)[-1])) if what else False
    acted = match.re is _BEING and " or " not in match["states"].lower() and len(states) < 3 and "then" not in match["states"].lower()
    if what.lower() in {"it", "they"} and listed == len(states) and " or " in match["states"].lower():
        return [_status("", states)]
    if 2 * listed < len(states) or (person and match.re is _PATH) or acted or _names_no_thing(what):
        return []
    return [_status(what, states), *(f"{_many(what)} {rest}" for rest in more if what)]


def _started(text: str) -> list[str]:
    """`Applications start as pending`, `posts are draft until an editor publishes them`."""
    match = _STARTS.match(text) or _UNTIL.match(text)
    if match is None or not _is_state(match["state"]) or _names_no_thing(match["what"]):
        return []
    ends = states_in(match["rest"] or "")
    until = re.match(
        r"^(?:the|its|their|an?)\s+[\w-]+\s+(?:is|are|has been)\s+(?P<state>[\w-]+)$", (match["rest"] or "").strip(), re.IGNORECASE
    )
    if match.re is _UNTIL and until and _participle(until["state"]):
        return [_status(match["what"], [match["state"], until["state"]])]
    if match.re is _UNTIL and all(len(state.split()) == 1 and _participle(state) for state in ends):
        return [_status(match["what"], [match["state"], *ends])]
    rest = re.sub(r"^\s*(?:,|and|until)\s+(?:and\s+)?(?:then\s+)?", "", match["rest"] or "")
    return [_status(match["what"], [match["state"]]), *([rest] if rest else [])]


def _followed(text: str) -> list[str]:
    """`Once paid it is shipped`: it is paid, it is shipped."""
    match = _ONCE.match(text)
    if match is None or not (_participle(match["first"]) and _participle(match["second"])):
        return []
    about = match["subject"] if match["subject"].lower() not in {"it", "they"} else match["who"] or match["subject"]
    be = "are" if about.lower() == "they" or is_plural(about.split()[-1].lower()) else "is"
    return [f"{about} {be} {match['first']}", f"{about} {be} {match['second']}{match['rest'] or ''}"]


def _passives(text: str) -> list[str]:
    """`An invoice is drafted, reviewed by the partner, then sent and paid`: one sentence for each step, with who takes it."""
    match = _PASSIVES.match(text)
    if match is None or _names_no_thing(match["what"]):
        return []
    steps = [
        _PASSIVE.match(part.strip())
        for part in re.split(
            r",\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+(?=(?:then\s+|later\s+|finally\s+)?[\w-]+(?:ed|en|t|d)\b)", match["steps"]
        )
        if part.strip()
    ]
    found = [step for step in steps if step is not None and _participle(step["verb"])]
    verbs = [_verb(step["verb"]) for step in found]
    if len(found) != len(steps) or len(found) < 2 or any(verb in _NO_STEPS for verb in verbs):
        return []
    people = sum(bool(step["rest"]) and step["rest"].lower().startswith("by ") for step in found)
    if 2 * sum(verb in lexicon.STEPS or verb == "mark" for verb in verbs) < len(verbs) and people < 2:
        return []
    return [_step(match["what"], step) for step in found]


def _step(what: str, step: re.Match[str]) -> str:
    """A step of the verb table stays passive; any other is a state that somebody marks."""
    rest = step["rest"] or ""
    if _verb(step["verb"]) == "mark":
        return f"{_many(what)} are marked {rest}"
    if _verb(step["verb"]) in lexicon.STEPS:
        return f"{_many(what)} are {step['verb']} {rest}".strip()
    who = re.match(r"by\s+(?P<who>(?:an?\s+|the\s+|their\s+|our\s+|another\s+)?[\w-]+(?:\s+[\w-]+)?)", rest, re.IGNORECASE)
    return f"{who['who']} can mark {_many(what)} as {step['verb']}" if who else _status(what, [step["verb"]])


_CIRCUMSTANCE = re.compile(
    r"(?<=[\w])\s+(?:within|by|after|before|when|if|once|until|because|as soon as|to|for|on|at|from)\s.+$", re.IGNORECASE
)


def states_in(text: str, *, path: bool = False) -> list[str]:
    """The states of an enumeration, without articles, circumstances and what is said in brackets. A `path` goes from one to the next."""
    plain = re.sub(r"\([^)]*\)", "", text.strip().strip("()"))
    states = [
        re.sub(r"^(?:an?|the|either|as|first|is|are|be)\s+", "", state.strip(" .\"“”'"), flags=re.IGNORECASE)
        for state in (_PATH_SPLIT if path else _STATE_SPLIT).split(plain)
    ]
    return [_CIRCUMSTANCE.sub("", state) if _participle(state.split()[0]) else state for state in states if state.split()]


def _status(what: str, states: Sequence[str]) -> str:
    listed = ", ".join(states)
    return f"Each {_single(what)} has a status ({listed})" if what else f"Status ({listed})"


def _single(what: str) -> str:
    *front, last = what.lower().split()
    return " ".join([*front, singular(last)])


def _many(what: str) -> str:
    return plural(_single(what)).capitalize()


def _names_no_thing(what: str) -> bool:
    return what.lower() in lexicon.PRONOUNS | {"there", "this", "that", "which", "what", "who"} or what.lower().startswith(
        ("there ", "if ")
    )


def _is_state(state: str) -> bool:
    words = state.lower().split()
    return not {"is", "are", "has", "have"} & set(words) and (
        state.lower() in STATE_WORDS
        or words[0] in {"in", "on", "not", "under", "awaiting", "waiting", "ready", "being", "partially", "partly", "fully", "to"}
        or words[-1] in STATE_WORDS
        or _participle(words[0])
        or _participle(words[-1])
    )


def _participle(word: str) -> bool:
    word = word.lower().split()[0] if word.split() else ""
    verb = base_of(word)
    if verb is not None and verb[1] is Tag.participle:
        return True
    return lexicon_tag(word) in {"VBN", "VBD"} or (word.endswith("ed") and len(word) > 4 and not lexicon_tag(word).startswith("NN"))


def _verb(words: str) -> str:
    """The base form of a participle, with its particle: `handed out` → `hand out`."""
    first, *particle = words.lower().split()
    verb = base_of(first)
    base = verb[0] if verb else re.sub(r"ed$", "", first)
    return " ".join([base, *particle])
