"""Rules and reports: what must hold, and the figures people ask for."""

from nodes.artifacts import ACCOUNT, INFERRED, FieldType, RecipeKind, RelationKind
from nodes.blueprint.reader.draft import Draft, RecordDraft, ReportDraft, RuleDraft, is_role_noun, noun_of, stated
from nodes.blueprint.reader.lexicon import VERBS, VerbKind
from nodes.blueprint.reader.life import actors_of
from nodes.blueprint.reader.naming import plural, sentence_case, singular
from nodes.blueprint.reader.phrases import Clause, Phrase
from nodes.blueprint.reader.records import REPORT_NOUNS

_STARTS = ("start", "begin", "from", "check-in", "pick-up", "opens", "opened", "borrowed", "issue", "departure", "hire")
_ENDS = ("end", "finish", "until", "check-out", "drop-off", "closes", "due", "return", "arrival", "to")
_DATES = {FieldType.date, FieldType.datetime, FieldType.time}


def read_rules(draft: Draft) -> None:
    """Rules that follow from what is kept."""
    for record in draft.records.values():
        span = span_of(record)
        if span is not None:
            _rulespan_of(record, span, draft)
        if record.noun in {"vote", "rating", "rsvp"} or (
            record.associated
            and not record.timed
            and record.noun in {"booking", "reservation", "enrollment", "enrolment", "application", "membership", "sign-up"}
        ):
            _rule_once(record, draft)
        _rules_same_parent(record, draft)
        for key, field in record.fields.items():
            if field.type is FieldType.money and key.split(" ")[-1] in {"amount", "cost", "donation", "payment"}:
                draft.rules.append(RuleDraft("positive", record.noun, (key,), f"{field.label} must be greater than zero.", field.source))


def span_of(record: RecordDraft) -> tuple[str, str] | None:
    """The first pair of dates of one type of which one is called a start and the other an end."""
    dates = [(key, field.type) for key, field in record.fields.items() if field.type in _DATES]
    starts = [(key, type_) for key, type_ in dates if key.startswith(_STARTS)]
    ends = [(key, type_) for key, type_ in dates if key.startswith(_ENDS)]
    pairs = ((start, end) for start, type_ in starts for end, end_type in ends if end != start and end_type is type_)
    return next(pairs, None)


def _rulespan_of(record: RecordDraft, span: tuple[str, str], draft: Draft) -> None:
    start, end = (record.fields[key] for key in span)
    draft.rules.append(RuleDraft("ordered", record.noun, span, f"{end.label} must be after {start.label.lower()}.", INFERRED))
    if not (record.timed and (record.associated or record.noun.endswith(" request"))):
        return
    for relation in record.relations.values():
        target = draft.records.get(relation.target)
        if (
            target is not None
            and not target.associated
            and relation.required
            and target.noun not in {"service", "book", "member", "customer", "treatment"}
        ):
            message = f"This {target.noun} is already taken at that time."
            draft.rules.append(RuleDraft("no_overlap", record.noun, span, message, relation.source, per=_key(record, relation.target)))


def _key(record: RecordDraft, target: str) -> str:
    return next(key for key, relation in record.relations.items() if relation.target == target)


def _rule_once(record: RecordDraft, draft: Draft) -> None:
    """One vote per person and poll: the widest thing voted on, not the single option."""
    targets = [key for key, relation in record.relations.items() if relation.target in draft.records and relation.required]
    if not targets:
        return
    whole = next(
        (
            key
            for key in targets
            for other in targets
            if record.relations[key].target in draft.records[record.relations[other].target].relations
        ),
        targets[0],
    )
    article = "an" if record.noun[0] in "aeiou" else "a"
    message = f"You already have {article} {record.noun} for this {record.relations[whole].target}."
    draft.rules.append(RuleDraft("unique_together", record.noun, (whole, "created_by"), message, INFERRED))


