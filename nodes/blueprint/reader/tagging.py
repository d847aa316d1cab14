"""Text → sentences → tagged words. Each word gets one word class from tables, form and neighbours; no model, no download."""

import importlib.util
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from nodes.blueprint.reader import lexicon, trades
from nodes.blueprint.reader.lexicon import IRREGULAR_VERBS, VERBS
from nodes.blueprint.reader.naming import is_plural, singular
from nodes.blueprint.reader.values import ATTRIBUTES


class Tag(StrEnum):
    """Word classes, as coarse as the grammar needs them."""

    determiner = "det"
    possessive = "poss"
    quantity = "qty"
    number = "num"
    adjective = "adj"
    noun = "noun"
    pronoun = "pron"
    verb = "verb"
    participle = "ved"
    gerund = "ving"
    be = "be"
    modal = "modal"
    to = "to"
    preposition = "prep"
    conjunction = "conj"
    relative = "rel"
    adverb = "adv"
    negation = "not"
    comma = "comma"
    colon = "colon"
    opening = "("
    closing = ")"
    other = "other"


@dataclass(frozen=True)
class Word:
    """One word with its class, its base form if it is a verb, and where it stands in the text."""

    text: str
    tag: Tag
    base: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """The word in lower case."""
        return self.text.lower()


@dataclass(frozen=True)
class Sentence:
    """A sentence: its own text (for quotes) and its words; `plain` is the text the words are of, where that was reworded."""

    text: str
    words: tuple[Word, ...]
    plain: str = ""


_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|no(?=\.\s*\d)|approx|incl|mr|mrs|dr)\.", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’&.+#/-][^\W_]+)*'?|[,:;()&—–]", re.UNICODE)
BULLET = re.compile(r"^\s*(?:[-*•–·]|\d+[.)]|[a-z]\))\s+", re.IGNORECASE)


def sentences_of(text: str) -> list[Sentence]:
    """Split `text` at full stops, semicolons and line ends; bullets lose their mark."""
    found = []
    for raw in text.splitlines():
        line = _ABBREVIATION.sub(lambda match: match.group(0).replace(".", ""), BULLET.sub("", raw).strip().strip("#*`> "))
        for part in re.split(r"(?<=[.!?…])\s+|;\s*(?![^()]*\))|(?<=[a-z)])\.(?=[A-Z][a-z])", line):
            plain = part.strip().rstrip(".!?… ")
            found += [Sentence(plain, tag_words(plain))] if plain else []
    return found


def tag_words(text: str) -> tuple[Word, ...]:
    """Tag the words of one sentence, left to right."""
    raw = [(match.group(0), match.start(), match.end()) for match in _WORD.finditer(text)]
    words: list[Word] = []
    for position, (token, start, end) in enumerate(raw):
        following = [entry[0].lower() for entry in raw[position + 1 : position + 4]]
        tag, base = _each_with(token, words, following) or _classify(token, words, following)
        words.append(Word("which" if tag is Tag.relative and token.lower() == "each" else token, tag, base, start, end))
    return tuple(words)


def _each_with(token: str, before: list[Word], following: list[str]) -> tuple[Tag, str] | None:
    """`lines, each with an article and a quantity` says `lines, which have an article and a quantity`."""
    if token.lower() == "each" and following[:1] == ["with"] and before and before[-1].tag is Tag.comma:
        return Tag.relative, "which"
    if token.lower() == "with" and len(before) > 1 and before[-1].tag is Tag.relative and before[-2].tag is Tag.comma:
        return Tag.verb, "have"
    return None


