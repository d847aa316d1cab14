"""Feedback on an existing specification, sentence by sentence: what was understood is changed, the rest becomes a question."""

import re
from collections.abc import Callable

from nodes.artifacts import (
    ACCOUNT,
    INFERRED,
    Action,
    AppSpec,
    FieldSpec,
    OpenQuestion,
    Permission,
    Provenance,
    RecordSpec,
    Relation,
    RelationKind,
    RoleSpec,
    Scope,
    Transition,
    Workflow,
    WorkflowState,
)
from nodes.blueprint.reader.draft import is_role_noun, noun_of, stated
from nodes.blueprint.reader.lexicon import ADMINISTRATORS, ASSOCIATIONS, QUANTITIES, STEPS, VERBS, VerbKind
from nodes.blueprint.reader.naming import RESERVED_FIELDS, identifier, plural, sentence_case, singular, slug, unique
from nodes.blueprint.reader.phrases import Clause, Phrase, clauses_of
from nodes.blueprint.reader.recipe_changes import changed_recipes, recipes_without
from nodes.blueprint.reader.renaming import asks_for_words, find_record, renamed_in_words
from nodes.blueprint.reader.tagging import Sentence, sentences_of
from nodes.blueprint.reader.values import value_of

_ACTIONS = {VerbKind.create: Action.create, VerbKind.update: Action.update, VerbKind.delete: Action.delete, VerbKind.read: Action.read}
_REMOVE = re.compile(
    r"^(?:please\s+)?(?:remove|drop|delete|leave out|get rid of|no)\s+"
    r"(?:the\s+|all\s+)?(.+?)(?:\s+(?:from|of|on)\s+(?:the\s+|each\s+|a\s+)?(.+))?$",
    re.IGNORECASE,
)


def apply_feedback(previous: AppSpec, feedback: str, read_new: Callable[[str], AppSpec | None]) -> AppSpec:
    """`previous` with the changes that `feedback` asks for. `read_new` reads a sentence about new records, or gives None."""
    spec = previous
    for number, sentence in enumerate(sentences_of(feedback), 1):
        changed = _changed(spec, sentence)
        if changed is None and not asks_for_words(sentence.text):
            new = read_new(sentence.text)
            changed = _merged(spec, new) if new is not None else None
        spec = changed if changed is not None and changed != spec else _asked(spec, sentence, number)
    return spec


def _asked(spec: AppSpec, sentence: Sentence, number: int) -> AppSpec:
    question = OpenQuestion(
        name=f"feedback_{len(spec.open_questions) + number}",
        question=f"The built-in builder did not understand “{sentence.text}”. Can it be said as “customers also have an address”?",
        default="Nothing was changed for this sentence.",
    )
    return spec.model_copy(update={"open_questions": (*spec.open_questions, question)})


def _changed(spec: AppSpec, sentence: Sentence) -> AppSpec | None:
    if (renamed := renamed_in_words(spec, sentence.text)) is not None:
        return renamed
    if (changed := changed_recipes(spec, sentence.text)) is not None:
        return changed
    if match := _REMOVE.match(sentence.text):
        return _removed(spec, match.group(1), match.group(2))
    changed = None
    for clause in clauses_of(sentence):
        changed = _by_clause(changed or spec, clause) or changed
    return changed


def _record_of(spec: AppSpec, phrase: Phrase) -> RecordSpec | None:
    return find_record(spec, noun_of(phrase)) or find_record(spec, phrase.head)


def _by_clause(spec: AppSpec, clause: Clause) -> AppSpec | None:
    kinds = VERBS.get(clause.verb, frozenset())
    if clause.verb in {"have", "include", "need", "contain"} and not clause.negated:
        owners = [record for record in (_record_of(spec, phrase) for phrase in clause.subjects) if record is not None]
        counted = [phrase for phrase in clause.objects if phrase.many and phrase.determiner in QUANTITIES and not _record_of(spec, phrase)]
        for owner in owners:
            for phrase in counted:
                spec = _with_several(spec, spec.record(owner.name), phrase, clause.quote)
        rest = tuple(phrase for phrase in clause.objects if phrase not in counted)
        return (_with_parts(spec, owners, rest, clause.quote) or spec) if owners else None
    peopled = spec if clause.negated else _with_roles(spec, clause)
    if clause.verb in STEPS and clause.subjects and (changed := _with_step(peopled, clause)):
        return changed
    if kinds & {VerbKind.keep, VerbKind.create, VerbKind.update} and (changed := _with_stored(spec, clause)):
        return changed
    changed = _with_rights(peopled, clause)
    return changed if changed != peopled else None