def _rules_same_parent(record: RecordDraft, draft: Draft) -> None:
    """A vote refers to an option and to a poll, and an option belongs to a poll: they have to be the same."""
    for part_key, part in record.relations.items():
        for whole_key, whole in record.relations.items():
            if part.kind is whole.kind is RelationKind.many_to_one and _belongs(part.target, whole.target, draft):
                message = f"This {part.target} belongs to another {whole.target}."
                draft.rules.append(RuleDraft("same_parent", record.noun, (part_key, whole_key), message, INFERRED))


def _belongs(part: str, whole: str, draft: Draft) -> bool:
    """Whether every `part` is of exactly one `whole`. People are not: a customer's order need not go to their own advisor."""
    if part not in draft.records or part == whole or is_role_noun(part):
        return False
    wholes = [relation for relation in draft.records[part].relations.values() if relation.target == whole]
    return len(wholes) == 1 and wholes[0].required and wholes[0].kind is RelationKind.many_to_one


def read_reports(clauses: list[Clause], draft: Draft) -> None:
    """Figures: results of a poll, totals per group, number of tickets per priority, charts per day."""
    for clause in clauses:
        kinds = VERBS.get(clause.verb, frozenset())
        if not kinds & {VerbKind.read, VerbKind.report, VerbKind.build} and clause.verb not in {
            "generate",
            "report",
            "get",
            "calculate",
            "",
        }:
            continue
        phrases = (*clause.objects, *clause.after("of"))
        wanted = [phrase for phrase in phrases if _is_figure(phrase)]
        wanted += [
            phrase
            for phrase in clause.objects
            if phrase not in wanted
            and (
                (clause.after("per") and clause.verb in {"want", "need", "see", "view", "show", "display", "generate"})
                or (clause.after("per", "by") and clause.verb in _COUNTING)
            )
        ]
        if (
            any(phrase.head in {"score", "rank", "leaderboard"} for phrase in (*clause.objects, *clause.after("on")))
            and "answer" in draft.records
            and all(recipe.kind is not RecipeKind.quiz for recipe in draft.recipes)
        ):
            draft.ask(
                "scoring",
                "How are answers scored?",
                "They are not: answers are kept, and an administrator reads them. Scoring and a leaderboard take a model.",
            )
        for phrase in wanted:
            kept_itself = phrase.head in draft.records and not phrase.of and phrase.modifiers[:1] not in {("total",), ("average",)}
            if kept_itself and not clause.after("per", "by"):
                continue
            _report(phrase, clause, draft)


_COUNTING = frozenset("report chart calculate compute count sum total summarise summarize plot analyse analyze".split())


def _is_figure(phrase: Phrase) -> bool:
    return phrase.head in REPORT_NOUNS or phrase.modifiers[:1] in {("total",), ("average",)}


def _report(phrase: Phrase, clause: Clause, draft: Draft) -> None:
    grouping = clause.after("per", "by")
    record, measure = _subject(phrase, draft, draft.find(grouping[0]) if grouping else None)
    if record is None and grouping and phrase.head in _MONEY_WORDS:  # `totals per purpose`: of what has a purpose
        record = next((entry for entry in draft.records.values() if _money_of(entry) and _has(entry, grouping[0])), None)
        measure = _money_of(record) if record else None
    if record is None:
        return
    whole = draft.find(grouping[0]) if grouping else None
    if whole is not None and all(relation.target != whole.noun for relation in record.relations.values()):
        record = next(
            (entry for entry in draft.records.values() if any(relation.target == whole.noun for relation in entry.relations.values())),
            record,
        )
        measure = measure if measure in record.fields else None
    group = _group(record, grouping[0] if grouping else None, draft)
    if group is None:
        return
    wanted_by = tuple(actors_of(clause, draft))
    shown = record.fields[measure].label if measure else sentence_case(plural(record.noun))
    label = f"{shown} by {group}" if measure else f"{shown} per {group}" if record.noun != "vote" else "Voting results"
    if all((known.record, known.group_by, known.measure) != (record.noun, group, measure) for known in draft.reports):
        draft.reports.append(ReportDraft(label, record.noun, group, stated(clause.quote), measure, wanted_by))


