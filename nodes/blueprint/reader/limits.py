"""How many of something somebody may have: `at most three books`, `max 2 bookings per day`, as rules an app can keep."""

import re

from nodes.artifacts import RulePeriod
from nodes.blueprint.reader.draft import Draft, RecordDraft, RuleDraft, stated
from nodes.blueprint.reader.lexicon import ASSOCIATIONS, STEPS
from nodes.blueprint.reader.life import actors_of
from nodes.blueprint.reader.naming import plural, singular, slug
from nodes.blueprint.reader.phrases import Clause
from nodes.blueprint.reader.records import EVERYBODY

_NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(), 1)
} | {"twenty": 20, "thirty": 30, "fifty": 50, "once": 1, "twice": 2}

_NUMBER = rf"(?P<number>\d{{1,6}}|{'|'.join(_NUMBERS)})"
_WHAT = r"(?P<what>[a-z-]+(?:\s(?!per\b|an?\b|each\b|every\b|at\b|in\b)[a-z-]+)?)"
_LIMIT = re.compile(
    rf"\b(?:at most|no more than|not more than|up to|a maximum of|maximum|max\.?|limited to|limit of|only)\s+{_NUMBER}\b"
    rf"(?:\s+(?:times|open|active|current|concurrent|simultaneous|outstanding|new))?(?:\s+{_WHAT})?",
    re.IGNORECASE,
)
_MORE_THAN = re.compile(
    r"\b(?:cannot|can't|may not|must not|should not|never|not|no\s+[\w-]+\s+(?:may|can|should|must|will))\s+(?:\w+\s+)?more than\s+"
    rf"{_NUMBER}\b(?:\s+{_WHAT})?",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\b(?:per|a|an|each|every|in a|in one|within a)\s+(?:calendar\s+)?(?P<period>day|week|month)\b|\b(?P<adverb>daily|weekly|monthly)\b",
    re.IGNORECASE,
)
_OTHER_SPAN = re.compile(
    r"\b(?:per|a|an|each|every|in a|within)\s+(?:\w+\s+)?(?:years?|hours?|quarters?|terms?|semesters?|seasons?)\b", re.IGNORECASE
)
"""Spans the rule does not know; such a limit stays a question."""

_ADVERBS = {"daily": RulePeriod.day, "weekly": RulePeriod.week, "monthly": RulePeriod.month}
_MEASURES = frozenset("day week month year hour minute people person character word euro dollar pound percent mb kg km guest seat".split())
_BACK = frozenset({"return", "cancel", "close", "reject", "decline", "complete", "finish", "withdraw"})
"""Steps that end an act, so that it no longer counts."""


def read_limits(clauses: list[Clause], draft: Draft) -> None:
    """Add a rule for every limit on how many records a person, or something a record refers to, may have."""
    for quote in dict.fromkeys(clause.quote for clause in clauses):
        here = [clause for clause in clauses if clause.quote == quote]
        found = _LIMIT.search(quote) or _MORE_THAN.search(quote)
        counted_otherwise = found is not None and _OTHER_SPAN.search(quote[found.end("number") :])
        if found is not None and not counted_otherwise and not _is_value(found.group("what") or "", quote):
            _add(found, quote, here, draft)


def _is_value(what: str, quote: str) -> bool:
    """`up to ten people`, `at most 100 characters`, `within three days`: a value of a field, not a number of records."""
    heads = {word.removesuffix("s") for word in what.lower().split()[:1]}
    return bool(heads & _MEASURES) or bool(re.search(r"\bat least\b|\bminimum\b", quote, re.IGNORECASE))


def _add(found: re.Match[str], quote: str, clauses: list[Clause], draft: Draft) -> None:
    written = found.group("number").lower()
    maximum = int(written) if written.isdigit() else _NUMBERS[written]
    record = _counted(found.group("what") or "", clauses, draft)
    if record is None or maximum < 1:
        return
    source, period = stated(quote), _period_of(quote[found.end("number") :])
    per, whole = _per(quote, clauses, record, draft)
    states = () if period else _still_counting(record)
    message = _message(maximum, record, per, whole, period)
    rule = RuleDraft("limit", record.noun, (), message, source, per=per, maximum=maximum, period=period, states=states)
    if all((known.kind, known.record, known.period) != ("limit", record.noun, period) for known in draft.rules):
        draft.rules.append(rule)


