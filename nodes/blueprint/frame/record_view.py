"""What the templates need to know about one record: names, members, grants, steps and rules, worked out once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nodes.artifacts import (
    ACCOUNT,
    AppSpec,
    Contract,
    Endpoint,
    FieldType,
    Operation,
    RecordSpec,
    RelationKind,
    RuleKind,
    Scope,
    Transition,
)
from nodes.blueprint.frame import names
from nodes.blueprint.frame.called import Called
from nodes.blueprint.frame.checks import FREEING_STATES, CheckView, RuleView, check_views, rule_views, unwritten_checks
from nodes.blueprint.frame.inputs import input_call, reading
from nodes.blueprint.frame.members import FieldView, RelationView
from nodes.blueprint.frame.text import one_line, sentence_list
from nodes.contract import class_name

Member = FieldView | RelationView


@dataclass(frozen=True)
class TransitionView(Called):
    """A step of the workflow with the roles that may take it."""

    spec: Transition
    endpoint: Endpoint
    labels: dict[str, str]

    @property
    def grants(self) -> dict[str, Scope]:
        return {access.role: access.scope for access in self.endpoint.access}

    @property
    def from_labels(self) -> str:
        return sentence_list([f"“{self.labels.get(state, state)}”" for state in self.spec.from_states], last="or")

    @property
    def to_label(self) -> str:
        return f"“{self.labels.get(self.spec.to_state, self.spec.to_state)}”"


@dataclass(frozen=True)
class RecordView(Called):
    """One record as the templates of its package, pages and tests see it.

    `referring`: relations of other records that point here. `reports`: constant and grants of each report about it.
    """

    app: AppSpec
    spec: RecordSpec
    endpoints: dict[str, Endpoint]
    fields: tuple[FieldView, ...]
    relations: tuple[RelationView, ...]
    transitions: tuple[TransitionView, ...]
    rules: tuple[RuleView, ...]
    reports: tuple[tuple[str, dict[str, Scope]], ...] = ()
    referring: tuple[tuple["RecordView", RelationView], ...] = ()
    siblings: tuple["RecordView", ...] = ()

    def with_surroundings(self, records: Sequence["RecordView"], reports: tuple[tuple[str, dict[str, Scope]], ...]) -> "RecordView":
        """The same record, knowing the others."""
        pointing = ((other, relation) for other in records for relation in other.single_relations if relation.spec.target == self.name)
        first_each = {other.name: (other, relation) for other, relation in reversed(list(pointing)) if other.may("list")}
        referring = tuple(first_each[other.name] for other in records if other.name in first_each)
        return replace(self, reports=reports, referring=referring, siblings=tuple(records))

    # ------------------------------------------------------------------------------------------ names

    @property
    def plural(self) -> str:
        return self.spec.plural

    @property
    def plural_label(self) -> str:
        return one_line(self.spec.plural_label) or self.spec.plural

    @property
    def description(self) -> str:
        text = one_line(self.spec.description) or self.label
        return text if text.endswith((".", "?")) else f"{text}."

    @property
    def noun(self) -> str:
        """The name of its JSON schema."""
        return class_name(self.spec.name)

    @property
    def cls(self) -> str:
        return names.model_class(self.spec.name)

    @property
    def var(self) -> str:
        return names.variable(self.spec.name)

    @property
    def path(self) -> str:
        return names.page_path(self.spec.plural)

    def template(self, page: str) -> str:
        return f"records/{self.plural}/{page}"

    # ------------------------------------------------------------------------------------------ members

    @property
    def single_relations(self) -> tuple[RelationView, ...]:
        return tuple(relation for relation in self.relations if not relation.many)

    @property
    def many_relations(self) -> tuple[RelationView, ...]:
        return tuple(relation for relation in self.relations if relation.many)

    @property
    def has_account_relation(self) -> bool:
        return any(relation.to_account for relation in self.relations)

    @property
    def targets(self) -> tuple[RelationView, ...]:
        """One relation for each other record referred to, for imports."""
        seen = {relation.spec.target: relation for relation in reversed(self.relations) if not relation.to_account and not relation.to_self}
        return tuple(seen[name] for name in sorted(seen))

    @property
    def members(self) -> tuple[Member, ...]:
        """What a person fills in: a title in words first, then references, then the other fields, then sets."""
        head = self.fields[:1] if self.fields and self.fields[0] is self.title_field and self.title_is_text else ()
        return (*head, *self.single_relations, *self.fields[len(head) :], *self.many_relations)

    @property
    def inputs(self) -> tuple[Member, ...]:
        """Those of them that are entered."""
        return tuple(member for member in self.members if not (isinstance(member, FieldView) and member.by_app))

    @property
    def facts(self) -> tuple[Member, ...]:
        """What the page of one record lists below its heading."""
        heading = self.title_field if self.title_is_text and self.title_field and self.title_field.required else None
        return tuple(member for member in self.members if member is not heading)

    @property
    def flags(self) -> tuple[FieldView, ...]:
        return tuple(field for field in self.fields if field.is_flag and not field.by_app)

    @property
    def line_inputs(self) -> tuple[str, ...]:
        """Inputs that hold one text: neither checkboxes nor sets."""
        return tuple(self.input_name(m) for m in self.inputs if not (m.many if isinstance(m, RelationView) else m.is_flag))

    def input_name(self, member: Member) -> str:
        return member.key if isinstance(member, RelationView) else member.name

    def input(self, member: Member) -> str:
        """The call of the macro that draws the member's input."""
        return input_call(member)

    def reading(self, member: Member) -> str:
        """The filter that puts the member's value into words."""
        return reading(member)

    @property
    def never_null(self) -> tuple[str, ...]:
        """What a change may leave out but not empty."""
        kept = [field.attr for field in self.fields if field.required and not field.by_app] + [
            relation.key for relation in self.relations if relation.required
        ]
        return (*kept, *(relation.key for relation in self.many_relations))

    # ------------------------------------------------------------------------------------------ title and list

    @cached_property
    def title(self) -> str | None:
        """The attribute shown where the record is referred to; None if the record has nothing of the kind."""
        wanted = [field.attr for field in self.fields if field.name == self.spec.title_field]
        wanted += [relation.attr for relation in self.single_relations if relation.name == self.spec.title_field]
        wanted += [field.attr for field in self.fields if field.type is FieldType.text]
        wanted += [relation.attr for relation in self.single_relations if relation.required]
        return wanted[0] if wanted else None

    @cached_property
    def title_field(self) -> FieldView | None:
        return next((field for field in self.fields if field.attr == self.title), None)

    @property
    def title_beside(self) -> RelationView | None:
        """A date alone names nothing: the first required reference is put before it."""
        return next((relation for relation in self.single_relations if relation.required), None)

    @property
    def title_is_text(self) -> bool:
        return self.title_field is not None and self.title_field.is_text

    @property
    def title_shown(self) -> bool:
        """Whether the title is a value with a wording of its own, such as a date."""
        return self.title_field is not None and self.title_field.required and not self.title_is_text

    @property
    def title_sort(self) -> str:
        return self.title_field.name if self.title_field else "id"

    @property
    def title_label(self) -> str:
        return self.title_field.label if self.title_field else self.label

    @property
    def label_in_fstring(self) -> str:
        """The label inside a double-quoted f-string."""
        return names.in_fstring(self.label)

    @property
    def columns(self) -> tuple[Member, ...]:
        """What the list shows beside the title: at most five short values."""
        short: list[Member] = list(self.single_relations)
        short += [field for field in self.fields if field.type is not FieldType.long_text and field.attr != self.title]
        return tuple(short[:5])

    @property
    def searched_fields(self) -> tuple[FieldView, ...]:
        return tuple(field for field in self.fields if field.is_searched)

    @property
    def searched_relations(self) -> tuple[tuple[RelationView, str], ...]:
        """References with the attribute of the target that names it, if it is text."""
        titles = {other.name: other.title for other in self.siblings if other.title_is_text} | {ACCOUNT: "name"}
        found = ((relation, titles.get(relation.spec.target)) for relation in self.single_relations)
        return tuple((relation, title) for relation, title in found if title)

    @property
    def filters(self) -> tuple[Member, ...]:
        return (*(field for field in self.fields if field.type is FieldType.choice), *self.single_relations)

    # ------------------------------------------------------------------------------------------ rights, states, rules

    def grants(self, operation: str) -> dict[str, Scope]:
        """Role → scope, from the contract; `read` also covers the list."""
        endpoint = self.endpoints.get(operation)
        return {access.role: access.scope for access in endpoint.access} if endpoint else {}

    def own_states(self, operation: str) -> tuple[str, ...]:
        """States in which those who may do it only with own records may; empty: in all."""
        endpoint = self.endpoints.get(operation)
        return endpoint.own_states if endpoint else ()

    @property
    def settles(self) -> bool:
        """Whether own records cannot be changed or deleted in every state."""
        return bool(self.own_states("update") or self.own_states("delete"))

    def own_roles(self, operation: str) -> tuple[str, ...]:
        """Roles that may do it only with own records."""
        return tuple(role for role, scope in self.grants(operation).items() if scope is Scope.own)

    def finding(self, operation: str, module: str = "store.") -> str:
        """The call that finds a record in order to update or delete it."""
        if self.own_states(operation):
            return f"{module}find_to_{operation}(session, account, id)"
        return f"{module}find(session, account, id, rules.{operation.upper()})"

    def allowed_now(self, operation: str) -> str:
        """The condition under which the page of one record offers to update or delete it."""
        grants = f"rules.{operation.upper()}"
        permitted = f"access.may(account, {grants}, {self.var})"
        if not self.own_states(operation):
            return permitted
        return f"{permitted} and workflow.is_open(account, {grants}, {grants}_OWN_IN, {self.var}.state)"

    def may(self, operation: str) -> bool:
        """Whether anybody may, so whether the code for it exists."""
        return operation in self.endpoints

    @property
    def states(self) -> tuple[tuple[str, str], ...]:
        workflow = self.spec.workflow
        return tuple((state.name, one_line(state.label) or state.name) for state in workflow.states) if workflow else ()

    @property
    def initial(self) -> str | None:
        return self.spec.workflow.initial if self.spec.workflow else None

    @property
    def checks(self) -> tuple[CheckView, ...]:
        rules = check_views(self.spec, self.rules, self.var, self.cls, self.freeing_states)
        return (*rules, *unwritten_checks(self.app, self.spec))

    @property
    def has_rules_of_its_own(self) -> bool:
        """Whether engineers write rules of the record, and may want to count others."""
        return bool(unwritten_checks(self.app, self.spec))

    @property
    def overlap_rules(self) -> tuple[RuleView, ...]:
        return tuple(rule for rule in self.rules if rule.kind is RuleKind.no_overlap)

    @property
    def limits(self) -> tuple[RuleView, ...]:
        """At most so many of them."""
        return tuple(rule for rule in self.rules if rule.kind is RuleKind.limit)

    @property
    def steps_can_break_rules(self) -> bool:
        """Whether a step can lead into a state in which a rule is broken."""
        return bool(self.freeing_states and self.overlap_rules) or any(rule.spec.states for rule in self.limits)

    @property
    def belongs(self) -> bool:
        """Whether references of the record have to agree with one another."""
        return any(rule.belonging for rule in self.rules)

    @property
    def freeing_states(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.states if name in FREEING_STATES)

    @property
    def asked_targets(self) -> tuple[RelationView, ...]:
        """Other records the rules look at or take turns on, for imports."""
        wanted = {rule.per_target for rule in (*self.overlap_rules, *self.limits)}
        wanted |= {rule.belonging.part for rule in self.rules if rule.belonging}
        return tuple(relation for relation in self.targets if relation.spec.target in wanted)

    @property
    def unique_sets(self) -> tuple[tuple[str, ...], ...]:
        """Columns no two records share; single unique fields are marked on the column itself."""
        sets = (tuple(column.name for column in rule.columns) for rule in self.rules if rule.kind is RuleKind.unique_together)
        alone = {(field.name,) for field in self.fields if field.spec.unique}
        return tuple(dict.fromkeys(names_ for names_ in sets if names_ not in alone))

    @property
    def custom_rules(self) -> tuple[str, ...]:
        kept = {rule.spec.name for rule in self.rules}
        return tuple(one_line(rule.message) for rule in self.app.rules if rule.record == self.name and rule.name not in kept)


