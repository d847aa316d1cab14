"""A specification as a form, and back: every input is named by the item's path, such as `records/claim/fields/amount/label`. Pure.

Names of items stay, so that data and other items still fit; people change labels. What refers to a thing that goes, goes with it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from nodes.artifacts import (
    ACCOUNT,
    Action,
    AppSpec,
    Comment,
    FieldSpec,
    FieldType,
    Permission,
    Provenance,
    RecipeKind,
    RecipeSpec,
    RecordSpec,
    Relation,
    RoleSpec,
    RuleSpec,
    Scope,
    Source,
    Transition,
    Workflow,
    WorkflowState,
)

Fields = Mapping[str, str]
NEW = ("+1", "+2", "+3")
"""How the inputs for what is not there yet are named."""

ADDABLE = (
    RecipeKind.comments,
    RecipeKind.attachments,
    RecipeKind.tags,
    RecipeKind.audit_trail,
    RecipeKind.notifications,
    RecipeKind.csv,
)
"""Recipes that need no more than a record."""


class FormIncomplete(Exception):
    """What was typed makes no specification; `problems` say at which input, and why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{place}: {why}" for place, why in problems.items()))


@dataclass(frozen=True)
class Edited:
    """The specification as it was typed, and the answers to what it left open, for the analyst to read."""

    spec: AppSpec
    answers: tuple[Comment, ...]


def typed_of(spec: AppSpec) -> dict[str, str]:
    """What stands in the form at first."""
    typed = {"title": spec.title, "summary": spec.summary}
    for record in spec.records:
        at = f"records/{record.name}"
        typed |= {f"{at}/label": record.label, f"{at}/plural_label": record.plural_label}
        for one in record.fields:
            typed |= {f"{at}/fields/{one.name}/label": one.label, f"{at}/fields/{one.name}/type": one.type}
            typed |= {f"{at}/fields/{one.name}/choices": ", ".join(one.choices)} if one.choices else {}
            typed |= {f"{at}/fields/{one.name}/required": "yes"} if one.required else {}
        for relation in record.relations:
            typed[f"{at}/relations/{relation.name}/label"] = relation.label
            typed |= {f"{at}/relations/{relation.name}/required": "yes"} if relation.required else {}
        for state in record.workflow.states if record.workflow else ():
            typed[f"{at}/states/{state.name}/label"] = state.label
        for step in record.workflow.transitions if record.workflow else ():
            typed |= {f"{at}/steps/{step.name}/label": step.label, f"{at}/steps/{step.name}/to": step.to_state}
            typed |= {f"{at}/steps/{step.name}/role/{role}": "yes" for role in step.roles}
    typed |= {f"roles/{role.name}/label": role.label for role in spec.roles}
    typed |= {f"roles/{role.name}/may_register": "yes" for role in spec.roles if role.may_register}
    typed |= {f"may/{one.role}/{one.record}/{one.action}": one.scope for one in spec.permissions}
    typed |= {f"rules/{rule.name}/message": rule.message for rule in spec.rules}
    return typed | {f"reports/{report.name}/label": report.label for report in spec.reports}


def edited(spec: AppSpec, typed: Fields, by: str) -> Edited:
    """What was typed into the form of `spec`. Raises `FormIncomplete`."""
    return _Reading(spec, typed, Source(provenance=Provenance.stated, quote=f"Edited by {by}")).read()


def place_of(spec: AppSpec, problem: str) -> str:
    """At which input a sentence about a specification is shown; empty: above them all."""
    for record in spec.records:
        for kind, names in (("fields", [one.name for one in record.fields]), ("relations", [one.name for one in record.relations])):
            if name := next((name for name in names if f"{record.name}.{name}" in problem), None):
                return f"records/{record.name}/{kind}/{name}/label"
    words = set(re.findall(r"[a-z0-9_]+", problem))
    for kind, names in (
        ("rules/{}/message", [rule.name for rule in spec.rules]),
        ("reports/{}/label", [report.name for report in spec.reports]),
        ("records/{}/label", [name for record in spec.records for name in (record.name, record.plural)]),
        ("roles/{}/label", [role.name for role in spec.roles]),
    ):
        if found := next((name for name in names if name in words), None):
            singular = next((record.name for record in spec.records if record.plural == found), found)
            return kind.format(singular if kind.startswith("records") else found)
    return ""


