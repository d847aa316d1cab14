"""Draft → `AppSpec`: names, default fields, workflows, permissions. Whatever was read, the result is consistent."""

from nodes.artifacts import (
    ACCOUNT,
    GUESSED,
    Action,
    AppSpec,
    FieldSpec,
    FieldType,
    OpenQuestion,
    Permission,
    RecipeSpec,
    RecordSpec,
    Relation,
    RelationKind,
    ReportSpec,
    RoleSpec,
    RuleKind,
    RuleSpec,
    Scope,
    Transition,
    UnmetPreference,
    Workflow,
    WorkflowState,
)
from nodes.blueprint.reader import trades
from nodes.blueprint.reader.access import ADMINISTRATOR, Grant, grants_of
from nodes.blueprint.reader.draft import Draft, FieldDraft, RecipeDraft, RecordDraft, StepDraft
from nodes.blueprint.reader.lexicon import PUBLIC_ROLES, STEPS
from nodes.blueprint.reader.naming import RESERVED, RESERVED_FIELDS, RESERVED_PLURALS, identifier, plural, sentence_case, slug, unique
from nodes.blueprint.reader.values import value_of

TITLES = ("title", "name", "subject", "label", "number", "question", "address", "text", "food", "original url", "description", "content")


class _Names:
    """The identifiers given to nouns, so that every part of the specification uses the same."""

    def __init__(self, draft: Draft) -> None:
        self.records: dict[str, tuple[str, str]] = {}
        self.roles: dict[str, str] = {}
        self.fields: dict[tuple[str, str], str] = {}
        self.moving: dict[str, bool] = {}
        taken: set[str] = set()
        taken_plurals: set[str] = set()
        for noun in draft.records:
            self.records[noun] = _record_names(noun, taken, taken_plurals)
        taken_roles: set[str] = set()
        for noun in draft.roles:
            self.roles[noun] = unique(identifier(noun, fallback="role", suffix="role", reserved=frozenset({"account"})), taken_roles)

    def field(self, record: str, key: str) -> str:
        """The identifier of a field or relation; the built-in names stay as they are."""
        return self.fields.get((record, key), key)

    def target(self, noun: str) -> str:
        """The identifier of a relation's target."""
        return ACCOUNT if noun == ACCOUNT else self.records[noun][0]


def _record_names(noun: str, taken: set[str], taken_plurals: set[str]) -> tuple[str, str]:
    name = identifier(noun, fallback="item", suffix="record")
    many = slug(plural(noun))
    if not many or many in RESERVED_PLURALS or not many[0].isalpha():
        name = name if name.endswith("_record") else f"{name}_record"
        many = f"{name}s"
    name = unique(name, taken)
    many = many if many != name else f"{name}_list"
    return name, unique(many, taken_plurals)


def spec_of(draft: Draft, unmet: tuple[UnmetPreference, ...]) -> AppSpec:
    """Build the specification; every cross-reference points to something that exists."""
    _relax_circles(draft)
    names = _Names(draft)
    for record in draft.records.values():
        complete_fields(record)
        _name_parts(record, names)
    records = [_record(record, names) for record in draft.records.values()]
    grants = grants_of(draft)
    return AppSpec(
        name=identifier(draft.title, fallback="app", suffix="app"),
        title=draft.title,
        summary=draft.summary,
        records=tuple(records),
        roles=tuple(_role(noun, draft, names, grants) for noun in _administrator_last(draft)),
        permissions=tuple(_permission(grant, names) for grant in grants),
        rules=tuple(_rules(draft, names)),
        reports=tuple(_reports(draft, names)),
        recipes=tuple(_recipe(recipe, names) for recipe in draft.recipes),
        non_goals=tuple(draft.non_goals),
        open_questions=tuple(
            OpenQuestion(name=slug(entry.name) or "question", question=entry.question, default=entry.default) for entry in draft.questions
        ),
        unmet_preferences=unmet,
    )


def _relax_circles(draft: Draft) -> None:
    """Two records that each require the other could never be created: the later reference becomes optional."""
    needed: dict[str, set[str]] = {noun: set() for noun in draft.records}
    for record in draft.records.values():
        for relation in record.relations.values():
            if not relation.required or relation.kind is RelationKind.many_to_many or relation.target not in needed:
                continue
            if record.noun == relation.target or _reaches(needed, relation.target, record.noun):
                relation.required = False
            else:
                needed[record.noun].add(relation.target)


