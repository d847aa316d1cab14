"""The life of a record: acts that are records themselves, states, and who moves a record from one to the next."""

import re

from nodes.artifacts import ACCOUNT, GUESSED, INFERRED, Action, Source
from nodes.blueprint.reader import lexicon
from nodes.blueprint.reader.draft import Draft, RecordDraft, RelationDraft, StepDraft, is_role_noun, noun_of, stated
from nodes.blueprint.reader.lexicon import ASSOCIATIONS, STEPS, VERBS, VerbKind
from nodes.blueprint.reader.naming import sentence_case, slug
from nodes.blueprint.reader.phrases import Clause, values_in
from nodes.blueprint.reader.records import EVERYBODY, is_act, is_recordable

_BEGINNINGS = frozenset({"propose", "submit", "request", "open", "draft", "apply", "report", "place", "hand in"})
_BY_THE_OWNER = frozenset({"publish", "archive", "activate", "draft", "suspend"})
"""Steps of what is offered itself, never of the bookings and enrolments of it."""

_REQUESTED = frozenset({"request", "application", "claim", "leave"})
_MAKING = frozenset({"issue", "send", "schedule", "publish", "sign", "review", "check", "start", "complete", "receive", "prepare"})


def actors_of(clause: Clause, draft: Draft) -> list[str]:
    """The roles that do what a clause says."""
    phrases = clause.after("by") if clause.passive else clause.subjects
    everybody = any(phrase.head in EVERYBODY for phrase in phrases)
    found = (["user"] if "user" in draft.roles else [role for role in draft.roles if role != "administrator"]) if everybody else []
    for phrase in phrases:
        noun = noun_of(phrase)
        key = "administrator" if noun.split(" ")[-1] in lexicon.ADMINISTRATORS else noun
        if key in draft.roles:
            found.append(key)
    return found


_SAME_ACTS = {
    "purchase": ("order",),
    "rental": ("lease", "tenancy", "hire"),
    "booking": ("reservation", "hire"),
    "loan": ("lending", "checkout"),
    "registration": ("enrolment", "enrollment", "sign-up"),
    "enrolment": ("registration", "sign-up"),
    "enrollment": ("registration", "sign-up"),
    "sign-up": ("registration", "enrolment", "enrollment"),
}
"""Words for one act: if tenants rent flats and a lease has a start date, renting makes a lease."""


def read_aliases(clauses: list[Clause], draft: Draft) -> None:
    """If customers book an appointment, a booking is that appointment; if hires are confirmed, hiring makes a hire."""
    nouns = {phrase.head for clause in clauses for phrase in (*clause.subjects, *clause.objects)}
    whole = {noun_of(phrase) for clause in clauses for phrase in (*clause.subjects, *clause.objects)}
    for verb in {clause.verb for clause in clauses} & {"hire", "lease", "loan"} & nouns:
        if verb in ASSOCIATIONS and ASSOCIATIONS[verb].noun.lower() != verb:
            draft.aliases[ASSOCIATIONS[verb].noun.lower()] = verb
    for noun, others in _SAME_ACTS.items():
        known = [other for other in others if other in nouns]
        if noun not in nouns and len(known) == 1:
            draft.aliases.setdefault(noun, known[0])
    for noun in {act.noun.lower() for act in ASSOCIATIONS.values()}:
        if f"{noun} request" in whole:
            draft.aliases[noun] = f"{noun} request"
    for clause in clauses:
        _same_event(clause, draft)


def _same_event(clause: Clause, draft: Draft) -> None:
    act = ASSOCIATIONS.get(clause.verb)
    phrases = clause.subjects if clause.passive else clause.objects
    for phrase in phrases if act is not None else ():
        if act is not None and phrase.head in lexicon.EVENT_NOUNS and phrase.head != act.noun.lower():
            draft.aliases[act.noun.lower()] = noun_of(phrase)


def read_associations(clauses: list[Clause], draft: Draft) -> None:
    """Records hidden in verbs: `book a car` keeps a booking of a car by the person who books."""
    spoken: RecordDraft | None = None
    for clause in clauses:
        if is_act(clause) and not clause.negated:
            _associate(clause, draft, spoken)
        elif clause.verb in draft.records and clause.verb not in STEPS and not (clause.negated or clause.passive):
            _same_word(clause, draft)
        elif clause.verb == "request" and not clause.passive:
            _request(clause, draft)
        spoken = next(filter(None, map(draft.find, reversed(clause.objects))), spoken)


