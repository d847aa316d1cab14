"""Component → changeset without a model: sample data that suits the trade, and tests that it keeps the rules.

The frame's code is complete without it; what the built-in builder cannot do, such as a rule of kind `custom` or the
repair of a finding in generated code, it says in the notes.
"""

from collections.abc import Mapping, Sequence

from nodes.artifacts import AppSpec, Changeset, Component, FileChange, FileOperation, Finding, RuleKind
from nodes.blueprint import samples


def write(spec: AppSpec, component: Component, *, own_files: Mapping[str, str], findings: Sequence[Finding] = ()) -> Changeset:
    """The same changeset for the same input; findings it cannot repair are named in the notes."""
    rows = samples.rows_of(spec)
    changes: list[FileChange] = []
    for name in component.records:
        record = spec.record(name)
        changes.append(_change(f"app/records/{record.plural}/samples.py", samples.source(record, rows[name]), own_files))
        changes.append(_change(f"tests/test_{record.plural}_samples.py", samples.test_source(record), own_files))
    counted = ", ".join(f"{len(rows[name])} {spec.record(name).plural_label.lower()}" for name in component.records)
    return Changeset(
        component=component.name,
        changes=tuple(changes),
        notes=" ".join([f"Sample data: {counted}.", *_left_open(spec, component, findings)]),
    )


def _change(path: str, content: str, own_files: Mapping[str, str]) -> FileChange:
    operation = FileOperation.replace if path in own_files else FileOperation.add
    if path.endswith("/samples.py"):
        operation = FileOperation.replace
    return FileChange(path=path, operation=operation, content=content)


def _left_open(spec: AppSpec, component: Component, findings: Sequence[Finding]) -> list[str]:
    custom = [rule.message for rule in spec.rules if rule.kind is RuleKind.custom and rule.record in component.records]
    notes = [f"Not written, because it takes a language model: {message}" for message in custom]
    own = [finding for finding in findings if finding.component in {None, component.name}]
    if own:
        notes.append(
            f"The built-in builder cannot repair {len(own)} finding{'s' * (len(own) != 1)}; it has given the same files again. "
            f"First: {own[0].message} Choose a language model, or correct the specification."
        )
    return notes