def _with_several(spec: AppSpec, owner: RecordSpec, phrase: Phrase, quote: str) -> AppSpec:
    """`customers may have several addresses`: each becomes a record of its own, and takes over the one there was."""
    name = identifier(phrase.name, fallback="item", suffix="record")
    known = next((field for field in owner.fields if field.name == name), None)
    if any(record.name == name for record in spec.records) or (known and len(owner.fields) == 1):
        return spec
    value = value_of(phrase.words, counted=False, choices=phrase.inside)
    field = FieldSpec(
        name=name, label=sentence_case(phrase.name), type=known.type if known else value.type, required=True, source=stated(quote)
    )
    made = RecordSpec(
        name=name,
        plural=slug(plural(phrase.name)),
        label=sentence_case(phrase.name),
        plural_label=sentence_case(plural(phrase.name)),
        fields=(field,),
        relations=(Relation(name=owner.name, label=owner.label, target=owner.name, required=True, source=stated(quote)),),
        title_field=name,
        source=stated(quote),
    )
    rights = tuple(
        entry.model_copy(update={"record": name, "source": INFERRED}) for entry in spec.permissions if entry.record == owner.name
    )
    changed = _without_parts(spec, owner, {name}) if known else spec
    return changed.model_copy(update={"records": (*changed.records, made), "permissions": (*changed.permissions, *rights)})


def _with_roles(spec: AppSpec, clause: Clause) -> AppSpec:
    """`Let dispatchers cancel a booking`: whoever is given something to do with a known record is a role."""
    if not any(_record_of(spec, phrase) for phrase in clause.objects):
        return spec
    nouns = [noun_of(phrase) for phrase in clause.subjects if is_role_noun(noun_of(phrase)) and not _roles_of(spec, (phrase,))]
    taken = {role.name for role in spec.roles}
    new = [
        RoleSpec(
            name=unique(identifier(noun, fallback="role", suffix="role"), taken), label=sentence_case(noun), source=stated(clause.quote)
        )
        for noun in dict.fromkeys(nouns)
    ]
    return spec.model_copy(update={"roles": (*new, *spec.roles)})


def _with_stored(spec: AppSpec, clause: Clause) -> AppSpec | None:
    """`also store the customer's address`, `add a phone number to customers`."""
    changed = spec
    for phrase in clause.objects:
        named = find_record(spec, phrase.owner) if phrase.owner else None
        owners = (
            [named]
            if named
            else [record for record in (_record_of(spec, entry) for entry in clause.after("to", "for", "of", "on", "in")) if record]
        )
        owners = owners or [record for record in ([_record_of(spec, phrase.of)] if phrase.of else []) if record]
        changed = _with_parts(changed, owners, (phrase,), clause.quote) or changed
    return changed if changed != spec else None


def _with_parts(spec: AppSpec, owners: list[RecordSpec], phrases: tuple[Phrase, ...], quote: str) -> AppSpec | None:
    changed = spec
    for owner in owners:
        for phrase in phrases:
            current = changed.record(owner.name)
            added = _part(changed, current, phrase, quote)
            if added is not None:
                changed = _replaced(changed, added)
    return changed if changed != spec else None


def _part(spec: AppSpec, owner: RecordSpec, phrase: Phrase, quote: str) -> RecordSpec | None:
    target = find_record(spec, noun_of(phrase))
    taken = {field.name for field in owner.fields} | {relation.name for relation in owner.relations}
    if target is not None and target.name != owner.name:
        kind = RelationKind.many_to_many if phrase.many else RelationKind.many_to_one
        relation = Relation(
            name=target.plural if phrase.many else target.name,
            label=sentence_case(phrase.name),
            target=target.name,
            kind=kind,
            source=stated(quote),
        )
        return owner.model_copy(update={"relations": (*owner.relations, relation)}) if relation.name not in taken else None
    counted = phrase.of is not None and phrase.of.many
    text = (
        " ".join(phrase.words) if phrase.of is None else f"{phrase.name} of {plural(phrase.of.name) if phrase.of.many else phrase.of.name}"
    )
    value = value_of(phrase.words, counted=counted, choices=phrase.inside)
    name = identifier(text, fallback="field", suffix="field", reserved=RESERVED_FIELDS)
    field = FieldSpec(
        name=name,
        label=sentence_case(text),
        type=value.type,
        choices=value.choices,
        minimum=value.minimum,
        maximum=value.maximum,
        source=stated(quote),
    )
    return owner.model_copy(update={"fields": (*owner.fields, field)}) if name not in taken else None


def _replaced(spec: AppSpec, record: RecordSpec) -> AppSpec:
    return spec.model_copy(update={"records": tuple(record if entry.name == record.name else entry for entry in spec.records)})


def _roles_of(spec: AppSpec, phrases: tuple[Phrase, ...]) -> list[str]:
    found = []
    for phrase in phrases:
        noun = noun_of(phrase)
        found += [
            role.name
            for role in spec.roles
            if noun in {role.label.lower(), role.name.replace("_", " ")} or (role.administers and noun in ADMINISTRATORS)
        ]
    return found


