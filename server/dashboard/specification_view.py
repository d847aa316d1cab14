"""A specification as its page shows it: each record with its life, its permissions as a table, its rules. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nodes.artifacts import ACCOUNT, Action, AppSpec, RecordSpec, RuleSpec, Scope
from server.dashboard.life_picture import LifePicture, life_picture
from server.dashboard.words import listed

ACTION_ORDER = tuple(Action)


@dataclass(frozen=True)
class RecordView:
    """One record."""

    record: RecordSpec
    life: LifePicture | None
    permissions: tuple[tuple[str, tuple[str, ...]], ...]
    rules: tuple[RuleSpec, ...]
    role_labels: Mapping[str, str]
    target_labels: Mapping[str, str]
    actions: tuple[Action, ...] = ACTION_ORDER

    def roles_of(self, names: Sequence[str]) -> str:
        """Who does a step."""
        return listed([self.role_labels.get(name, name) for name in names]) if names else "whoever may update it"


def record_views(spec: AppSpec) -> tuple[RecordView, ...]:
    """Every record of a specification."""
    roles = {role.name: role.label for role in spec.roles}
    targets = {record.name: record.label for record in spec.records} | {ACCOUNT: "a person who signs in"}
    return tuple(
        RecordView(
            record=record,
            life=life_picture(record.workflow) if record.workflow else None,
            permissions=tuple(
                (label, tuple(_cell(spec, name, record.name, action) for action in ACTION_ORDER)) for name, label in roles.items()
            ),
            rules=tuple(rule for rule in spec.rules if rule.record == record.name),
            role_labels=roles,
            target_labels=targets,
        )
        for record in spec.records
    )


def _cell(spec: AppSpec, role: str, record: str, action: Action) -> str:
    """What a role may do: `yes`, `own`, or a dash."""
    scopes = {grant.scope for grant in spec.permissions if (grant.role, grant.record, grant.action) == (role, record, action)}
    if Scope.all in scopes:
        return "yes"
    return "own" if scopes else "–"
