"""Fields and relations: what records have, what they belong to, and the values that are listed for them."""

from dataclasses import replace

from nodes.artifacts import ACCOUNT, INFERRED, FieldType, RelationKind, Source
from nodes.blueprint.reader import lexicon
from nodes.blueprint.reader.draft import Draft, FieldDraft, RecordDraft, RelationDraft, is_role_noun, noun_of, stated
from nodes.blueprint.reader.lexicon import ASSOCIATIONS, VERBS, VerbKind
from nodes.blueprint.reader.naming import plural, sentence_case, singular
from nodes.blueprint.reader.phrases import Clause, Phrase, values_in
from nodes.blueprint.reader.tagging import Tag, Word
from nodes.blueprint.reader.values import ATTRIBUTES, value_of

HAVING = frozenset({"have", "contain", "include", "consist", "hold", "need", ":"})
_STATE_WORDS = frozenset({"status", "state", "stage"})


def read_parts(clauses: list[Clause], draft: Draft) -> None:
    """Add the fields and relations the clauses state; `last` is what a sentence without an owner speaks of."""
    last: RecordDraft | None = None
    _shared_wholes(clauses, draft)
    for clause in clauses:
        before, last = last, _subject_record(clause, draft) or last
        if clause.passive and clause.tail and _listed_states(clause, draft):
            continue
        if clause.verb in HAVING and not clause.negated and not clause.passive:
            _owned(clause, draft)
        elif clause.verb == "belong":
            _belongs(clause, draft)
        elif clause.verb == "be":
            _copula(clause, draft, last)
        elif clause.verb == "":
            _bare_list(clause, draft)
            _bare_states(clause, draft, last)
        else:
            _acted(clause, draft, _acted_on(clause, before, draft))
            _assigned(clause, draft, before)
    _categories(draft)


def _shared_wholes(clauses: list[Clause], draft: Draft) -> None:
    """`submit reports, log hours and view sheets for each case`: the whole named last holds for the list of actions.

    So does what was chosen on the way: `identify the client … and record the steps for every call`.
    """
    for closing in clauses:
        wholes = [record for phrase in closing.after("for") if phrase.determiner in {"each", "every"} and (record := draft.find(phrase))]
        for clause in clauses if wholes else ():
            if clause.quote != closing.quote or clause.subjects != closing.subjects or clause is closing:
                continue
            for part in [record for record in map(draft.find, clause.objects) if record is not None and record is not wholes[0]]:
                chosen = clause.verb in {"identify", "select", "choose", "pick"}
                holder, target = (wholes[0], part) if chosen else (part, wholes[0])
                if chosen or VERBS.get(clause.verb, frozenset()) & {VerbKind.create, VerbKind.keep}:
                    holder.relations.setdefault(
                        target.noun, RelationDraft(sentence_case(target.noun), target.noun, stated(clause.quote), required=True)
                    )


def _categories(draft: Draft) -> None:
    """What is browsed by category has one: what people publish, never the answers to it."""
    for noun in ("category", "topic", "tag", "genre"):
        kept = draft.records.get(noun)
        if kept is None or any(relation.target == noun for record in draft.records.values() for relation in record.relations.values()):
            continue
        home = next((record for record in draft.records.values() if record is not kept and not record.associated), None)
        if home is not None:
            several = noun == "tag"  # one thing has many tags, but one category
            kind = RelationKind.many_to_many if several else RelationKind.many_to_one
            label = sentence_case(plural(noun) if several else noun)
            home.relations[label.lower()] = RelationDraft(label, noun, INFERRED, kind, required=not several)


def _subject_record(clause: Clause, draft: Draft) -> RecordDraft | None:
    for phrase in (*clause.objects, *clause.subjects):
        record = draft.find(phrase)
        if record is not None and noun_of(phrase) not in draft.roles:
            return record
    return None


def _owned(clause: Clause, draft: Draft) -> None:
    for subject in clause.subjects:
        owner = draft.find(subject)
        if owner is None:
            continue
        for phrase in (*clause.objects, *(clause.after("of") if clause.verb == "consist" else ())):
            add_part(owner, phrase, stated(clause.quote), draft)