def _reaches(needed: dict[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    waiting = {start}
    while waiting:
        seen |= waiting
        waiting = {target for noun in waiting for target in needed[noun]} - seen
    return goal in seen


def _administrator_last(draft: Draft) -> list[str]:
    return sorted(draft.roles, key=lambda noun: noun == ADMINISTRATOR)


def complete_fields(record: RecordDraft) -> None:
    """Add the usual fields of a known kind of record where the description names none, or not the one it goes by."""
    if record.bare:
        return
    edges = [field for key, field in record.fields.items() if key in {"start", "end"} and field.type is FieldType.text]
    for field in edges if len(edges) > 1 else ():
        field.type = FieldType.datetime  # a start alone may be a place
    kind = "enrollment" if record.noun in {"booking", "reservation"} and not record.timed else record.noun
    if record.associated and record.timed and not trades.is_known(kind.rsplit(" ", maxsplit=1)[-1]):
        kind = "booking"  # `the hire of a hall`
    usual = trades.usual_fields(kind)
    stated_fields = list(record.fields.values())
    if (
        not stated_fields
        or (record.associated and record.timed and not _has_date(record))
        or (len(stated_fields) == 1 and not _title_key(record))
        or all(field.type is FieldType.choice for field in stated_fields)
    ):
        for label, type_, choices, required in usual:
            _guess(record, label, type_, choices, required=required)
    plain = [
        key
        for key, field in record.fields.items()
        if field.type in {FieldType.text, FieldType.date} and key.split(" ")[-1] not in {"type", "category", "kind"}
    ]
    if not _title_key(record) and not record.associated and not plain:
        _guess(record, "title", None, (), required=True, first=True)
    if not record.fields and not record.relations:
        _guess(record, "notes", None, (), required=False)


def _has_date(record: RecordDraft) -> bool:
    return any(field.type in {FieldType.date, FieldType.datetime} for field in record.fields.values())


def _guess(
    record: RecordDraft, label: str, type_: FieldType | None, choices: tuple[str, ...], *, required: bool, first: bool = False
) -> None:
    key = label.lower()
    if key in record.fields or key in record.relations or any(key == known.split(" ")[-1] for known in record.fields):
        if key in record.fields and choices and record.fields[key].type is FieldType.text:
            record.fields[key].type, record.fields[key].choices = FieldType.choice, choices
        return
    value = value_of(tuple(key.split()), choices=choices)
    minimum = (
        value.minimum if type_ in {None, value.type} else (0 if type_ in {FieldType.integer, FieldType.money, FieldType.decimal} else None)
    )
    maximum = value.maximum if type_ in {None, value.type} else None
    field = FieldDraft(
        sentence_case(label),
        type_ or value.type,
        GUESSED,
        required,
        False,
        value.choices if choices or type_ is None else (),
        minimum,
        maximum,
    )
    record.fields = {key: field, **record.fields} if first else {**record.fields, key: field}


def _title_key(record: RecordDraft) -> str | None:
    for wanted in TITLES:
        for key in record.fields:
            if key == wanted or (key.split(" ")[-1] == wanted and record.fields[key].type is FieldType.text):
                return key
    return None


def _name_parts(record: RecordDraft, names: _Names) -> None:
    taken: set[str] = set()
    own = names.records[record.noun][0]
    for key in record.fields:
        name = identifier(key, fallback="field", suffix="field", reserved=RESERVED_FIELDS)
        if name.endswith("_field") and (slug(key) or "field") in RESERVED_FIELDS:
            name = f"{own}_{slug(key)}"[:44]
        names.fields[(record.noun, key)] = unique(name, taken)
    for key in record.relations:
        names.fields[(record.noun, key)] = _unused(identifier(key, fallback="related", suffix="link"), taken)


def _unused(name: str, taken: set[str]) -> str:
    """A relation's name, which also takes the name of the property that holds its number."""
    while f"{name}_id" in taken or f"{name}_ids" in taken:
        name = f"{name}_link"
    return unique(name, taken)


def _record(record: RecordDraft, names: _Names) -> RecordSpec:
    name, many = names.records[record.noun]
    workflow = _workflow(record, names)
    names.moving[record.noun] = workflow is not None
    fields = tuple(_field(key, field, record, names) for key, field in record.fields.items())
    relations = tuple(
        Relation(
            name=names.field(record.noun, key),
            label=relation.label,
            target=names.target(relation.target),
            kind=relation.kind,
            required=relation.required and relation.kind is RelationKind.many_to_one and relation.target != record.noun,
            source=relation.source,
        )
        for key, relation in record.relations.items()
    )
    title = _title_key(record) or next(iter(record.fields), None)
    if title is None:
        title_field = next((relation.name for relation in relations if relation.kind is RelationKind.many_to_one), relations[0].name)
    else:
        title_field = names.field(record.noun, title)
    return RecordSpec(
        name=name,
        plural=many,
        label=sentence_case(record.label or record.noun),
        plural_label=sentence_case(plural(record.label or record.noun)),
        fields=fields,
        relations=relations,
        workflow=workflow,
        title_field=title_field,
        source=record.source,
    )


def _field(key: str, field: FieldDraft, record: RecordDraft, names: _Names) -> FieldSpec:
    title = key == _title_key(record)
    required = field.required or title or (record.noun == "booking" and field.type is FieldType.datetime)
    return FieldSpec(
        name=names.field(record.noun, key),
        label=field.label,
        type=field.type,
        required=required and field.type is not FieldType.boolean,
        unique=field.unique or key in {"isbn", "sku", "vin", "plate number", "registration number", "short code"},
        choices=field.choices if field.type is FieldType.choice else (),
        minimum=field.minimum,
        maximum=field.maximum,
        source=field.source,
    )


def _workflow(record: RecordDraft, names: _Names) -> Workflow | None:
    steps = sorted(record.steps.values(), key=lambda step: step.rank)
    listed = [slug(state) for state in record.states if slug(state)]
    if not steps and len(listed) < 2:
        return None
    initial = record.initial if record.initial and (not listed or record.initial in listed) else (listed[0] if listed else "new")
    states = list(dict.fromkeys([initial, *(listed or []), *(step.state for step in steps)]))
    transitions = [_transition(step, steps, states, initial, record, names) for step in steps]
    transitions = [transition for transition in transitions if transition.from_states]
    unique_names: set[str] = set()
    transitions = [transition.model_copy(update={"name": unique(transition.name, unique_names)}) for transition in transitions]
    return Workflow(
        states=tuple(WorkflowState(name=state, label=sentence_case(state.replace("_", " "))) for state in states),
        initial=initial,
        transitions=tuple(transitions),
    )


def _transition(step: StepDraft, steps: list[StepDraft], states: list[str], initial: str, record: RecordDraft, names: _Names) -> Transition:
    listed = [slug(state) for state in record.states]
    order = {state: _rank(state, index, listed) for index, state in enumerate(states)} | {initial: -1.0}
    final = {known.state for known in steps if known.final} | {known.state for known in steps if known.refusal}
    again = step.final and any(known.verb == "reopen" for known in steps)  # what can be opened again is closed from any other state
    if step.verb == "reopen":
        sources = [state for state in states if state in final and state != step.state]
    elif again or step.verb in {"cancel", "withdraw"} or (step.refusal and step.rank > 4):
        sources = [state for state in states if state not in final and state != step.state]
    else:
        before = [state for state in states if order[state] < order[step.state] and state not in final] or [initial] * (
            initial != step.state
        )
        best = max((order[state] for state in before), default=None)
        sources = [state for state in before if order[state] == best] if not listed else before
    return Transition(
        name=identifier(step.verb, fallback="step", suffix=names.records[record.noun][0]),
        label=sentence_case(step.verb),
        from_states=tuple(sources),
        to_state=step.state,
        roles=tuple(names.roles[role] for role in step.roles if role in names.roles),
        source=step.source,
    )


def _rank(state: str, index: int, listed: list[str]) -> float:
    if state in listed:
        return float(listed.index(state))
    ranks = [step.rank for step in STEPS.values() if step.state == state]
    return float(ranks[0]) if ranks else 6.0 + index / 100


def _role(noun: str, draft: Draft, names: _Names, grants: list[Grant]) -> RoleSpec:
    role = draft.roles[noun]
    writes = [grant for grant in grants if grant.role == noun and grant.action in {Action.update, Action.delete}]
    personal = all(grant.scope is Scope.own for grant in writes)
    public = noun.rsplit(" ", maxsplit=1)[-1] in PUBLIC_ROLES
    return RoleSpec(
        name=names.roles[noun],
        label=sentence_case(noun),
        may_register=role.may_register
        if role.may_register is not None
        else public and personal and bool(grants) and role.source != GUESSED,
        administers=noun == ADMINISTRATOR,
        source=role.source,
    )


def _permission(grant: Grant, names: _Names) -> Permission:
    return Permission(
        role=names.roles[grant.role], record=names.records[grant.record][0], action=grant.action, scope=grant.scope, source=grant.source
    )


def _rules(draft: Draft, names: _Names) -> list[RuleSpec]:
    taken: set[str] = set()
    return [
        RuleSpec(
            name=unique(identifier(f"{names.records[rule.record][0]}_{rule.kind}", fallback="rule", suffix="rule"), taken),
            record=names.records[rule.record][0],
            kind=RuleKind(rule.kind),
            fields=tuple(names.field(rule.record, key) for key in rule.fields),
            per=names.field(rule.record, rule.per) if rule.per else None,
            message=rule.message,
            maximum=rule.maximum,
            period=rule.period,
            states=tuple(slug(state) for state in rule.states),
            source=rule.source,
        )
        for rule in draft.rules
    ]


def _recipe(recipe: RecipeDraft, names: _Names) -> RecipeSpec:
    return RecipeSpec(
        kind=recipe.kind,
        record=names.records[recipe.record][0] if recipe.record else None,
        records=tuple(names.records[noun][0] for noun in recipe.records),
        fields=tuple(names.field(noun, key) for noun, key in recipe.fields),
        source=recipe.source,
    )


def _reports(draft: Draft, names: _Names) -> list[ReportSpec]:
    taken: set[str] = set()
    return [
        ReportSpec(
            name=unique(identifier(report.label, fallback="report", suffix="report"), taken),
            label=report.label,
            record=names.records[report.record][0],
            group_by=names.field(report.record, report.group_by),
            measure=names.field(report.record, report.measure) if report.measure else None,
            source=report.source,
        )
        for report in draft.reports
        if report.group_by != "state" or names.moving[report.record]
    ]


__all__ = ["RESERVED", "complete_fields", "spec_of"]
