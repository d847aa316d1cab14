"""Tagged sentences → clauses of subjects, verb, objects and prepositional phrases. Grammar only, no meaning."""

from dataclasses import dataclass, field, replace

from nodes.blueprint.reader.lexicon import PARTICLES, ROLE_NOUNS
from nodes.blueprint.reader.naming import is_plural, singular
from nodes.blueprint.reader.tagging import Sentence, Tag, Word

_PHRASE_TAGS = {Tag.determiner, Tag.possessive, Tag.quantity, Tag.number, Tag.adjective, Tag.noun}


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: `one or more preferred products` → head `product`, modifiers (`preferred`,), many.

    `of` holds the phrase behind "of" (`types of cars`), `owner` the possessor (`customer's address`), `inside` the
    values in brackets behind it (`priority (low, high)`), `nouns` those modifiers that are nouns themselves.
    """

    head: str
    modifiers: tuple[str, ...] = ()
    determiner: str = ""
    many: bool = False
    owner: str = ""
    text: str = ""
    of: "Phrase | None" = None
    inside: tuple[str, ...] = ()
    capitalised: bool = False
    nouns: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Modifiers and head, the head in the singular."""
        return (*self.modifiers, self.head)

    @property
    def name(self) -> str:
        """Modifiers and head as one text."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Attached:
    """A prepositional phrase: `with a barber`."""

    preposition: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class Clause:
    """Who does what to what: the unit the meaning passes read.

    `verb` is a base form; `be` marks "is a", `:` a colon behind the subject, and `""` a sentence without a verb. `tail`
    holds the words behind a form of "be" up to the end of the sentence. `quote` is what the user wrote.
    """

    verb: str
    subjects: tuple[Phrase, ...] = ()
    objects: tuple[Phrase, ...] = ()
    attached: tuple[Attached, ...] = ()
    complements: tuple[str, ...] = ()
    passive: bool = False
    negated: bool = False
    modal: str = ""
    quote: str = ""
    tail: tuple[Word, ...] = ()
    plain: str = ""

    @property
    def said(self) -> str:
        """The sentence as the grammar read it: the quote, in plainer words where it was reworded."""
        return self.plain or self.quote

    def after(self, *prepositions: str) -> tuple[Phrase, ...]:
        """The phrases behind the named prepositions."""
        return tuple(phrase for entry in self.attached if entry.preposition in prepositions for phrase in entry.phrases)


@dataclass
class _Reading:
    """The state of reading one sentence."""

    quote: str
    plain: str = ""
    clauses: list[Clause] = field(default_factory=list)
    subjects: tuple[Phrase, ...] = ()
    pending: list[Phrase] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    objects: list[Phrase] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)
    complements: list[str] = field(default_factory=list)
    preposition: str = ""
    passive: bool = False
    negated: bool = False
    modal: str = ""
    tail: tuple[Word, ...] = ()
    antecedent: Phrase | None = None

    def finish(self) -> None:
        """Emit one clause for each coordinated verb; verbs without objects share those of the last."""
        for verb in self.verbs:
            self.clauses.append(
                Clause(
                    verb,
                    self.subjects,
                    tuple(self.objects),
                    tuple(self.attached),
                    tuple(self.complements),
                    self.passive,
                    self.negated,
                    self.modal,
                    self.quote,
                    self.tail,
                    self.plain,
                )
            )
        self.verbs, self.objects, self.attached, self.complements = [], [], [], []
        self.preposition, self.passive, self.negated, self.tail = "", False, False, ()

    def place(self, phrase: Phrase) -> None:
        """Put a phrase where the grammar has room for it: behind a preposition, as an object, or waiting as a subject."""
        if self.preposition:
            self._attach(phrase)
        elif self.verbs:
            self.objects.append(phrase)
        else:
            self.pending.append(phrase)

    def _attach(self, phrase: Phrase) -> None:
        if self.attached and self.attached[-1].preposition == self.preposition and self.attached[-1].phrases:
            self.attached[-1] = replace(self.attached[-1], phrases=(*self.attached[-1].phrases, phrase))
        else:
            self.attached.append(Attached(self.preposition, (phrase,)))

    def withdraw_subject(self) -> Phrase | None:
        """The phrase read last, taken back because a verb follows it: it was the subject of the next clause."""
        if self.preposition and self.attached and self.attached[-1].phrases:
            last = self.attached[-1].phrases[-1]
            rest = self.attached[-1].phrases[:-1]
            if rest:
                self.attached[-1] = replace(self.attached[-1], phrases=rest)
            else:
                self.attached.pop()
            return last
        if self.verbs and self.objects:
            return self.objects.pop()
        return None


def clauses_of(sentence: Sentence) -> list[Clause]:
    """Every clause of a sentence, in order; a sentence without a verb gives one clause with the verb `""`."""
    reading = _Reading(quote=sentence.text, plain=sentence.plain)
    words = sentence.words
    position = 0
    previous: Word | None = None
    while position < len(words):
        word = words[position]
        if word.tag in _PHRASE_TAGS:
            step = _read_phrase(reading, words, position)
        else:
            step = _read_other(reading, words, position, previous)
        beginning = word.tag is Tag.adverb and previous is not None and previous.tag in {Tag.comma, Tag.conjunction}
        previous = previous if beginning else words[position + step - 1]  # `…, and later marks it as paid`
        position += step
    if reading.verbs:
        reading.finish()
    elif reading.pending or reading.attached:
        reading.clauses.append(Clause("", (), tuple(reading.pending), tuple(reading.attached), quote=sentence.text))
    return reading.clauses


def _read_phrase(reading: _Reading, words: tuple[Word, ...], position: int) -> int:
    phrase, length = phrase_at(words, position)
    if phrase is None:
        adjectives = [word.lower for word in words[position : position + length] if word.tag is Tag.adjective]
        if reading.verbs:
            reading.complements += adjectives
        return length
    reading.place(phrase)
    return length


def _read_other(reading: _Reading, words: tuple[Word, ...], position: int, previous: Word | None) -> int:
    """Read what is no part of a noun phrase; the answer is how many words it takes."""
    word = words[position]
    match word.tag:
        case Tag.verb | Tag.gerund:
            return _read_verb(reading, words, position, previous)
        case Tag.participle:
            return _read_participle(reading, words, position)
        case Tag.be:
            _read_be(reading, words, position, previous)
        case Tag.modal:
            _start_clause(reading, previous)
            reading.modal = word.lower
            reading.negated = reading.negated or word.lower in {"cannot", "can't"}
        case Tag.negation:
            reading.negated = True
        case Tag.pronoun:
            reading.place(Phrase(word.lower, determiner="pronoun", text=word.text))
        case Tag.preposition:
            reading.preposition = word.lower
        case Tag.relative:
            _read_relative(reading, word)
        case Tag.colon | Tag.comma | Tag.conjunction:
            _read_break(reading, word.tag)
        case _:
            pass
    return 1


def _read_be(reading: _Reading, words: tuple[Word, ...], position: int, previous: Word | None) -> None:
    following = words[position + 1] if position + 1 < len(words) else None
    if following is None or following.tag is not Tag.gerund:
        _begin_verb(reading, "be", previous)
        reading.tail = words[position + 1 :]


_UNITS = frozenset({"in", "per", "at"})


def _read_break(reading: _Reading, tag: Tag) -> None:
    """`quantity in stock and reorder level`: the list of parts goes on. A colon behind a noun begins the list of its parts."""
    listing = (
        bool(reading.verbs)
        and reading.verbs[-1] in {"have", "carry", "comprise", "feature", ":"}
        and reading.preposition not in {"with", "as"}
    )
    if reading.preposition in _UNITS and any(entry.preposition == "with" for entry in reading.attached):
        reading.preposition = "with"  # `with a length in minutes and a status`
    elif listing or (tag is Tag.colon and reading.verbs):
        reading.preposition = ""
    elif tag is Tag.colon and reading.pending:
        reading.subjects, reading.pending = tuple(reading.pending), []
        reading.verbs = [":"]


def _read_relative(reading: _Reading, word: Word) -> None:
    if word.lower in {"who", "which", "that"}:
        antecedent = reading.objects[-1] if reading.objects else None
        if reading.attached and reading.attached[-1].phrases:
            antecedent = reading.attached[-1].phrases[-1]
        if antecedent is None and reading.pending:
            antecedent = reading.pending[-1]
        if reading.verbs:
            reading.finish()
        if antecedent is not None:
            reading.pending = [antecedent]
            reading.subjects = ()
            reading.antecedent = antecedent if word.lower != "who" else None
        return
    if reading.verbs:
        reading.finish()
    reading.subjects, reading.pending, reading.modal = (), [], ""


def _start_clause(reading: _Reading, previous: Word | None) -> None:
    """A verb follows: decide whose it is."""
    direct = previous is not None and previous.tag in {Tag.noun, Tag.pronoun, Tag.negation, Tag.adverb}
    if reading.verbs and direct:
        subject = reading.withdraw_subject()
        if subject is not None:
            reading.finish()
            reading.subjects, reading.pending, reading.modal = (subject,), [], ""
            return
    opened = sum(len(entry.phrases) for entry in reading.attached)
    if not reading.verbs and not reading.pending and direct and opened > 1:  # `After the visit the vet writes …`
        subject = reading.withdraw_subject()
        reading.pending = [subject] if subject is not None else []
    if reading.verbs and (reading.objects or reading.attached or reading.complements or reading.passive):
        reading.finish()
    if reading.pending:
        people = [phrase for phrase in reading.pending if phrase is not reading.antecedent]
        if reading.antecedent in reading.pending and people and not reading.verbs:  # `a swap, which the manager approves`
            reading.objects, reading.pending = [reading.antecedent], people
        reading.subjects, reading.pending, reading.modal, reading.antecedent = tuple(reading.pending), [], "", None
    reading.preposition = ""


def _begin_verb(reading: _Reading, base: str, previous: Word | None) -> None:
    _start_clause(reading, previous)
    if reading.verbs and reading.verbs[-1] == "be" and base != "be":
        reading.verbs.pop()
    reading.verbs.append(base)


def _read_verb(reading: _Reading, words: tuple[Word, ...], position: int, previous: Word | None) -> int:
    word = words[position]
    base, length = word.base, 1
    following = words[position + 1] if position + 1 < len(words) else None
    if following is not None and (base, following.lower) in PARTICLES:
        base, length = f"{base} {following.lower}", 2
    if previous is not None and previous.tag is Tag.to and reading.verbs:
        _read_infinitive(reading, base)
    elif word.tag is Tag.gerund and reading.preposition and previous is not None and previous.tag is Tag.preposition:
        if reading.verbs:
            reading.finish()
        reading.preposition = ""
        reading.verbs.append(base)
    else:
        _begin_verb(reading, base, previous)
    return length


def _read_infinitive(reading: _Reading, base: str) -> None:
    """`allow users to add tasks`: users add; `want to track meals`: the same subject tracks."""
    permitted = reading.verbs[-1] in {"allow", "let", "enable", "permit", "ask", "require", "help", "invite", "need", "want", "be"}
    if permitted and reading.objects:
        subjects = tuple(reading.objects)
        reading.finish()
        reading.subjects = subjects
    elif permitted:
        reading.verbs.pop()
        reading.finish()
    else:
        reading.finish()
    reading.preposition = ""
    reading.verbs.append(base)


def _read_participle(reading: _Reading, words: tuple[Word, ...], position: int) -> int:
    word = words[position]
    base, length = word.base, 1
    following = words[position + 1] if position + 1 < len(words) else None
    listing = reading.verbs[-1:] == ["have"] or reading.preposition == "with"
    if listing and (following is None or following.tag in {Tag.comma, Tag.conjunction}):
        return 1  # `has a title and a year built`, `with the medicine given and the price`
    if following is not None and (base, following.lower) in PARTICLES:
        base, length = f"{base} {following.lower}", 2
    if reading.verbs and reading.verbs[-1] == "be":
        reading.verbs.pop()
        reading.passive = True
        reading.verbs.append(base)
    elif reading.passive and reading.verbs and not reading.objects and not reading.attached:
        reading.verbs.append(base)
    elif reading.verbs or reading.pending:
        _reduced_relative(reading, base)
    return length


def _reduced_relative(reading: _Reading, base: str) -> None:
    """`tasks assigned to a person`: the participle starts a passive clause about the phrase before it."""
    antecedent = (reading.objects or list(reading.attached[-1].phrases if reading.attached else ()) or reading.pending)[-1:]
    subjects = reading.subjects
    if not antecedent:
        return
    if reading.verbs:
        reading.finish()
    reading.clauses.append(Clause(base, tuple(antecedent), passive=True, quote=reading.quote))
    reading.subjects = subjects
    reading.preposition = ""


def phrase_at(words: tuple[Word, ...], position: int) -> tuple[Phrase | None, int]:
    """The noun phrase that starts at `position` and how many words it takes; (None, n) if it has no noun."""
    end = position
    while end < len(words) and words[end].tag in _PHRASE_TAGS and not (end > position and _starts_anew(words, position, end)):
        end += 1
    end = _over_quantity(words, position, end)
    body = words[position:end]
    nouns = [index for index, word in enumerate(body) if word.tag is Tag.noun]
    if not nouns:
        return None, max(1, end - position)
    phrase = _phrase_from(body[: nouns[-1] + 1])
    length = nouns[-1] + 1
    inside, consumed = _brackets(words, position + length)
    if inside:
        return replace(phrase, inside=inside), length + consumed
    after = position + length
    if after + 1 < len(words) and words[after].lower == "of" and words[after + 1].tag in _PHRASE_TAGS:
        inner, inner_length = phrase_at(words, after + 1)
        if inner is not None:
            whole = " ".join(word.text for word in words[position : after + 1 + inner_length])
            return replace(phrase, of=inner, text=whole, many=phrase.many or inner.many), length + 1 + inner_length
    return phrase, length


def _starts_anew(words: tuple[Word, ...], start: int, index: int) -> bool:
    """A determiner in the middle begins another phrase: `give users | a list`."""
    people = is_plural(words[index].lower) and singular(words[index].lower) in ROLE_NOUNS and index + 1 < len(words)
    if people and words[start].lower in {"a", "an", "each", "every"} and words[index + 1].tag in {Tag.verb, Tag.modal}:
        return True  # `during an audit | auditors raise findings`
    named = words[index - 1].tag == Tag.noun or (words[index - 1].tag is Tag.adjective and words[index].lower == "the")
    return words[index].tag in {Tag.determiner, Tag.possessive} and named and "'" not in words[index - 1].text


def _over_quantity(words: tuple[Word, ...], position: int, end: int) -> int:
    """Step over the "or" of `one or more purchase records`."""
    spoken = [word.tag for word in words[position : end + 2]]
    joined = end > position and end + 1 < len(words) and words[end].lower == "or"
    if joined and spoken[-3] in {Tag.number, Tag.determiner} and spoken[-1] in {Tag.quantity, Tag.number}:
        end += 1
        while end < len(words) and words[end].tag in _PHRASE_TAGS:
            end += 1
    return end


def _phrase_from(body: tuple[Word, ...]) -> Phrase:
    owner = ""
    content: list[Word] = []
    for word in body:
        lower = word.lower.replace("’", "'")
        if word.tag is Tag.noun and (lower.endswith(("'s", "s'"))):
            owner = singular(lower[:-2] if lower.endswith("'s") else lower[:-1])
            content = []
        elif word.tag in {Tag.adjective, Tag.noun}:
            content.append(word)
    determiners = [word.lower for word in body if word.tag in {Tag.determiner, Tag.possessive, Tag.quantity, Tag.number}]
    head = content[-1].lower if content else body[-1].lower.rstrip("'s")
    return Phrase(
        head=singular(head),
        modifiers=tuple(word.lower for word in content[:-1]),
        determiner=determiners[0] if determiners else "",
        many=is_plural(head) or bool(set(determiners) & {"more", "many", "several", "multiple", "various", "all"}),
        owner=owner,
        text=" ".join(word.text for word in body),
        nouns=tuple(word.lower for word in content[:-1] if word.tag is Tag.noun),
        capitalised=bool(content) and content[-1].text[:1].isupper(),
    )


def _brackets(words: tuple[Word, ...], position: int) -> tuple[tuple[str, ...], int]:
    """Values in brackets right behind a phrase, and how many words they take."""
    if position >= len(words) or words[position].tag is not Tag.opening:
        return (), 0
    closing = _closing(words, position)
    if closing is None:
        return (), 0
    return tuple(values_in(words[position + 1 : closing])), closing - position + 1


def _closing(words: tuple[Word, ...], opening: int) -> int | None:
    """Where the bracket that opens at `opening` closes; brackets within it are skipped."""
    depth = 0
    for index in range(opening, len(words)):
        depth += {Tag.opening: 1, Tag.closing: -1}.get(words[index].tag, 0)
        if depth == 0:
            return index
    return None


def values_in(words: tuple[Word, ...]) -> list[str]:
    """The items of a plain enumeration: `low, medium or high` → low, medium, high. `e.g.` and `etc.` are dropped."""
    values: list[str] = []
    current: list[str] = []
    depth = 0
    for word in words:
        depth += {Tag.opening: 1, Tag.closing: -1}.get(word.tag, 0)
        if depth or word.tag is Tag.closing:  # `method (cash, card)` in a list is one value with its own
            current.append(word.text)
        elif word.tag in {Tag.comma, Tag.conjunction} and word.lower != "&":
            if current:
                values.append(" ".join(current))
            current = []
        elif (current and word.lower == "of") or word.lower not in {
            "eg",
            "ie",
            "etc",
            "such",
            "as",
            "like",
            "either",
            "one",
            "of",
            "a",
            "an",
            "the",
            "e.g",
            "i.e",
        }:
            current.append(word.text)
    if current:
        values.append(" ".join(current))
    return values
