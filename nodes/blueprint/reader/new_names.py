"""One thing of a specification under another name, wherever it is referred to. What is stored stays.

Every item keeps its place in its list and its source, so that `nodes.spec_diff` knows it as the same one. A name that is taken
changes nothing: the specification comes back as it was.
"""

import re
from collections.abc import Mapping

from nodes.artifacts import ACCOUNT, AppSpec, FieldSpec, RecipeKind, RecipeSpec, RecordSpec, Relation, Transition, WorkflowState
from nodes.blueprint.reader.naming import RESERVED_FIELDS, identifier, plural, sentence_case, singular, slug
from nodes.blueprint.reader.recipe_changes import recipes_renamed


def rename_record(spec: AppSpec, record: RecordSpec, new: str) -> AppSpec:
    """The record under another name, wherever it is referred to or spoken of.

    Relations and fields keep their names, so that data stay in place; people read the new word.
    """
    noun = singular(new.lower())
    name = identifier(noun, fallback="item", suffix="record")
    if any(entry.name == name for entry in spec.records) or name == ACCOUNT:
        return spec
    names = {"name": name, "plural": slug(plural(noun)), "label": sentence_case(noun), "plural_label": sentence_case(plural(noun))}
    records = []
    for entry in spec.records:
        relations = tuple(
            relation.model_copy(update={"target": name, "label": _in_words(relation.label, record, noun)})
            if relation.target == record.name
            else relation
            for relation in entry.relations
        )
        records.append(entry.model_copy(update={"relations": relations} | (names if entry is record else {})))
    of_record = {"record": name}
    return spec.model_copy(
        update={
            "records": tuple(records),
            "permissions": tuple(
                entry.model_copy(update=of_record) if entry.record == record.name else entry for entry in spec.permissions
            ),
            "rules": tuple(
                rule.model_copy(
                    update={"record": name if rule.record == record.name else rule.record, "message": _in_words(rule.message, record, noun)}
                )
                for rule in spec.rules
            ),
            "recipes": recipes_renamed(spec, record.name, name),
            "reports": tuple(
                report.model_copy(update=of_record | {"label": _in_words(report.label, record, noun)})
                if report.record == record.name
                else report
                for report in spec.reports
            ),
        }
    )


def _in_words(text: str, record: RecordSpec, noun: str) -> str:
    """`text` with the record's old noun, in singular and plural, replaced by the new one."""
    return _reworded(_reworded(text, record.plural_label, plural(noun)), record.label, noun)


def rename_role(spec: AppSpec, old: str, new: str) -> AppSpec:
    """A role under another name, wherever it may do something. Whoever has it keeps it."""
    noun = singular(new.lower())
    name = identifier(noun, fallback="role", suffix="role", reserved=frozenset({ACCOUNT}))
    if any(entry.name == name for entry in spec.roles):
        return spec
    roles = tuple(role.model_copy(update={"name": name, "label": sentence_case(noun)}) if role.name == old else role for role in spec.roles)
    permissions = tuple(entry.model_copy(update={"role": name}) if entry.role == old else entry for entry in spec.permissions)
    records = []
    for record in spec.records:
        steps = record.workflow.transitions if record.workflow else ()
        taken = tuple(step.model_copy(update={"roles": tuple(_renamed(step.roles, {old: name}))}) for step in steps)
        records.append(_with_workflow(record, transitions=taken))
    return spec.model_copy(update={"roles": roles, "permissions": permissions, "records": tuple(records)})


def rename_part(spec: AppSpec, record: RecordSpec, part: FieldSpec | Relation, new: str) -> AppSpec:
    """A field or relation under another name, with the rules, reports and recipes that use it."""
    suffix = "field" if isinstance(part, FieldSpec) else "link"
    reserved = RESERVED_FIELDS if isinstance(part, FieldSpec) else RESERVED_FIELDS - {"account"}
    name = identifier(new.lower(), fallback=suffix, suffix=suffix, reserved=reserved)
    taken = {entry.name for entry in record.fields if entry is not part} | {entry.name for entry in record.relations if entry is not part}
    if name in taken or f"{name}_id" in taken:
        return spec
    names, label = {part.name: name}, sentence_case(new)
    renamed = record.model_copy(
        update={
            "fields": tuple(field.model_copy(update={"name": name, "label": label}) if field is part else field for field in record.fields),
            "relations": tuple(
                relation.model_copy(update={"name": name, "label": label}) if relation is part else relation
                for relation in record.relations
            ),
            "title_field": names.get(record.title_field, record.title_field),
        }
    )
    changed = _replaced(spec, renamed)
    return changed.model_copy(
        update={
            "rules": tuple(
                rule.model_copy(
                    update={
                        "fields": tuple(_renamed(rule.fields, names)),
                        "per": names.get(rule.per, rule.per) if rule.per else None,
                        "message": _reworded(rule.message, part.label, new),
                    }
                )
                if rule.record == record.name
                else rule
                for rule in spec.rules
            ),
            "reports": tuple(
                report.model_copy(
                    update={
                        "group_by": names.get(report.group_by, report.group_by),
                        "measure": names.get(report.measure, report.measure) if report.measure else None,
                        "label": _reworded(report.label, part.label, new),
                    }
                )
                if report.record == record.name
                else report
                for report in spec.reports
            ),
            "recipes": tuple(_with_part(recipe, record.name, names) for recipe in spec.recipes),
        }
    )