def _associate(clause: Clause, draft: Draft, spoken: RecordDraft | None) -> None:
    act = ASSOCIATIONS[clause.verb]
    noun = act.noun.lower()
    targets = _targets(clause, draft) or ([spoken] if spoken is not None and _speaks_of_it(clause) else [])
    phrases = clause.subjects if clause.passive else clause.objects
    itself = next((phrase for phrase in phrases if phrase.head in lexicon.EVENT_NOUNS or phrase.head == noun), None)
    actors = actors_of(clause, draft)
    if (
        itself is None
        and not targets
        and clause.verb not in {"apply", "vote", "donate", "adopt", "enroll", "enrol", "sign up", "reply", "comment", "bid"}
    ):
        return
    if not actors and itself is None and clause.passive and not targets:
        return
    if (
        clause.verb in {"answer", "order", "rate", "comment", "hire", "attend", "visit", "join", "buy", "purchase"}
        and not actors
        and itself is None
    ):
        return
    record = draft.record(noun_of(itself) if itself is not None else _said(clause) or noun, stated(clause.quote))
    record.associated, record.timed = True, record.timed or act.timed or (itself is not None and itself.head in lexicon.EVENT_NOUNS)
    if act.state and not record.initial:
        record.initial = act.state
    for actor in actors:
        record.creators.setdefault(actor, stated(clause.quote))
    if not targets and itself is None:
        targets = _offered(record, draft)
    for target in targets:
        if target is not record:
            record.relations.setdefault(
                target.noun, RelationDraft(sentence_case(target.noun), target.noun, stated(clause.quote), required=True)
            )


def _same_word(clause: Clause, draft: Draft) -> None:
    """`Donors pledge amounts to campaigns`, where pledges are kept: who pledges makes one, and it is about the campaign."""
    record = draft.records[clause.verb]
    for actor in actors_of(clause, draft):
        record.creators.setdefault(actor, stated(clause.quote))
    for target in _targets(clause, draft):
        if target is not record:
            record.relations.setdefault(
                target.noun, RelationDraft(sentence_case(target.noun), target.noun, stated(clause.quote), required=True)
            )


def _said(clause: Clause) -> str:
    """`reply with a comment`: what is kept is the comment."""
    if clause.verb not in {"reply", "respond", "answer"}:
        return ""
    return next((noun_of(phrase) for phrase in clause.after("with") if phrase.head in lexicon.CONTENT_NOUNS | {"message", "note"}), "")


def _speaks_of_it(clause: Clause) -> bool:
    """`rate them`, `register for it`: what was spoken of last."""
    return any(phrase.head in {"it", "them"} for phrase in (*clause.objects, *clause.after("for", "to", "in")))


def _targets(clause: Clause, draft: Draft) -> list[RecordDraft]:
    found = []
    for phrase in (*(clause.subjects if clause.passive else clause.objects), *clause.after("to", "for", "in", "on", "with", "into", "of")):
        record = draft.find(phrase)
        if record is not None:
            found.append(record)
    return found


def _offered(record: RecordDraft, draft: Draft) -> list[RecordDraft]:
    """`students browse and apply`: what they apply to is what somebody else offers."""
    offered = [other for other in draft.records.values() if other is not record and not is_role_noun(other.noun) and not other.associated]
    published = [other for other in offered if other.noun.split(" ")[-1] in lexicon.CONTENT_NOUNS]
    return (published or offered)[-1:]


def _request(clause: Clause, draft: Draft) -> None:
    for phrase in clause.objects:
        noun = noun_of(phrase)
        if noun.split(" ")[-1] in {"request", "report", "appointment", "refund"} or not is_recordable(noun):
            continue
        target = draft.records.get(noun)
        wanted = target is not None and target.source.quote != stated(clause.quote).quote
        record = _requested(noun, clause, draft)
        if target is not None and not wanted:
            draft.records.pop(noun)
        elif target is not None:
            record.relations.setdefault(noun, RelationDraft(sentence_case(noun), noun, stated(clause.quote), required=True))
        record.initial = record.initial or "requested"
        record.timed = bool(clause.after("for")) or record.timed
        for actor in actors_of(clause, draft):
            record.creators.setdefault(actor, stated(clause.quote))


