"""Specification → components: one for each record, or for records that make sense only together."""

from collections.abc import Sequence

from nodes.artifacts import ACCOUNT, AppSpec, ArchitecturePlan, Component, RecordSpec, RuleKind, StackName
from nodes.stack import STACKS

MAX_COMPONENTS = 12
"""More engineers at once than this only wait for the two to eight cores they share."""


def plan(spec: AppSpec) -> ArchitecturePlan:
    """Divide any consistent specification into at most twelve components and say why."""
    groups = _together(spec)
    groups = _at_most(groups, MAX_COMPONENTS)
    components = tuple(part(spec, group) for group in groups)
    return ArchitecturePlan(
        summary=f"{spec.title}: {_count(len(spec.records), 'record')} in {_count(len(components), 'component')}, written side by side.",
        decisions=tuple(_decisions(spec, components)),
        components=components,
    )


def owned_patterns(plural: str, stack: StackName = StackName.python_web) -> tuple[str, ...]:
    """The files of one record, as the layout of the built app fixes them."""
    return tuple(pattern.replace("{plural}", plural) for pattern in STACKS[stack].record_files)


def _together(spec: AppSpec) -> list[list[RecordSpec]]:
    """A part without a life of its own goes with its whole: an option with its poll, a line item with its invoice."""
    whole_of = {record.name: _whole(record, spec) for record in spec.records}
    groups: dict[str, list[RecordSpec]] = {}
    for record in spec.records:
        whole = whole_of[record.name] or record.name
        home = whole_of.get(whole) or whole
        groups.setdefault(home if home in groups or home == record.name else whole, []).append(record)
    return list(groups.values())


def _whole(record: RecordSpec, spec: AppSpec) -> str | None:
    """The record this one is a part of: its only required reference, if it is referred to by name and has no workflow."""
    required = [relation.target for relation in record.relations if relation.required and relation.target not in {ACCOUNT, record.name}]
    if len(required) != 1 or record.workflow is not None or len(record.fields) > 3:
        return None
    return required[0] if any(entry.name == required[0] for entry in spec.records) else None


def _at_most(groups: list[list[RecordSpec]], limit: int) -> list[list[RecordSpec]]:
    """Join neighbours until there are few enough; neighbours in a description mostly belong together."""
    if len(groups) <= limit:
        return groups
    size, rest = divmod(len(groups), limit)
    joined, position = [], 0
    for number in range(limit):
        step = size + (1 if number < rest else 0)
        joined.append([record for group in groups[position : position + step] for record in group])
        position += step
    return joined


def part(spec: AppSpec, records: Sequence[RecordSpec]) -> Component:
    """One part for `records`, named after the first."""
    labels = [record.plural_label for record in records]
    return Component(
        name=records[0].plural,
        title=_listed(labels),
        summary=" ".join(_about(spec, record) for record in records),
        records=tuple(record.name for record in records),
        owns=tuple(pattern for record in records for pattern in owned_patterns(record.plural, spec.stack)),
    )


def _about(spec: AppSpec, record: RecordSpec) -> str:
    parts = [f"{record.plural_label} with {_count(len(record.fields), 'field')}"]
    if record.relations:
        parts.append(f"references to {_listed(list(dict.fromkeys(relation.target for relation in record.relations)))}")
    if record.workflow:
        parts.append(f"the states {_listed([state.label.lower() for state in record.workflow.states])}")
    rules = sum(1 for rule in spec.rules if rule.record == record.name)
    if rules:
        parts.append(_count(rules, "rule"))
    return f"{_listed(parts)}."


_GIVEN = {
    StackName.python_web: (
        "Python with FastAPI, SQLAlchemy and server-rendered pages: one language, no front-end build, starts in a second.",
        "SQLite by default and PostgreSQL by DATABASE_URL, because a small team starts without a database server.",
    ),
    StackName.node_records: (
        "TypeScript that Node.js runs as it is, without packages: nothing is installed, nothing has to be patched.",
        "Sign-in, accounts and tables are generated; each part writes rights, steps, rules, pages and tests of its records.",
    ),
}


def _decisions(spec: AppSpec, components: Sequence[Component]) -> list[str]:
    decisions = [*_GIVEN[spec.stack], "The JSON API is derived from the specification, so pages, API and tests cannot disagree."]
    shared = [component for component in components if len(component.records) > 1]
    decisions += [f"{component.title} are one component, because they make sense only together." for component in shared[:3]]
    if any(rule.kind is RuleKind.no_overlap for rule in spec.rules):
        decisions.append("Overlapping times are refused when saving, not only warned of, because two people may book at once.")
    if any(record.workflow for record in spec.records):
        decisions.append("States change only by named steps, and each step names the roles that may take it.")
    return decisions


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