def _period_of(behind: str) -> RulePeriod | None:
    found = _PERIOD.search(behind)
    if found is None:
        return None
    return RulePeriod(found["period"].lower()) if found["period"] else _ADVERBS[found["adverb"].lower()]


def _counted(what: str, clauses: list[Clause], draft: Draft) -> RecordDraft | None:
    """The record that is counted: the act on what is named (`borrow at most five books`: loans), else what is named itself."""
    acts = [
        record
        for clause in clauses
        if clause.verb in ASSOCIATIONS and (record := draft.find_noun(ASSOCIATIONS[clause.verb].noun.lower())) is not None
    ]
    named = next(
        (record for word in (what, what.split(" ", maxsplit=1)[0]) if word and (record := draft.find_noun(_singular(word))) is not None),
        None,
    )
    if acts and (named is None or any(relation.target == named.noun for relation in acts[0].relations.values())):
        return acts[0]
    if named is not None:
        return named
    spoken = [record for clause in clauses for phrase in (*clause.objects, *clause.subjects) if (record := draft.find(phrase)) is not None]
    made = [record for record in spoken if record.creators and record.noun not in draft.roles]
    return made[0] if made else None


def _singular(word: str) -> str:
    *front, last = word.lower().split(" ")
    return " ".join([*front, singular(last)])


def _per(quote: str, clauses: list[Clause], record: RecordDraft, draft: Draft) -> tuple[str | None, str]:
    """Per whom it is counted: the person who acts, `per room` the room, and nobody where only a period is named."""
    for match in re.finditer(r"\b(?:per|for each|for every|each|every)\s+([a-z-]+)", quote, re.IGNORECASE):
        target = draft.find_noun(_singular(match.group(1)))
        key = next((key for key, relation in record.relations.items() if target is not None and relation.target == target.noun), None)
        if key is not None and target is not None:
            return key, target.noun
        if match.group(1).lower() in {"person", "user", "member", "employee", "customer"} | set(draft.roles):
            return "created_by", ""
    acting = any(actors_of(clause, draft) for clause in clauses)
    everybody = any(phrase.head in EVERYBODY | {"nobody"} for clause in clauses for phrase in clause.subjects)
    personal = next((key for clause in clauses for phrase in clause.subjects if (key := _relation_to(record, phrase.head, draft))), None)
    if personal is not None and not (acting and record.creators):
        return personal, record.relations[personal].target
    return ("created_by", "") if acting or everybody or record.creators else (None, "")


def _relation_to(record: RecordDraft, noun: str, draft: Draft) -> str | None:
    target = draft.find_noun(noun)
    return next((key for key, relation in record.relations.items() if target is not None and relation.target == target.noun), None)


def _still_counting(record: RecordDraft) -> tuple[str, ...]:
    """Without a period only what is not over yet counts: a book that was returned can be followed by another."""
    if not record.steps:
        return ()
    over = {step.state for step in record.steps.values() if step.verb in _BACK or step.final or step.refusal}
    over |= {step.state for verb, step in STEPS.items() if verb in _BACK or step.final or step.refusal} | {"done", "over", "expired"}
    states = [record.initial or (slug(record.states[0]) if record.states else "new"), *(slug(state) for state in record.states)]
    states += [step.state for step in record.steps.values()]
    return tuple(state for state in dict.fromkeys(states) if state not in over)


def _message(maximum: int, record: RecordDraft, per: str | None, whole: str, period: RulePeriod | None) -> str:
    counted = record.noun if maximum == 1 else plural(record.noun)
    span = f" a {period}" if period else " at a time"
    who = f"{'An' if whole[:1] in 'aeiou' else 'A'} {whole}" if whole else "A person" if per else "The app"
    return f"{who} may have at most {maximum} {counted}{span}."