def _with_step(spec: AppSpec, clause: Clause) -> AppSpec | None:
    """`let managers cancel a booking`: the step is added if it is new, and the role may take it and see the record."""
    roles = _roles_of(spec, clause.subjects)
    record = next((found for found in (_record_of(spec, phrase) for phrase in clause.objects) if found is not None), None)
    if record is None or not roles:
        return None
    workflow = _stepped(record.workflow or _first_workflow(record), clause, roles)
    if workflow is None:
        return None
    changed = _replaced(spec, record.model_copy(update={"workflow": workflow}))
    for role in roles if not clause.negated else ():
        if not any((entry.role, entry.record, entry.action) == (role, record.name, Action.read) for entry in changed.permissions):
            changed = _granted(changed, role, record.name, Action.read, Scope.all, clause.quote)
    return changed


def _first_workflow(record: RecordSpec) -> Workflow:
    """A life for a record that had none: it begins where such acts begin, else as `new`."""
    initial = next((act.state for act in ASSOCIATIONS.values() if act.state and slug(act.noun) == record.name), "new")
    return Workflow(states=(_state(initial),), initial=initial, transitions=())


def _state(name: str) -> WorkflowState:
    return WorkflowState(name=name, label=sentence_case(name.replace("_", " ")))


def _stepped(known: Workflow, clause: Clause, roles: list[str]) -> Workflow | None:
    """The workflow with `roles` taking the step of the clause, or no longer; None if there is no such step to take away."""
    step = STEPS[clause.verb]
    same = next((entry for entry in known.transitions if entry.to_state == step.state or entry.name == slug(clause.verb)), None)
    if same is None:
        return None if clause.negated else _with_new_step(known, clause, roles)
    kept = [role for role in same.roles if not (clause.negated and role in roles)]
    taken = tuple(dict.fromkeys(kept if clause.negated else [*kept, *roles]))
    transitions = (entry.model_copy(update={"roles": taken}) if entry is same else entry for entry in known.transitions)
    return known.model_copy(update={"transitions": tuple(entry for entry in transitions if taken or entry.name != same.name)})


def _with_new_step(known: Workflow, clause: Clause, roles: list[str]) -> Workflow:
    step = STEPS[clause.verb]
    ends = {entry.to_state for entry in known.transitions} - {state for entry in known.transitions for state in entry.from_states}
    sources = tuple(state.name for state in known.states if (state.name not in ends or len(known.states) == 1) and state.name != step.state)
    new = Transition(
        name=identifier(clause.verb, fallback="step", suffix="step"),
        label=sentence_case(clause.verb),
        from_states=sources,
        to_state=step.state,
        roles=tuple(roles),
        source=stated(clause.quote),
    )
    added = () if any(state.name == step.state for state in known.states) else (_state(step.state),)
    return known.model_copy(update={"states": (*known.states, *added), "transitions": (*known.transitions, new)})


def _with_rights(spec: AppSpec, clause: Clause) -> AppSpec | None:
    kinds = VERBS.get(clause.verb, frozenset())
    actions = set(Action) if VerbKind.manage in kinds else {action for kind, action in _ACTIONS.items() if kind in kinds}
    roles = _roles_of(spec, clause.subjects)
    records = [record for record in (_record_of(spec, phrase) for phrase in clause.objects) if record is not None]
    own = any(word in phrase.text.lower().split() for phrase in clause.objects for word in ("their", "own"))
    changed = spec
    for role in roles:
        for record in records:
            for action in [entry for entry in Action if entry in actions]:
                if clause.negated:
                    kept = tuple(
                        entry for entry in changed.permissions if (entry.role, entry.record, entry.action) != (role, record.name, action)
                    )
                    changed = changed.model_copy(update={"permissions": kept})
                else:
                    changed = _granted(changed, role, record.name, action, Scope.own if own else Scope.all, clause.quote)
    return changed if changed != spec else None


def _granted(spec: AppSpec, role: str, record: str, action: Action, scope: Scope, quote: str) -> AppSpec:
    """The right added; a right over all records is never narrowed by the way."""
    same = [entry for entry in spec.permissions if (entry.role, entry.record, entry.action) == (role, record, action)]
    if any(entry.scope is Scope.all for entry in same):
        return spec
    new = Permission(role=role, record=record, action=action, scope=scope, source=stated(quote))
    return spec.model_copy(update={"permissions": (*(entry for entry in spec.permissions if entry not in same), new)})