def _requested(noun: str, clause: Clause, draft: Draft) -> RecordDraft:
    """The record of requests for `noun`; a bare `request` elsewhere in the text is the same thing."""
    name = f"{noun} request"
    plain = draft.records.pop("request", None)
    draft.aliases["request"] = name
    if noun not in draft.records:
        draft.aliases.setdefault(noun, name)  # `the dispatcher schedules the pickup`: what was requested
    if plain is not None:
        plain.noun = name
        draft.records[name] = plain
    return draft.record(name, stated(clause.quote))


def read_steps(clauses: list[Clause], draft: Draft) -> None:
    """Transitions from verbs, in the order of the text; `them` is the record spoken of last."""
    spoken: RecordDraft | None = None
    for clause in (*clauses, *clauses):  # `start the order` is a step if later `finish it` shows that orders have a life
        if (
            clause.passive
            and len(values_in(clause.tail)) > 1
            and any(record.workflow_source == stated(clause.quote) for record in draft.records.values())
        ):
            continue
        if clause.verb in STEPS and not clause.negated:
            spoken = _step(clause, draft, spoken) or spoken
        elif clause.verb == "mark":
            _mark(clause, draft, spoken)
        spoken = _spoken_of(clause, draft) or spoken


def _spoken_of(clause: Clause, draft: Draft) -> RecordDraft | None:
    act = ASSOCIATIONS.get(clause.verb)
    if clause.verb == "request" and (asked := next((draft.records.get(f"{noun_of(phrase)} request") for phrase in clause.objects), None)):
        return asked
    if act is not None and not act.state:
        return None  # a reply or a rating is not what is resolved or closed later
    if act is not None and (found := draft.find_noun(act.noun.lower())) is not None and found.associated:
        return found
    objects = clause.subjects if clause.passive or not clause.objects else clause.objects
    for phrase in (*reversed(objects), *(clause.subjects if clause.verb == "have" else ())):
        record = draft.find(phrase)
        if record is not None and noun_of(phrase) not in draft.roles:
            return record
    return None


def _step(clause: Clause, draft: Draft, spoken: RecordDraft | None) -> RecordDraft | None:
    if clause.verb == "request" and (asked := next((draft.records.get(f"{noun_of(phrase)} request") for phrase in clause.objects), None)):
        return asked
    step = STEPS[clause.verb]
    actors = actors_of(clause, draft)
    record = _stepped(clause, draft, spoken)
    if record is None:
        return None
    making = not clause.passive and not _is_pronoun(clause)
    if clause.verb in _BEGINNINGS and (making or clause.passive) and not (clause.verb == "open" and not actors):
        record.initial = record.initial or step.state
        for actor in actors:
            record.creators.setdefault(actor, stated(clause.quote))
        return record
    if (
        clause.verb in _MAKING
        and making
        and not record.creators
        and not record.associated
        and not record.states
        and (VerbKind.create in VERBS[clause.verb] or clause.verb == "sign")
    ):
        record.initial = record.initial or (step.state if clause.verb == "schedule" else "")
        for actor in actors:
            record.creators.setdefault(actor, stated(clause.quote))
        return record
    if (
        clause.verb in {"review", "check", "assign", "start", "receive", "complete"}
        and not clause.passive
        and not (record.initial or record.states or record.steps)
    ):
        return record
    if clause.verb in {"review", "check"} and not (clause.passive and actors):
        return record
    if (
        clause.passive
        and not actors
        and clause.verb in {"send", "assign", "issue", "deliver"}
        and record.noun not in {"order", "invoice", "ticket", "task", "request"}
    ):
        return record
    add_step(record, clause.verb, stated(clause.quote), actors)
    return record


def _is_pronoun(clause: Clause) -> bool:
    return not clause.objects or clause.objects[0].determiner == "pronoun"


