"""Say what differs between two specifications: in words, item by item, and what of it concerns stored data. Pure.

Items are the same if they have the same name. An item that has gone and one of another name in its place are one item
renamed if both come from the same words and are built alike.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nodes.artifacts import (
    AppSpec,
    Edit,
    FieldSpec,
    Identifier,
    OpenQuestion,
    Permission,
    RecipeKind,
    RecipeSpec,
    RecordSpec,
    Relation,
    RelationKind,
    ReportSpec,
    RoleSpec,
    RuleSpec,
    Scope,
    SpecChange,
    Transition,
    WorkflowState,
)


class Named(Protocol):
    """Whatever a specification lists by name."""

    @property
    def name(self) -> str:
        """Unique in its list."""

    def model_dump_json(self) -> str:
        """The item in its machine form."""


N = TypeVar("N", bound=Named)
STORING = frozenset(
    {RecipeKind.comments, RecipeKind.attachments, RecipeKind.tags, RecipeKind.audit_trail, RecipeKind.notifications, RecipeKind.payments}
)
"""Recipes with tables of their own."""


@dataclass(frozen=True)
class Paired(Generic[N]):
    """Two lists of named items, side by side. A pair whose names differ was renamed."""

    pairs: tuple[tuple[N, N], ...]
    added: tuple[N, ...]
    removed: tuple[N, ...]


def paired(before: Sequence[N], after: Sequence[N], alike: Callable[[N, N], bool]) -> Paired[N]:
    """Pair by name; then what has gone with what stands in its place, if the two are `alike`."""
    by_name = {item.name: item for item in after}
    known = {item.name for item in before}
    pairs = [(item, by_name[item.name]) for item in before if item.name in by_name]
    fresh = [item for item in after if item.name not in known]
    removed = []
    for position, item in enumerate(before):
        if item.name in by_name:
            continue
        here = after[position] if position < len(after) else None
        if here is not None and any(here is entry for entry in fresh) and alike(item, here):
            pairs.append((item, here))
            fresh = [entry for entry in fresh if entry is not here]
        else:
            removed.append(item)
    return Paired(tuple(pairs), tuple(fresh), tuple(removed))


def records_of(before: AppSpec, after: AppSpec) -> Paired[RecordSpec]:
    """The records of two specifications, side by side."""
    return paired(before.records, after.records, _same_record)


def fields_of(before: RecordSpec, after: RecordSpec) -> Paired[FieldSpec]:
    """The fields of one record, side by side."""
    return paired(before.fields, after.fields, lambda one, other: (one.type, one.source) == (other.type, other.source))


def relations_of(before: RecordSpec, after: RecordSpec) -> Paired[Relation]:
    """The relations of one record, side by side."""
    return paired(
        before.relations,
        after.relations,
        lambda one, other: (one.target, one.kind, one.source) == (other.target, other.kind, other.source),
    )


def states_of(before: RecordSpec, after: RecordSpec) -> Paired[WorkflowState]:
    """The states of one record, side by side; one that stands in the place of another is taken for it."""
    kept, new = (record.workflow.states if record.workflow else () for record in (before, after))
    return paired(kept, new, lambda *_: len(kept) == len(new))


def roles_of(before: AppSpec, after: AppSpec) -> Paired[RoleSpec]:
    """The roles of two specifications, side by side."""
    return paired(before.roles, after.roles, lambda one, other: (one.administers, one.source) == (other.administers, other.source))


def record_made_of(field: FieldSpec, owner: RecordSpec, before: AppSpec, after: AppSpec) -> tuple[RecordSpec, Relation, FieldSpec] | None:
    """The new record that takes over the values of a field which has gone, its reference to `owner`, and the field they go to.

    `customers may have several addresses`: what was one value of a customer becomes records of their own.
    """
    if field.name in {kept.name for kept in owner.fields}:
        return None
    for record in records_of(before, after).added:
        back = next((relation for relation in record.relations if relation.target == owner.name), None)
        home = next((kept for kept in record.fields if kept.type is field.type and kept.name in {field.name, record.title_field}), None)
        if record.name == field.name and back and back.kind is RelationKind.many_to_one and home:
            return record, back, home
    return None


def new_questions(before: AppSpec, after: AppSpec) -> tuple[OpenQuestion, ...]:
    """What `after` leaves open and `before` did not."""
    return tuple(question for question in after.open_questions if question not in before.open_questions)


def changes_between(before: AppSpec, after: AppSpec) -> tuple[SpecChange, ...]:
    """Every difference, in the order of the specification; empty if both describe the same app."""
    return (
        *_of_app(before, after),
        *_of_records(before, after),
        *_of_roles(before, after),
        *_of_permissions(before, after),
        *_of_named(before, after, "rules", before.rules, after.rules),
        *_of_named(before, after, "reports", before.reports, after.reports),
        *_of_recipes(before, after),
        *_of_program(before, after),
    )


def _of_program(before: AppSpec, after: AppSpec) -> Iterator[SpecChange]:
    """What a program does, by its sentences, and what shows it, by name."""
    for feature in after.features:
        if feature not in before.features:
            yield _change(Edit.added, "features", f"Does now: {feature}", None, feature)
    for feature in before.features:
        if feature not in after.features:
            yield _change(Edit.removed, "features", f"No longer: {feature}", feature, None)
    had, has = ({example.name: example for example in spec.examples} for spec in (before, after))
    for name in dict.fromkeys([*had, *has]):
        old, new = had.get(name), has.get(name)
        if new and old != new:
            edit, words = (Edit.changed, "Shown otherwise") if old else (Edit.added, "Shown as well")
            yield _change(edit, f"examples/{name}", f"{words}: {new.says}", old, new)
        elif old and not new:
            yield _change(Edit.removed, f"examples/{name}", f"Not shown any more: {old.says}", old, None)


def _same_record(one: RecordSpec, other: RecordSpec) -> bool:
    return one.source == other.source and [field.name for field in one.fields] == [field.name for field in other.fields]


def _of_app(before: AppSpec, after: AppSpec) -> Iterator[SpecChange]:
    if before.title != after.title:
        yield _change(Edit.renamed, "title", f"The app is called {after.title} instead of {before.title}.", before.title, after.title)
    if before.name != after.name:
        yield _change(Edit.renamed, "name", f"The app's folder is called {after.name} instead of {before.name}.", before.name, after.name)


def _of_records(before: AppSpec, after: AppSpec) -> Iterator[SpecChange]:
    sides = records_of(before, after)
    for old, new in sides.pairs:
        if old.name != new.name:
            words = f"{old.plural_label} are called {new.plural_label.lower()}; what is stored stays."
            yield _change(Edit.renamed, f"records/{old.name}", words, old, new, records=(old.name,))
        yield from _of_record(before, after, old, new)
    for record in sides.added:
        yield _change(Edit.added, f"records/{record.name}", f"The app also keeps {record.plural_label.lower()}.", None, record)
    for record in sides.removed:
        words = f"The app keeps no {record.plural_label.lower()} any more; those stored are deleted."
        yield _change(Edit.removed, f"records/{record.name}", words, record, None, records=(record.name,), loses_data=True)


def _of_record(before: AppSpec, after: AppSpec, old: RecordSpec, new: RecordSpec) -> Iterator[SpecChange]:
    path, people, concerned = f"records/{old.name}", new.plural_label, (old.name,)
    fields, relations = fields_of(old, new), relations_of(old, new)
    parts: tuple[FieldSpec | Relation, ...] = (*fields.added, *relations.added)
    for part in parts:
        kind = f" ({part.type.value.replace('_', ' ')})" if isinstance(part, FieldSpec) else ""
        needed = (old.name,) if part.required else ()
        words = f"{people} also have {_named(part.label)}{kind}{', required' if part.required else ''}."
        yield _change(Edit.added, f"{path}/{_list_of(part)}/{part.name}", words, None, part, records=needed)
    for gone in fields.removed:
        yield _gone_field(before, after, old, new, gone)
    for relation in relations.removed:
        words = f"{people} no longer have {_named(relation.label)}; what is stored there is deleted."
        yield _change(Edit.removed, f"{path}/relations/{relation.name}", words, relation, None, records=concerned, loses_data=True)
    for one, other in fields.pairs:
        lost = one.type is not other.type or (len(one.choices) != len(other.choices) and not set(one.choices) <= set(other.choices))
        yield from _of_item(f"{path}/fields/{one.name}", f"{one.label} of {people.lower()}", one, other, concerned, loses_data=lost)
    for one_end, other_end in relations.pairs:
        target = _record_name(before, after, one_end.target)
        single = one_end.kind is RelationKind.many_to_many and other_end.kind is RelationKind.many_to_one
        same = one_end.model_copy(update={"target": target, "label": other_end.label}) if target != one_end.target else one_end
        yield from _of_item(
            f"{path}/relations/{one_end.name}", f"{one_end.label} of {people.lower()}", same, other_end, concerned, loses_data=single
        )
    yield from _of_workflow(old, new, {one.name: other.name for one, other in roles_of(before, after).pairs})
    if old.title_field != new.title_field and old.title_field in _members(new):
        words = f"{people} are shown by {new.title_field.replace('_', ' ')}."
        yield _change(Edit.changed, f"{path}/title_field", words, old.title_field, new.title_field, records=concerned)


def _members(record: RecordSpec) -> set[str]:
    return {field.name for field in record.fields} | {relation.name for relation in record.relations}


def _gone_field(before: AppSpec, after: AppSpec, old: RecordSpec, new: RecordSpec, gone: FieldSpec) -> SpecChange:
    moved = record_made_of(gone, new, before, after)
    words = f"{new.plural_label} no longer have {_named(gone.label)}; "
    words += f"what is stored there becomes {moved[0].plural_label.lower()}." if moved else "what is stored there is deleted."
    return _change(Edit.removed, f"records/{old.name}/fields/{gone.name}", words, gone, None, records=(old.name,), loses_data=moved is None)


def _of_workflow(old: RecordSpec, new: RecordSpec, roles: Mapping[str, str]) -> Iterator[SpecChange]:
    path, people, concerned = f"records/{old.name}/workflow", new.plural_label, (old.name,)
    states = states_of(old, new)
    for state in states.added:
        yield _change(Edit.added, f"{path}/states/{state.name}", f"{people} can be “{state.label}”.", None, state, records=concerned)
    for state in states.removed:
        words = f"{people} can no longer be “{state.label}”" + ("; those that are go back to the first state." if new.workflow else ".")
        yield _change(Edit.removed, f"{path}/states/{state.name}", words, state, None, records=concerned, loses_data=True)
    for one, other in states.pairs:
        yield from _of_item(f"{path}/states/{one.name}", f"The state “{one.label}” of {people.lower()}", one, other, concerned)
    kept, steps = (record.workflow.transitions if record.workflow else () for record in (old, new))
    names = {one.name: other.name for one, other in states.pairs}
    kept = tuple(_spoken_anew(step, names, roles) for step in kept)
    yield from _of_steps(path, people, paired(kept, steps, lambda one, other: one.source == other.source), concerned)
    if (
        old.workflow
        and new.workflow
        and old.workflow.initial != new.workflow.initial
        and new.workflow.initial in {state.name for state in old.workflow.states}
    ):
        words = f"New {people.lower()} begin as “{new.workflow.initial.replace('_', ' ')}”."
        yield _change(Edit.changed, f"{path}/initial", words, old.workflow.initial, new.workflow.initial, records=concerned)


def _spoken_anew(step: Transition, states: Mapping[str, str], roles: Mapping[str, str]) -> Transition:
    """A step of before with the names its states and roles have afterwards; a state that only has another name changes no step."""
    return step.model_copy(
        update={
            "from_states": tuple(states.get(name, name) for name in step.from_states),
            "to_state": states.get(step.to_state, step.to_state),
            "roles": tuple(roles.get(name, name) for name in step.roles),
        }
    )


def _of_steps(path: str, people: str, steps: Paired[Transition], concerned: tuple[str, ...]) -> Iterator[SpecChange]:
    for step in steps.added:
        words = f"{_roles(step.roles)} may {step.label.lower()} {people.lower()}."
        yield _change(Edit.added, f"{path}/transitions/{step.name}", words, None, step, records=concerned)
    for step in steps.removed:
        words = f"Nobody may {step.label.lower()} {people.lower()} any more."
        yield _change(Edit.removed, f"{path}/transitions/{step.name}", words, step, None, records=concerned)
    for one, other in steps.pairs:
        given = [role for role in other.roles if role not in one.roles]
        taken = [role for role in one.roles if role not in other.roles]
        same = one.model_copy(update={"roles": other.roles, "source": other.source})
        if given:
            words = f"{_roles(given)} may also {other.label.lower()} {people.lower()}."
            yield _change(Edit.changed, f"{path}/transitions/{one.name}", words, one, other, records=concerned)
        if taken:
            words = f"{_roles(taken)} may no longer {other.label.lower()} {people.lower()}."
            yield _change(Edit.changed, f"{path}/transitions/{one.name}", words, one, other, records=concerned)
        yield from _of_item(f"{path}/transitions/{one.name}", f"The step “{one.label}” of {people.lower()}", same, other, concerned)


def _of_roles(before: AppSpec, after: AppSpec) -> Iterator[SpecChange]:
    sides, everything = roles_of(before, after), tuple(record.name for record in before.records)
    for role in sides.added:
        yield _change(Edit.added, f"roles/{role.name}", f"There is a new role: {role.label.lower()}.", None, role)
    for role in sides.removed:
        words = f"There is no role {role.label.lower()} any more; accounts that had it can no longer sign in."
        yield _change(Edit.removed, f"roles/{role.name}", words, role, None, records=everything, loses_data=True)
    for one, other in sides.pairs:
        yield from _of_item(f"roles/{one.name}", f"The role {one.label.lower()}", one, other, everything)


def _of_permissions(before: AppSpec, after: AppSpec) -> Iterator[SpecChange]:
    names = {old.name: new.name for old, new in records_of(before, after).pairs}
    roles = {old.name: new.name for old, new in roles_of(before, after).pairs}
    labels = {record.name: record.plural_label.lower() for record in (*before.records, *after.records)}
    new_records = {record.name for record in records_of(before, after).added}
    had = {
        (roles[entry.role], names[entry.record], entry.action): entry
        for entry in before.permissions
        if entry.role in roles and entry.record in names
    }
    has = {(entry.role, entry.record, entry.action): entry for entry in after.permissions}
    for key, entry in has.items():
        if entry.record in new_records:
            continue
        old_name = next((old for old, new in names.items() if new == entry.record), entry.record)
        path = f"permissions/{entry.role}/{old_name}/{entry.action.value}"
        if key not in had:
            words = f"{_roles([entry.role])} may {entry.action.value} {_whose(entry)}{labels[entry.record]}."
            yield _change(Edit.added, path, words, None, entry, records=(old_name,))
        elif had[key].scope is not entry.scope:
            words = f"{_roles([entry.role])} may {entry.action.value} {_whose(entry) or 'all '}{labels[entry.record]}."
            yield _change(Edit.changed, path, words, had[key], entry, records=(old_name,))
    for key, entry in had.items():
        if key not in has:
            words = f"{_roles([entry.role])} may no longer {entry.action.value} {labels[entry.record]}."
            path = f"permissions/{entry.role}/{entry.record}/{entry.action.value}"
            yield _change(Edit.removed, path, words, entry, None, records=(entry.record,))


R = TypeVar("R", RuleSpec, ReportSpec)


def _of_named(before: AppSpec, after: AppSpec, kind: str, had: Sequence[R], has: Sequence[R]) -> Iterator[SpecChange]:
    """Rules and reports. One that only follows a record, a field or a state to its new name is the same."""
    renamed = {old.name: _names_within(old, new) for old, new in records_of(before, after).pairs}
    known, wanted = {item.name: item for item in had}, {item.name: item for item in has}
    for name, item in wanted.items():
        called = _called(item)
        if name not in known:
            concerned = (item.record,) if kind == "rules" else ()
            yield _change(Edit.added, f"{kind}/{name}", f"There is now {called}.", None, item, records=concerned)
        elif not _same_apart_from_name(known[name], item, renamed):
            words, old = f"{called[4:].capitalize()} is another one.", known[name]
            yield _change(Edit.changed, f"{kind}/{name}", words, old, item, records=(old.record,))
    for name, item in known.items():
        if name not in wanted:
            yield _change(Edit.removed, f"{kind}/{name}", f"There is no longer {_called(item)}.", item, None, records=(item.record,))


def _called(item: RuleSpec | ReportSpec) -> str:
    return f"the rule “{item.message}”" if isinstance(item, RuleSpec) else f"the report “{item.label}”"


def _names_within(old: RecordSpec, new: RecordSpec) -> Mapping[str, str]:
    """Old → new name of a record and of its parts and states, where they differ."""
    pairs: list[tuple[Named, Named]] = [(old, new), *fields_of(old, new).pairs, *relations_of(old, new).pairs, *states_of(old, new).pairs]
    return {one.name: other.name for one, other in pairs if one.name != other.name}


def _same_apart_from_name(old: R, new: R, renamed: Mapping[str, Mapping[str, str]]) -> bool:
    names = renamed.get(old.record, {})
    spoken = {"message", "label", "source"} if names else {"source"}
    one, other = (item.model_dump(exclude=spoken) for item in (old, new))
    return {key: _followed(value, names) for key, value in one.items() if key != "name"} == {
        key: value for key, value in other.items() if key != "name"
    }


def _followed(value: object, names: Mapping[str, str]) -> object:
    """What a rule or report names, under the names of afterwards."""
    if isinstance(value, tuple):
        return tuple(_followed(entry, names) for entry in value)
    return names.get(value, value) if isinstance(value, str) else value


def _of_recipes(before: AppSpec, after: AppSpec) -> Iterator[SpecChange]:
    pairs = records_of(before, after).pairs
    names = {old.name: new.name for old, new in pairs} | {
        one.name: other.name for old, new in pairs for one, other in fields_of(old, new).pairs if one.name != other.name
    }
    had, has = {_recipe_key(recipe, names) for recipe in before.recipes}, {_recipe_key(recipe, {}) for recipe in after.recipes}
    for recipe in after.recipes:
        if _recipe_key(recipe, {}) not in had:
            concerned: tuple[str, ...] = (recipe.record,) if recipe.record else ()
            yield _change(Edit.added, _recipe_path(recipe), f"The app gets {_recipe(recipe)}.", None, recipe, records=concerned)
    for recipe in before.recipes:
        if _recipe_key(recipe, names) not in has:
            concerned = (recipe.record,) if recipe.record else tuple(record.name for record in before.records)
            lost = recipe.kind in STORING
            words = f"The app has no {_recipe(recipe)} any more" + ("; what is stored there is deleted." if lost else ".")
            yield _change(Edit.removed, _recipe_path(recipe), words, recipe, None, records=concerned, loses_data=lost)


def _recipe_key(recipe: RecipeSpec, names: Mapping[str, str]) -> tuple[object, ...]:
    """A recipe, with the names its records have afterwards; where it comes from is no difference."""
    record = names.get(recipe.record, recipe.record) if recipe.record else None
    return (
        recipe.kind,
        record,
        tuple(names.get(name, name) for name in recipe.records),
        frozenset(names.get(name, name) for name in recipe.fields),
    )


def _of_item(
    path: str, called: str, old: Named, new: Named, concerned: tuple[str, ...], *, loses_data: bool = False
) -> Iterator[SpecChange]:
    """One change that names every attribute which differs; where something comes from is no difference."""
    one, other = (item.model_dump(mode="json", exclude={"source"}) for item in (old, new))  # type: ignore[attr-defined]  # all are artifacts
    if one == other:
        return
    if {key for key in other if one[key] != other[key]} <= {"name", "label"} and one["name"] != other["name"]:
        words = f"{called} is called “{other['label']}” now; what is stored stays."
        yield _change(Edit.renamed, path, words, old, new, records=concerned)
        return
    differing = [f"{key.replace('_', ' ')} {_shown(one[key])} → {_shown(other[key])}" for key in other if one[key] != other[key]]
    edit = Edit.renamed if one["name"] != other["name"] else Edit.changed
    yield _change(edit, path, f"{called}: {', '.join(differing)}.", old, new, records=concerned, loses_data=loses_data)


def _change(
    edit: Edit,
    path: str,
    words: str,
    before: object,
    after: object,
    *,
    records: tuple[Identifier, ...] = (),
    loses_data: bool = False,
) -> SpecChange:
    return SpecChange(edit=edit, path=path, words=words, records=records, loses_data=loses_data, before=_json(before), after=_json(after))


def _json(item: object) -> str:
    if item is None:
        return ""
    return item if isinstance(item, str) else item.model_dump_json(exclude_defaults=True)  # type: ignore[attr-defined]  # an artifact


def _record_name(before: AppSpec, after: AppSpec, name: str) -> str:
    return next((new.name for old, new in records_of(before, after).pairs if old.name == name), name)


def _list_of(part: FieldSpec | Relation) -> str:
    return "fields" if isinstance(part, FieldSpec) else "relations"


def _named(label: str) -> str:
    word = label[:1].lower() + label[1:] if label[1:2].islower() else label
    return f"“{word}”"


def _whose(entry: Permission) -> str:
    return "their own " if entry.scope is Scope.own else ""


def _roles(roles: Sequence[str]) -> str:
    words = [role.replace("_", " ") for role in roles] or ["whoever may change them"]
    text = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return text[:1].upper() + text[1:]


def _recipe(recipe: RecipeSpec) -> str:
    kind = recipe.kind.value.replace("_", " ")
    return f"{kind} on {recipe.record.replace('_', ' ')}" if recipe.record else kind


def _recipe_path(recipe: RecipeSpec) -> str:
    return f"recipes/{recipe.kind.value}" + (f"/{recipe.record}" if recipe.record else "")


def _shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value)
