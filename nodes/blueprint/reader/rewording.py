"""Many ways to write a requirement → plain sentences: lists under a heading, user stories, arrows, chatty phrases, misspellings.

It works on text, before grammar. Every sentence keeps the user's own words as its quote; only what the grammar reads is reworded.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from nodes.blueprint.reader import lexicon, trades
from nodes.blueprint.reader.chains import lives
from nodes.blueprint.reader.draft import is_role_noun
from nodes.blueprint.reader.idioms import in_plain_words
from nodes.blueprint.reader.listing import with_lists
from nodes.blueprint.reader.naming import is_plural, plural, singular
from nodes.blueprint.reader.tagging import BULLET, Sentence, Tag, lexicon_tag, sentences_of, tag_words
from nodes.blueprint.reader.values import ATTRIBUTES

LONGEST_ITEM = 6
"""Words of a bullet that can still be the name of a part; a longer one is a sentence."""

_MARKUP = re.compile(r"<[^<>]*>|\{\{.*?\}\}|\{%.*?%\}|`[^`]*`", re.DOTALL)
"""Markup and code in a sentence say nothing of the app; the quote keeps them as they are."""

_STORY = re.compile(
    r"^as\s+(?P<who>an?\s+[\w\s-]+?|the\s+[\w\s-]+?),?\s+i\s+(?:want|need|would\s+like|wish|am\s+able|should\s+be\s+able|can)"
    r"(?:\s+to(?:\s+be\s+able\s+to)?)?\s+(?P<what>.+?)(?:,?\s+(?:so\s+that|in\s+order\s+to|so\s+i|because)\b.*)?$",
    re.IGNORECASE,
)
_FOR_EACH = re.compile(
    r"^(?:and\s+)?(?:for\s+(?:(?:each|every|all|any|our|the)\s+)*|(?:(?:at|on|during|after)\s+)?(?:each|every)\s+)"
    r"(?P<what>[\w-]+(?:\s+[\w-]+)?),?\s+"
    r"(?:i|we)\s+(?:also\s+)?(?:(?:want|need|have|would\s+like)\s+to\s+|must\s+)?"
    r"(?:note|keep|store|record|save|need|track|write down|log|hold)\s+(?P<parts>.+)$",
    re.IGNORECASE,
)
_FOR_EACH_BARE = re.compile(
    r"^(?:and\s+)?for\s+(?:each|every|an?)\s+(?P<what>[\w-]+(?:\s+[\w-]+)?),?\s+(?P<parts>(?:their|its|his|her|the)\s.+)$", re.IGNORECASE
)
_FOR_EACH_COLON = re.compile(r"^for\s+(?:each|every|all)\s+(?P<what>[\w\s-]+?)\s*:\s*(?P<parts>.+)$", re.IGNORECASE)
_PART_ARROW = re.compile(r"^(?P<what>[\w\s-]+?)\s+→\s+(?P<parts>[^→]+)$")


@dataclass(frozen=True)
class _Line:
    text: str
    bullet: bool


def plain_sentences(text: str) -> list[Sentence]:
    """The sentences of a text in plain words, ready for the grammar; their `text` is what the user wrote."""
    lines = _joined([_Line(raw, bool(BULLET.match(raw))) for raw in text.splitlines() if raw.strip()])
    sentences = [sentence for line in lines for sentence in sentences_of(line)]
    speaker = _speaker(text)
    return [
        Sentence(sentence.text, with_lists(tag_words(plain)), plain)
        for sentence in sentences
        for plain in map(speaker, _reworded(sentence.text))
    ]


_I_AM = re.compile(
    r"\bI(?:\s+am|['’]m)\s+(?:(?:an?|the|our|one\s+of\s+the)\s+)?(?P<who>(?:[\w-]+\s+){0,2}?[\w-]+)(?=\s+(?:of|at|in|for|with|here|and|who)\b|[,.;!]|$)"
    r"|^(?:an?\s+)?(?P<here>[\w-]+(?:\s[\w-]+)?)\s+here\b",
    re.IGNORECASE | re.MULTILINE,
)
_I_DO = re.compile(r"\bI\s+(?:also\s+|only\s+|then\s+)?(?:(?:want|need|would like|have|wish|like)\s+to\s+)?(?P<verb>[a-z]+)\b")
_KEPT_VERBS = frozenset("am need want own run have would like wish work think hope guess mean keep".split())


def _speaker(text: str) -> Callable[[str], str]:
    """Puts who speaks in place of "I", where the text says who that is: `I'm the treasurer. I record payments.`"""
    found = next(
        (match for match in _I_AM.finditer(text) if _is_trade((match["who"] or match["here"]).lower().rsplit(" ", maxsplit=1)[-1])), None
    )
    if found is None:
        return lambda sentence: sentence
    who = (found["who"] or found["here"]).lower().rsplit(" ", maxsplit=1)[-1]

    def spoken(match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb in lexicon.MODALS:
            return f"the {who} {verb}"
        return f"the {who} can {verb}" if verb in lexicon.VERBS and verb not in _KEPT_VERBS else match.group(0)

    return lambda sentence: _I_DO.sub(spoken, re.sub(rf"^I am (?:an?|the) (?:[\w-]+ )?{re.escape(who)} and (?=[a-z])", "I ", sentence))


def _is_trade(word: str) -> bool:
    """What somebody says of themselves: `I'm a farrier`."""
    return is_role_noun(singular(word)) or (len(word) > 4 and word.endswith(("er", "or", "ist", "ian", "eur", "man", "woman", "ant")))


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
    text = in_plain_words(_spelled(without_markup(sentence)))
    for part in [text] if lives(text) else _split(text):
        if _QUESTION.match(part):
            continue  # `…: who has which book` says what the app answers
        story = _story(part)
        told = lives(story or part)
        yield from told or [_parts(story or part) or story or part]


def without_markup(text: str) -> str:
    """`text` without tags, template expressions and quoted code."""
    return _MARKUP.sub(" ", text)


def _split(text: str) -> Iterator[str]:
    """`Expense claims: an employee submits …`: a title and a sentence. `…, and for owners we note …`: two sentences."""
    title, colon, rest = text.partition(":")
    listed = _described(title, rest) if colon else None
    if listed:
        yield from listed
        return
    if colon and re.match(r"\s*[\w-]+s\s+with\s", rest) and len(title.split()) > 1:
        yield rest.strip()  # `My cookbook: recipes with ingredients and steps`
        return
    if colon and rest.strip() and not _FOR_EACH_COLON.match(text) and _is_sentence(rest):
        yield from (part.strip() for part in (title, rest) if _is_sentence(part) or part is rest)
        return
    match = re.search(
        r",?\s+and\s+(?=for\s+(?:each|every|all|our|the)?\s*[\w-]+,?\s+(?:we|i)\s|for\s+(?:each|every|an?)\s+[\w-]+,?\s+(?:their|its|his|her|the)\s)",
        text,
        re.IGNORECASE,
    )
    if match:
        yield text[: match.start()]
        yield text[match.end() :]
        return
    yield text


def _described(title: str, rest: str) -> list[str] | None:
    """`Vets enter treatments: cow, drug, dose`: what is entered has these parts. `Festival app: stages (name, size) and acts`: a title."""
    if _RECORDS.search(rest) and not _is_sentence(rest) and (_is_sentence(title) or len(title.split()) > 1):
        return [f"Keep {rest.strip()}"]
    about = re.match(rf"^(?:an?\s+|the\s+|my\s+|our\s+)?(?P<what>[\w-]+(?:\s[\w-]+)?)\s+(?:{_TITLES})\b(?!\s*,)", title, re.IGNORECASE)
    if about and not _is_sentence(title) and not _is_sentence(rest) and rest.count(",") > 1:
        parts = re.sub(_ASKED, lambda match: _ANSWERS[match.group(0).lower()], rest.strip())
        return [f"Each {singular(about['what'].lower().split()[-1])} has {parts}"]
    if not _is_sentence(title) or _is_sentence(rest) or rest.count(",") + rest.count(" and ") < 1:
        return None
    words = tag_words(title)
    verbs = [index for index, word in enumerate(words) if index and word.tag in {Tag.verb, Tag.be}]
    if not verbs:
        return None
    spoken = words[: verbs[0]] if words[verbs[-1]].tag is Tag.be else words[verbs[-1] + 1 :]
    ends = next((index for index, word in enumerate(spoken) if word.tag is Tag.preposition), len(spoken))
    nouns = [word for word in spoken[:ends] if word.tag is Tag.noun]
    heads = [re.sub(r"\([^)]*\)", "", part).split()[-1:] for part in re.split(r",|\band\b", rest)]
    known = sum(bool(head) and singular(head[0].lower()) in ATTRIBUTES for head in heads)
    if not nouns or nouns[-1].lower in _NO_WHOLES or not known:
        return None
    return [title.strip(), f"Each {singular(nouns[-1].lower)} has {rest.strip()}"]


_QUESTION = re.compile(r"^\s*(?:who|which|how\s+(?:much|many|often|long)|since\s+when)\b(?!.*\?$)(?!.*,)", re.IGNORECASE)

_TITLES = (
    "app|log|logbook|tracker|register|list|book|database|db|system|sheet|diary|organi[sz]er|inventory|catalogue|catalog|tracking|records?"
)
_ASKED = re.compile(r"\b(?:who|what|when|where)\b(?=\s*(?:,|$|and\b))", re.IGNORECASE)
_ANSWERS = {"who": "person", "what": "name", "when": "date", "where": "place"}
"""`Gift list: who, what, price`: what is asked for in one word."""

_RECORDS = re.compile(r"(?:^|,|\band\b)\s*[a-z-]+s\s+\([^()]*,[^()]*\)", re.IGNORECASE)
"""`stages (name, capacity), acts (…)`: several kinds of things with their parts."""

_NO_WHOLES = frozenset(
    "following things thing details information data fields field list lists below these columns attributes items".split()
)


def _is_sentence(text: str) -> bool:
    """Whether somebody does something in it; a list of parts has no verb."""
    plain = re.sub(r"\([^)]*\)", "", text).strip()
    words = tag_words(plain)
    verb = next((index for index, word in enumerate(words) if word.tag in {Tag.verb, Tag.modal, Tag.be}), None)
    return verb is not None and verb > 0 and not any(word.tag is Tag.comma for word in words[:verb])


def _story(text: str) -> str | None:
    """`As a nurse I want to record …` says that the nurse can record."""
    story = _STORY.match(text)
    return f"{_the(story['who'])} can {story['what']}" if story else None


def _parts(text: str) -> str | None:
    """What says which parts something has, as `A customer: name, phone`."""
    match = _FOR_EACH_COLON.match(text) or _PART_ARROW.match(text)
    if match:
        return f"{match['what']}: {match['parts']}"
    match = _FOR_EACH.match(text) or _FOR_EACH_BARE.match(text)
    if match:
        return f"Each {_single(match['what'])} has {match['parts']}"
    return None


def _the(who: str) -> str:
    return re.sub(r"^(?:an?|the)\s+", "The ", who.strip(), flags=re.IGNORECASE)


def _single(what: str) -> str:
    *front, last = what.lower().split()
    return " ".join([*front, singular(last)])


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
        extended = match.startswith(single) or single.startswith(match)  # `programme` is no slip in `programmer`
        if match[0] == single[0] and not extended and abs(len(match) - len(single)) <= 1 and sorted(set(match) ^ set(single))[1:] == []:
            return plural(match) if is_plural(word) and single != word else match
    return word


def _is_inflected(word: str, known: frozenset[str]) -> bool:
    """`organised` of a known `organise`: the plain endings of verbs."""
    stems = [word.removesuffix(ending) for ending in ("ed", "ing", "er", "s") if word.endswith(ending)]
    return any({stem, f"{stem}e"} & known for stem in stems)