_KIN = frozenset(
    """parent previous next preceding following superior related original linked child sub main upper base master root replacement
    substitute partner mother father sire dam predecessor successor alternative containing enclosing""".split()
)
"""How one thing can belong to another of its kind: `a parent category`, against `a source term`."""


def add_part(owner: RecordDraft, phrase: Phrase, source: Source, draft: Draft) -> None:
    """Whether a part is a relation, a child record or a field depends on what else the description keeps."""
    if phrase.head in {"center", "panel", "dashboard", "page", "portal", "account", "login"} or phrase.determiner == "pronoun":
        return
    noun = noun_of(phrase)
    target = _related(noun, phrase, draft)
    if target is not None and target.noun != owner.noun:
        _relate(owner, target, phrase, source)
        return
    if (
        (target is owner or phrase.head == owner.noun) and _KIN & set(phrase.modifiers) and not phrase.many
    ):  # `a category has a parent category`
        owner.relations.setdefault(phrase.name, RelationDraft(_label(phrase), owner.noun, source))
        return
    if (
        target is None
        and phrase.many
        and phrase.determiner in {"one", "many", "several", "multiple", "various", "more"}
        and not phrase.of
        and phrase.head not in ATTRIBUTES
    ):
        child = draft.record(noun, source)
        _relate(owner, child, phrase, source)
        return
    if noun in draft.roles and noun != "user" and phrase.head not in ATTRIBUTES:
        owner.relations.setdefault(noun, RelationDraft(_label(phrase), ACCOUNT, source))
        return
    add_field(owner, phrase, source)


def _related(noun: str, phrase: Phrase, draft: Draft) -> RecordDraft | None:
    if phrase.head in ATTRIBUTES and " " not in noun and noun not in draft.records:
        return None
    found = draft.records.get(noun)
    if found is None and phrase.modifiers and phrase.head in draft.records and phrase.head not in ATTRIBUTES:
        found = draft.records[phrase.head]
    return found


def _relate(owner: RecordDraft, target: RecordDraft, phrase: Phrase, source: Source) -> None:
    adjectives = [
        word for word in phrase.modifiers if word not in target.noun.split(" ") and word not in lexicon.ADJECTIVES - {"preferred"}
    ]
    if phrase.many and adjectives and phrase.head == target.noun.split(" ")[-1] and phrase.head not in {"record", "log"}:
        label = " ".join((*phrase.modifiers, phrase.text.split()[-1].lower()))
        owner.relations.setdefault(label, RelationDraft(sentence_case(label), target.noun, source, RelationKind.many_to_many))
    elif phrase.many:
        target.relations.setdefault(owner.noun, RelationDraft(sentence_case(owner.noun), owner.noun, source, required=True))
    else:
        name = phrase.name if adjectives else target.noun
        owner.relations.setdefault(name, RelationDraft(sentence_case(name), target.noun, source, required=True))


def _label(phrase: Phrase) -> str:
    """The user's spelling without determiner: `an ISBN` → `ISBN`, `number of rooms` → `Number of rooms`."""
    skip = lexicon.DETERMINERS | lexicon.POSSESSIVES | {"one", "more", "or", "several", "many", "own", "different", "various"}
    skip |= {"certain", "given", "optional", "particular", "specific", "additional"}
    words = phrase.text.split()
    while words and (words[0].lower() in skip or words[0].lower().endswith("'s")):
        words.pop(0)
    return sentence_case(" ".join(words) or phrase.head)


def add_field(owner: RecordDraft, phrase: Phrase, source: Source, *, required: bool = False) -> FieldDraft | None:
    """Add a field named by a phrase, typed by its words; a `status` with values becomes the workflow's states."""
    counted = phrase.of is not None and phrase.head in {"number", "count", "amount", "quantity"} and phrase.of.many
    words = phrase.words if phrase.of is None else (*phrase.words, *phrase.of.words) if not counted else phrase.words
    if phrase.head in _STATE_WORDS:
        if phrase.inside:
            set_states(owner, list(phrase.inside), source)
        elif not owner.states:
            owner.workflow_source = source
            owner.states = []
        if phrase.inside or owner.steps:
            return None
        if not owner.states:
            owner.states = ["active", "inactive"]
        return None
    value = value_of(words, counted=counted, choices=phrase.inside)
    label = _label(phrase)
    key = label.lower()
    if phrase.many and phrase.head != "species" and value.type is FieldType.text and not phrase.inside:
        value = value_of(("notes",))
    known = owner.fields.get(key)
    if known is not None:
        if phrase.inside:
            known.type, known.choices = FieldType.choice, value.choices
        return known
    field = FieldDraft(label, value.type, source, required or key in {"name", "title"}, False, value.choices, value.minimum, value.maximum)
    owner.fields[key] = field
    return field