@dataclass
class _Reading:
    """One reading of a form, gathering what is wrong with it."""

    spec: AppSpec
    typed: Fields
    source: Source
    problems: dict[str, str] = field(default_factory=dict)

    def read(self) -> Edited:
        roles = tuple(self._roles())
        self.role_names = {role.name for role in roles}
        kept = [record for record in self.spec.records if not self._gone(f"records/{record.name}")]
        self.targets = {ACCOUNT, *(record.name for record in kept)}
        records = (*(self._record(record) for record in kept), *self._new_record(kept))
        if self.problems:
            raise FormIncomplete(self.problems)
        members = {record.name: _members(record) for record in records}
        spec = self.spec.model_copy(
            update={
                "title": self._text("title"),
                "summary": self._text("summary"),
                "records": records,
                "roles": roles,
                "permissions": tuple(self._permissions(roles, records)),
                "rules": tuple(rule for rule in self._rules() if {rule.record} <= members.keys() and _fits(rule, members[rule.record])),
                "reports": tuple(
                    report.model_copy(update={"label": self._text(f"reports/{report.name}/label")})
                    for report in self.spec.reports
                    if not self._gone(f"reports/{report.name}")
                    and {report.group_by, report.measure or report.group_by} <= members.get(report.record, set()) | {"state"}
                    and report.record in members
                ),
                "recipes": (*self._recipes(members), *self._new_recipe()),
                "open_questions": tuple(one for one in self.spec.open_questions if not self.typed.get(f"open_questions/{one.name}")),
            }
        )
        answers = [(f"open_questions/{one.name}", one.question) for one in self.spec.open_questions]
        said = tuple(Comment(place=question[:400], text=self.typed[at][:4000]) for at, question in answers if self.typed.get(at))
        if self.problems:
            raise FormIncomplete(self.problems)
        return Edited(spec, said)

    def _text(self, at: str) -> str:
        """What was typed; every input has room for a line and may not be empty."""
        text = " ".join(self.typed.get(at, "").split())
        if not text:
            self.problems[at] = "Give it a name, or take it out."
        elif len(text) > 300:
            self.problems[at] = "At most 300 characters."
        return text[:300]

    def _gone(self, at: str) -> bool:
        return bool(self.typed.get(f"{at}/gone"))

    def _name(self, at: str, label: str, taken: set[str]) -> str:
        """A name for a new item, from its label."""
        name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40]
        if not re.match(r"[a-z]", name):
            self.problems[at] = "Begin with a letter from a to z."
            return "x"
        if name in taken:
            self.problems[at] = "There is one of this name already."
        taken.add(name)
        return name

    def _roles(self) -> Iterator[RoleSpec]:
        taken = {role.name for role in self.spec.roles}
        for role in self.spec.roles:
            at = f"roles/{role.name}"
            if not self._gone(at) or role.administers:
                yield role.model_copy(
                    update={"label": self._text(f"{at}/label"), "may_register": bool(self.typed.get(f"{at}/may_register"))}
                )
        for new in NEW:
            if label := self.typed.get(f"roles/{new}/label"):
                name = self._name(f"roles/{new}/label", label, taken)
                yield RoleSpec(name=name, label=label, may_register=bool(self.typed.get(f"roles/{new}/may_register")), source=self.source)

    def _record(self, record: RecordSpec) -> RecordSpec:
        at = f"records/{record.name}"
        fields, relations = tuple(self._fields(record, at)), tuple(self._relations(record, at))
        names = [*(one.name for one in fields), *(one.name for one in relations)]
        if not names:
            self.problems[f"{at}/label"] = "It needs at least one field."
        return record.model_copy(
            update={
                "label": self._text(f"{at}/label"),
                "plural_label": self._text(f"{at}/plural_label"),
                "fields": fields,
                "relations": relations,
                "workflow": self._workflow(record.workflow, at) if record.workflow else None,
                "title_field": record.title_field if record.title_field in names or not names else names[0],
            }
        )

    def _fields(self, record: RecordSpec, at: str) -> Iterator[FieldSpec]:
        taken = {"id", "state", "created_at", "created_by"} | _members(record)
        for one in record.fields:
            here = f"{at}/fields/{one.name}"
            if not self._gone(here):
                yield self._field(here, one)
        for new in NEW:
            here = f"{at}/fields/{new}"
            if label := self.typed.get(f"{here}/label"):
                name = self._name(f"{here}/label", label, taken)
                yield self._field(here, FieldSpec(name=name, label=label, type=FieldType.text, source=self.source))

    def _field(self, at: str, one: FieldSpec) -> FieldSpec:
        kind = self.typed.get(f"{at}/type", one.type)
        choices = tuple(filter(None, (choice.strip() for choice in self.typed.get(f"{at}/choices", "").split(","))))
        if kind == FieldType.choice and not choices:
            self.problems[f"{at}/choices"] = "Name the choices, separated by commas."
        given = one.model_dump() | {
            "label": self._text(f"{at}/label"),
            "type": kind,
            "required": bool(self.typed.get(f"{at}/required")),
            "choices": choices if kind == FieldType.choice else (),
        }
        if kind != one.type:
            given |= {"minimum": None, "maximum": None, "source": self.source}
        try:
            return FieldSpec.model_validate(given)
        except ValidationError as error:
            self.problems[f"{at}/type"] = error.errors()[0]["msg"]
            return one

    def _relations(self, record: RecordSpec, at: str) -> Iterator[Relation]:
        taken = _members(record)
        for one in record.relations:
            here = f"{at}/relations/{one.name}"
            if not self._gone(here) and one.target in self.targets:
                yield one.model_copy(update={"label": self._text(f"{here}/label"), "required": bool(self.typed.get(f"{here}/required"))})
        here = f"{at}/relations/{NEW[0]}"
        if (target := self.typed.get(f"{here}/target")) and target in self.targets:
            label = self.typed.get(f"{here}/label") or target.replace("_", " ").capitalize()
            yield Relation(name=self._name(f"{here}/label", label, taken), label=label, target=target, source=self.source)

    def _workflow(self, workflow: Workflow, at: str) -> Workflow | None:
        taken = {state.name for state in workflow.states}
        states = [
            WorkflowState(name=state.name, label=self._text(f"{at}/states/{state.name}/label"))
            for state in workflow.states
            if not self._gone(f"{at}/states/{state.name}")
        ]
        added = {
            new: WorkflowState(name=self._name(f"{at}/states/{new}/label", label, taken), label=label)
            for new in NEW[:2]
            if (label := self.typed.get(f"{at}/states/{new}/label"))
        }
        states += added.values()
        names = {state.name: state.name for state in states} | {new: state.name for new, state in added.items()}
        if not states:
            return None
        initial = workflow.initial if workflow.initial in names else states[0].name
        return Workflow(states=tuple(states), initial=initial, transitions=tuple(self._steps(workflow, at, names)))

    def _steps(self, workflow: Workflow, at: str, states: Mapping[str, str]) -> Iterator[Transition]:
        """`states` are the names of states by what the inputs call them, which of new ones is their line."""
        administrator = next(role.name for role in self.spec.roles if role.administers)
        for step in workflow.transitions:
            here = f"{at}/steps/{step.name}"
            begins = tuple(name for name in step.from_states if name in states)
            ends = self.typed.get(f"{here}/to", step.to_state)
            if self._gone(here) or not begins or ends not in states:
                continue
            roles = tuple(role for role in sorted(self.role_names) if self.typed.get(f"{here}/role/{role}"))
            if step.roles and not roles:  # nobody named would mean: whoever may update
                roles = (administrator,)
            yield step.model_copy(
                update={"label": self._text(f"{here}/label"), "from_states": begins, "to_state": states[ends], "roles": roles}
            )
        here = f"{at}/steps/{NEW[0]}"
        if label := self.typed.get(f"{here}/label"):
            begins_in, ends = self.typed.get(f"{here}/from", ""), self.typed.get(f"{here}/to", "")
            if begins_in not in states or ends not in states:
                self.problems[f"{here}/label"] = "Say in which state it begins and ends."
                return
            name = self._name(f"{here}/label", label, {step.name for step in workflow.transitions})
            role = self.typed.get(f"{here}/role", "")
            roles = (role,) if role in self.role_names else (administrator,)
            yield Transition(
                name=name, label=label, from_states=(states[begins_in],), to_state=states[ends], roles=roles, source=self.source
            )

    def _new_record(self, kept: list[RecordSpec]) -> Iterator[RecordSpec]:
        at = f"records/{NEW[0]}"
        label = self.typed.get(f"{at}/label", "")
        if not label:
            return
        taken = {name for record in kept for name in (record.name, record.plural)}
        plural_label = self.typed.get(f"{at}/plural_label") or f"{label}s"
        name, plural = self._name(f"{at}/label", label, taken), self._name(f"{at}/plural_label", plural_label, taken)
        labels = [part.strip() for part in self.typed.get(f"{at}/fields", "").split(",") if part.strip()]
        inside: set[str] = set()
        fields = tuple(
            FieldSpec(name=self._name(f"{at}/fields", part, inside), label=part, type=FieldType.text, source=self.source) for part in labels
        )
        if not fields:
            self.problems[f"{at}/fields"] = "Name its fields, separated by commas."
            return
        if not self.problems:
            yield RecordSpec(
                name=name,
                plural=plural,
                label=label,
                plural_label=plural_label,
                fields=fields,
                title_field=fields[0].name,
                source=self.source,
            )

    def _permissions(self, roles: tuple[RoleSpec, ...], records: tuple[RecordSpec, ...]) -> Iterator[Permission]:
        before = {(one.role, one.record, one.action): one for one in self.spec.permissions}
        known = {record.name for record in self.spec.records}
        for role in roles:
            for record in records:
                for action in Action:
                    scope = self.typed.get(f"may/{role.name}/{record.name}/{action}", "")
                    if record.name not in known:
                        scope = Scope.all if role.administers or action is Action.read else ""
                    if scope not in list(Scope):
                        continue
                    kept = before.get((role.name, record.name, action))
                    if kept and kept.scope == scope:
                        yield kept
                    else:
                        yield Permission(role=role.name, record=record.name, action=action, scope=Scope(scope), source=self.source)

    def _rules(self) -> Iterator[RuleSpec]:
        for rule in self.spec.rules:
            if not self._gone(f"rules/{rule.name}"):
                yield rule.model_copy(update={"message": self._text(f"rules/{rule.name}/message")})

    def _recipes(self, members: Mapping[str, set[str]]) -> Iterator[RecipeSpec]:
        everything = set().union(*members.values())
        for number, recipe in enumerate(self.spec.recipes):
            concerned = {*recipe.records, *([recipe.record] if recipe.record else [])}
            if not self._gone(f"recipes/{number}") and concerned <= members.keys() and set(recipe.fields) <= everything:
                yield recipe

    def _new_recipe(self) -> Iterator[RecipeSpec]:
        kind, record = self.typed.get(f"recipes/{NEW[0]}/kind", ""), self.typed.get(f"recipes/{NEW[0]}/record", "")
        if kind in list(ADDABLE) and record in self.targets - {ACCOUNT}:
            yield RecipeSpec(kind=RecipeKind(kind), record=record, source=self.source)


def _members(record: RecordSpec) -> set[str]:
    return {one.name for one in record.fields} | {one.name for one in record.relations}


def _fits(rule: RuleSpec, members: set[str]) -> bool:
    """Whether everything the rule speaks of is still there."""
    return {*rule.fields, *([rule.per] if rule.per else [])} <= members | {"created_by"}