def _stepped(clause: Clause, draft: Draft, spoken: RecordDraft | None) -> RecordDraft | None:
    """The record a step moves: the object, or the act on it (`return them`: the loan, not the book)."""
    phrases = clause.subjects if clause.passive else clause.objects
    direct = next((record for record in map(draft.find, phrases) if record is not None), None)
    acts = [record for record in draft.records.values() if record.associated and record.initial]
    told = clause.passive and any(phrase.determiner == "pronoun" for phrase in phrases)  # `it is sent to the customer`
    if direct is None and not told and (clause.passive or (phrases and not _is_pronoun(clause))):
        people = {noun_of(phrase) for phrase in phrases}
        theirs = [record for record in acts if people & set(record.creators) and not clause.passive]
        return theirs[-1] if theirs else None  # `the professor accepts one student`: the application of that student
    if direct is not None and clause.passive and clause.verb == "cancel" and direct.noun.rsplit(" ", maxsplit=1)[-1] in SCHEDULED:
        return direct  # `when a shift is cancelled`: the shift, not who signed up for it
    if direct is not None and not direct.associated and clause.verb in {"return", "cancel", "confirm", "check in", "check out", "pick up"}:
        onto = [record for record in acts if direct.noun in record.relations]
        if onto and not direct.initial:
            return onto[-1]
    if direct is not None:
        return direct
    if clause.verb in {"pay", "cancel", "confirm", "return"} and acts and (spoken is None or not spoken.associated):
        return acts[-1]
    if spoken is not None and (spoken in acts or spoken.initial or clause.verb in _BY_THE_OWNER):
        return spoken
    if spoken is not None:
        return next((record for record in acts if spoken.noun in record.relations), spoken)
    return acts[-1] if acts else None


def add_step(record: RecordDraft, verb: str, source: Source, actors: list[str]) -> None:
    """Add a transition of the verb table, or add actors to it."""
    step = STEPS[verb]
    same = next((known for known in record.steps.values() if known.state == step.state), None)
    known = same or record.steps.setdefault(verb, StepDraft(verb, step.state, step.rank, step.final, step.refusal, source))
    for actor in actors:
        known.roles.setdefault(actor, source)


def _mark(clause: Clause, draft: Draft, spoken: RecordDraft | None) -> None:
    """`mark tasks as done`, `mark them as in progress or done`."""
    marked = clause.subjects if clause.passive else clause.objects
    direct = next((record for record in map(draft.find, marked) if record is not None), None)
    record = direct or spoken
    who = clause.said.find(clause.subjects[-1].text) if clause.subjects else 0
    match_at = clause.said.lower().find(" as ", max(who, 0))
    if record is None or match_at < 0:
        return
    tail = clause.said[match_at + 4 :].split(",")[0]
    tail = re.split(r"\s(?:when|by|once|after|if|as soon as|because|so that)\s", tail)[0]
    for value in tail.replace(" and ", " or ").split(" or "):
        words = value.strip().lower()
        verbal = len(words.split()) > 1 and words.split()[0] in VERBS  # "completed and add notes" goes on with another act
        if not words or verbal or len(words.split()) > 3 or words in {"favorite", "favourite", "favorites"}:
            continue
        words = re.sub(r"^(?:(?:then|later|finally|as|either|being)\s+)+", "", words)
        state = slug(words)
        if not state or not state[0].isalpha():
            continue
        rank = 8 if words in {"done", "complete", "completed", "finished", "closed"} else 6
        step = record.steps.setdefault(f"mark {words}", StepDraft(f"mark as {words}", state, rank, rank == 8, False, stated(clause.quote)))
        for actor in actors_of(clause, draft):
            step.roles.setdefault(actor, stated(clause.quote))
        record.initial = record.initial or "open"


def complete_lives(draft: Draft) -> None:
    """Give acts the step everybody expects: a loan comes back, a booking can be cancelled by who made it."""
    guess = GUESSED
    for noun in ("purchase", "order", "sale", "stock movement"):
        if noun in draft.records and (item := draft.records.get("product") or draft.records.get("item")) is not None:
            draft.records[noun].relations.setdefault(item.noun, RelationDraft(sentence_case(item.noun), item.noun, guess, required=True))
    _review_something(draft)
    for record in draft.records.values():
        if record.timed and any(_has_own_time(relation.target, draft) for relation in record.relations.values()):
            record.timed = False
        if record.associated and record.initial in {"booked", "reserved", "rented", "borrowed"} and not record.states:
            verb = "return" if record.noun == "loan" else "cancel"
            decided = any(step.state in {"approved", "accepted"} for step in record.steps.values())
            if decided:  # what somebody else has to agree to has only been asked for
                record.initial = "requested"
            if (decided and verb == "return") or not any(step.final for step in record.steps.values()):
                add_step(record, verb, guess, [])
        if record.initial and not record.steps and not record.states:
            record.initial = ""