def set_states(record: RecordDraft, values: list[str], source: Source) -> None:
    """The states the user listed, in their order; the first is where a record starts."""
    named = [value.strip().lower() for value in values if value.strip()]
    record.states = list(dict.fromkeys([*record.states, *named])) if record.workflow_source else list(dict.fromkeys(named))
    record.workflow_source = source


def _belongs(clause: Clause, draft: Draft) -> None:
    for subject in clause.subjects:
        owner = draft.find(subject)
        for phrase in clause.after("to") or clause.objects:
            target = draft.find(phrase)
            if owner is not None and target is not None:
                owner.relations.setdefault(
                    target.noun, RelationDraft(sentence_case(target.noun), target.noun, stated(clause.quote), required=target is not owner)
                )
            elif owner is not None and noun_of(phrase) in draft.roles:
                owner.relations.setdefault(noun_of(phrase), RelationDraft(_label(phrase), ACCOUNT, stated(clause.quote)))


def _copula(clause: Clause, draft: Draft, last: RecordDraft | None) -> None:
    """`The subjects are a, b and c`, `the leave type is one of x or y`, `invoices are draft, sent or paid`, `a manager is an employee`."""
    if not clause.subjects:
        return
    subject = clause.subjects[-1]
    values = [_plain(value) for value in values_in(_until_clause_end(clause))]
    values = [value for value in values if value]
    owner = draft.find(subject)
    source = stated(clause.quote)
    if owner is not None and noun_of(subject) == owner.noun:
        if len(values) > 1 and all(len(value.split()) <= 3 for value in values) and not clause.objects:
            set_states(owner, values, source)
        return
    if subject.head in _STATE_WORDS | {"statuses"} and len(values) > 1:
        target = (
            draft.find_noun(subject.owner) or (draft.find(subject.of) if subject.of else None) or _compound_owner(subject, draft) or last
        )
        if target is not None:
            set_states(target, values, source)
        return
    if len(values) > 1 and (subject.head in ATTRIBUTES or subject.many):
        target = (
            draft.find_noun(subject.owner)
            or (draft.find(subject.of) if subject.of else None)
            or _compound_owner(subject, draft)
            or last
            or _only(draft)
        )
        if target is not None:
            _set_choices(target, subject, values, source)
        return
    recursive = draft.find(clause.objects[0]) if clause.objects else None
    if recursive is not None and (is_role_noun(subject.head) or clause.objects[0].determiner in {"another", "other"}):
        recursive.fields.pop(subject.head, None)
        recursive.relations[subject.head] = RelationDraft(_label(subject), recursive.noun, source)
        draft.hidden.add(subject.head)


def _listed_states(clause: Clause, draft: Draft) -> bool:
    """`invoices are draft, sent, paid or overdue`: a plain list of words behind "are" is a list of states."""
    values = [_plain(value) for value in values_in(clause.tail)]
    plain = all(
        word.tag in {Tag.participle, Tag.adjective, Tag.noun, Tag.comma, Tag.conjunction, Tag.adverb, Tag.verb} for word in clause.tail
    )
    owner = draft.find(clause.subjects[-1]) if clause.subjects else None
    if len(values) < 2 or not plain or owner is None or any(len(value.split()) > 2 for value in values):
        return False
    set_states(owner, values, stated(clause.quote))
    return True


def _until_clause_end(clause: Clause) -> tuple[Word, ...]:
    words = []
    for word in clause.tail:
        if word.tag in {Tag.relative, Tag.modal, Tag.be} or (word.tag is Tag.verb and word.lower in lexicon.HAVE):
            break
        words.append(word)
    return tuple(words)


def _plain(value: str) -> str:
    text = " ".join(word for word in value.split() if word.lower() not in {"the", "a", "an", "then", "finally", "either", "first", "later"})
    return text.strip()


