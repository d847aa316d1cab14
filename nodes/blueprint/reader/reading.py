"""The passes in their order: text → clauses → draft → specification."""

import re

from nodes.artifacts import AppSpec, BuildRequest, FieldType
from nodes.blueprint.reader.access import complete_roles, merge_users, nobody_named, read_grants, read_operations
from nodes.blueprint.reader.changes import apply_feedback
from nodes.blueprint.reader.domain import check_domain, left_out, unmet_preferences
from nodes.blueprint.reader.draft import Draft, FieldDraft, is_role_noun, noun_of, stated
from nodes.blueprint.reader.finish import complete_fields, spec_of
from nodes.blueprint.reader.life import assign_steps, complete_lives, read_aliases, read_associations, read_state_adjectives, read_steps
from nodes.blueprint.reader.naming import plural, sentence_case
from nodes.blueprint.reader.parts import read_parts
from nodes.blueprint.reader.phrases import Clause, clauses_of
from nodes.blueprint.reader.records import read_records, read_roles
from nodes.blueprint.reader.rules import read_reports, read_rules
from nodes.blueprint.reader.tagging import sentences_of
from nodes.errors import DescriptionUnclear

MAX_RECORDS = 60


def read_description(request: BuildRequest, *, feedback: str = "", previous: AppSpec | None = None) -> AppSpec:
    """Read plain English into a specification: deterministic, a few milliseconds, no model.

    With `previous`, `feedback` is read as changes to it. Raises `DescriptionOutOfDomain` and `DescriptionUnclear`.
    """
    if previous is not None and feedback.strip():
        return apply_feedback(previous, feedback, _read_new)
    check_domain(request)
    text = "\n".join(part for part in (request.app_description, request.requirements or "", feedback) if part.strip())
    draft = Draft(title=title_of(request.app_description), summary=_summary(request.app_description))
    read_into(draft, text)
    draft.non_goals += left_out(request)
    if _is_statement(request.app_description):
        draft.title = " and ".join(sentence_case(plural(noun)) for noun in list(draft.records)[:1]) or draft.title
    return spec_of(draft, unmet_preferences(request))


def _is_statement(description: str) -> bool:
    """`Employees request leave.`: the text starts with what happens, not with what the app is called."""
    first = next(iter(sentences_of(description)), None)
    if first is None or _ANNOUNCING.match(first.text) or any(word in first.text.lower().split() for word in APP_WORDS):
        return False
    clauses = clauses_of(first)
    return bool(clauses) and clauses[0].verb not in {"", ":"} and bool(clauses[0].subjects)


def _read_new(sentence: str) -> AppSpec | None:
    """A sentence of feedback read as a small app of its own; None if it names nothing to keep."""
    draft = Draft(title="Addition", summary=sentence)
    try:
        read_into(draft, sentence)
    except DescriptionUnclear:
        return None
    return spec_of(draft, ())


def read_into(draft: Draft, text: str) -> None:
    """Run all passes over `text`. Raises `DescriptionUnclear` if it names nothing that could be kept."""
    clauses = [clause for sentence in sentences_of(text) for clause in clauses_of(sentence)]
    read_roles(clauses, draft)
    read_aliases(clauses, draft)
    read_records(clauses, draft)
    read_associations(clauses, draft)
    if not draft.records:
        raise DescriptionUnclear("Try: “Members borrow books. A book has a title and an author.”")
    _limit_records(draft)
    read_parts(clauses, draft)
    read_steps(clauses, draft)
    read_state_adjectives(clauses, draft)
    draft.settle_references()
    complete_lives(draft)
    complete_roles(clauses, draft)
    read_grants(clauses, draft)
    read_operations(clauses, draft)
    merge_users(draft)
    draft.everybody = nobody_named(draft)
    assign_steps(draft)
    _times(clauses, draft)
    for record in draft.records.values():
        complete_fields(record)
    read_reports(clauses, draft)
    read_rules(clauses, draft)
    _questions(clauses, draft)


def _limit_records(draft: Draft) -> None:
    if len(draft.records) > MAX_RECORDS:
        dropped = list(draft.records)[MAX_RECORDS:]
        draft.records = dict(list(draft.records.items())[:MAX_RECORDS])
        draft.non_goals.append(f"More than {MAX_RECORDS} records in one app; left out: {', '.join(dropped)}.")


