"""Recipes made of several records: found by their shape, their missing parts added as guesses. Only kinds the frame builds."""

import re
from collections.abc import Callable, Iterable

from nodes.artifacts import GUESSED, INFERRED, FieldType, RecipeKind, RelationKind, Source
from nodes.blueprint.reader.draft import Draft, FieldDraft, RecipeDraft, RecordDraft, RelationDraft, stated
from nodes.blueprint.reader.finish import complete_fields
from nodes.blueprint.reader.life import actors_of
from nodes.blueprint.reader.naming import sentence_case
from nodes.blueprint.reader.phrases import Clause
from nodes.blueprint.recipes import BUILT, SHAPES

_SHORTENING = r"(?:url|link) shorten(?:er|ing)|shorten(?:s|ed)? (?:\w+ )?(?:urls?|links?|addresses)|short (?:urls?|links?|codes?)"
_CONVERTING = r"(?:currency|unit|measurement) (?:converter|conversion|calculator)s?|converts? (?:between|from)|exchange rates?"

_NUMBERS = {FieldType.integer, FieldType.decimal, FieldType.money}


def shape_records(clauses: list[Clause], draft: Draft) -> None:
    """Run every shape whose kind is built; each adds its recipe, or nothing."""
    for kind, shape in _SHAPES.items():
        if kind in BUILT and (recipe := shape(clauses, draft)) is not None:
            draft.recipes.append(recipe)


def names_recipe(clauses: list[Clause]) -> bool:
    """Whether a recipe brings the records with it, so that none has to be named: a converter, a shortener."""
    made = ((RecipeKind.short_link, _SHORTENING), (RecipeKind.converter, _CONVERTING))
    return any(kind in BUILT and _said(clauses, words) is not None for kind, words in made)


def _said(clauses: list[Clause], words: str) -> tuple[str, tuple[str, ...]] | None:
    """The first sentence with one of the words, and the words in it."""
    pattern = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for quote in dict.fromkeys(clause.quote for clause in clauses):
        heard = tuple(match.group(0) for match in pattern.finditer(quote))
        if heard:
            return quote, heard
    return None


def _named(draft: Draft, nouns: str) -> RecordDraft | None:
    """The first record whose last word is one of `nouns`."""
    return next((record for record in draft.records.values() if record.noun.rsplit(" ", maxsplit=1)[-1] in nouns.split()), None)


def _field(record: RecordDraft, words: str, types: Iterable[FieldType]) -> str | None:
    wanted, fitting = set(words.split()), set(types)
    return next((key for key, field in record.fields.items() if field.type in fitting and wanted & set(key.split())), None)


def _add(record: RecordDraft, key: str, kind: FieldType, *, required: bool = True, minimum: float | None = None) -> str:
    record.fields.setdefault(key, FieldDraft(sentence_case(key), kind, INFERRED, required, minimum=minimum))
    return key


def _refer(part: RecordDraft, whole: RecordDraft) -> None:
    """Let `part` require a `whole`, whether it referred to one before or not."""
    known = next(
        (entry for entry in part.relations.values() if entry.target == whole.noun and entry.kind is RelationKind.many_to_one), None
    )
    if known is not None:
        known.required = True
    else:
        part.relations[whole.noun] = RelationDraft(sentence_case(whole.noun), whole.noun, GUESSED, required=True)


def _new(draft: Draft, noun: str, source: Source, clauses: list[Clause], quote: str) -> RecordDraft:
    """A record the recipe needs and nobody named; whoever acts in the sentence enters it."""
    record = draft.record(noun, source)
    for clause in (clause for clause in clauses if clause.quote == quote):
        for actor in actors_of(clause, draft):
            record.creators.setdefault(actor, source)
    return record


# ---------------------------------------------------------------------------------------------- the shapes

_STOCKED = "supply item product article material part medicine ingredient good consumable accessory"


