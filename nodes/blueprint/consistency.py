"""Whether a specification holds together: what any builder relies on, checked before anything is built from it."""

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator

from nodes.artifacts import (
    ACCOUNT,
    Action,
    AppSpec,
    FieldSpec,
    FieldType,
    RecordSpec,
    RelationKind,
    ReportSpec,
    RuleKind,
    RuleSpec,
    StackName,
    Workflow,
)
from nodes.blueprint import recipes
from nodes.completion import kept_by_recipes
from nodes.contract import class_name, operation_names, relation_property
from nodes.conventions import REPORT_ROWS
from nodes.program_spec import program_problems
from nodes.recipe_contract import recipe_operation_names, recipe_schemas
from nodes.stack import STACKS

LONGEST_NAME = 48
"""Of an `Identifier`, which every operation id of the API is."""

RESERVED_STEPS = frozenset({"create", "read", "update", "delete", "list"})
"""Steps whose endpoint would be taken for one of the operations every record has."""

BUILT_IN = frozenset({"id", "state", "created_at", "created_by", "created_by_id"})
"""What every record has by itself; a field of that name would hide it."""

_NUMBERS = {FieldType.integer, FieldType.decimal, FieldType.money}
_MOMENTS = {FieldType.date, FieldType.time, FieldType.datetime}
_FIELDS_OF_RULE = {
    RuleKind.ordered: (2, 2),
    RuleKind.no_overlap: (2, 2),
    RuleKind.unique_together: (1, 99),
    RuleKind.positive: (1, 1),
    RuleKind.same_parent: (2, 2),
    RuleKind.limit: (0, 1),
    RuleKind.custom: (0, 99),
}


def problems(spec: AppSpec) -> tuple[str, ...]:
    """Every contradiction in `spec`, as sentences that say what to correct; empty if it can be built."""
    if not STACKS[spec.stack].keeps_records:
        return program_problems(spec.features, spec.examples, spec.stack)
    return (
        *_unheld(spec),
        *_roles(spec),
        *_records(spec),
        *_required_cycles(spec),
        *_permissions(spec),
        *(problem for rule in spec.rules for problem in _rule(spec, rule)),
        *_filled_by_app(spec),
        *(problem for report in spec.reports for problem in _report(spec, report)),
        *_repeated("rule", (rule.name for rule in spec.rules)),
        *_repeated("report", (report.name for report in spec.reports)),
        *(problem for recipe in spec.recipes for problem in recipes.problems(spec, recipe)),
        *_endpoint_names(spec),
    )


def _unheld(spec: AppSpec) -> Iterator[str]:
    """Whether the stack holds what is asked for: a recipe is generated, and where engineers write everything nothing is."""
    stack = STACKS[spec.stack]
    for kind in dict.fromkeys(recipe.kind for recipe in spec.recipes) if stack.is_written_whole else ():
        yield f"{stack.label} has no {kind.replace('_', ' ')}: leave the recipe out, or build on {STACKS[StackName.python_web].label}."


def _endpoint_names(spec: AppSpec) -> Iterator[str]:
    """Whether everything the API can do has a name of its own that fits, see `nodes.contract`."""
    named = [(name, f"{record.name} or one of its steps") for record in spec.records for name in operation_names(record)]
    for record in spec.records:
        for step in (step.name for step in (record.workflow.transitions if record.workflow else ()) if step.name in RESERVED_STEPS):
            yield f"{record.name} has a step called {step}, which everything has anyway; give the step the name of what happens."
    named += [(f"report_{report.name}", f"the report {report.name}") for report in spec.reports]
    named += dict.fromkeys(
        (name, f"what {recipe.kind} concerns") for recipe in spec.recipes for name in recipe_operation_names(spec, recipe)
    )
    for name, part in named:
        if len(name) > LONGEST_NAME:
            yield f"The API would call something {name}, longer than {LONGEST_NAME} characters; shorten the name or plural of {part}."
    for name, count in Counter(name for name, _ in named).items():
        if count > 1:
            parts = " or ".join(dict.fromkeys(part for other, part in named if other == name))
            yield f"The API would call {count} things {name}; rename {parts}."
    yield from _body_names(spec)


def _body_names(spec: AppSpec) -> Iterator[str]:
    """Whether no record is called as a body of another, or of reports."""
    bodies = [(class_name(record.name) + suffix, record.name) for record in spec.records for suffix in ("", "Create", "Update", "Page")]
    bodies += [(REPORT_ROWS, "reports")] if spec.reports else []
    bodies += [(schema.name, kind.value) for kind in dict.fromkeys(entry.kind for entry in spec.recipes) for schema in recipe_schemas(kind)]
    for name, count in Counter(name for name, _ in bodies).items():
        if count > 1:
            clashing = " and ".join(part for other, part in bodies if other == name)
            yield f"{clashing} would both have a body called {name}; rename the record."