def _compound_owner(subject: Phrase, draft: Draft) -> RecordDraft | None:
    """`claim subject` is the subject of a claim."""
    for count in range(len(subject.nouns), 0, -1):
        found = draft.find_noun(" ".join(singular(word) for word in subject.nouns[:count]))
        if found is not None:
            return found
    return None


def _only(draft: Draft) -> RecordDraft | None:
    """The record a sentence without an owner speaks of, if there is one or the first with steps."""
    return next(iter(draft.records.values()), None)


def _set_choices(target: RecordDraft, subject: Phrase, values: list[str], source: Source) -> None:
    choices = tuple(dict.fromkeys(sentence_case(value) if value.islower() else value for value in values))
    words = [word for word in subject.words if word not in target.noun.split(" ")] or [subject.head]
    key = " ".join(words)
    field = FieldDraft(sentence_case(key), FieldType.choice, source, required=True, choices=choices)
    target.fields[key] = field


def _bare_list(clause: Clause, draft: Draft) -> None:
    """`Customers with name and phone`, as a bullet."""
    for phrase in clause.objects:
        owner = draft.find(phrase)
        if owner is not None:
            for part in clause.after("with", "including"):
                add_part(owner, part, stated(clause.quote), draft)


def _assigned(clause: Clause, draft: Draft, last: RecordDraft | None) -> None:
    """`assign a contractor`, `assign them to a truck`, `assign a translator to every project`: what is assigned is referred to."""
    if clause.verb not in {"assign", "allocate", "attach", "link", "appoint"} or clause.negated:
        return
    things = clause.subjects if clause.passive else clause.objects
    spoken = [last] if last is not None and any(phrase.determiner == "pronoun" for phrase in things) else []
    wholes = [record for record in map(draft.find, clause.after("to")) if record is not None]
    parts = [record for record in map(draft.find, things) if record is not None]
    homes, targets = (spoken or parts, clause.after("to")) if spoken else (wholes or ([last] if last else []), things)
    for home in homes:
        for phrase in targets:
            target, noun = draft.find(phrase), noun_of(phrase)
            if target is not None and target is not home:
                home.relations.setdefault(target.noun, RelationDraft(sentence_case(target.noun), target.noun, stated(clause.quote)))
            elif target is None and (noun in draft.roles or is_role_noun(noun)) and phrase.determiner != "pronoun":
                home.relations.setdefault(noun, RelationDraft(_label(phrase), ACCOUNT, stated(clause.quote)))


def _bare_states(clause: Clause, draft: Draft, last: RecordDraft | None) -> None:
    """`Status (open, closed)`, of what was spoken of last."""
    for phrase in clause.objects:
        target = last or _only(draft)
        if phrase.head in _STATE_WORDS and phrase.inside and target is not None:
            set_states(target, list(phrase.inside), stated(clause.quote))


def _acted_on(clause: Clause, last: RecordDraft | None, draft: Draft) -> RecordDraft | None:
    """What was spoken of last; where somebody takes part in it, the act: the reservation of the car."""
    acts = [record for record in draft.records.values() if record.associated and record.source == stated(clause.quote)]
    return acts[-1] if acts else last


def _loose_values(clause: Clause, last: RecordDraft, draft: Draft) -> None:
    """`…, reserve it, and enter the kilometres and fuel cost`: values of what the sentence spoke of before."""
    values = [phrase for phrase in clause.objects if phrase.head in ATTRIBUTES and draft.find(phrase) is None and not phrase.owner]
    entering = clause.verb in {"enter", "record", "note", "fill in", "add", "specify", "state", "set"}
    if (
        entering
        and 2 * len(values) >= len(clause.objects)
        and len(values) > (len(values) < len(clause.objects))
        and not clause.attached
        and not any(phrase.of for phrase in values)
    ):
        for phrase in clause.objects:
            if phrase.head not in _STATE_WORDS and draft.find(phrase) is None and phrase.determiner != "pronoun":
                add_field(last, phrase, stated(clause.quote))