def _stock(clauses: list[Clause], draft: Draft) -> RecipeDraft | None:
    """Items with a quantity, and movements that change it."""
    said = _said(clauses, r"stock(?: levels?| keeping| movements?)?|inventory|goods (?:in|out)|on hand|below zero")
    movement = _named(draft, "movement transaction withdrawal restock")
    if said is None:
        return None
    linked = [draft.records[entry.target] for entry in movement.relations.values() if entry.target in draft.records] if movement else []
    item = linked[0] if linked else _named(draft, _STOCKED)
    if item is None or item is movement:
        return None
    complete_fields(item)
    quantity = _field(item, "quantity stock amount count level hand", _NUMBERS) or _add(item, "quantity", FieldType.integer, minimum=0)
    movement = movement or _new(draft, "stock movement", stated(said[0]), clauses, said[0])
    complete_fields(movement)
    amount = _field(movement, "amount quantity number count", _NUMBERS) or _add(movement, "quantity", FieldType.integer)
    if movement.fields[amount].type is FieldType.money:
        movement.fields[amount].type = FieldType.integer
    movement.fields[amount].minimum = None  # goods that go out may be entered with a minus
    _refer(movement, item)
    fields = ((item.noun, quantity), (movement.noun, amount))
    return RecipeDraft(RecipeKind.stock, item.noun, (movement.noun,), fields, stated(said[0]), said[1])


_DOCUMENTS = frozenset("order invoice quote quotation bill receipt offer estimate sale purchase delivery".split())
_LINES = frozenset("line item position part entry detail".split())


def _totals(clauses: list[Clause], draft: Draft) -> RecipeDraft | None:
    """A document with lines of a quantity and a price."""
    said = _said(clauses, r"totals?|sums?|sub-?totals?|vat|tax(?:es)?|unit prices?|invoices?|lines?")
    for line in draft.records.values():
        wholes = [draft.records[entry.target] for entry in line.relations.values() if entry.target in draft.records and entry.required]
        whole = next((record for record in wholes if record.noun.rsplit(" ", maxsplit=1)[-1] in _DOCUMENTS), None)
        quantity = _field(line, "quantity amount number hours count", {FieldType.integer, FieldType.decimal})
        if said is None or whole is None or quantity is None or line.noun.rsplit(" ", maxsplit=1)[-1] not in _LINES:
            continue
        price = _field(line, "price cost rate amount", {FieldType.money}) or _add(line, "unit price", FieldType.money, minimum=0)
        tax = _field(line, "tax vat", {FieldType.decimal, FieldType.integer, FieldType.money})
        if tax is not None and line.fields[tax].type is FieldType.money:
            line.fields[tax].type = FieldType.decimal
        fields = tuple((line.noun, key) for key in (quantity, price, tax) if key is not None)
        return RecipeDraft(RecipeKind.totals, whole.noun, (line.noun,), fields, stated(said[0]), said[1])
    return None


def _poll(_: list[Clause], draft: Draft) -> RecipeDraft | None:
    """Polls with options, of which everybody votes for one."""
    poll, vote = _named(draft, "poll election ballot referendum survey"), draft.find_noun("vote")
    if poll is None or vote is None or poll is vote:
        return None
    option = _named(draft, "option choice candidate nominee") or draft.record("option", poll.source)
    complete_fields(option)
    for part, whole in ((option, poll), (vote, poll), (vote, option)):
        _refer(part, whole)
    return RecipeDraft(RecipeKind.poll, poll.noun, (option.noun, vote.noun), (), vote.source)


def _quiz(clauses: list[Clause], draft: Draft) -> RecipeDraft | None:
    """Contests of questions with right and wrong options, answered for points."""
    said = _said(clauses, r"scor(?:e|es|ed|ing)|ranks?|leaderboards?|quiz(?:zes)?|points")
    contest, question = _named(draft, "contest quiz exam test competition trivia"), _named(draft, "question")
    if said is None or contest is None or question is None:
        return None
    option = _named(draft, "option choice") or draft.record("option", question.source)
    answer = draft.find_noun("answer") or _new(draft, "answer", stated(said[0]), clauses, said[0])
    answer.fields, answer.associated, answer.bare = {}, True, True
    for actor in [role for role in contest.role_verbs() | set(contest.creators) if not answer.creators and role not in contest.creators]:
        answer.creators.setdefault(actor, GUESSED)
    complete_fields(option)
    if not any(field.type is FieldType.boolean for field in option.fields.values()):
        _add(option, "correct", FieldType.boolean, required=False)
    for part, whole in ((question, contest), (option, question), (answer, question), (answer, option)):
        _refer(part, whole)
    enrolment = next((record for record in draft.records.values() if record.noun.startswith(("enrol", "registration"))), None)
    if enrolment is not None:
        _refer(enrolment, contest)
    records = (question.noun, option.noun, answer.noun, *((enrolment.noun,) if enrolment else ()))
    return RecipeDraft(RecipeKind.quiz, contest.noun, records, (), stated(said[0]), said[1])


