"""What a description leaves open, contradicts, or asks for and does not get: questions, each with what is built meanwhile.

Nothing that was said is dropped in silence: a wish is a part of the specification, or is named here.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nodes.artifacts import Action, RecipeKind
from nodes.blueprint.reader import lexicon
from nodes.blueprint.reader.draft import Draft, RecordDraft, RuleDraft, noun_of, stated
from nodes.blueprint.reader.lexicon import ASSOCIATIONS, STEPS, VERBS, VerbKind
from nodes.blueprint.reader.life import actors_of
from nodes.blueprint.reader.naming import plural, singular, slug
from nodes.blueprint.reader.phrases import Attached, Clause, Phrase
from nodes.blueprint.reader.records import APP_NOUNS, EVERYBODY, ORGANISATIONS, REPORT_NOUNS
from nodes.blueprint.reader.rewording import without_markup
from nodes.blueprint.reader.values import ATTRIBUTES


@dataclass(frozen=True)
class Wish:
    """Something people often ask for that the built-in builder does not make, and what it does instead."""

    pattern: re.Pattern[str]
    name: str
    question: str
    default: str


def _wish(pattern: str, name: str, question: str, default: str) -> Wish:
    return Wish(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), name, question, default)


WISHES = (
    _wish(
        r"notif\w+|reminders?|remind\w*|e-?mails? (?:is|are|will)|by e-?mail|sms|alerts?|text messages?",
        "notifications",
        "Should people be notified by e-mail?",
        "No message is sent yet; the state of each record shows what happened.",
    ),
    _wish(
        r"exports?|csv|pdfs?|excel|spreadsheets?|print\w*|downloads?|imports?",
        "files",
        "Should lists be exported, imported or printed as files?",
        "No files are written or read; lists are shown, searched and sorted on pages and given by the API.",
    ),
    _wish(
        r"photos?|pictures?|images?|uploads?|attach\w*|videos?",
        "uploads",
        "Should pictures and files be uploaded?",
        "They are kept as links; the app stores no files.",
    ),
    _wish(r"calendars?|kanban|drag and drop|timeline", "views", "Is a calendar or a board wanted?", "Records are shown in lists."),
    _wish(
        r"real-?time|live|chat\w*|instant\w*", "live", "Should pages change by themselves?", "A page shows what is there when it is opened."
    ),
    _wish(
        r"about us|contact us|contact page|about page|home page|landing page|faq",
        "content_pages",
        "Which texts stand on pages such as home, about and contact?",
        "There is one start page, without texts of your own; what visitors send is kept as a record.",
    ),
    _wish(
        r"maps?|gps|nearby|distance", "maps", "Should places be shown on a map?", "Addresses are kept as text; no map service is connected."
    ),
    _wish(
        r"tax(?:es)?|vat|discounts?|late fees?|fines?|interest",
        "money",
        "How are taxes, discounts and fees worked out?",
        "They are not; amounts are entered by people.",
    ),
    _wish(
        r"automatic\w*|recurring|repeats?|every (?:day|week|month)",
        "automatic",
        "What should happen by itself, and when?",
        "Nothing happens by itself; people enter records and take the steps.",
    ),
    _wish(r"wait(?:ing)? ?lists?", "waiting_list", "Who moves up from the waiting list?", "Nobody by itself; a person decides."),
    _wish(
        r"user cent(?:er|re)|personal information|(?:own |my |user |personal )profiles?|(?:\w+ )panels?",
        "own_page",
        "What should people see on a page of their own?",
        "Everybody sees their own records in the lists, and their name and password on the account page.",
    ),
)
"""By words, whatever the trade."""

_LIMITS = re.compile(
    r"\b(at most|at least|no more than|no fewer than|no less than|not more than|up to|a maximum of|a minimum of|maximum|minimum|limited to|"
    r"within \w+ (?:days?|hours?|weeks?|minutes?|months?)|before the|until the|(?:more|less|longer|earlier|later) than|"
    r"only once|(?:three|two|four|five|\d+) (?:times )?(?:per|a|each) (?:day|week|month|year|person))\b",
    re.IGNORECASE,
)
_IDLE = frozenset(
    "be have : use work do go come take get know need want let allow make start begin offer provide run serve perform".split()
) | {""}
_ACTIONS = {VerbKind.read: Action.read, VerbKind.create: Action.create, VerbKind.update: Action.update, VerbKind.delete: Action.delete}


def read_doubts(clauses: list[Clause], draft: Draft) -> None:
    """Ask about everything the passes before could not settle."""
    _wishes(clauses, draft)
    _limits(clauses, draft)
    _payment(clauses, draft)
    for record in draft.records.values():
        _about(record, draft)
    _left_over(clauses, draft)


def _wishes(clauses: list[Clause], draft: Draft) -> None:
    sentences = [_unheard(quote, draft) for quote in dict.fromkeys(clause.quote for clause in clauses)]
    for wish in WISHES:
        if any(wish.pattern.search(sentence) for sentence in sentences):
            draft.ask(wish.name, wish.question, wish.default)


def _unheard(quote: str, draft: Draft) -> str:
    """The sentence without what recipes were read from: `export to CSV and PDF` still asks for PDF."""
    whole, rest = stated(quote).quote, without_markup(quote)
    for recipe in draft.recipes:
        if recipe.source.quote == whole:
            rest = functools.reduce(lambda text, heard: re.sub(re.escape(heard), "", text, flags=re.IGNORECASE), recipe.heard, rest)
    return rest


def _limits(clauses: list[Clause], draft: Draft) -> None:
    """`a loan lasts at most 14 days`: said, and no program enforces it; an engineer writes it, or the person is told."""
    kept = {rule.source.quote for rule in draft.rules if rule.source.quote}
    for quote in dict.fromkeys(clause.quote for clause in clauses):
        if _LIMITS.search(quote) and quote not in kept and not _names_field(quote, draft):
            if draft.has_engineers and (record := _limited([clause for clause in clauses if clause.quote == quote], draft)):
                draft.rules.append(RuleDraft("custom", record.noun, (), f"{quote.strip().rstrip('.')}.", stated(quote)))
                continue
            name = f"limit_{slug(quote)[:30].strip('_')}"
            question = f"This limit is not checked by the app yet: “{quote}”. Should a person check it?"
            draft.ask(name, question, "Yes; the app does not enforce it.")


def _limited(clauses: list[Clause], draft: Draft) -> RecordDraft | None:
    """The record a limit holds for: what is done in the sentence (`tools are lent`: a loan), else the first that it names."""
    acts = [ASSOCIATIONS[clause.verb].noun.lower() for clause in clauses if clause.verb in ASSOCIATIONS]
    words = [singular(word) for clause in clauses for word in re.findall(r"[a-z]+", clause.quote.lower())]
    return next((record for noun in (*acts, *words) if (record := draft.find_noun(noun))), None)


def _names_field(quote: str, draft: Draft) -> bool:
    """`a maximum number of participants` is a field if nothing else in the sentence limits anything."""
    found = [match.group(0).lower() for match in _LIMITS.finditer(quote)]
    fields = " ".join(key for record in draft.records.values() for key in record.fields)
    return all(word in {"maximum", "minimum"} and word in fields for word in found)


def _payment(clauses: list[Clause], draft: Draft) -> None:
    paid = any(step.verb == "pay" for record in draft.records.values() for step in record.steps.values())
    if paid and any(re.search(r"\bpa(?:y|ys|id|yments?)\b", clause.quote.lower()) for clause in clauses):
        kept = any(recipe.kind is RecipeKind.payments for recipe in draft.recipes)
        entered = "Charges and payments are entered by those who keep the books" if kept else "Paying is recorded as a state"
        draft.ask("payment", "How do people pay?", f"{entered}; no payment provider is connected{' until you set one' if kept else ''}.")


def _about(record: RecordDraft, draft: Draft) -> None:
    article = "an" if record.noun[0] in "aeiou" else "a"
    if record.weak:
        draft.ask(f"record_{record.noun}", f"Is “{record.noun}” what the app keeps?", f"Yes: {record.noun} with guessed fields.")
    if record.noun == "vote":
        default = "Yes, to those who may see the results; one vote per person is kept."
        draft.ask("votes_visible", "May everybody see who voted for what?", default)
    if record.steps and record.creators and not record.associated:
        question = f"May {article} {record.noun} be changed after it was sent in?"
        draft.ask(f"change_{record.noun}", question, "No; a mistake is sent in anew.")


# ---------------------------------------------------------------------------------------------- contradictions


def read_restrictions(clauses: list[Clause], draft: Draft) -> None:
    """`Only managers can delete claims`, `staff cannot delete cars`: note whom it leaves; a contradiction is read strictly."""
    spoken = [_Right(clause, record, action) for clause in clauses for record, action in _rights_of(clause, draft)]
    for strict in [right for right in spoken if right.clause.negated or right.is_exclusive]:
        key, roles = (strict.record.noun, strict.action), set(actors_of(strict.clause, draft))
        allowed = roles if strict.is_exclusive else set(draft.roles) - roles
        draft.restricted[key] = draft.restricted.get(key, set(draft.roles)) & allowed
        opposed = [right for right in spoken if (right.record.noun, right.action) == key and right.opposes(allowed, draft)]
        if opposed:
            name = f"contradiction_{slug(strict.record.noun)}_{strict.action}"
            question = f"“{strict.clause.quote}” and “{opposed[0].clause.quote}” contradict each other. Which holds?"
            default = f"The stricter one: “{strict.clause.quote}”."
            if strict.clause.quote == opposed[0].clause.quote:
                question = f"“{strict.clause.quote}” contradicts itself. Which part holds?"
                default = f"The stricter part: {', '.join(sorted(allowed)) or 'nobody'} may {strict.action} {plural(strict.record.noun)}."
            draft.ask(name, question, default)


@dataclass(frozen=True)
class _Right:
    """What one clause says about one action on one record."""

    clause: Clause
    record: RecordDraft
    action: Action

    @property
    def is_exclusive(self) -> bool:
        """`only` directly before whoever acts."""
        quote = self.clause.quote.lower()
        actors = self.clause.after("by") if self.clause.passive else self.clause.subjects
        return not self.clause.negated and any(re.search(rf"\bonly (?:by )?{re.escape(actor.text.lower())}", quote) for actor in actors)

    def opposes(self, allowed: set[str], draft: Draft) -> bool:
        """Whether the clause gives the right to somebody beyond `allowed`."""
        if self.clause.negated or self.is_exclusive:
            return False
        everybody = any(actor.head in EVERYBODY for actor in self.clause.subjects)
        return everybody or bool(set(actors_of(self.clause, draft)) - allowed)


def _rights_of(clause: Clause, draft: Draft) -> Iterator[tuple[RecordDraft, Action]]:
    kinds = VERBS.get(clause.verb, frozenset())
    actions = set(Action) if VerbKind.manage in kinds else {action for kind, action in _ACTIONS.items() if kind in kinds}
    for record in filter(None, map(draft.find, clause.subjects if clause.passive else clause.objects)):
        for action in sorted(actions):
            yield record, action


# ---------------------------------------------------------------------------------------------- what is left over


def _left_over(clauses: list[Clause], draft: Draft) -> None:
    """Name per sentence what somebody was to do, or to see, that became no part of the specification."""
    known = _Known(draft)
    for quote in dict.fromkeys(clause.quote for clause in clauses):
        missing = [text for clause in clauses if clause.quote == quote for text in known.missing(clause)]
        if missing:
            named = ", ".join(f"“{text}”" for text in dict.fromkeys(missing))
            question = f"Not built from “{quote}”: {named}. Who adds it?"
            draft.ask(f"unbuilt_{slug(quote)[:30].strip('_')}", question, "Nobody yet: it is left out. A model or a developer can add it.")


class _Known:
    """The words the specification is made of."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        texts = [*draft.roles, *(report.label for report in draft.reports), *draft.aliases]
        for record in draft.records.values():
            texts += [record.noun, *record.fields, *record.relations, *record.states, *(step.verb for step in record.steps.values())]
            texts += [choice for field in record.fields.values() for choice in field.choices]
        texts += [heard for recipe in draft.recipes for heard in recipe.heard]
        self._words = {word for text in texts for word in re.split(r"[^a-z]+", text.lower())}
        self._words |= {plural(word) for word in self._words if word}

    def missing(self, clause: Clause) -> Iterator[str]:
        """What a clause wants: an act nobody can do in the app, or a thing it does not keep."""
        verb = clause.verb
        objects = clause.subjects if clause.passive else clause.objects
        announces = VerbKind.build in VERBS.get(verb, frozenset()) and not clause.subjects
        related = clause.passive and any(
            self._draft.find(agent) or noun_of(agent) in self._draft.roles for agent in clause.after("by", "to")
        )
        if (
            verb in _IDLE
            or announces
            or related
            or any(wish.pattern.search(f"{verb} {' '.join(entry.text for entry in objects)}") for wish in WISHES)
        ):
            return
        strange = [entry for entry in objects if self._is_strange(entry)]
        if self._is_act(verb) and (objects or clause.attached or clause.subjects):
            beside = [_spoken(entry) for entry in clause.attached[:1]]
            yield " ".join((verb, *([objects[0].text] if objects else beside)))
        else:
            yield from (entry.text for entry in strange)

    def _is_act(self, verb: str) -> bool:
        """An act of its own rather than a way of keeping, reading or moving a record."""
        kinds = VERBS.get(verb, frozenset({VerbKind.other}))
        return kinds == frozenset({VerbKind.other}) and verb not in ASSOCIATIONS and verb not in STEPS and verb not in self._words

    def _is_strange(self, phrase: Phrase) -> bool:
        head, noun = phrase.head, noun_of(phrase)
        if phrase.determiner == "pronoun" or self._draft.find(phrase) or (phrase.of is not None and not self._is_strange(phrase.of)):
            return False
        plain = APP_NOUNS | ORGANISATIONS | REPORT_NOUNS | lexicon.GENERIC_NOUNS | {"user", "account", "operation", "business"}
        return head not in plain and noun not in plain and not {head, plural(head)} & self._words and head not in ATTRIBUTES


def _spoken(attached: Attached) -> str:
    return " ".join((attached.preposition, *(phrase.text for phrase in attached.phrases[:1])))