def _removed(spec: AppSpec, what: str, where: str | None) -> AppSpec | None:
    """`remove tags`, `remove the age from customers`; what still refers to it goes too."""
    record = find_record(spec, what)
    if record is not None and not where and len(spec.records) > 1:
        return without_record(spec, record.name)
    owners = [found for found in ([find_record(spec, where)] if where else list(spec.records)) if found is not None]
    wanted = slug(re.sub(r"\s+(field|column|date)?s?$", "", what)), slug(what), slug(singular(what))
    changed = spec
    for owner in owners:
        parts = [(entry.name, entry.label) for entry in owner.fields] + [(entry.name, entry.label) for entry in owner.relations]
        named = {name for name, label in parts if name in wanted or slug(label) in wanted}
        if named and len(owner.fields) > 1:
            changed = _without_parts(changed, changed.record(owner.name), named)
    return changed if changed != spec else None


def _without_parts(spec: AppSpec, record: RecordSpec, names: set[str]) -> AppSpec:
    fields = tuple(field for field in record.fields if field.name not in names)
    relations = tuple(relation for relation in record.relations if relation.name not in names)
    title = record.title_field if record.title_field not in names else (fields[0].name if fields else relations[0].name)
    changed = _replaced(spec, record.model_copy(update={"fields": fields, "relations": relations, "title_field": title}))
    rules = tuple(rule for rule in spec.rules if rule.record != record.name or not names & {*rule.fields, rule.per or ""})
    reports = tuple(
        report for report in spec.reports if report.record != record.name or not names & {report.group_by, report.measure or ""}
    )
    recipes = recipes_without(spec, record.name, frozenset(names))
    return changed.model_copy(update={"rules": rules, "reports": reports, "recipes": recipes})


def without_record(spec: AppSpec, name: str) -> AppSpec:
    """The specification without a record and everything that speaks of it."""
    changed = spec.model_copy(
        update={
            "records": tuple(record for record in spec.records if record.name != name),
            "permissions": tuple(entry for entry in spec.permissions if entry.record != name),
            "rules": tuple(rule for rule in spec.rules if rule.record != name),
            "reports": tuple(report for report in spec.reports if report.record != name),
            "recipes": recipes_without(spec, name),
        }
    )
    for record in changed.records:
        gone = {relation.name for relation in record.relations if relation.target == name}
        if gone and len(record.fields) + len(record.relations) > len(gone):
            changed = _without_parts(changed, changed.record(record.name), gone)
    return changed


def _merged(spec: AppSpec, new: AppSpec) -> AppSpec | None:
    """The records of `new` that `spec` lacks, with those permissions and rules that concern them."""
    known = {record.name for record in spec.records}
    for record in [entry for entry in new.records if entry.name not in known and not _is_meant(entry, new)]:
        new = without_record(new, record.name)
    within = known | {record.name for record in new.records} | {ACCOUNT}
    added = [record for record in new.records if record.name not in known and {entry.target for entry in record.relations} <= within]
    if not added:
        return None
    names = {record.name for record in added}
    reachable = known | names | {ACCOUNT}
    administrator = next(role.name for role in spec.roles if role.administers)
    fresh = [
        role for role in new.roles if role.name not in {entry.name for entry in spec.roles} and not role.administers and role.source.quote
    ]
    roles = {role.name: role.name for role in (*spec.roles, *fresh)}
    permissions: dict[tuple[str, str, Action], Permission] = {}
    for entry in new.permissions:
        if entry.record in names:
            role = roles.get(entry.role, administrator)
            permissions.setdefault((role, entry.record, entry.action), entry.model_copy(update={"role": role}))
    records = [_settled(record, reachable, roles, administrator) for record in added]
    return spec.model_copy(
        update={
            "records": (*spec.records, *records),
            "roles": (*fresh, *spec.roles),
            "permissions": (*spec.permissions, *permissions.values()),
            "rules": (
                *spec.rules,
                *(rule for rule in new.rules if rule.record in names and rule.name not in {entry.name for entry in spec.rules}),
            ),
        }
    )


def _is_meant(record: RecordSpec, new: AppSpec) -> bool:
    """Whether a sentence says something about the record: a part of it, or what somebody does with it."""
    sources = [field.source for field in record.fields] + [relation.source for relation in record.relations]
    sources += [entry.source for entry in new.permissions if entry.record == record.name]
    return any(source.provenance is Provenance.stated for source in sources)


def _settled(record: RecordSpec, reachable: set[str], roles: dict[str, str], administrator: str) -> RecordSpec:
    """A new record without references to what the app lacks, its steps taken by roles the app has."""
    changes: dict[str, object] = {"relations": tuple(entry for entry in record.relations if entry.target in reachable)}
    if record.workflow is not None:
        steps = tuple(
            step.model_copy(update={"roles": tuple(dict.fromkeys(roles.get(role, administrator) for role in step.roles))})
            for step in record.workflow.transitions
        )
        changes["workflow"] = record.workflow.model_copy(update={"transitions": steps})
    return record.model_copy(update=changes)
