"""Who may do what: the least that makes the described job possible, and never more than was said for sensitive acts."""

from collections.abc import Sequence
from dataclasses import dataclass

from nodes.artifacts import GUESSED, INFERRED, Action, Scope, Source
from nodes.blueprint.reader import lexicon
from nodes.blueprint.reader.draft import Draft, RecordDraft, is_role_noun, noun_of, stated
from nodes.blueprint.reader.lexicon import VERBS, VerbKind
from nodes.blueprint.reader.life import actors_of
from nodes.blueprint.reader.phrases import Clause, Phrase
from nodes.blueprint.reader.records import is_act

ADMINISTRATOR = "administrator"
_ALL = (Action.read, Action.create, Action.update, Action.delete)
_BY_KIND = {
    VerbKind.create: (Action.create,),
    VerbKind.keep: (Action.create,),
    VerbKind.update: (Action.update,),
    VerbKind.delete: (Action.delete,),
    VerbKind.read: (Action.read,),
    VerbKind.manage: _ALL,
}
Table = dict[tuple[str, str, Action], tuple[Scope, Source]]
"""Role, record and action → scope and source."""

PARTIES = frozenset("customer client patient product supplier employee vendor company student book car vehicle room table service".split())
"""Records of the business, not of the person who typed them in."""


@dataclass(frozen=True)
class Grant:
    """One right of one role on one record, in the user's nouns."""

    role: str
    record: str
    action: Action
    scope: Scope
    source: Source


def read_grants(clauses: list[Clause], draft: Draft) -> None:
    """Note which role was said to do what with which record."""
    for clause in clauses:
        kinds = VERBS.get(clause.verb, frozenset())
        actors = actors_of(clause, draft)
        for sender in [noun_of(phrase) for phrase in clause.after("from") if noun_of(phrase) in draft.roles]:
            for record in filter(None, map(draft.find, clause.objects)):
                record.creators.setdefault(sender, stated(clause.quote))
        if clause.negated or not actors:
            continue
        phrases = clause.subjects if clause.passive else clause.objects
        if (
            VerbKind.keep in kinds and not is_act(clause) and not any(map(draft.find, phrases))
        ):  # "record steps for every call" fills in calls
            for whole in filter(None, map(draft.find, clause.after("for", "of"))):
                _note_all(whole, actors, (Action.read, Action.create, Action.update), Scope.all, stated(clause.quote))
        scope = Scope.own if _speaks_of_own(phrases) else Scope.all
        actions = {action for kind, granted in _BY_KIND.items() if kind in kinds for action in granted}
        for record in filter(None, map(draft.find, (*phrases, *clause.after("in", "on", "to")))):
            _note_all(record, actors, [action for action in _ALL if action in actions] or [Action.read], scope, stated(clause.quote))
            for actor in actors if Action.create in actions else ():
                record.creators.setdefault(actor, stated(clause.quote))


def _speaks_of_own(phrases: Sequence[Phrase]) -> bool:
    return any(word in phrase.text.lower().split() for phrase in phrases for word in ("their", "own", "his", "her"))


def _note_all(record: RecordDraft, roles: Sequence[str], actions: Sequence[Action], scope: Scope, source: Source) -> None:
    for role in roles:
        for action in actions:
            _note(record, role, action, scope, source)


def read_operations(clauses: list[Clause], draft: Draft) -> None:
    """`browse customers and perform the matching operations`: people work with everything they were said to see."""
    for clause in clauses:
        if not (
            clause.verb in {"perform", "do", "carry out"}
            and any(phrase.head in {"operation", "action", "task"} for phrase in clause.objects)
        ):
            continue
        for actor in actors_of(clause, draft):
            for record in draft.records.values():
                if (actor, Action.read) in record.grants:
                    for action in _ALL:
                        _note(record, actor, action, Scope.all, stated(clause.quote))


def _note(record: RecordDraft, role: str, action: Action, scope: Scope, source: Source) -> None:
    known = record.grants.get((role, action))
    if known is None or (known[0] is Scope.own and scope is Scope.all and action is Action.read):
        record.grants[(role, action)] = (scope, source)


def grants_of(draft: Draft) -> list[Grant]:
    """Every permission, in the order of records, roles and actions."""
    if draft.everybody:
        return _without_roles(draft)
    table: Table = {}
    for record in draft.records.values():
        _grant_record(record, draft, table)
    _grant_administrator(draft, table)
    _grant_references(draft, table)
    _restrict(draft, table)
    return [Grant(role, record, action, *table[(role, record, action)]) for role, record, action in table]