def _repeated(kind: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"The {kind} name {name} is used {count} times; names are unique."


def _roles(spec: AppSpec) -> Iterator[str]:
    yield from _repeated("role", (role.name for role in spec.roles))
    names = {role.name for role in spec.roles}
    for name in sorted(name for name in names if f"{name}2" in names):
        yield f"The second demo account of the role {name} would be the first of {name}2; rename one of the two."
    administering = [role.name for role in spec.roles if role.administers]
    if len(administering) != 1:
        yield f"Exactly one role administers accounts; here {len(administering)} do: {', '.join(administering) or 'none'}."


def _records(spec: AppSpec) -> Iterator[str]:
    if not spec.records:
        yield "The app keeps nothing: add at least one record."
    yield from _repeated("record", (record.name for record in spec.records))
    yield from _repeated("plural", (record.plural for record in spec.records))
    for record in spec.records:
        if record.name == ACCOUNT or record.plural == "accounts":
            yield "Accounts are built in; refer to them by relations to account and leave the record out."
        if keyword.iskeyword(record.plural):
            yield f"The plural {record.plural} is a Python keyword; choose another."
        yield from _parts(spec, record)
        if record.workflow is not None:
            yield from _workflow(spec, record, record.workflow)


def _parts(spec: AppSpec, record: RecordSpec) -> Iterator[str]:
    members = [field.name for field in record.fields] + [relation.name for relation in record.relations]
    yield from _repeated(f"part of {record.name}", [*members, *(relation_property(relation) for relation in record.relations)])
    if not members:
        yield f"{record.name} has neither a field nor a relation."
    for name in BUILT_IN.intersection(members):
        yield f"{record.name}.{name} is built in; leave it out or rename it."
    titles = [
        name
        for name in members
        if name not in {relation.name for relation in record.relations if relation.kind is RelationKind.many_to_many}
    ]
    if record.title_field not in titles:
        yield f"The title_field {record.title_field} of {record.name} is neither a field nor a single relation of it."
    known = {entry.name for entry in spec.records} | {ACCOUNT}
    for relation in record.relations:
        if relation.target not in known:
            yield f"{record.name}.{relation.name} refers to {relation.target}, which is no record and not account."
    for field in record.fields:
        if (field.type is FieldType.choice) != bool(field.choices):
            yield f"{record.name}.{field.name}: choices are given exactly for fields of type choice."
        yield from _repeated(f"choice of {record.name}.{field.name}", field.choices)
        if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
            yield f"{record.name}.{field.name}: the minimum is above the maximum."


def _workflow(spec: AppSpec, record: RecordSpec, workflow: Workflow) -> Iterator[str]:
    states = {state.name for state in workflow.states}
    yield from _repeated(f"state of {record.name}", (state.name for state in workflow.states))
    yield from _repeated(f"transition of {record.name}", (transition.name for transition in workflow.transitions))
    if workflow.initial not in states:
        yield f"{record.name} starts in {workflow.initial}, which is not one of its states."
    roles = {role.name for role in spec.roles}
    readers = {entry.role for entry in spec.permissions if entry.record == record.name and entry.action is Action.read}
    reached = {workflow.initial}
    for transition in workflow.transitions:
        for state in {*transition.from_states, transition.to_state} - states:
            yield f"{record.name}.{transition.name} uses the state {state}, which {record.name} does not have."
        if not transition.from_states:
            yield f"{record.name}.{transition.name} starts in no state, so nobody can take it."
        for role in transition.roles:
            if role not in roles:
                yield f"{record.name}.{transition.name} names the role {role}, which does not exist."
            elif role not in readers:
                yield f"{role} takes the step {transition.name} of {record.name} but may not read it; give it read."
    for _ in workflow.transitions:
        reached |= {step.to_state for step in workflow.transitions if reached & set(step.from_states)}
    for state in sorted(states - reached):
        yield f"No step leads {record.name} to the state {state}."


def _required_cycles(spec: AppSpec) -> Iterator[str]:
    """Records that each need the other first can never be created."""
    needs = {
        record.name: {relation.target for relation in record.relations if relation.required and relation.kind is RelationKind.many_to_one}
        for record in spec.records
    }
    for name, targets in needs.items():
        seen: set[str] = set()
        waiting = set(targets)
        while waiting:
            seen |= waiting
            waiting = {target for entry in waiting for target in needs.get(entry, ())} - seen
        if name in seen:
            yield f"{name} requires, directly or by others, another {name} before it; make one of the relations optional."


def _permissions(spec: AppSpec) -> Iterator[str]:
    roles = {role.name for role in spec.roles}
    records = {record.name for record in spec.records}
    for entry in spec.permissions:
        if entry.role not in roles:
            yield f"A permission names the role {entry.role}, which does not exist."
        if entry.record not in records:
            yield f"A permission names the record {entry.record}, which does not exist."
    counted = Counter((entry.role, entry.record, entry.action) for entry in spec.permissions)
    for (role, record, action), count in counted.items():
        if count > 1:
            yield f"{role} has {count} permissions to {action} {record}; give one, with one scope."
    for record in sorted(records - {entry.record for entry in spec.permissions if entry.action is Action.read}):
        yield f"Nobody may read {record}."


def _rule(spec: AppSpec, rule: RuleSpec) -> Iterator[str]:
    record = next((entry for entry in spec.records if entry.name == rule.record), None)
    if record is None:
        yield f"The rule {rule.name} is about {rule.record}, which is no record."
        return
    fields = {field.name: field.type for field in record.fields}
    relations = {relation.name for relation in record.relations if relation.kind is RelationKind.many_to_one}
    referable = set(fields) | relations | ({"created_by", "state"} if rule.kind in {RuleKind.unique_together, RuleKind.custom} else set())
    for name in rule.fields:
        if name not in referable:
            yield f"The rule {rule.name} uses {name}, which {record.name} does not have."
    least, most = _FIELDS_OF_RULE[rule.kind]
    if not least <= len(rule.fields) <= most:
        yield f"The rule {rule.name} of kind {rule.kind} takes {least} field{'s' * (least != 1)}; it has {len(rule.fields)}."
    if rule.kind in {RuleKind.ordered, RuleKind.no_overlap} and len({fields.get(name) for name in rule.fields}) > 1:
        yield f"The rule {rule.name} compares fields of different types."
    if rule.kind is RuleKind.no_overlap and any(fields.get(name, FieldType.date) not in _MOMENTS for name in rule.fields):
        yield f"The rule {rule.name} needs dates or times."
    if rule.kind is RuleKind.positive and any(fields.get(name, FieldType.integer) not in _NUMBERS for name in rule.fields):
        yield f"The rule {rule.name} needs a number."
    if rule.kind is RuleKind.same_parent and not _has_parent(spec, record, rule):
        yield f"The rule {rule.name} needs two relations, of which the first leads to a record with one relation to the second."
    yield from _limit(record, rule) if rule.kind is RuleKind.limit else ()
    if rule.per is not None and rule.per not in relations | set(fields) | {"created_by"}:
        yield f"The rule {rule.name} holds per {rule.per}, which {record.name} does not have."


def _filled_by_app(spec: AppSpec) -> Iterator[str]:
    """What the app fills where no recipe does, an engineer has it work out: a rule has to say how."""
    if any(recipes.problems(spec, recipe) for recipe in spec.recipes):
        return
    kept = kept_by_recipes(spec)
    for record in spec.records:
        for field in record.fields:
            if field.by_app and (record.name, field.name) not in kept:
                yield from _worked_out(spec, record, field)


def _worked_out(spec: AppSpec, record: RecordSpec, field: FieldSpec) -> Iterator[str]:
    name = f"{record.name}.{field.name}"
    about = [rule for rule in spec.rules if rule.record == record.name and field.name in rule.fields]
    if not any(rule.kind is RuleKind.custom and rule.fields[0] == field.name for rule in about):
        yield f"{name} is filled by the app, and nothing says with what: add a rule of kind custom with it as the first of `fields`."
    for rule in about:
        if rule.kind is not RuleKind.custom:
            yield f"The rule {rule.name} is about {name}, which the app works out: make it a rule of kind custom."
    if field.required and field.type not in {*_NUMBERS, FieldType.boolean}:
        yield f"{name} is filled by the app, so it is empty until then: it cannot be required."


def _limit(record: RecordSpec, rule: RuleSpec) -> Iterator[str]:
    moments = {field.name for field in record.fields if field.type in {FieldType.date, FieldType.datetime}}
    states = {state.name for state in record.workflow.states} if record.workflow else set()
    if rule.maximum is None:
        yield f"The rule {rule.name} limits to no number; give it a maximum."
    if rule.fields and (rule.period is None or not moments.issuperset(rule.fields)):
        yield f"The rule {rule.name} counts by {rule.fields[0]}, which needs a period and a date."
    for name in sorted(set(rule.states) - states):
        yield f"The rule {rule.name} counts records in the state {name}, which {record.name} does not have."


def _has_parent(spec: AppSpec, record: RecordSpec, rule: RuleSpec) -> bool:
    """Whether what the first relation points to refers exactly once to the kind of record the second points to."""
    targets = [next((relation.target for relation in record.relations if relation.name == name), "") for name in rule.fields]
    part = next((other for other in spec.records if targets and other.name == targets[0]), None)
    single = [relation for relation in part.relations if relation.kind is RelationKind.many_to_one] if part else []
    return [relation.target for relation in single].count(targets[-1]) == 1


def _report(spec: AppSpec, report: ReportSpec) -> Iterator[str]:
    record = next((entry for entry in spec.records if entry.name == report.record), None)
    if record is None:
        yield f"The report {report.name} is about {report.record}, which is no record."
        return
    fields = {field.name: field.type for field in record.fields}
    groups = (
        set(fields)
        | {relation.name for relation in record.relations}
        | {"created_at", "created_by"}
        | ({"state"} if record.workflow else set())
    )
    if report.group_by not in groups:
        yield f"The report {report.name} groups by {report.group_by}, which {record.name} does not have."
    if report.measure is not None and fields.get(report.measure) not in _NUMBERS:
        yield f"The report {report.name} sums {report.measure}, which is no number of {record.name}."