_CLOSED: dict[str, Tag] = {
    **dict.fromkeys(lexicon.DETERMINERS, Tag.determiner),
    **dict.fromkeys(lexicon.POSSESSIVES, Tag.possessive),
    **dict.fromkeys(lexicon.QUANTITIES, Tag.quantity),
    **dict.fromkeys(lexicon.NUMBERS, Tag.number),
    **dict.fromkeys(lexicon.MODALS, Tag.modal),
    **dict.fromkeys(lexicon.BE, Tag.be),
    **dict.fromkeys(lexicon.PRONOUNS, Tag.pronoun),
    **dict.fromkeys(lexicon.PREPOSITIONS, Tag.preposition),
    **dict.fromkeys(lexicon.CONJUNCTIONS, Tag.conjunction),
    **dict.fromkeys(lexicon.RELATIVES, Tag.relative),
    **dict.fromkeys(lexicon.ADVERBS, Tag.adverb),
    **dict.fromkeys(lexicon.ADJECTIVES, Tag.adjective),
    **dict.fromkeys(("has", "have", "had"), Tag.verb),
    "to": Tag.to,
    "not": Tag.negation,
    ",": Tag.comma,
    ":": Tag.colon,
    "(": Tag.opening,
    ")": Tag.closing,
    "—": Tag.colon,
    "–": Tag.colon,
    "that": Tag.relative,
    "her": Tag.possessive,
    "don't": Tag.negation,
    "doesn't": Tag.negation,
    "never": Tag.negation,
    "cannot": Tag.modal,
    "can't": Tag.modal,
}
_OBJECT_STARTS = (
    lexicon.DETERMINERS | lexicon.POSSESSIVES | lexicon.QUANTITIES | lexicon.NUMBERS | {"them", "it", "him", "us", "me", "that"}
)
_VERBAL = {Tag.verb, Tag.modal, Tag.be}


def _classify(written: str, before: list[Word], following: list[str]) -> tuple[Tag, str]:
    """The class of a word and its base form, by the narrowest table that knows it."""
    lower = written.lower().replace("’", "'")
    verb = base_of(lower)
    special = _special(written, lower, before, following)
    if special is not None:
        return special, "get" if special is Tag.verb else lower
    if _people_do(lower, before, following):
        return Tag.verb, verb[0] if verb else lower
    if lower in _AMBIGUOUS and verb and before:
        tag = _open_class(lower, verb, before, following)
        if tag is not Tag.noun or lower in {"offer", "book", "need"}:
            return tag, verb[0] if tag in _VERB_TAGS else lower
    if lower in _CLOSED:
        return _CLOSED[lower], "have" if lower in lexicon.HAVE else lower
    if verb:
        tag = _open_class(lower, verb, before, following)
        return tag, verb[0] if tag in _VERB_TAGS else lower
    if _stands_between_verbs(before, following):
        return Tag.verb, lower
    ends = not following or following[0] in {",", ")", "and", "or", "has", "have", "belongs", "needs"}
    if ends and (lower in ATTRIBUTES or trades.is_known(lower)) and lexicon_tag(lower).startswith("JJ"):
        return Tag.noun, lower  # `full name, mobile, e-mail`, `a flat has a number`
    if _acts_on_object(lower, before, following):
        return Tag.verb, lower.removesuffix("s") if lower.endswith("s") and not lower.endswith("ss") else lower
    return _by_form(lower, before[-1] if before else None), lower


_AMBIGUOUS = frozenset("open close complete paid own like individual offer up book need needs past".split())
"""Words of a closed class that are also verbs or nouns; their neighbours decide."""


def _special(written: str, lower: str, before: list[Word], following: list[str]) -> Tag | None:
    """The class of the few words that only their neighbours or their spelling tell: digits, `that`, `IT`, `to`."""
    if lower.isdigit():
        return Tag.number
    if lower == "that" and not (before and before[-1].tag in {Tag.noun, Tag.comma, Tag.pronoun}):
        return Tag.determiner
    if written == "IT":
        return Tag.noun
    if lower in {"get", "gets", "got", "getting"} and not (following and _is_past(following[0])):
        return Tag.verb if before and lower != "getting" else None
    if lower == "up" and following[:1] == ["to"]:
        return Tag.preposition
    if lower == "to" and not _could_be_base(following[0] if following else ""):
        return Tag.preposition
    return None


def _is_past(word: str) -> bool:
    """`gets approved`, against `gets an e-mail`."""
    verb = base_of(word)
    return (verb is not None and verb[1] is Tag.participle) or lexicon_tag(word) in {"VBN", "VBD"}


def _stands_between_verbs(before: list[Word], following: list[str]) -> bool:
    """`confirm, seat or cancel reservations`: an unknown word in a list of verbs without objects is one too."""
    if len(before) < 2 or before[-1].tag not in {Tag.comma, Tag.conjunction} or before[-2].tag is not Tag.verb or before[-2].base == "have":
        return False
    behind = [word for word in following[:2] if word not in {",", "and", "or"}]
    return bool(following) and following[0] in {",", "or", "and"} and bool(behind) and base_of(behind[0]) is not None