def _times(clauses: list[Clause], draft: Draft) -> None:
    """`select rental dates and times`: the span of the act those people take part in."""
    for clause in clauses:
        heads = {phrase.head for phrase in clause.objects} | {
            phrase.head for phrase in clause.after("for", "on") if clause.verb in {"reserve", "book"}
        }
        if clause.verb not in {"select", "choose", "pick", "specify", "enter", "reserve", "book"} or not heads & {"date", "time"}:
            continue
        for record in draft.records.values():
            if (
                record.associated
                and record.timed
                and not any(field.type in {FieldType.date, FieldType.datetime} for field in record.fields.values())
            ):
                source = stated(clause.quote)
                both = {"date", "time"} <= heads
                kind = FieldType.datetime if both or "time" in heads else FieldType.date
                what = "date and time" if both else "time" if "time" in heads else "date"
                for edge in ("start", "end"):
                    key = f"{edge} {what}"
                    record.fields[key] = FieldDraft(sentence_case(key), kind, source, required=True)


def _questions(clauses: list[Clause], draft: Draft) -> None:
    for clause in clauses:
        words = clause.quote.lower()
        if re.search(r"\b(notif\w+|reminders?|e-?mails? (?:is|are|will)|sms|alerts?)\b", words):
            draft.ask(
                "notifications",
                "Should people be notified by e-mail?",
                "No message is sent yet; the state of each record shows what happened.",
            )
        if re.search(r"\bpay(s|ment|ments)?\b", words) and any(
            step.verb == "pay" for record in draft.records.values() for step in record.steps.values()
        ):
            draft.ask("payment", "How do people pay?", "Paying is recorded as a state; no payment provider is connected.")
    for record in draft.records.values():
        if record.weak:
            draft.ask(f"record_{record.noun}", f"Is “{record.noun}” what the app keeps?", f"Yes: {record.noun} with guessed fields.")
        if record.noun == "vote":
            draft.ask(
                "votes_visible",
                "May everybody see who voted for what?",
                "Yes, to those who may see the results; one vote per person is kept.",
            )
        if record.steps and record.creators and not record.associated:
            draft.ask(f"change_{record.noun}", f"May a {record.noun} be changed after it was sent in?", "No; a mistake is sent in anew.")


_ANNOUNCING = re.compile(
    r"^\s*(?:please\s+)?(?:i\s+(?:need|want|would like)|we\s+(?:need|want|would like)|build|create|implement|develop|design|make|write|"
    r"generate|give me|help me)\s+(?:me\s+|us\s+)?(?:to\s+(?:build|create|have|make|track|manage|keep track of|organi[sz]e|record)\s+)?"
    r"(?:(?:an|a|the|my|our)\s+)?",
    re.IGNORECASE,
)
_OPENING = re.compile(_ANNOUNCING.pattern + r"|^(?:an?|the|my|our)\s+", re.IGNORECASE)
APP_WORDS = ("app", "system", "platform", "website", "tool", "portal", "tracker", "manager", "software", "helpdesk", "box", "log")
_DROPPED = re.compile(r"\b(simple|basic|web-based|website-based|online|small|modern|full-stack|complete|responsive|web)\s+", re.IGNORECASE)
_FILLER = re.compile(r"\s+(?:web\s*)?(?:app|application|website|site|system|platform|program|tool|portal|software)$", re.IGNORECASE)


def title_of(description: str) -> str:
    """A short name for the app from its first sentence: `Implement a car rental platform.` → `Car rental`."""
    first = re.split(r"[.!?:;\n]", description.strip())[0]
    first = (
        re.sub(r"^(.*?\bmanagement) (?:program|system|app|application|tool) for (?:an? |the )?(\w+)\b.*", r"\2 management", first)
        if re.search(r"(?:an?|the|some) management (?:program|system|app|application|tool) for", first)
        else first
    )
    text = _DROPPED.sub("", _OPENING.sub("", first))
    text = re.split(r"\s+(?:where|that|which|with|using|in which|so that|to\s+\w+|when|has|have)\b|,", text)[0]
    purpose = re.match(
        r"(?:web\s*)?(?:app|application|website|site|system|platform|program|tool|software)\s+(?:for|to manage|to track)\s+"
        r"(?:an?\s+|the\s+|my\s+)?(.+)",
        text,
        re.IGNORECASE,
    )
    text = purpose.group(1) if purpose else text
    text = _FILLER.sub("", re.split(r"\s+for\s+", text)[0] if len(text) > 40 else text).strip(" .")
    text = re.sub(r"[<>{}\"`]", "", text)
    return sentence_case(" ".join(text.split()[:6])) or "My app"


def _summary(description: str) -> str:
    text = " ".join(description.split())
    return text if len(text) <= 300 else text[:299] + "…"


__all__ = ["is_role_noun", "noun_of", "read_description", "read_into", "title_of"]