def rename_state(spec: AppSpec, record: RecordSpec, state: WorkflowState, new: str) -> AppSpec:
    """A state under another name, with the steps that lead to and from it, and the rules that count by it."""
    name = identifier(new.lower(), fallback="state", suffix="state", reserved=frozenset())
    if record.workflow is None or any(entry.name == name for entry in record.workflow.states if entry is not state):
        return spec
    names = {state.name: name}
    states = tuple(
        entry.model_copy(update={"name": name, "label": sentence_case(new)}) if entry is state else entry
        for entry in record.workflow.states
    )
    steps = tuple(_with_state(step, state, new, names) for step in record.workflow.transitions)
    initial = names.get(record.workflow.initial, record.workflow.initial)
    changed = _replaced(spec, _with_workflow(record, states=states, transitions=steps, initial=initial))
    rules = tuple(
        rule.model_copy(update={"states": tuple(_renamed(rule.states, names))}) if rule.record == record.name else rule
        for rule in spec.rules
    )
    return changed.model_copy(update={"rules": rules})


def rename_choice(spec: AppSpec, record: RecordSpec, field: FieldSpec, old: str, new: str) -> AppSpec:
    """One of the values a field may have, in other words and in the same place."""
    if any(choice.lower() == new.lower() for choice in field.choices if choice != old):
        return spec
    written = sentence_case(new) if old[:1].isupper() else new
    choices = tuple(written if choice == old else choice for choice in field.choices)
    fields = tuple(entry.model_copy(update={"choices": choices}) if entry is field else entry for entry in record.fields)
    return _replaced(spec, record.model_copy(update={"fields": fields}))


def _with_state(step: Transition, state: WorkflowState, new: str, names: Mapping[str, str]) -> Transition:
    """`Mark as pending` follows its state; a step with a verb of its own (`approve`) keeps it."""
    changes: dict[str, object] = {
        "from_states": tuple(_renamed(step.from_states, names)),
        "to_state": names.get(step.to_state, step.to_state),
    }
    if step.label.lower() == f"mark as {state.label.lower()}":
        label = f"Mark as {new.lower()}"
        changes |= {"label": label, "name": identifier(slug(label), fallback="step", suffix="step")}
    return step.model_copy(update=changes)


def _with_part(recipe: RecipeSpec, record: str, names: Mapping[str, str]) -> RecipeSpec:
    """The fields of a recipe are those of its record; of its first part where it counts lines, or moves stock."""
    if recipe.kind is RecipeKind.totals:
        homes = [recipe.records[0]] * len(recipe.fields)
    elif recipe.kind is RecipeKind.stock:
        homes = [recipe.record or "", *recipe.records]
    else:
        homes = [recipe.record or ""] * len(recipe.fields)
    fields = tuple(names.get(name, name) if home == record else name for name, home in zip(recipe.fields, homes, strict=False))
    return recipe.model_copy(update={"fields": fields})


def _with_workflow(record: RecordSpec, **changes: object) -> RecordSpec:
    workflow = record.workflow.model_copy(update=changes) if record.workflow else None
    return record.model_copy(update={"workflow": workflow})


def _replaced(spec: AppSpec, record: RecordSpec) -> AppSpec:
    return spec.model_copy(update={"records": tuple(record if entry.name == record.name else entry for entry in spec.records)})


def _renamed(names: tuple[str, ...], changed: Mapping[str, str]) -> list[str]:
    return [changed.get(name, name) for name in names]


def _reworded(text: str, old: str, new: str) -> str:
    """`text` with a label replaced by another in the same case."""
    text = re.sub(rf"\b{re.escape(old)}\b", sentence_case(new), text)
    return re.sub(rf"\b{re.escape(old.lower())}\b", new.lower(), text)