def _short_link(clauses: list[Clause], draft: Draft) -> RecipeDraft | None:
    """Long addresses, made short."""
    said = _said(clauses, _SHORTENING)
    if said is None:
        return None
    kept = _named(draft, "url link") or _new(draft, "link", stated(said[0]), clauses, said[0])
    kept.fields = {key: field for key, field in kept.fields.items() if not {"url", "code", "version", "short"} & set(key.split())}
    for noun in [noun for noun in draft.records if noun.rsplit(" ", maxsplit=1)[-1] in {"version", "code"}]:
        del draft.records[noun]  # `a shortened version` is no thing of its own
    address, code = _add(kept, "original url", FieldType.url), _add(kept, "short code", FieldType.text, required=False)
    fields = tuple((kept.noun, key) for key in (address, code, _add(kept, "visits", FieldType.integer, required=False)))
    return RecipeDraft(RecipeKind.short_link, kept.noun, (), fields, stated(said[0]), said[1])


_ABOUT_CONVERTING = frozenset({"currency", "unit", "api", "converter", "conversion"})


def _converter(clauses: list[Clause], draft: Draft) -> RecipeDraft | None:
    """A table of rates, and a page that computes with it."""
    said = _said(clauses, _CONVERTING)
    if said is None or not _said(clauses, r"convert\w*|conversions?"):
        return None
    what = "unit" if _said(clauses, r"units?|measurements?") else "currency"
    for noun in [
        noun for noun in draft.records if noun.rsplit(" ", maxsplit=1)[-1] in {"currency", "unit", "api", "converter", "conversion"}
    ]:
        del draft.records[noun]
    if _said(clauses, r"apis?|live|real-?time|up-to-date|current rates"):
        draft.ask("rates", "Should the rates come from an outside API?", "No; people enter them, no outside service is connected.")
    rate = _named(draft, "rate") or draft.record("rate", stated(said[0]))
    rate.fields = {}
    source, target = _add(rate, f"from {what}", FieldType.text), _add(rate, f"to {what}", FieldType.text)
    fields = tuple((rate.noun, key) for key in (source, target, _add(rate, "rate", FieldType.decimal)))
    return RecipeDraft(RecipeKind.converter, rate.noun, (), fields, stated(said[0]), said[1])


def _site(clauses: list[Clause], draft: Draft) -> RecipeDraft | None:
    """Public pages, and a form whose messages are kept."""
    said = _said(clauses, r"home ?page|landing page|about us|contact us|contact (?:form|page)|static pages?|public pages?")
    if said is None or len(said[1]) < 2:
        return None
    message = _named(draft, "message inquiry enquiry")
    offered = [record for record in draft.records.values() if record is not message and not record.associated]
    shown = tuple(record.noun for record in offered if record.noun not in draft.roles)[: SHAPES[RecipeKind.site].records[1]]
    return RecipeDraft(RecipeKind.site, message.noun if message else None, shown, (), stated(said[0]), said[1])


_SHAPES: dict[RecipeKind, Callable[[list[Clause], Draft], RecipeDraft | None]] = {
    RecipeKind.stock: _stock,
    RecipeKind.totals: _totals,
    RecipeKind.poll: _poll,
    RecipeKind.quiz: _quiz,
    RecipeKind.short_link: _short_link,
    RecipeKind.converter: _converter,
    RecipeKind.site: _site,
}