def _acted(clause: Clause, draft: Draft, last: RecordDraft | None) -> None:
    """Parts named beside an action: `open tickets with a subject`, `record steps for every call`, `choose a call type`."""
    source = stated(clause.quote)
    objects = clause.subjects if clause.passive else clause.objects
    kept = _kept_records(clause, objects, draft)
    _alike(kept, clause, draft)
    act = draft.find_noun(ASSOCIATIONS[clause.verb].noun.lower()) if clause.verb in ASSOCIATIONS else None
    owner = act if act is not None and act.associated else kept[-1] if kept else None
    if owner is None and not objects:  # `animals arrive with a species and a breed`
        owner = next((record for record in map(draft.find, clause.subjects) if record is not None), None)
    if owner is not None:
        _parts_beside(owner, clause, source, draft)
    if owner is None and last is not None and not clause.passive:
        _loose_values(clause, last, draft)
    if VERBS.get(clause.verb, frozenset()) & _PART_VERBS:
        for phrase in _owned_alike(objects):
            _object_parts(clause, phrase, source, draft)
    for phrase in objects:
        whole, part = _compound_owner(phrase, draft) if phrase.nouns else None, draft.find(phrase)
        if whole is not None and part is not None:
            _join(part, whole, source)
    if clause.passive and clause.verb in {"supply", "provide", "write", "make", "own", "teach", "handle", "assign"}:
        _agents(clause, draft)


def _alike(kept: list[RecordDraft], clause: Clause, draft: Draft) -> None:
    """`log calls and meetings with a sponsor`: what is said of the last is said of all."""
    source = stated(clause.quote)
    for record in kept[:-1]:
        for phrase in clause.after("for", "of", "on"):
            if phrase.determiner in {"each", "every"}:
                _for_part(record, phrase, source, draft, clause)
        for target in [found for phrase in clause.after("with", "for") if (found := draft.find(phrase)) and found not in kept]:
            _join(record, target, source)


