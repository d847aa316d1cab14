"""The passes in their order: text → clauses → draft → specification."""

from nodes.artifacts import AppSpec, BuildRequest, FieldType
from nodes.blueprint.reader.access import complete_roles, merge_users, nobody_named, read_grants, read_operations
from nodes.blueprint.reader.changes import apply_feedback
from nodes.blueprint.reader.domain import check_domain, left_out, unmet_preferences
from nodes.blueprint.reader.doubts import read_doubts, read_restrictions
from nodes.blueprint.reader.draft import Draft, FieldDraft, stated
from nodes.blueprint.reader.finish import complete_fields, spec_of
from nodes.blueprint.reader.life import assign_steps, complete_lives, read_aliases, read_associations, read_state_adjectives, read_steps
from nodes.blueprint.reader.limits import read_limits
from nodes.blueprint.reader.naming import sentence_case
from nodes.blueprint.reader.paraphrase import plainly
from nodes.blueprint.reader.parts import read_parts
from nodes.blueprint.reader.phrases import Clause, clauses_of
from nodes.blueprint.reader.recipe_records import names_recipe, shape_records
from nodes.blueprint.reader.recipes import read_recipes, shape_recipes
from nodes.blueprint.reader.records import read_records, read_roles
from nodes.blueprint.reader.rewording import plain_sentences
from nodes.blueprint.reader.rules import read_reports, read_rules
from nodes.blueprint.reader.title import title_for
from nodes.errors import DescriptionUnclear

MAX_RECORDS = 60


def read_description(request: BuildRequest, *, feedback: str = "", previous: AppSpec | None = None, has_engineers: bool = False) -> AppSpec:
    """Read plain English into a specification: deterministic, a few milliseconds, no model.

    With `previous`, `feedback` is read as changes to it. Where the build `has_engineers`, a limit no program can keep becomes
    a rule of kind `custom`, otherwise a question. Raises `DescriptionOutOfDomain` and `DescriptionUnclear`.
    """
    if previous is not None and feedback.strip():
        return apply_feedback(previous, feedback, _read_new)
    check_domain(request)
    text = "\n".join(part for part in (request.app_description, request.requirements or "", feedback) if part.strip())
    draft = Draft(summary=_summary(request.app_description), has_engineers=has_engineers)
    read_into(draft, text)
    draft.title = title_for(request.app_description, list(draft.records))
    draft.non_goals += left_out(request)
    return spec_of(draft, unmet_preferences(request))


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
    clauses = plainly([clause for sentence in plain_sentences(text) for clause in clauses_of(sentence)])
    read_roles(clauses, draft)
    read_aliases(clauses, draft)
    read_records(clauses, draft)
    read_associations(clauses, draft)
    if not draft.records and not names_recipe(clauses):
        raise DescriptionUnclear("Try: “Members borrow books. A book has a title and an author.”")
    _limit_records(draft)
    read_parts(clauses, draft)
    read_steps(clauses, draft)
    read_state_adjectives(clauses, draft)
    draft.settle_references()
    shape_recipes(draft)
    shape_records(clauses, draft)
    draft.settle_references()  # recipes keep some records better, and what referred to those goes with them
    complete_lives(draft)
    complete_roles(clauses, draft)
    read_grants(clauses, draft)
    read_operations(clauses, draft)
    read_restrictions(clauses, draft)
    merge_users(draft)
    draft.everybody = nobody_named(draft)
    assign_steps(draft)
    _times(clauses, draft)
    for record in draft.records.values():
        complete_fields(record)
    read_reports(clauses, draft)
    read_rules(draft)
    read_limits(clauses, draft)
    read_recipes(clauses, draft)
    read_doubts(clauses, draft)


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


def _summary(description: str) -> str:
    text = " ".join(description.split())
    return text if len(text) <= 300 else text[:299] + "…"
