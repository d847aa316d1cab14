"""Which blocks beyond records and steps a description asks for, and for which record: signs in the words, as a table.

A kind is read only if the frame builds it; what the frame does not build stays an open question, see `doubts`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nodes.artifacts import FieldType, RecipeKind, RelationKind
from nodes.blueprint.reader.draft import Draft, RecipeDraft, RecordDraft, ReportDraft, stated
from nodes.blueprint.reader.naming import plural, sentence_case
from nodes.blueprint.reader.phrases import Clause
from nodes.blueprint.reader.rewording import without_markup
from nodes.blueprint.reader.rules import span_of
from nodes.blueprint.recipes import BUILT

_DATES = {FieldType.date, FieldType.datetime}


@dataclass(frozen=True)
class Sign:
    """Words that ask for a recipe, and which records it can be applied to."""

    kind: RecipeKind
    pattern: re.Pattern[str]
    suits: Callable[[RecordDraft], bool]
    everything: bool = False


def _sign(kind: RecipeKind, pattern: str, suits: Callable[[RecordDraft], bool], *, everything: bool = False) -> Sign:
    return Sign(kind, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), suits, everything)


def _any(_: RecordDraft) -> bool:
    return True


def _dated(record: RecordDraft) -> bool:
    return any(field.type in _DATES for field in record.fields.values())


def _lives(record: RecordDraft) -> bool:
    return bool(record.steps or record.states)


def _paid(record: RecordDraft) -> bool:
    return any(step.verb == "pay" for step in record.steps.values())


_FILES = (
    r"(?:screenshots?|attachments?|scans?|photos?|pictures?|images?|files?|documents?|cvs?|r[ée]sum[ée]s?|receipts?|videos?)"
    r"(?![ -](?:links?|urls?|address))"
)

SIGNS = (
    _sign(RecipeKind.comments, r"comments?|commenting|discuss(?:ions?)?|(?:notes|remarks)(?: and \w+)? on", _any),
    _sign(
        RecipeKind.attachments,
        rf"attach(?:es|ed|ing)?(?: \w+){{0,3}}|attachments?|upload(?:s|ed|ing)?(?: \w+){{0,3}}|"
        rf"with (?:\w+ ){{0,8}}?(?:{_FILES})|(?:an?|the|their|and|,) (?:\w+ )?(?:{_FILES})|{_FILES}",
        _any,
    ),
    _sign(RecipeKind.tags, r"tags?|tagged|tagging|labels?|labelled|labeled", _any),
    _sign(RecipeKind.calendar, r"calendars?(?: view)?|month(?:ly)? view|week(?:ly)? view", _dated),
    _sign(RecipeKind.board, r"kanban(?: boards?)?|(?:on|as|in) (?:a|the) (?:\w+ )?board|task boards?|drag and drop|columns", _lives),
    _sign(
        RecipeKind.audit_trail,
        r"audit(?: trail| log)?s?|change (?:log|history)|activity log|(?:history|log|record) of (?:who|all |every )?\s?changes?|"
        r"history of who \w+ what|who (?:changed|did|edited|modified) what|track (?:of )?(?:all |every )?changes?|"
        r"changes are (?:logged|tracked)",
        _any,
        everything=True,
    ),
    _sign(
        RecipeKind.notifications,
        r"notif(?:y|ies|ied|ication|ications)|gets? an? (?:e-?mail|message)|send(?:s|ing)? (?:an? |out )?e-?mails?|"
        r"e-?mails? (?:is|are) sent|"
        r"e-?mail(?:s|ed)? when|by e-?mail|informed (?:by|when)|alerts?(?!\()|alerted",
        _any,
    ),
    _sign(RecipeKind.payments, r"pay(?:s|ing|ments?)?|paid|refund(?:s|ed)?", _paid),
    _sign(RecipeKind.csv, r"csv(?: files?)?|spreadsheets?|excel|exports?|exported|imports?|imported|bulk (?:upload|import)", _any),
)
"""By words, whatever the trade; the most particular records first."""

_CHARTS = re.compile(r"\b(?:charts?|graphs?|dashboards?|visuali[sz]\w+|plots?|diagrams?)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|without|not|never|don't|doesn't|nor)\b(?:\s+\w+){0,2}\s*$", re.IGNORECASE)
_NO_FILE = frozenset("link url address website".split())
_FILE_HEADS = frozenset(
    "photo picture image screenshot attachment scan pdf file cv resume document upload video receipt avatar logo photograph".split()
)
_REMINDING = re.compile(r"\bremind\w*\b", re.IGNORECASE)


def shape_recipes(draft: Draft) -> None:
    """Take out of the draft what a recipe keeps better: a bare record of comments, tags, fields that hold files."""
    for record in list(draft.records.values()):
        _bare_comments(record, draft)
        _bare_tags(record, draft)
        _file_fields(record, draft)


def read_recipes(clauses: list[Clause], draft: Draft) -> None:
    """Add what the signs of the table ask for, and charts where reports are wanted as pictures."""
    spoken: RecordDraft | None = None
    for quote in dict.fromkeys(clause.quote for clause in clauses):
        here = [clause for clause in clauses if clause.quote == quote]
        for sign in SIGNS:
            _read_sign(sign, quote, here, draft, spoken)
        _read_charts(quote, draft)
        spoken = next(_named(here, draft), spoken)


def _read_sign(sign: Sign, quote: str, clauses: list[Clause], draft: Draft, spoken: RecordDraft | None) -> None:
    heard = tuple(match.group(0) for match in sign.pattern.finditer(without_markup(quote)) if not _DENIED.search(quote[: match.start()]))
    if not heard or sign.kind not in BUILT or _is_part(sign.kind, heard[0], draft):
        return
    named = [record for record in _named(clauses, draft) if sign.suits(record)]
    about = named[:1] or ([spoken] if spoken is not None and sign.suits(spoken) else []) or _main(draft, sign.suits)
    if sign.everything and not named:
        about = [record for record in draft.records.values() if sign.suits(record)]
    for record in about:
        add_recipe(draft, RecipeDraft(sign.kind, record.noun, (), _fields(sign.kind, record), stated(quote), heard))


def _is_part(kind: RecipeKind, heard: str, draft: Draft) -> bool:
    """Whether the word names a part of a record or a record of its own: `a rating and a comment`, `documents have a title`."""
    if kind is RecipeKind.notifications and _REMINDING.search(heard):
        return True
    head = re.sub(r"s$", "", heard.lower().rsplit(" ", maxsplit=1)[-1])
    if kind in {RecipeKind.comments, RecipeKind.attachments, RecipeKind.tags, RecipeKind.csv, RecipeKind.payments}:
        known = draft.find_noun(head)
        field = any(key.rsplit(" ", maxsplit=1)[-1] in {head, f"{head}s"} for record in draft.records.values() for key in record.fields)
        return known is not None or field
    return False


def add_recipe(draft: Draft, recipe: RecipeDraft) -> None:
    """Add a recipe once for each record; what was heard first is quoted."""
    if all((known.kind, known.record) != (recipe.kind, recipe.record) for known in draft.recipes):
        draft.recipes.append(recipe)


def _named(clauses: list[Clause], draft: Draft) -> Iterator[RecordDraft]:
    """The records a sentence speaks of: behind `on`, `of`, `to`, then objects, then subjects."""
    attached = [phrase for clause in clauses for phrase in clause.after("on", "of", "to", "for", "about", "with")]
    objects = [phrase for clause in clauses for phrase in clause.objects]
    subjects = [phrase for clause in clauses for phrase in clause.subjects]
    seen: set[str] = set()
    for phrase in (*attached, *objects, *subjects):
        record = draft.find(phrase)
        if record is not None and record.noun not in draft.roles and record.noun not in seen:
            seen.add(record.noun)
            yield record


def _main(draft: Draft, suits: Callable[[RecordDraft], bool]) -> list[RecordDraft]:
    """The record an app is mostly about: one with a life, else the one others refer to least and that refers to most."""
    fitting = [record for record in draft.records.values() if suits(record) and record.noun not in draft.roles]
    ranked = sorted(fitting, key=lambda record: (not _lives(record), not record.associated, -len(record.relations)))
    return ranked[:1]


def _fields(kind: RecipeKind, record: RecordDraft) -> tuple[tuple[str, str], ...]:
    """The fields a recipe uses: the start of what a calendar shows, and its end if it has one; the price of what is paid for."""
    if kind is RecipeKind.payments:
        prices = (key for key, field in record.fields.items() if field.type is FieldType.money)
        return tuple((record.noun, key) for key in list(prices)[:1])
    if kind is not RecipeKind.calendar:
        return ()
    span = span_of(record)
    dates = [key for key, field in record.fields.items() if field.type in _DATES]
    chosen = span if span is not None and record.fields[span[0]].type in _DATES else tuple(dates[:1])
    return tuple((record.noun, key) for key in chosen)


# ---------------------------------------------------------------------------------------------- what recipes keep better


def _bare_comments(record: RecordDraft, draft: Draft) -> None:
    """`Members comment on recipes` read as a record of comments, without any field that was said."""
    targets = [relation.target for relation in record.relations.values() if relation.target in draft.records]
    plain = not (record.fields or record.steps or record.states) and len(targets) == 1
    if record.noun == "comment" and plain and RecipeKind.comments in BUILT:
        _withdraw(record, draft)
        add_recipe(draft, RecipeDraft(RecipeKind.comments, targets[0], (), (), record.source, ("comment",)))


def _bare_tags(record: RecordDraft, draft: Draft) -> None:
    """A record of tags that has nothing but its name."""
    if record.noun not in {"tag", "label"} or record.fields or record.relations or RecipeKind.tags not in BUILT:
        return
    homes = [other for other in draft.records.values() if any(relation.target == record.noun for relation in other.relations.values())]
    for home in homes:
        home.relations = {key: relation for key, relation in home.relations.items() if relation.target != record.noun}
        add_recipe(draft, RecipeDraft(RecipeKind.tags, home.noun, (), (), record.source, (record.noun,)))
    if homes:
        _withdraw(record, draft)


def _file_fields(record: RecordDraft, draft: Draft) -> None:
    """`a repair with photos`: files on the repair, instead of a field for a link."""
    if RecipeKind.attachments not in BUILT:
        return
    for key, field in list(record.fields.items()):
        words = key.split()
        if (
            (words[-1].removesuffix("s") in _FILE_HEADS or words[0] in {"attached", "attaching"})
            and field.source.quote
            and not _NO_FILE & set(words)
        ):
            del record.fields[key]
            add_recipe(draft, RecipeDraft(RecipeKind.attachments, record.noun, (), (), field.source, (words[-1],)))
    for key, relation in list(record.relations.items()):
        if key.removesuffix("s") in _FILE_HEADS and relation.kind is RelationKind.many_to_many:
            del record.relations[key]


def _withdraw(record: RecordDraft, draft: Draft) -> None:
    draft.records = {noun: other for noun, other in draft.records.items() if other is not record}


# ---------------------------------------------------------------------------------------------- charts


def _read_charts(quote: str, draft: Draft) -> None:
    """Charts show reports; where none was asked for, the main record is counted by its state."""
    heard = _CHARTS.search(quote)
    if heard is None or RecipeKind.charts not in BUILT:
        return
    if not draft.reports:
        for record in _main(draft, _lives):
            label = f"{sentence_case(plural(record.noun))} per state"
            draft.reports.append(ReportDraft(label, record.noun, "state", stated(quote)))
    if draft.reports:
        add_recipe(draft, RecipeDraft(RecipeKind.charts, None, (), (), stated(quote), (heard.group(0),)))
