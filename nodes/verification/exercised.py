"""What of a specification was used in the running app: every field given a value, every state reached, every step taken, every role.

A part that was never used is no evidence, however often its endpoint answered. Notes exchanges; judges none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nodes.artifacts import AppSpec, Contract, Endpoint, Operation, RecordSpec
from nodes.completion import given_fields
from nodes.contract import relation_property
from nodes.verification.exchange import Answer, Content, Json

_WRITING = (Operation.create, Operation.update)


@dataclass
class Exercised:
    """`given`, `shown`: record and property; `states`: record and state; `steps`: record and transition; `roles`: who was answered."""

    given: set[tuple[str, str]] = field(default_factory=set)
    shown: set[tuple[str, str]] = field(default_factory=set)
    states: set[tuple[str, str]] = field(default_factory=set)
    steps: set[tuple[str, str]] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)

    def note(self, endpoint: Endpoint, role: str | None, body: Json | Content, answer: Answer) -> None:
        """Learn from one exchange; a refused one shows only that nobody got in."""
        if not 200 <= answer.status < 300:
            return
        if role:
            self.roles.add(role)
        if endpoint.operation in _WRITING and isinstance(body, dict):
            self.given |= {(endpoint.record, name) for name, value in body.items() if value not in (None, [], "")}
        if endpoint.operation is Operation.transition and endpoint.transition:
            self.steps.add((endpoint.record, endpoint.transition))
        if endpoint.operation is not Operation.recipe:
            for shown in _objects(answer):
                self.shown |= {(endpoint.record, name) for name, value in shown.items() if value not in (None, [], "")}
                self.states.add((endpoint.record, str(shown.get("state"))))

    def missing(self, spec: AppSpec, contract: Contract) -> Iterator[str]:
        """What was not used, as `claim.amount`, in the order of the specification."""
        yield from (f"role {role.name}" for role in spec.roles if role.name not in self.roles)
        for record in spec.records:
            writable = any(entry.record == record.name and entry.operation in _WRITING for entry in contract.endpoints)
            used = self.given if writable else self.shown
            yield from (f"{record.name}.{name}" for name in _entered(record) if (record.name, name) not in used)
            kept = (entry.name for entry in record.fields if entry.by_app)
            yield from (f"{record.name}.{name}" for name in kept if (record.name, name) not in self.shown)
            if record.workflow:
                states, steps = record.workflow.states, record.workflow.transitions
                yield from (f"{record.name} {state.name}" for state in states if (record.name, state.name) not in self.states)
                yield from (f"{step.name} {record.name}" for step in steps if (record.name, step.name) not in self.steps)


def _entered(record: RecordSpec) -> Iterator[str]:
    yield from (entry.name for entry in given_fields(record))
    yield from (relation_property(relation) for relation in record.relations)


def _objects(answer: Answer) -> Iterable[dict[str, Json]]:
    items = answer.object.get("items")
    return [entry for entry in items if isinstance(entry, dict)] if isinstance(items, list) else [answer.object]
