"""Sentences of the app's README: what a record holds, which way it goes, and who may do what."""

from collections.abc import Iterable, Mapping

from nodes.artifacts import Scope
from nodes.blueprint.frame.members import RelationView
from nodes.blueprint.frame.record_view import RecordView
from nodes.blueprint.frame.text import lower_first, sentence_list

PREPOSITIONS = frozenset({"at", "by", "for", "from", "in", "of", "on", "to", "under", "with"})
ACTIONS = {"read": "look", "create": "add", "update": "change", "delete": "delete"}


def facts(record: RecordView) -> str:
    """`Each claim has subject and amount; optional: remark; filled by the app: total.`"""
    needed = [lower_first(member.label) for member in record.inputs if member.required]
    optional = [lower_first(member.label) for member in record.inputs if not member.required]
    filled = [lower_first(member.label) for member in record.members if member not in record.inputs]
    said = {"has ": needed, "optional: ": optional, "filled by the app: ": filled}
    parts = [f"{word}{sentence_list(labels)}" for word, labels in said.items() if labels]
    held = f"Each {lower_first(record.label)} {'; '.join(parts)}." if parts else ""
    return " ".join(filter(None, (record.spec.description and record.description, held)))


def way(record: RecordView) -> str:
    """`A new claim is submitted. Approve leads from submitted to approved (administrator).`"""
    labels = dict(record.states)
    start = f"A new {lower_first(record.label)} starts as “{labels.get(record.initial or '', '')}”."
    roles = {role.name: role.label for role in record.app.roles}
    steps = [f"“{step.label}” leads from {step.from_labels} to {step.to_label} ({_by(step.grants, roles)})." for step in record.transitions]
    return " ".join([start, *steps])


def rights(record: RecordView, role: str) -> str:
    """`look (own), change (own, while “Draft”)`; a dash for nothing."""
    granted = ((operation, word, record.grants(operation).get(role)) for operation, word in ACTIONS.items())
    return (
        ", ".join(f"{word} ({_own(record, operation)})" if scope is Scope.own else word for operation, word, scope in granted if scope)
        or "–"
    )


def _own(record: RecordView, operation: str) -> str:
    labels = dict(record.states)
    states = sentence_list([f"“{labels[state]}”" for state in record.own_states(operation)], last="or")
    return f"own, while {states}" if states else "own"


def onward(record: RecordView, other: RecordView, relation: RelationView) -> str:
    """`Votes of this poll`, `Customers recruited by this customer`, `Tasks with this person as reviewer`."""
    role, here = lower_first(relation.label), f"this {lower_first(record.label)}"
    if relation.name == record.name:
        return f"{other.plural_label} of {here}"
    if role.rpartition(" ")[2] in PREPOSITIONS:
        return f"{other.plural_label} {role} {here}"
    return f"{other.plural_label} with {here} as {role}"


def _by(grants: Iterable[str], roles: Mapping[str, str]) -> str:
    return sentence_list([roles[role] for role in grants], last="or")
