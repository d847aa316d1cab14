"""Many ways to write a requirement → plain sentences: lists under a heading, user stories, arrows, chatty phrases, misspellings.

It works on text, before grammar. Every sentence keeps the user's own words as its quote; only what the grammar reads is reworded.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from nodes.blueprint.reader import lexicon, trades
from nodes.blueprint.reader.draft import is_role_noun
from nodes.blueprint.reader.naming import is_plural, plural, singular
from nodes.blueprint.reader.tagging import BULLET, Sentence, Tag, lexicon_tag, sentences_of, tag_words
from nodes.blueprint.reader.values import ATTRIBUTES

LONGEST_ITEM = 6
"""Words of a bullet that can still be the name of a part; a longer one is a sentence."""

_SUBSTITUTIONS: tuple[tuple[str, str], ...] = (
    (r"\bw/\s*", "with "),
    (r"^\s*ok(?:ay)?,?\s+(?:so\s+)?", ""),
    (r"\b(i|we)'d like\b", r"\1 would like"),
    (r"\b(i|we)'ve got\b", r"\1 have"),
    (r"\b(show|give|tell|send)\s+(?:me|us)\b", r"\1"),
    (r",?\s+please\b|\bplease,?\s+", " "),
    (r",?\s+(?:giving|stating|specifying|indicating|leaving|providing|quoting|mentioning)\s+(?=(?:the|an?|their|his|her|its)\b)", " with "),
    (r"\bsets?\s+((?:an?|the|each|every|their)\s+[\w-]+|[\w-]+s)\s+to\s+(?=[a-z-]+(?:\s+(?:and|or)\b|,|$))", r"marks \1 as "),
    (r"(?:,?\s+and)?\s+what\s+(?:they|we|it|he|she)\s+\w+(?=$|,)", ""),
    (r"\bone of (?:the|our|their|its)\s+([\w-]+s)\b", r"a \1"),
    (
        r"\bhow many\s+([\w-]+)\s+(?:(?:each|every|an?|the)\s+)?([\w-]+)\s+(?:has|have|had|gets?|got|made|makes?)\b",
        r"the number of \1 per \2",
    ),
    (r"^reports?\s*:\s*", "report the "),
    (r"^(?:an?\s+|the\s+)?dashboards?\s+(?:with|of|showing|for)\s+", "show the "),
    (r"\s+(?:->|=>|→|⇒)\s+", " → "),
)
"""Set phrases and what they say in plainer words."""

_MARKUP = re.compile(r"<[^<>]*>|\{\{.*?\}\}|\{%.*?%\}|`[^`]*`", re.DOTALL)
"""Markup and code in a sentence say nothing of the app; the quote keeps them as they are."""

_STORY = re.compile(
    r"^as\s+(?P<who>an?\s+[\w\s-]+?|the\s+[\w\s-]+?),?\s+i\s+(?:want|need|would\s+like|wish|am\s+able|should\s+be\s+able|can)"
    r"(?:\s+to(?:\s+be\s+able\s+to)?)?\s+(?P<what>.+?)(?:,?\s+(?:so\s+that|in\s+order\s+to|so\s+i|because)\b.*)?$",
    re.IGNORECASE,
)
_FOR_EACH = re.compile(
    r"^(?:and\s+)?for\s+(?:(?:each|every|all|any|our|the)\s+)*(?P<what>[\w-]+(?:\s+[\w-]+)?),?\s+"
    r"(?:i|we)\s+(?:also\s+)?(?:want\s+to\s+|need\s+to\s+)?(?:note|keep|store|record|save|need|track|write down|log|hold)\s+(?P<parts>.+)$",
    re.IGNORECASE,
)
_FOR_EACH_COLON = re.compile(r"^for\s+(?:each|every|all)\s+(?P<what>[\w\s-]+?)\s*:\s*(?P<parts>.+)$", re.IGNORECASE)
_PATH = re.compile(
    r"^(?:(?:an?|the|each|every)\s+)?(?P<what>[\w-]+(?:\s+[\w-]+)?)\s+(?:can\s+|will\s+|then\s+|should\s+)?"
    r"(?:go(?:es)?|moves?|pass(?:es)?|progress(?:es)?|runs?|proceeds?|advances?|changes?)\s+(?:from|through)\s+(?P<states>.+)$",
    re.IGNORECASE,
)
_BEING = re.compile(
    r"^(?:(?:an?|the|each|every)\s+)?(?P<what>[\w-]+(?:\s+[\w-]+)?)\s+(?:is|are|can\s+be|may\s+be)\s+(?:always\s+)?(?:either\s+)?"
    r"(?P<states>(?:[\w-]+(?:\s+[\w-]+)?)(?:,\s*[\w-]+(?:\s+[\w-]+)?)*,?\s+or\s+[\w-]+(?:\s+[\w-]+)?)$",
    re.IGNORECASE,
)
_ARROWS = re.compile(
    r"^(?:the\s+)?(?P<what>[\w\s-]+?)\s*(?:\s+(?:status|states?|stages?|workflow))?\s*:?\s*(?P<states>[^:→,]+(?:→[^:→]+){2,})$"
)
_STATE_SPLIT = re.compile(r"\s*(?:→|,|\bto\b|\band\s+then\b|\bthen\b|\bfinally\b|\band\b|\bor\b|/)\s*", re.IGNORECASE)
_PART_ARROW = re.compile(r"^(?P<what>[\w\s-]+?)\s+→\s+(?P<parts>[^→]+)$")
_STATE_WORDS = frozenset(
    """open closed new done pending active inactive draft paid unpaid todo to-do backlog won lost ready late overdue free busy waiting
    lead qualified offer interview blocked live sold available""".split()
) | {step.state.replace("_", " ") for step in lexicon.STEPS.values()}


@dataclass(frozen=True)
class _Line:
    text: str
    bullet: bool


def plain_sentences(text: str) -> list[Sentence]:
    """The sentences of a text in plain words, ready for the grammar; their `text` is what the user wrote."""
    lines = _joined([_Line(raw, bool(BULLET.match(raw))) for raw in text.splitlines() if raw.strip()])
    sentences = [sentence for line in lines for sentence in sentences_of(line)]
    return [Sentence(sentence.text, tag_words(plain), plain) for sentence in sentences for plain in _reworded(sentence.text)]


# ---------------------------------------------------------------------------------------------- lines


def _joined(lines: Sequence[_Line]) -> Iterator[str]:
    """Lines, with the bullets under a heading that ends in a colon made into sentences about it."""
    position = 0
    while position < len(lines):
        heading = lines[position].text.strip().strip("#* ")
        end = position + 1
        while end < len(lines) and lines[end].bullet and not lines[end].text.rstrip().endswith(":"):
            end += 1
        items = [BULLET.sub("", line.text).strip(" \t.;,") for line in lines[position + 1 : end]]
        titled = lines[position].text.lstrip().startswith("#") and not heading.endswith(":")
        if items and (heading.endswith(":") or titled):
            yield from _headed(heading.rstrip(": "), items)
            position = end
        else:
            yield lines[position].text
            position += 1


def _headed(heading: str, items: Sequence[str]) -> Iterator[str]:
    """`Managers can:` begins each item, `Customer:` lists its parts; any other heading is only a heading."""
    head = heading.rsplit(" ", maxsplit=1)[-1].lower()
    if head in lexicon.MODALS | {"to"}:
        yield from (f"{heading} {item[:1].lower()}{item[1:]}" for item in items)
    elif all(_names_part(item) for item in items):
        verb = "" if head in lexicon.HAVE or head in {"have", "with", "contains", "includes"} else ":"
        yield f"{heading}{verb} {', '.join(items)}"
    else:
        yield from items


def _names_part(item: str) -> bool:
    plain = re.sub(r"\([^)]*\)", "", item)
    words = tag_words(plain)
    return 0 < len(words) <= LONGEST_ITEM and not any(word.tag in {Tag.verb, Tag.modal, Tag.be, Tag.colon, Tag.comma} for word in words)


# ---------------------------------------------------------------------------------------------- sentences


def _reworded(sentence: str) -> Iterator[str]:
    """One sentence in plainer words, or several."""
    text = _spelled(without_markup(sentence))
    for pattern, plain in _SUBSTITUTIONS:
        text = re.sub(pattern, plain, text, flags=re.IGNORECASE)
    text = " ".join(text.split())
    for part in _split(text):
        yield _states(part) or _parts(part) or part


def without_markup(text: str) -> str:
    """`text` without tags, template expressions and quoted code."""
    return _MARKUP.sub(" ", text)


def _split(text: str) -> Iterator[str]:
    """`Expense claims: an employee submits …`: a title and a sentence. `…, and for owners we note …`: two sentences."""
    title, colon, rest = text.partition(":")
    if colon and re.match(r"\s*[\w-]+s\s+with\s", rest) and len(title.split()) > 1:
        yield rest.strip()  # `My cookbook: recipes with ingredients and steps`
        return
    if colon and rest.strip() and not _FOR_EACH_COLON.match(text) and _is_sentence(rest):
        yield from (part.strip() for part in (title, rest) if _is_sentence(part) or part is rest)
        return
    match = re.search(r",?\s+and\s+(?=for\s+(?:each|every|all|our|the)?\s*[\w-]+,?\s+(?:we|i)\s)", text, re.IGNORECASE)
    if match:
        yield text[: match.start()]
        yield text[match.end() :]
        return
    yield text


def _is_sentence(text: str) -> bool:
    """Whether somebody does something in it; a list of parts has no verb."""
    plain = re.sub(r"\([^)]*\)", "", text).strip()
    words = tag_words(plain)
    verb = next((index for index, word in enumerate(words) if word.tag in {Tag.verb, Tag.modal}), None)
    return verb is not None and verb > 0 and not any(word.tag is Tag.comma for word in words[:verb])


def _parts(text: str) -> str | None:
    """What says which parts something has, as `A customer: name, phone`."""
    story = _STORY.match(text)
    if story:
        return f"{_the(story['who'])} can {story['what']}"
    match = _FOR_EACH_COLON.match(text) or _PART_ARROW.match(text)
    if match:
        return f"{match['what']}: {match['parts']}"
    match = _FOR_EACH.match(text)
    if match:
        return f"Each {_single(match['what'])} has {match['parts']}"
    return None


def _the(who: str) -> str:
    return re.sub(r"^(?:an?|the)\s+", "The ", who.strip(), flags=re.IGNORECASE)


def _states(text: str) -> str | None:
    """`orders go from open to paid`, `a ticket is open, in progress or closed`, `order: open → paid → sent` list states."""
    match = _PATH.match(text) or _BEING.match(text) or _ARROWS.match(text)
    if match is None:
        return None
    what = re.sub(r"\s+(?:status|states?|stages?|workflow)$", "", match["what"].strip(), flags=re.IGNORECASE)
    states = [re.sub(r"^(?:an?|the|either|as)\s+", "", state.strip(), flags=re.IGNORECASE) for state in _STATE_SPLIT.split(match["states"])]
    states = [state for state in states if state]
    short = all(len(state.split()) <= 3 for state in states)
    listed = sum(_is_state(state) for state in states)
    person = is_role_noun(singular(what.lower().rsplit(" ", maxsplit=1)[-1]))
    if len(states) < 2 or not short or 2 * listed < len(states) or (person and match.re is not _BEING) or not what:
        return None
    return f"Each {_single(what)} has a status ({', '.join(states)})"


def _single(what: str) -> str:
    *front, last = what.lower().split()
    return " ".join([*front, singular(last)])


def _is_state(state: str) -> bool:
    words = state.lower().split()
    return state.lower() in _STATE_WORDS or words[0] in {"in", "on", "not"} or words[-1].endswith("ed") or words[-1] in _STATE_WORDS


# ---------------------------------------------------------------------------------------------- spelling


@cache
def _known_words() -> frozenset[str]:
    """The words that decide something here; a slip in another word changes nothing."""
    words = ATTRIBUTES | lexicon.ROLE_NOUNS | frozenset(lexicon.VERBS) | frozenset(lexicon.STEPS) | trades.known_nouns()
    return frozenset(word for word in words if word.isalpha() and len(word) > 5)


def _spelled(text: str) -> str:
    """Long words that are in no word list, but all but a word that decides something: `catagory` → `category`."""
    return re.sub(r"\b[a-z]{6,}\b", lambda match: _corrected(match.group(0)), text)


@cache
def _corrected(word: str) -> str:
    single = singular(word)
    known = _known_words()
    if lexicon_tag(word) or lexicon_tag(single) or word in known or single in known or _is_inflected(word, known):
        return word
    for match in difflib.get_close_matches(single, known, n=1, cutoff=0.82):
        if match[0] == single[0] and abs(len(match) - len(single)) <= 1 and sorted(set(match) ^ set(single))[1:] == []:
            return plural(match) if is_plural(word) and single != word else match
    return word


def _is_inflected(word: str, known: frozenset[str]) -> bool:
    """`organised` of a known `organise`: the plain endings of verbs."""
    stems = [word.removesuffix(ending) for ending in ("ed", "ing", "er", "s") if word.endswith(ending)]
    return any({stem, f"{stem}e"} & known for stem in stems)