def _subject(phrase: Phrase, draft: Draft, whole: RecordDraft | None) -> tuple[RecordDraft | None, str | None]:
    """The record a figure counts, and the field it sums; what refers to the `whole` it is grouped by comes first."""
    inner = phrase.of
    words = [*(inner.words if inner else ()), *phrase.words]
    parts = [
        record for record in draft.records.values() if any(whole and entry.target == whole.noun for entry in record.relations.values())
    ]
    for record in [*parts, *(record for record in draft.records.values() if record not in parts)]:
        for key, field in record.fields.items():
            if (
                field.type in {FieldType.money, FieldType.integer, FieldType.decimal}
                and any(word == key or word in map(singular, key.split()) for word in words)
                and phrase.head not in {"number", "count", "result"}
            ):
                return record, key
    found = (
        (draft.find(inner) if inner else None)
        or draft.find_noun(noun_of(phrase))
        or next((hit for word in words if (hit := draft.find_noun(word))), None)
    )
    if phrase.head in {"score", "rank", "leaderboard"}:
        return None, None
    if found is None and phrase.head in _MONEY_WORDS:
        paying = [record for record in draft.records.values() if _money_of(record)]
        found = paying[0] if len(paying) == 1 else None
        return found, _money_of(found) if found else None
    if found is None and phrase.head in {"result", "statistic", "analysis", "report"} | set(words):
        voted = draft.records.get("vote")
        found = voted if voted and "result" in words else _busiest(draft)
    if found is None:
        return None, None
    if "vote" in draft.records and "result" in words:
        return draft.records["vote"], None
    sums = "total" in words or "financial" in words or "sum" in words
    money = next((key for key, field in found.fields.items() if field.type is FieldType.money), None) if sums else None
    return found, money


def _has(record: RecordDraft, group: Phrase) -> bool:
    return any(group.head in key.split() for key in (*record.fields, *record.relations))


_MONEY_WORDS = frozenset("taking takings expense cost spending revenue income turnover sale money payment earning total".split())
"""What people call the sum of the only money there is."""


def _money_of(record: RecordDraft) -> str | None:
    return next((key for key, field in record.fields.items() if field.type is FieldType.money), None)


def _busiest(draft: Draft) -> RecordDraft | None:
    """For a report about nothing in particular: the record with a life or with money."""
    ranked = [
        record
        for record in draft.records.values()
        if record.steps or record.states or any(field.type is FieldType.money for field in record.fields.values())
    ]
    return ranked[-1] if ranked else next(iter(draft.records.values()), None)


def _group(record: RecordDraft, wanted: Phrase | None, draft: Draft) -> str | None:
    if wanted is not None:
        if wanted.head in {"day", "month", "week", "year"}:
            return next((key for key, field in record.fields.items() if field.type in {FieldType.date, FieldType.datetime}), "created_at")
        target = draft.find(wanted)
        for key, entry in record.relations.items():
            if target is not None and entry.target == target.noun:
                return key
        if wanted.head in {"status", "state"} and (record.steps or record.states):
            return "state"
        for key in record.fields:
            if wanted.head in key.split():
                return key
    if record.noun == "vote":
        return next((key for key in record.relations if key != "poll"), next(iter(record.relations), None))
    if record.steps or record.states:
        return "state"
    choice = next((key for key, field in record.fields.items() if field.type is FieldType.choice), None)
    reference = next((key for key, entry in record.relations.items() if entry.target != ACCOUNT), None)
    date = next((key for key, field in record.fields.items() if field.type in {FieldType.date, FieldType.datetime}), None)
    return choice or reference or date