def _restrict(draft: Draft, table: Table) -> None:
    """Take away what only others may do; who makes a record or moves it on still sees it, their own at least."""
    for (noun, action), allowed in draft.restricted.items():
        for role in [role for role in draft.roles if role not in allowed and (role, noun, action) in table]:
            scope, source = table.pop((role, noun, action))
            record = draft.records[noun]
            if action is Action.read and (role in record.creators or any(role in step.roles for step in record.steps.values())):
                table[(role, noun, action)] = (Scope.own if role in record.creators else scope, source)
        readers = [role for role in draft.roles if (role, noun, Action.read) in table]
        if not readers:
            table[(ADMINISTRATOR, noun, Action.read)] = (Scope.all, INFERRED)


def nobody_named(draft: Draft) -> bool:
    """Whether the description says of nobody what they do, so that everybody works with everything."""
    acting = {role for record in draft.records.values() for role in (*record.role_verbs(), *record.creators)}
    return not acting


def _without_roles(draft: Draft) -> list[Grant]:
    return [Grant(role, record, action, Scope.all, GUESSED) for record in draft.records for role in draft.roles for action in _ALL]


def _grant_record(record: RecordDraft, draft: Draft, table: Table) -> None:
    _grant_person(record, draft, table)
    house = [role for role in draft.roles if role != ADMINISTRATOR and not _is_public(role)]
    if len(house) == 1 and not record.role_verbs() and not record.creators:
        for action in _ALL:  # who else should keep it: the one role of the house
            table[(house[0], record.noun, action)] = (Scope.all, INFERRED)
    for role in draft.roles:
        if role != ADMINISTRATOR:
            _grant_stated(role, record, draft, table)
            if role in record.creators:
                _grant_creator(role, record, draft, table)
            _grant_reading(role, record, draft, table)


def _grant_person(record: RecordDraft, draft: Draft, table: Table) -> None:
    """Somebody who signs in and is kept as a record keeps their own."""
    if record.noun in draft.roles:
        table[(record.noun, record.noun, Action.create)] = (Scope.all, INFERRED)
        table[(record.noun, record.noun, Action.read)] = (Scope.own, INFERRED)
        table[(record.noun, record.noun, Action.update)] = (Scope.own, INFERRED)


def _grant_stated(role: str, record: RecordDraft, draft: Draft, table: Table) -> None:
    """What was said, narrowed to a person's own records where those are personal."""
    personal = is_personal(record, draft)
    for action in _ALL:
        if (role, action) not in record.grants:
            continue
        scope, source = record.grants[(role, action)]
        if action is Action.create:
            scope = Scope.all
        elif personal and role in record.creators:
            seen = action is Action.read and (is_published(record, draft) or _reviews(role, record))
            scope = Scope.all if seen else Scope.own
        elif action in {Action.update, Action.delete} and _is_public(role) and _others_manage(record, role, draft):
            scope = Scope.own
        table[(role, record.noun, action)] = (scope, source)


def _grant_reading(role: str, record: RecordDraft, draft: Draft, table: Table) -> None:
    """Who has to see a record without having been said to: those who offer what is booked, and those who move it on."""
    key = (role, record.noun, Action.read)
    if record.associated and not _is_public(role) and any(_keeps(role, relation.target, draft) for relation in record.relations.values()):
        table[key] = (Scope.all, INFERRED)
    if key not in table and any(role in step.roles for step in record.steps.values()):
        table[key] = (Scope.all, INFERRED)
    elif _reviews(role, record):
        table[key] = (Scope.all, table.get(key, (Scope.all, INFERRED))[1])


def _keeps(role: str, noun: str, draft: Draft) -> bool:
    """Whether a role enters the records that others book or borrow; it then has to see who has them."""
    return noun in draft.records and role in draft.records[noun].creators


def _grant_creator(role: str, record: RecordDraft, draft: Draft, table: Table) -> None:
    """Who creates also reads; what has a workflow or was cast is not changed afterwards, else a person mends what is theirs."""
    personal, open_to_read = is_personal(record, draft), is_published(record, draft)
    source = record.creators[role]
    table[(role, record.noun, Action.create)] = (Scope.all, source)
    reading = Scope.own if personal and not open_to_read and not _reviews(role, record) else Scope.all
    known = table.get((role, record.noun, Action.read))
    table[(role, record.noun, Action.read)] = (reading if known is None or personal else known[0], known[1] if known else source)
    if record.steps or record.states or record.noun == "vote":
        return
    scope = Scope.own if personal or (open_to_read and _is_public(role)) else Scope.all
    table.setdefault((role, record.noun, Action.update), (scope, INFERRED))
    table.setdefault((role, record.noun, Action.delete), (Scope.own, INFERRED))


def _reviews(role: str, record: RecordDraft) -> bool:
    """Whether a role moves records on that others made."""
    return any(role in step.roles for step in record.steps.values()) and role not in record.creators


def _is_public(role: str) -> bool:
    return role.rsplit(" ", maxsplit=1)[-1] in lexicon.PUBLIC_ROLES