def _both(before: list[Word]) -> bool:
    """`Mentor and mentee`, at the start."""
    return len(before) == 3 and before[1].lower == "and" and before[0].lower in lexicon.ROLE_NOUNS


def _people_do(lower: str, before: list[Word], following: list[str]) -> bool:
    """`Fundraisers phone donors`: between several people and several things stands what they do, even where it could be a noun."""
    if not before or before[-1].tag is not Tag.noun or is_plural(lower) or lower in _CLOSED or not lower.isalpha() or not following:
        return False
    if (
        singular(before[-1].lower) not in lexicon.ROLE_NOUNS
        or not (is_plural(before[-1].lower) or _both(before))
        or _verb_since_break(before)
    ):
        return False
    begins = _both(before) or all(word.tag in {Tag.noun, Tag.adjective, Tag.determiner, Tag.quantity} for word in before[-3:])
    known = lexicon_tag(lower)
    acts = base_of(lower) is not None or known in {"NN", "VB", "VBP", ""}
    objects = following[0] in _OBJECT_STARTS or (is_plural(following[0]) and following[0] not in lexicon.PREPOSITIONS)
    return begins and acts and objects and lower not in ATTRIBUTES - {"phone"}


def _acts_on_object(lower: str, before: list[Word], following: list[str]) -> bool:
    """`the worker ticks them`: an unknown word between a noun and the start of an object is the verb, if there is none yet."""
    starts = bool(following) and following[0] in _OBJECT_STARTS and lower.isalpha() and len(lower) > 2
    person = bool(before) and before[-1].lower in lexicon.ROLE_NOUNS and lower.endswith("s") and lexicon_tag(lower) != "NNS"
    starts = starts or (person and len(following) > 1 and following[0] in {"or", "and"} and following[1].endswith("s"))
    if not starts or not before or before[-1].tag is not Tag.noun or _verb_since_break(before):
        return False
    agrees = lower.endswith("s") != is_plural(before[-1].lower)
    if person and agrees and base_of(lower) is None:
        return True
    return agrees and (
        lexicon_tag(lower.removesuffix("s")) in {"VB", "VBP", "VBD", "VBN", ""} or lexicon_tag(lower) in {"VBZ", "VBP", "VB"}
    )


_VERB_TAGS = {Tag.verb, Tag.participle, Tag.gerund}