def _review_something(draft: Draft) -> None:
    """A review is about what is offered."""
    for record in draft.records.values():
        alone = not any(entry.target in draft.records for entry in record.relations.values())
        for target in _offered(record, draft) if record.noun in {"review", "rating", "feedback"} and alone else ():
            record.relations[target.noun] = RelationDraft(sentence_case(target.noun), target.noun, INFERRED, required=True)


SCHEDULED = frozenset(
    "class course event workshop session lesson trip tour concert show screening flight shift meeting training slot excursion match".split()
)
"""Things that take place at a time of their own, so that booking one needs no other."""


def _has_own_time(noun: str, draft: Draft) -> bool:
    return noun in draft.records and noun.rsplit(" ", maxsplit=1)[-1] in SCHEDULED


_STATE_ADJECTIVES = frozenset({"open", "closed", "to-do", "pending", "completed", "done", "resolved", "in-progress", "unresolved"})


def read_state_adjectives(clauses: list[Clause], draft: Draft) -> None:
    """`view open calls, view to-do calls`: people who look for them by state mean states."""
    for clause in clauses:
        for phrase in clause.objects:
            record = draft.find(phrase)
            found = [word for word in phrase.modifiers if word in _STATE_ADJECTIVES]
            if record is not None and found and VerbKind.read in VERBS.get(clause.verb, frozenset()) and not record.initial:
                record.states = list(dict.fromkeys([*record.states, *found]))
                record.workflow_source = record.workflow_source or stated(clause.quote)
    for record in draft.records.values():
        if record.states and not record.steps and set(record.states) <= {"open", "to-do", "pending"}:
            record.states.append("closed")


def assign_steps(draft: Draft) -> None:
    """Make a step for every state that was only listed, and name who takes each step that names nobody."""
    for record in draft.records.values():
        first = record.initial or (slug(record.states[0]) if record.states else "")
        reached = {step.state for step in record.steps.values()} | {first}
        record.states = [state for state in record.states if slug(state)[:1].isalpha()]
        for state in [slug(state) for state in record.states]:
            if state not in reached:
                _add_listed(record, state)
        for step in record.steps.values():
            if step.verb == "cancel" and record.associated and set(step.roles) <= set(record.creators):
                step.roles.setdefault("administrator", INFERRED)
            for role in (
                _takers(step, record, draft) if not step.roles or (set(step.roles) == {"administrator"} and step.verb == "cancel") else ()
            ):
                step.roles[role] = INFERRED


def _add_listed(record: RecordDraft, state: str) -> None:
    """The verb that leads to a listed state, or `mark as …`."""
    verb = next((verb for verb, step in STEPS.items() if step.state == state and verb != "reopen"), "")
    source = record.workflow_source or INFERRED
    words = state.replace("_", " ")
    refusal = bool(verb) and STEPS[verb].refusal
    rank = STEPS[verb].rank if verb else 6
    record.steps[verb or f"mark {words}"] = StepDraft(verb or f"mark as {words}", state, rank, False, refusal, source)


def _takers(step: StepDraft, record: RecordDraft, draft: Draft) -> list[str]:
    """A person pays and cancels what is theirs; the rest is done by those who keep such records, else by the house."""
    assigned = [role for role, relation in record.relations.items() if relation.target == ACCOUNT and role in draft.roles]
    if assigned and step.verb not in {"cancel", "withdraw", "pay", "submit"}:
        return assigned
    house = [role for role in draft.roles if role != "administrator" and role.split(" ")[-1] not in lexicon.PUBLIC_ROLES]
    if step.verb in {"cancel", "withdraw", "pay", "submit"} and record.creators:
        return [*record.creators, "administrator"] if step.verb == "cancel" else list(record.creators)
    keepers = [role for role, action in record.grants if action is Action.update or action is Action.create]
    found = list(dict.fromkeys([role for role in keepers if role not in record.creators or not record.associated]))
    if not found and record.associated:
        found = house
    if not found:
        found = [role for role in house if role in record.creators or role in record.role_verbs()]
    if not found and set(draft.roles) == {"user", "administrator"} and not record.associated:
        found = ["user"]
    return found or ["administrator"]
