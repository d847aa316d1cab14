"""Lists of parts, tagged as lists: behind "has", "with" or a colon every item is a name, whatever its words mean elsewhere.

`tracking number`, `picked up`, `assigned to` and `vegetarian` hold a verb, a particle and an adjective; as items of a list they are
names of parts. The list ends where a sentence goes on: `… and belongs to a matter`, `… and the owner can see it`.
"""

from dataclasses import replace

from nodes.blueprint.reader import lexicon
from nodes.blueprint.reader.naming import is_plural, singular
from nodes.blueprint.reader.tagging import Tag, Word, base_of

_OPENERS = frozenset({"have", "contain", "include", "consist", "comprise", "carry"})
_TELLING = frozenset({"list", "state", "specify", "mention", "show", "record", "note"})
_CLOSING_TAGS = frozenset({Tag.pronoun, Tag.relative, Tag.modal, Tag.be, Tag.to})
_LEADING = frozenset({Tag.determiner, Tag.possessive, Tag.quantity, Tag.number})
_NAMING = frozenset({Tag.noun, Tag.adjective})
_LONGEST_HEAD, _LONGEST_ITEM = 5, 8
"""Words of a name before a colon, and of an item."""


def with_lists(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of a sentence, the items of its lists of parts tagged as names."""
    found = list(words)
    position = 0
    while position < len(found):
        if _opens(found, position):
            position = _tag_items(found, position + 1)
        else:
            position += 1
    return tuple(found)


def as_item(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words of one item, tagged as the name of a part."""
    opening = next((index for index, word in enumerate(words) if word.tag is Tag.opening), len(words))
    return (*_named(list(words[:opening])), *words[opening:])


def _opens(words: list[Word], position: int) -> bool:
    word = words[position]
    if word.tag is Tag.colon:
        if not (0 < position <= _LONGEST_HEAD and _is_name(words[:position])):
            return False
        words[:position] = _named(words[:position])
        return True
    if word.tag is Tag.verb and word.base in _OPENERS:
        return position > 0
    if word.tag is Tag.verb and word.base in _TELLING:  # `a report lists the tasks done and the hours`
        before = words[:position]
        thing = [known for known in before if known.tag is Tag.noun]
        person = not thing or singular(thing[0].lower) in lexicon.ROLE_NOUNS
        return not person and before[0].lower in {"a", "an", "each", "every"}
    return word.lower == "with" and word.tag is Tag.preposition and position > 0


def _is_name(words: list[Word]) -> bool:
    """Whether what stands before a colon can name a thing: no sentence, no list."""
    closed = {Tag.comma, Tag.conjunction, Tag.pronoun, Tag.modal, Tag.be, Tag.relative, Tag.closing, Tag.opening, Tag.colon}
    acting = any(word.tag is Tag.verb for word in words[1:])
    return not acting and not any(word.tag in closed or word.base == "have" for word in words) and words[0].lower not in {"for", "to"}


def _tag_items(words: list[Word], start: int) -> int:
    """Tag the items from `start` on; the answer is where the list ends."""
    position = start
    if position < len(words) and words[position].lower == "of":
        position += 1
    first = True
    acts = [word for word in words[position : position + 3] if word.lower.endswith("ing") and len(word.lower) > 5]
    if len(acts) == 2 and words[position] is acts[0]:
        return position  # `a forum with posting, replying and searching`
    while position < len(words):
        end, stop = _item_end(words, position)
        item = words[position:end]
        if not item or not (1 <= len([word for word in item if word.tag not in _LEADING]) <= _LONGEST_ITEM) or _goes_on(item, first=first):
            if item or first:
                return max(position, start)
        else:
            words[position:end] = _named(item)
        first = False
        position = _past_brackets(words, end)
        if stop or position >= len(words):
            return position
        if words[position].tag not in {Tag.comma, Tag.conjunction}:
            return position
        while position < len(words) and words[position].tag in {Tag.comma, Tag.conjunction}:
            position += 1
    return position


def _item_end(words: list[Word], position: int) -> tuple[int, bool]:
    """Where an item ends, and whether the list ends with it: at a relative clause (`a mother, which is another cow`)."""
    for index in range(position, len(words)):
        tag = words[index].tag
        if tag in {Tag.comma, Tag.conjunction, Tag.opening}:
            return index, False
        alone = words[index - 1].tag is Tag.determiner and (index + 1 == len(words) or words[index + 1].tag in {Tag.comma, Tag.conjunction})
        if (tag is Tag.relative and words[index].lower != "whether" and not alone) or words[index].lower in {
            "so",
            "because",
            "if",
            "before",
            "after",
        }:
            return index, True
        if tag is Tag.colon:
            return index, True
    return len(words), True


def _past_brackets(words: list[Word], position: int) -> int:
    if position >= len(words) or words[position].tag is not Tag.opening:
        return position
    depth = 0
    for index in range(position, len(words)):
        depth += {Tag.opening: 1, Tag.closing: -1}.get(words[index].tag, 0)
        if depth == 0:
            return index + 1
    return len(words)


def _goes_on(item: list[Word], *, first: bool) -> bool:
    """Whether an item is no name but the rest of the sentence: `belongs to a matter`, `the owner can see it`, `is paid`."""
    if item[0].lower == "whether" or any(word.lower in {"than", "most", "least"} for word in item):
        return True  # `no more than three`
    if any(word.tag in _CLOSING_TAGS - {Tag.to} and word.lower not in {"it", "that"} for word in item[:-1]):
        return True
    if item[0].tag in _CLOSING_TAGS | {Tag.negation}:
        return True
    verb = base_of(item[0].lower)
    behind = item[1] if len(item) > 1 else None
    if verb is not None and verb[1] is Tag.verb and behind is not None and not first:
        leads = behind.tag in _LEADING or behind.lower in {"to", "by", "at", "on", "in", "for", "with", "from"}
        if behind.lower in {"it", "them"} or (len(item) > 2 and leads and item[2].tag is not Tag.noun) or behind.tag in _LEADING:
            return True
    if not first and item[0].tag is Tag.verb and (behind is None or behind.tag is not Tag.noun) and item[0].lower != item[0].base:
        return True  # `… and pays online`
    people = any(
        word.tag is Tag.verb and index > 0 and singular(item[index - 1].lower) in lexicon.ROLE_NOUNS and is_plural(item[index - 1].lower)
        for index, word in enumerate(item)
    )
    return people or any(
        word.tag is Tag.verb and index > 0 and item[index - 1].tag is Tag.noun and index + 1 < len(item) and item[index + 1].tag in _LEADING
        for index, word in enumerate(item)
    )


def _named(item: list[Word]) -> list[Word]:
    """One item with its last word as the noun it is named by, and the words before it as what tells it from others."""
    lead = 0
    while lead < len(item) - 1 and item[lead].tag in _LEADING:
        lead += 1
    body = list(item[lead:])
    if len(body) > 1 and body[0].lower in lexicon.PREPOSITIONS:
        body[0] = replace(body[0], tag=Tag.adjective)  # `from date`, `until date`
    inner = next((index for index in range(1, len(body)) if body[index].lower in lexicon.PREPOSITIONS | {"to"}), len(body))
    such = [word for word in body[:inner] if word.lower == "such"]  # `a location such as terrace or bar`
    front, behind = [*_as_name([word for word in body[:inner] if word not in such]), *such], body[inner + 1 :]
    if inner == len(body):
        return [*item[:lead], *front]
    if not behind:  # `assigned to`, `member since`
        return [*item[:lead], *front, replace(body[inner], tag=Tag.other)]
    return [*item[:lead], *front, replace(body[inner], tag=Tag.preposition), *_named(behind)]


def _as_name(words: list[Word]) -> list[Word]:
    if not words:
        return words
    *before, last = words
    named = [word if word.tag in _NAMING | _LEADING else replace(word, tag=Tag.adjective, base=word.lower) for word in before]
    return [*named, last if last.tag is Tag.noun else replace(last, tag=Tag.noun, base=last.lower)]