def base_of(word: str) -> tuple[str, Tag] | None:
    """The base form of a verb the reader knows and the form it stands in; None for any other word."""
    if word in VERBS:
        return word, Tag.verb
    if word in IRREGULAR_VERBS:
        return IRREGULAR_VERBS[word], Tag.participle if not word.endswith("ing") else Tag.gerund
    for ending, tag in (
        ("ing", Tag.gerund),
        ("ied", Tag.participle),
        ("ed", Tag.participle),
        ("ies", Tag.verb),
        ("es", Tag.verb),
        ("s", Tag.verb),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word[: -len(ending)]
            for candidate in (stem + "y",) if ending in {"ied", "ies"} else (stem, stem + "e", _undoubled(stem)):
                if candidate in VERBS and not (ending == "es" and candidate == stem + "e"):
                    return candidate, tag
    return None


def _undoubled(stem: str) -> str:
    return stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem


def _could_be_base(word: str) -> bool:
    return word in VERBS or word in {"have", "be", "not"} or lexicon_tag(word) in {"VB", "VBP"}


def _open_class(lower: str, verb: tuple[str, Tag], before: list[Word], following: list[str]) -> Tag:
    base, form = verb
    if form is Tag.gerund and lower in _THINGS_IN_ING and before and before[-1].tag is Tag.preposition and before[-1].lower != "by":
        return Tag.noun if not (following and following[0] in _OBJECT_STARTS) else Tag.gerund
    if form is Tag.gerund and not before and len(following) > 1 and singular(following[0]) in lexicon.ROLE_NOUNS and base_of(following[1]):
        return Tag.adjective  # `Hiring managers leave comments`
    thing = lower in _THINGS_IN_ING or lexicon_tag(lower) == "NN"
    if form is Tag.gerund and thing and following and _may_name(before) and _names(following):
        return Tag.noun  # `Cleaning company`, `issues building permits`
    if form is Tag.gerund:
        return _gerund(before[-1] if before else None, following[0] if following else "")
    if form is Tag.participle:
        return _participle(before, following[0] if following else "")
    return _finite(lower, base, before, following) if before else _first(lower, base, following)


def _may_name(before: list[Word]) -> bool:
    """Where a name can begin: at the start, behind a verb, in a list, behind a preposition other than "by"."""
    if not before or before[-1].tag in {Tag.verb, Tag.conjunction, Tag.comma}:
        return not any(word.tag is Tag.gerund for word in before)
    return before[-1].tag is Tag.preposition and before[-1].lower != "by"


def _names(following: list[str]) -> bool:
    """Whether what follows goes on with the name that began: a noun, and no start of an object."""
    word = following[0]
    closed = _OBJECT_STARTS | lexicon.PREPOSITIONS | lexicon.ADJECTIVES | lexicon.ADVERBS | {"and", "or", ",", "to", ":"}
    return word[:1].isalpha() and word not in closed and not (is_plural(word) and len(following) > 1 and following[1] in {"and", ","})


def _first(lower: str, base: str, following: list[str]) -> Tag:
    """The class of a possible verb that opens a sentence: `Book rooms`, but `Book clubs meet`."""
    acted_on = len(following) > 1 and (following[1] in lexicon.BE | lexicon.MODALS | lexicon.HAVE)
    if lower in {"show", "display", "give", "generate"} and following and following[0] not in lexicon.BE | {":", ","}:
        return Tag.verb if not acted_on else Tag.noun
    if acted_on and is_plural(following[0]) and lower not in _NEVER_NOUNS:
        return Tag.noun  # `Work days are announced`
    compound = len(following) > 1 and is_plural(following[0]) and following[1] in VERBS and following[1] not in {"list", "report", "book"}
    if lower not in _NEVER_NOUNS and compound:
        return Tag.noun
    starts = lower in _NEVER_NOUNS or _starts_object(following[0] if following else "", following)
    return Tag.verb if lower == base and starts else Tag.noun


def _finite(lower: str, base: str, before: list[Word], following: list[str]) -> Tag:
    """The class of a possible verb in its base form or third person, by the word before it."""
    previous = before[-1]
    if previous.tag is Tag.closing and (outside := _before_bracket(before)):
        return _finite(lower, base, outside, following)
    match previous.tag:
        case Tag.modal | Tag.to | Tag.negation:
            return Tag.verb
        case Tag.adverb:
            return Tag.verb if len(before) < 2 or before[-2].tag != Tag.be else Tag.adjective
        case Tag.pronoun | Tag.relative:
            return Tag.verb if previous.lower not in {"where", "when", "them", "it"} or lower.endswith("s") else Tag.noun
        case Tag.be:
            return Tag.adjective
        case Tag.noun:
            wishing = base in {"want", "need", "wish", "have"} and following[:1] == ["to"]
            return Tag.verb if wishing or _agrees(lower, base, before, following) else Tag.noun
        case Tag.comma | Tag.conjunction | Tag.colon:
            return Tag.verb if _continues_verbs(lower, base, before, following) else Tag.noun
        case _:
            return Tag.noun


def _before_bracket(words: list[Word]) -> list[Word]:
    """`tenants (name, phone) rent flats`: the words before the bracket that just closed."""
    opening = next((index for index in range(len(words) - 1, -1, -1) if words[index].tag is Tag.opening), 0)
    return words[:opening]


_THINGS_IN_ING = frozenset(
    "building meeting training listing booking posting hearing wedding painting drawing finding rating filing opening outing".split()
)
"""Things that are called like acts: `rent per building`."""


def _gerund(previous: Word | None, following: str) -> Tag:
    if previous is not None and previous.tag in {Tag.noun, Tag.adjective, Tag.determiner, Tag.possessive, Tag.quantity}:
        return Tag.gerund if previous.tag is Tag.noun and following in _OBJECT_STARTS else Tag.noun
    if following in {"system", "app", "application", "site", "platform", "website", "tool", "list", "date", "time", "fee", "software"}:
        return Tag.adjective
    return Tag.gerund


def _participle(before: list[Word], following: str) -> Tag:
    while before and before[-1].tag is Tag.adverb:  # `approved and later returned`
        before = before[:-1]
    previous = before[-1] if before else None
    if previous is not None and previous.tag in {Tag.determiner, Tag.possessive, Tag.quantity, Tag.adjective, Tag.number}:
        return Tag.adjective
    recent = [word for word in before[-3:] if word.tag is Tag.be]
    if previous is not None and (previous.tag is Tag.be or recent):
        return Tag.participle
    if previous is not None and previous.tag in {Tag.comma, Tag.conjunction, Tag.opening, Tag.colon} and _continues_phrase(following):
        return Tag.adjective
    if previous is not None and previous.tag is Tag.noun and following not in {"by", "on", "to", "with", "for", "from", "in", "at", ""}:
        return Tag.verb if following in _OBJECT_STARTS else Tag.participle
    return Tag.participle if previous is not None and previous.tag in {Tag.noun, Tag.conjunction, Tag.comma} else Tag.adjective


def _continues_phrase(word: str) -> bool:
    """`title, requested amount`: a noun follows, so that the participle before it is its adjective."""
    closed = lexicon.PREPOSITIONS | lexicon.CONJUNCTIONS | lexicon.ADVERBS | lexicon.RELATIVES | lexicon.MODALS | _OBJECT_STARTS
    return word[:1].isalpha() and word not in closed | {"to", "if"}


def _starts_object(word: str, following: list[str]) -> bool:
    if word in _OBJECT_STARTS or word in lexicon.ADJECTIVES or is_plural(word):
        return True
    if word in {"", "and", "or", ","}:
        return word != "" and len(following) > 1 and following[1] in VERBS
    return len(following) > 1 and is_plural(following[1]) and following[1] not in lexicon.PREPOSITIONS


def _agrees(lower: str, base: str, before: list[Word], following: list[str]) -> bool:
    """Whether a word after a noun is its verb: `members borrow books` yes, `purchase records` no."""
    if following and following[0] in lexicon.MODALS | lexicon.BE | lexicon.HAVE:
        return False  # `emergency changes may be approved`
    if _verb_since_break(before) and not (lower == base and any(word.base in {"let", "help", "have"} for word in before[-4:])):
        return False
    subject = _head_of(before)
    if subject is not before[-1]:
        return lower == base and is_plural(subject.lower)
    following_word = following[0] if following else ""
    opened = next((word for word in reversed(before) if word.tag not in {Tag.noun, Tag.adjective}), None)
    counted = (
        opened is not None and opened.tag in {Tag.determiner, Tag.number, Tag.possessive} and opened.lower not in {"all", "these", "those"}
    )
    if lower == base:
        is_many = is_plural(subject.lower) or subject.lower in {"staff", "people", "personnel", "hr"}
        return (is_many and (not counted or (opened is not None and opened.lower in {"the", "some"}))) or (
            counted and is_plural(subject.lower)
        )
    begins = len(before) == 1 or before[-2].tag in {Tag.comma, Tag.conjunction}
    named = subject.text[:1].isupper() and begins and (not is_plural(subject.lower) or subject.lower in {"sales", "logistics", "accounts"})
    if (
        lower != base
        and counted
        and any(word.lower in {"when", "if", "once", "whenever"} for word in before)
        and following_word in {"", ","}
    ):
        return True  # `when a visitor arrives`
    if counted or (named and following_word not in VERBS):
        listed = following_word in {"or", "and", ","} and len(following) > 1 and base_of(following[1]) is not None
        return (
            listed
            or base in _NEVER_NOUNS
            or (base in {"consist", "belong"})
            or following_word not in {"", ",", "and", "or", "of", "system", "app"}
        )
    return False


def _head_of(before: list[Word]) -> Word:
    """`members of a club vote`: the members do."""
    last = next((index for index in range(len(before) - 1, 0, -1) if before[index].tag not in {Tag.noun, Tag.adjective, Tag.determiner}), 0)
    attached = before[last].lower == "of" and last == 1 and before[0].tag is Tag.noun and len(before) > last + 1
    return before[0] if attached and before[last + 1].tag is Tag.determiner else before[-1]


def _verb_since_break(before: list[Word]) -> bool:
    for word in reversed(before):
        if word.tag in {Tag.comma, Tag.conjunction, Tag.relative, Tag.colon}:
            return False
        if word.tag in _VERBAL:
            return True
    return False


_NEVER_NOUNS = frozenset(
    """browse apply pay submit approve reject accept confirm manage add edit delete remove create choose select enroll borrow cancel
    view see assign publish register subscribe send receive upload download generate maintain update resolve buy become ask organize
    track hire adopt collect use store keep build allow let enable""".split()
)


def _continues_verbs(lower: str, base: str, before: list[Word], following: list[str]) -> bool:
    """Whether a word after a comma or `and` is one more verb: `add, edit and delete tasks`, `pay, and view their bookings`."""
    if not any(word.tag in {Tag.verb, Tag.gerund} for word in before):
        return lower == base and lower in _NEVER_NOUNS
    finite = [word for word in before if word.tag in {Tag.verb, Tag.gerund, Tag.modal}]
    following_word = following[0] if following else ""
    if _follows_verb(base, before, following_word):
        return True
    third_person = lower != base
    if base == "belong" or (base == "come" and following_word == "from"):
        return True
    if finite[-1].base == "have" and not third_person:
        return following_word in _OBJECT_STARTS or (lower in _NEVER_NOUNS and is_plural(following_word))
    if third_person and not any(word.lower.endswith("s") for word in finite):
        return False
    if third_person and base in {"want", "need"}:
        return True
    if third_person and finite[-1].base == "have":
        return following_word in _OBJECT_STARTS
    if base in _NEVER_NOUNS:
        return True
    return following_word in _OBJECT_STARTS or following_word == "to" or (_starts_object(following_word, following) and lower == base)


def _follows_verb(base: str, before: list[Word], following: str) -> bool:
    """`add, edit and delete tasks`, `fix it and hand back it`: right behind another verb, or with its own particle."""
    if before[-1].tag is Tag.conjunction and (base, following) in lexicon.PARTICLES:
        return True
    if before[-1].tag in {Tag.conjunction, Tag.comma} and len(before) > 1 and before[-2].tag == Tag.verb and before[-2].base != "have":
        return True
    return len(before) > 2 and before[-2].tag is Tag.comma and before[-3].tag is Tag.verb and before[-3].base != "have"


@cache
def _tagger_lexicon() -> dict[str, str]:
    """TextBlob's word → tag list, read as a file (importing TextBlob would load NLTK). 94,000 words, read once, ~80 ms."""
    found = importlib.util.find_spec("textblob")
    if found is None or not found.submodule_search_locations:
        return {}
    path = Path(found.submodule_search_locations[0]) / "en" / "en-lexicon.txt"
    if not path.is_file():
        return {}
    pairs = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def lexicon_tag(word: str) -> str:
    """The Penn tag TextBlob's lexicon gives to `word`; empty for a word it lacks."""
    return _tagger_lexicon().get(word, "")


def _by_form(lower: str, previous: Word | None) -> Tag:
    """The class of a word no table knows, by TextBlob's lexicon, else by ending, else a noun."""
    penn = lexicon_tag(lower)
    if penn.startswith("JJ"):
        return Tag.adjective
    if penn.startswith("RB") or (lower.endswith("ly") and not penn.startswith("NN")):
        return Tag.adverb
    if penn in {"VB", "VBP"} and previous is not None and previous.tag in {Tag.modal, Tag.to}:
        return Tag.verb
    if penn in {"VB", "VBP"} and previous is not None and previous.tag is Tag.noun and is_plural(previous.lower):
        return Tag.verb
    if previous is not None and previous.tag in {Tag.modal, Tag.to, Tag.negation} and previous.lower != "not":
        return Tag.verb if not is_plural(lower) else Tag.noun
    if penn == "" and previous is not None and previous.tag is Tag.noun:
        made = ("ise", "ize", "ify") if is_plural(previous.lower) else ("ises", "izes", "ifies")
        if lower.endswith(made):
            return Tag.verb
    if previous is not None and previous.tag is Tag.be and (penn == "VBD" or (lower.endswith("ed") and not penn.startswith("NN"))):
        return Tag.participle
    if penn == "VBN":
        return Tag.participle if previous is not None and previous.tag is Tag.be else Tag.adjective
    return Tag.noun