def record_views(spec: AppSpec, contract: Contract) -> tuple[RecordView, ...]:
    """The views of all records, in the order of the specification. Raises SpecNotBuildable for unusable names."""
    cyclic = cyclic_relations(spec)
    return tuple(_record_view(spec, contract, record, cyclic) for record in spec.records)


def _record_view(spec: AppSpec, contract: Contract, record: RecordSpec, cyclic: frozenset[tuple[str, str]]) -> RecordView:
    names.refuse_unusable(record.plural, record.name)
    endpoints = {
        f"transition:{endpoint.transition}" if endpoint.transition else endpoint.operation.value: endpoint
        for endpoint in contract.endpoints
        if endpoint.record == record.name and endpoint.operation not in (Operation.report, Operation.recipe)
    }
    targets = {other.name: other for other in spec.records}
    return RecordView(
        app=spec,
        spec=record,
        endpoints=endpoints,
        fields=tuple(FieldView(field, record) for field in record.fields),
        relations=tuple(
            RelationView(relation, record, targets.get(relation.target), (record.name, relation.name) in cyclic)
            for relation in record.relations
        ),
        transitions=tuple(_transitions(record, endpoints)),
        rules=tuple(rule_views(spec, record)),
    )


def _transitions(record: RecordSpec, endpoints: dict[str, Endpoint]) -> Iterator[TransitionView]:
    if record.workflow:
        labels = {state.name: one_line(state.label) or state.name for state in record.workflow.states}
        for transition in record.workflow.transitions:
            if endpoint := endpoints.get(f"transition:{transition.name}"):
                yield TransitionView(transition, endpoint, labels)


def in_dependency_order(spec: AppSpec) -> tuple[RecordSpec, ...]:
    """Records after those they refer to; required references count before optional ones, cycles end in spec order."""
    ordered: list[RecordSpec] = []
    waiting = list(spec.records)
    while waiting:
        ready = _first_ready(waiting, required_only=False) or _first_ready(waiting, required_only=True) or waiting[0]
        ordered.append(ready)
        waiting.remove(ready)
    return tuple(ordered)


def _first_ready(waiting: list[RecordSpec], *, required_only: bool) -> RecordSpec | None:
    unplaced = {record.name for record in waiting}
    for record in waiting:
        needed = {relation.target for relation in record.relations if relation.required or not required_only}
        if not (needed & unplaced) - {record.name}:
            return record
    return None


def cyclic_relations(spec: AppSpec) -> frozenset[tuple[str, str]]:
    """Single references to a record whose table is created later; their foreign key is added at the end."""
    place = {record.name: index for index, record in enumerate(in_dependency_order(spec))}
    return frozenset(
        (record.name, relation.name)
        for record in spec.records
        for relation in record.relations
        if relation.kind is RelationKind.many_to_one and place.get(relation.target, -1) > place[record.name]
    )
