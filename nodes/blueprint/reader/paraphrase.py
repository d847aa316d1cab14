"""Many ways to say that something has parts → one: rewrites clauses so that the passes behind know a single "has"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nodes.blueprint.reader import trades
from nodes.blueprint.reader.draft import is_role_noun, noun_of
from nodes.blueprint.reader.lexicon import VERBS, VerbKind
from nodes.blueprint.reader.life import SCHEDULED
from nodes.blueprint.reader.listing import as_item
from nodes.blueprint.reader.phrases import Attached, Clause, Phrase, phrase_at
from nodes.blueprint.reader.records import APP_NOUNS
from nodes.blueprint.reader.tagging import Tag, tag_words
from nodes.blueprint.reader.values import ATTRIBUTES

_HAS = frozenset("carry comprise feature bear".split())
"""`articles carry a number`."""

_HAS_OF_THINGS = frozenset("cover record store keep note show list state specify capture mention link connect relate".split())
"""`a lease records the deposit`, `a lease links a property to a tenant`: said of a thing, not of somebody who acts."""

_HAD = frozenset({"identify", "describe", "characterise", "characterize", "define", "compose", "make up"})
"""`vehicles are identified by plate and make`."""

_ENTER = frozenset("choose select pick enter give provide specify state indicate name supply".split())
"""`employees request leave by choosing a type`."""

_NO_REQUESTS = frozenset("change detail document information help clarification permission advice feedback correction money".split())
"""What people ask for in passing."""

_LEFT = frozenset("review rating comment message note feedback tip reply remark testimonial".split())
"""What people leave in writing."""

_MAKING = {VerbKind.create, VerbKind.associate, VerbKind.transition}
_KEEPING = {VerbKind.create, VerbKind.manage, VerbKind.keep}
_WHETHER = re.compile(r"\bwhether\s+(?:(?:it|they|he|she|the\s+\w+)\s+)?(?:is|are|was|were|has been)\s+(\w+)", re.IGNORECASE)


def plainly(clauses: Sequence[Clause]) -> list[Clause]:
    """The same clauses, in plainer words. Quotes stay as the user wrote them."""
    found: list[Clause] = []
    for clause in clauses:
        previous = found[-1] if found and found[-1].quote == clause.quote else None
        if clause.passive and [phrase.head for phrase in clause.subjects] == ["it"] and _WHETHER.search(clause.quote):
            continue  # what "whether it is furnished" leaves behind
        for plain in _plain(clause, previous):
            found += _opened(plain)
    return found


def _plain(clause: Clause, previous: Clause | None) -> Iterator[Clause]:
    """One clause in plainer words; the first rule that fits."""
    idiom = _idiom(clause)
    listed = _listed_with(clause)
    if idiom or listed:
        yield from idiom or listed
    elif clause.passive and clause.verb in _HAD:
        parts = tuple(phrase for entry in clause.attached for phrase in entry.phrases if phrase.determiner != "pronoun")
        yield Clause("have", clause.subjects, parts, quote=clause.quote)
    elif _is_said_of_things(clause) or (clause.verb in _HAS and not clause.passive):
        yield replace(clause, verb="have", objects=(*clause.objects, *clause.after("to", "with")), attached=())
    elif _stores_for_each(clause):
        yield Clause("have", clause.after("for", "of", "about", "on")[:1], clause.objects, quote=clause.quote)
    elif clause.verb in _ENTER and previous is not None and _makes(previous, clause):
        yield Clause("have", (_made(previous),), clause.objects, quote=clause.quote)
    else:
        yield clause


def _idiom(clause: Clause) -> list[Clause]:
    """Set phrases: `keep track of`, `take place at`, `come from`, `turn into`, `is for … with …`, `give every … a …`."""
    return _reference(clause) or _deed(clause)


def _reference(clause: Clause) -> list[Clause]:
    """What is said to concern, to be about or to consist of something."""
    match clause.verb:
        case "concern" | "regard" | "reference" if clause.objects and not clause.passive:
            return [replace(clause, verb="belong", objects=(), attached=(Attached("to", clause.objects),))]
        case "relate" | "refer" if clause.after("to") and not clause.passive:
            return [replace(clause, verb="belong", attached=(Attached("to", clause.after("to")),))]
        case "be" if clause.after("about") and not clause.objects:
            return [replace(clause, verb="belong", attached=(Attached("to", clause.after("about")),))]
        case "consist" | "compose" | "comprise" if clause.after("of") and not clause.objects:
            rest = tuple(entry for entry in clause.attached if entry.preposition != "of")
            return [replace(clause, verb="have", objects=clause.after("of"), attached=rest, passive=False)]
        case "come" if clause.after("from"):
            return [replace(clause, verb="have", objects=clause.after("from"), attached=())]
        case "take" if [phrase.head for phrase in clause.objects] == ["place"]:
            return [replace(clause, verb="have", objects=clause.after("at", "on", "in"), attached=())]
        case "be" if clause.tail and clause.tail[0].tag is Tag.preposition and not clause.objects:
            return [Clause("have", clause.subjects, clause.after("for", "with", "at", "in", "on", "from"), quote=clause.quote)]
        case _:
            return []


def _deed(clause: Clause) -> list[Clause]:
    """What somebody does in other words than "create" and "keep"."""
    match clause.verb:
        case "keep" if clause.objects and clause.objects[0].head == "track":
            of = (clause.objects[0].of,) if clause.objects[0].of else ()
            return [replace(clause, verb="track", objects=(*of, *clause.after("of")))]
        case "have" | "do" if _is_us(clause) and any(phrase.many for phrase in clause.objects) and not clause.negated:
            return [replace(clause, verb="keep")]
        case "give" | "teach" | "lead" if any(phrase.head in SCHEDULED for phrase in clause.objects):
            return _lessons(clause)
        case "take" if (made := clause.subjects if clause.passive else clause.objects) and made[0].many and not made[0].determiner:
            return [replace(clause, verb="create")]
        case "leave" if any(phrase.head in _LEFT for phrase in clause.objects) and not clause.passive:
            return [replace(clause, verb="write")]
        case "ask" if clause.after("for") and not (
            clause.objects or clause.passive or _NO_REQUESTS & {entry.head for entry in clause.after("for")}
        ):
            rest = tuple(entry for entry in clause.attached if entry.preposition != "for")
            return [replace(clause, verb="request", objects=clause.after("for"), attached=rest)]
        case "become" if clause.objects and clause.objects[0].many:
            return [replace(clause, verb="create", subjects=())]
        case "turn" | "convert" | "transform" if clause.after("into"):
            people = () if clause.passive else clause.subjects
            rest = tuple(entry for entry in clause.attached if entry.preposition != "into")
            return [replace(clause, verb="create", subjects=people, objects=clause.after("into"), attached=rest, passive=False)]
        case "give" if len(clause.objects) > 1 and clause.objects[0].determiner in {"each", "every"}:
            graded = Clause("have", clause.objects[:1], clause.objects[1:], quote=clause.quote)
            return [replace(clause, verb="update", objects=clause.objects[:1]), graded]
        case _:
            return []


def _lessons(clause: Clause) -> list[Clause]:
    """`Teachers give lessons to pupils`: a lesson has a teacher and a pupil, and pupils are kept."""
    taught = tuple(phrase for phrase in clause.after("to") if is_role_noun(noun_of(phrase)))
    people = tuple(replace(phrase, many=False, determiner="a") for phrase in (*clause.subjects, *taught) if phrase.determiner != "pronoun")
    kept = [Clause("keep", (), taught, quote=clause.quote)] if taught else []
    return [replace(clause, verb="create"), *kept, Clause("have", clause.objects, people, quote=clause.quote)]


def _is_us(clause: Clause) -> bool:
    return bool(clause.subjects) and all(phrase.head in {"we", "i"} for phrase in clause.subjects)


def _listed_with(clause: Clause) -> list[Clause]:
    """`Recipes with ingredients, steps and a rating`, without a verb; `keep laptops and phones as assets with …`."""
    parts, kinds = clause.after("with", "including"), clause.after("as")
    if clause.verb == "" and len(clause.objects) == 1 and clause.objects[0].many and len(parts) > 1:
        return [Clause("have", clause.objects, parts, quote=clause.quote)]
    if len(kinds) == 1 and kinds[0].many and clause.objects and VERBS.get(clause.verb, frozenset()) & _KEEPING and not clause.passive:
        choices = tuple(phrase.name for phrase in clause.objects)
        attached = tuple(entry for entry in clause.attached if entry.preposition != "as")
        kind = Phrase("type", inside=choices, text="type")
        return [
            replace(clause, objects=kinds, attached=attached),
            *([Clause("have", kinds, (kind,), quote=clause.quote)] if len(choices) > 1 else []),
        ]
    return []


def _is_said_of_things(clause: Clause) -> bool:
    plain = [phrase for phrase in clause.subjects if phrase.determiner not in {"pronoun", "my", "our", "their"}]
    things = bool(plain) and all(
        phrase.determiner and phrase.head not in APP_NOUNS and not is_role_noun(noun_of(phrase)) for phrase in plain
    )
    single = clause.verb not in {"link", "connect", "relate"} or all(phrase.determiner for phrase in clause.objects)
    bare = [phrase for phrase in clause.objects if phrase.many and not phrase.determiner]
    business = len(bare) > 1 and len(bare) == len(clause.objects)  # `a shop keeps bikes and parts`
    said = clause.verb in _HAS_OF_THINGS and not (clause.passive or clause.modal or clause.negated)
    return said and things and single and not business


def _stores_for_each(clause: Clause) -> bool:
    """`For every volunteer we store a name`: nobody of the app is said to do it."""
    wholes = clause.after("for", "of", "about", "on")
    nobody = all(phrase.head in {"we", "i", "it", "you"} for phrase in clause.subjects)
    keeps = VerbKind.keep in VERBS.get(clause.verb, frozenset())
    return keeps and nobody and bool(wholes and clause.objects) and wholes[0].determiner in {"each", "every"}


def _makes(previous: Clause, clause: Clause) -> bool:
    same = previous.subjects == clause.subjects and not previous.passive and " by " in clause.quote
    return same and len(previous.objects) == 1 and bool(VERBS.get(previous.verb, frozenset()) & _MAKING)


def _made(previous: Clause) -> Phrase:
    """What the clause before brought into being: `request leave` a leave request."""
    made = previous.objects[0]
    if previous.verb != "request":
        return made
    return Phrase("request", (*made.modifiers, made.head), text=f"{made.text} request", nouns=(*made.nouns, made.head))


def _opened(clause: Clause) -> Iterator[Clause]:
    """A clause without the parts that stand in it in brackets or behind a colon, and those as clauses of their own."""
    objects = tuple(_with_examples(clause))
    listed = _behind_colon(clause, objects)
    if listed:
        objects = objects[: -len(listed)]
    within = clause.verb in {"have", ":"}
    plain = tuple(replace(phrase, inside=()) if _lists_parts(phrase, within=within) else phrase for phrase in objects)
    made = _made_for(clause, plain)
    yield replace(made or clause, objects=plain) if plain != clause.objects else made or clause
    every = (*clause.subjects, *clause.objects, *(phrase for entry in clause.attached for phrase in entry.phrases))
    nested = clause.after("with") if clause.verb in {"have", "contain"} else ()
    if nested and clause.objects and clause.objects[-1].many:  # `an order has several lines with a product and a quantity`
        yield Clause("have", (replace(clause.objects[-1], inside=()),), nested, quote=clause.quote)
    for phrase in every if made is None else ():
        inner = phrase if phrase.inside else phrase.of or phrase
        if _lists_parts(inner, within=within and inner in objects):
            yield Clause("have", (replace(inner, inside=()),), tuple(_phrases(inner.inside)), quote=clause.quote)
    if made is not None:
        listed_parts = next(phrase.inside for entry in clause.attached for phrase in entry.phrases if phrase.inside)
        yield Clause("have", (plain[-1],), tuple(_phrases(listed_parts)), quote=clause.quote)
    if listed:
        yield Clause("have", (objects[-1],), tuple(_stated_or_not(listed, clause.quote)), quote=clause.quote)


def _made_for(clause: Clause, objects: tuple[Phrase, ...]) -> Clause | None:
    """`log entries against a matter (date, minutes)`: the brackets at the end are about the entries; the clause without them."""
    last = clause.attached[-1].phrases[-1] if clause.attached else None
    makes = VERBS.get(clause.verb, frozenset()) & _KEEPING and objects and objects[-1].many and not clause.passive
    if not makes or last is None or not _lists_parts(last) or last.many or last.determiner not in {"a", "an", "the", "each", "every"}:
        return None
    entries = (*clause.attached[-1].phrases[:-1], replace(last, inside=()))
    return replace(clause, attached=(*clause.attached[:-1], replace(clause.attached[-1], phrases=entries)))


def _with_examples(clause: Clause) -> Iterator[Phrase]:
    """`a location such as terrace or bar`: what could be chosen."""
    examples = clause.after("as") if clause.verb == "have" and " such as " in clause.said else ()
    for phrase in clause.objects:
        if examples and phrase is clause.objects[-1] and not phrase.inside:
            yield replace(phrase, inside=tuple(example.name for example in examples))
        else:
            yield phrase


def _lists_parts(phrase: Phrase, *, within: bool = False) -> bool:
    """`members (name, e-mail, phone)` against `priority (low, high)`: at least half are words for parts, or for what is referred to.

    `within` a list of parts, one thing with brackets behind it (`a channel (phone, branch, email)`) has values, unless all are parts.
    """
    heads = [inner.head for inner in _phrases(phrase.inside)]
    parts = sum(head in ATTRIBUTES for head in heads)
    known = sum(head in ATTRIBUTES or trades.is_known(head) for head in heads)
    named = (phrase.head not in ATTRIBUTES and (not within or phrase.many or parts == len(heads))) or (phrase.many and parts == len(heads))
    return len(heads) > 1 and named and parts > 0 and 2 * known >= len(heads)


def _phrases(texts: tuple[str, ...]) -> Iterator[Phrase]:
    for text in texts:
        phrase, _ = phrase_at(as_item(tag_words(text)), 0)
        if phrase is not None:
            yield phrase


def _behind_colon(clause: Clause, objects: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    """`keep properties: address, rent`: the parts of what stands before the colon, if the first is a word for a part."""
    before, colon, behind = clause.said.partition(":")
    if not colon or not VERBS.get(clause.verb, frozenset()) & _KEEPING:
        return ()
    listed = tuple(phrase for phrase in objects if phrase.text in behind and phrase.text not in before)
    return listed if listed and len(listed) < len(objects) and listed[0].head in ATTRIBUTES else ()


def _stated_or_not(phrases: tuple[Phrase, ...], quote: str) -> Iterator[Phrase]:
    """`whether it is furnished` is a part that is true or not."""
    yield from (phrase for phrase in phrases if phrase.head != "whether")
    for match in _WHETHER.finditer(quote):
        yield Phrase(match.group(1).lower(), ("whether",), text=match.group(1))