def _owned_alike(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    """`the customer's height, weight and shoe size`: all of them are the customer's."""
    owner = phrases[0].owner if phrases else ""
    alike = owner and all(phrase.head in ATTRIBUTES or phrase.owner for phrase in phrases)
    return tuple(replace(phrase, owner=phrase.owner or owner) for phrase in phrases) if alike else phrases


_PART_VERBS = {VerbKind.keep, VerbKind.relate, VerbKind.create, VerbKind.update, VerbKind.read, VerbKind.associate}
_BESIDE = ("during", "at", "per", "for", "of", "about", "to", "against", "from", "into", "on", "in")


def _kept_records(clause: Clause, objects: tuple[Phrase, ...], draft: Draft) -> list[RecordDraft]:
    if clause.verb == "request" and (asked := [hit for phrase in objects if (hit := draft.records.get(f"{noun_of(phrase)} request"))]):
        return asked
    return [record for record in map(draft.find, objects) if record is not None]


def _parts_beside(owner: RecordDraft, clause: Clause, source: Source, draft: Draft) -> None:
    """`with a subject`, `for a customer`."""
    if clause.verb not in {"connect", "match"}:
        for phrase in clause.after("with", "including", "containing"):
            _with_part(owner, phrase, source, draft, several=len(clause.after("with")) > 2)
    if clause.verb not in {"browse", "search"}:
        for phrase in clause.after(*_BESIDE):
            _for_part(owner, phrase, source, draft, clause)


def _object_parts(clause: Clause, phrase: Phrase, source: Source, draft: Draft) -> None:
    """What an object says about what it is part of, and the values in brackets behind it."""
    _attribute_object(clause, phrase, source, draft)
    if phrase.of is not None and (whole := draft.find(phrase.of)) and (part := draft.find_noun(phrase.head)):
        _join(part, whole, source)
    if phrase.inside and (holder := draft.find(phrase)):
        _set_choices(holder, Phrase("type" if len(phrase.inside) > 1 else "note"), list(phrase.inside), source)


def _join(part: RecordDraft, whole: RecordDraft, source: Source) -> None:
    """Let `part` refer to `whole`, unless they are the same or it already does."""
    if part is not whole:
        part.relations.setdefault(whole.noun, RelationDraft(sentence_case(whole.noun), whole.noun, source, required=True))


def _with_part(owner: RecordDraft, phrase: Phrase, source: Source, draft: Draft, *, several: bool) -> None:
    target = draft.find(phrase)
    if target is not None and target is not owner and noun_of(phrase) not in ATTRIBUTES:
        owner.relations.setdefault(target.noun, RelationDraft(sentence_case(target.noun), target.noun, source, required=True))
    elif noun_of(phrase) in draft.roles:
        owner.relations.setdefault(noun_of(phrase), RelationDraft(_label(phrase), ACCOUNT, source, required=True))
    elif phrase.head not in lexicon.GENERIC_NOUNS or phrase.head in ATTRIBUTES or several:
        add_part(owner, phrase, source, draft)


def _for_part(owner: RecordDraft, phrase: Phrase, source: Source, draft: Draft, clause: Clause) -> None:
    target = draft.find(phrase)
    if target is not None and target is not owner:
        owner.relations.setdefault(target.noun, RelationDraft(sentence_case(target.noun), target.noun, source, required=True))
        if phrase.of is not None and (whole := draft.find(phrase.of)) and whole is not target:
            target.relations.setdefault(whole.noun, RelationDraft(sentence_case(whole.noun), whole.noun, source, required=True))
            owner.relations.setdefault(whole.noun, RelationDraft(sentence_case(whole.noun), whole.noun, source, required=True))
    elif clause.verb == "assign" and noun_of(phrase) in draft.roles:
        owner.relations.setdefault(noun_of(phrase), RelationDraft(_label(phrase), ACCOUNT, source))
    elif clause.verb in ASSOCIATIONS and _is_part_of_act(phrase, owner):
        add_field(owner, phrase, source)
    elif VerbKind.create in VERBS.get(clause.verb, frozenset()) and phrase.head in _WHEN and phrase.modifiers:
        add_field(owner, phrase, source)  # `place an order for a pickup date`


_WHEN = frozenset({"date", "time", "day"})


def _is_part_of_act(phrase: Phrase, act: RecordDraft) -> bool:
    """`book for a number of people`, `subscribe on a start date`; the dates of a span of time are read elsewhere."""
    counted = phrase.of is not None and phrase.head in {"number", "amount"}
    spanned = act.timed and phrase.head in _WHEN and not phrase.modifiers
    return counted or (phrase.head in ATTRIBUTES and phrase.determiner not in lexicon.NUMBERS and not spanned)


def _attribute_object(clause: Clause, phrase: Phrase, source: Source, draft: Draft) -> None:
    """`choose a call type`, `browse types of cars`, `record action steps for every call`, `the customer's address`."""
    whole = draft.find_noun(phrase.owner) or (draft.find(phrase.of) if phrase.of is not None else None)
    each = [found for entry in clause.after("for", "of") if entry.determiner in {"each", "every"} and (found := draft.find(entry))]
    if whole is not None and phrase.head in ATTRIBUTES and phrase.head not in {"number", "list", "status", "history", "copy"}:
        words = tuple(word for word in phrase.modifiers if word not in lexicon.ADJECTIVES)
        add_field(whole, Phrase(phrase.head, words, inside=phrase.inside, text=" ".join((*words, phrase.head))), source)
        return
    compound = _compound_owner(phrase, draft) if phrase.nouns else None
    if compound is not None and phrase.head in ATTRIBUTES and phrase.head != "number" and draft.find(phrase) in {None, compound}:
        add_field(compound, Phrase(phrase.head, inside=phrase.inside, text=phrase.head), source, required=True)
    elif each and draft.find(phrase) is None and VerbKind.keep in VERBS.get(clause.verb, frozenset()):
        add_field(
            each[0],
            Phrase(phrase.head, phrase.modifiers, text=" ".join((*phrase.modifiers, phrase.text.split()[-1].lower())), many=phrase.many),
            source,
        )


def _agents(clause: Clause, draft: Draft) -> None:
    for subject in clause.subjects:
        owner = draft.find(subject)
        for agent in clause.after("by", "to"):
            target = draft.find(agent)
            if owner is not None and target is not None:
                _join(owner, target, stated(clause.quote))
            elif owner is not None and noun_of(agent) in draft.roles:
                owner.relations.setdefault(noun_of(agent), RelationDraft(_label(agent), ACCOUNT, stated(clause.quote)))