def _others_manage(record: RecordDraft, role: str, draft: Draft) -> bool:
    return any(other != role and other in record.role_verbs() for other in draft.roles)


def is_personal(record: RecordDraft, draft: Draft) -> bool:
    """Whether each record belongs to the person who made it: acts, submissions, and what the public enters."""
    if record.associated:
        return True
    if not record.creators or (record.noun.split(" ")[-1] in PARTIES and not any(_is_public(role) for role in record.creators)):
        return False
    if any(_reviews(role, record) for role in draft.roles):
        return True
    return all(_is_public(role) for role in record.creators) and record.noun not in PARTIES


def is_published(record: RecordDraft, draft: Draft) -> bool:
    """Whether others are meant to read it: posts, offers, and everything another role browses."""
    if record.noun.split(" ")[-1] in lexicon.CONTENT_NOUNS:
        return True
    if record.noun in {report.record for report in draft.reports if report.wanted_by}:
        return record.noun == "vote"
    readers = {role for role, action in record.grants if action is Action.read and record.grants[(role, action)][0] is Scope.all}
    return bool(readers - set(record.creators)) and not record.associated and not record.steps


def _grant_administrator(draft: Draft, table: Table) -> None:
    """The administrator reads and clears up everything, and keeps what nobody else keeps."""
    for record in draft.records.values():
        kept_by_others = {action for role, noun, action in table if noun == record.noun and role != ADMINISTRATOR}
        wanted = {Action.read, Action.delete}
        if not record.associated:
            wanted |= {Action.update} if not record.steps else set()
            wanted |= {Action.create} if Action.create not in kept_by_others or not is_personal(record, draft) else set()
        elif Action.create not in kept_by_others:
            wanted |= {Action.create, Action.update}
        for action in _ALL:
            said = record.grants.get((ADMINISTRATOR, action))
            if said or action in wanted:
                table[(ADMINISTRATOR, record.noun, action)] = (Scope.all, said[1] if said else INFERRED)


def _grant_references(draft: Draft, table: Table) -> None:
    """Whoever fills in a reference has to see what can be chosen; who reads a record sees what it refers to."""
    for record in draft.records.values():
        for relation in record.relations.values():
            if relation.target not in draft.records or relation.target == record.noun:
                continue
            for role in draft.roles:
                writes = (role, record.noun, Action.create) in table or (role, record.noun, Action.update) in table
                sees_all = table.get((role, record.noun, Action.read), (Scope.own, INFERRED))[0] is Scope.all
                if (writes or sees_all) and (role, relation.target, Action.read) not in table:
                    table[(role, relation.target, Action.read)] = (Scope.all, INFERRED)
    for record in draft.records.values():  # parts are read with the whole: the options of a poll
        for relation in record.relations.values():
            for role in draft.roles:
                readable = table.get((role, relation.target, Action.read))
                if readable and not record.associated and not record.creators and not is_role_noun(relation.target):
                    table.setdefault((role, record.noun, Action.read), (readable[0], INFERRED))


def complete_roles(clauses: list[Clause], draft: Draft) -> None:
    """Exactly one administrator, and people to work with the records if the description names nobody."""
    if ADMINISTRATOR not in draft.roles:
        draft.role(ADMINISTRATOR, INFERRED)
    if set(draft.roles) == {ADMINISTRATOR} and not any(
        step.roles or record.creators for record in draft.records.values() for step in record.steps.values()
    ):
        named = any(phrase.head == "user" for clause in clauses for phrase in (*clause.subjects, *clause.objects))
        draft.role("user", INFERRED if named else GUESSED)


def merge_users(draft: Draft) -> None:
    """`Agents record …, users can create …`: beside roles of the house that decide nothing about them, users are those people."""
    house = [role for role in draft.roles if role not in {"user", ADMINISTRATOR} and not _is_public(role)]
    others = [role for role in draft.roles if role not in {"user", ADMINISTRATOR}]
    deciding = any(role in step.roles for record in draft.records.values() for step in record.steps.values() for role in others)
    acting = any(record.associated and "user" in record.creators for record in draft.records.values())
    if "user" not in draft.roles or not house or house != others or deciding or acting:
        return
    draft.roles.pop("user")
    for record in draft.records.values():
        source = record.creators.pop("user", None)
        for role in house:
            if source is not None:
                record.creators.setdefault(role, source)
            for action in _ALL:
                if ("user", action) in record.grants:
                    record.grants.setdefault((role, action), record.grants[("user", action)])
        record.grants = {key: value for key, value in record.grants.items() if key[0] != "user"}
        for step in record.steps.values():
            step.roles.pop("user", None)


__all__ = ["ADMINISTRATOR", "Grant", "complete_roles", "grants_of", "is_personal", "noun_of", "read_grants"]
