"""What the templates need to know about the app as a whole: roles, colour, reports, and the order of the tables."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from nodes.artifacts import AppSpec, Contract, FieldType, Operation, ReportSpec, RoleSpec, Scope
from nodes.blueprint.frame import names
from nodes.blueprint.frame.called import Called
from nodes.blueprint.frame.members import FieldView, RelationView
from nodes.blueprint.frame.recipes import RecipeView, recipe_views
from nodes.blueprint.frame.record_view import RecordView, in_dependency_order, record_views
from nodes.blueprint.frame.text import lower_first, one_line, sentence_list
from nodes.completion import completed

HUES = (205, 235, 262, 290, 325, 355, 60, 150)
"""OKLCH hues of the accent; a test computes the contrast of each against paper and ink, light and dark."""


@dataclass(frozen=True)
class RoleView(Called):
    """A role by name, label and Python constant."""

    spec: RoleSpec

    @property
    def constant(self) -> str:
        return names.constant(self.spec.name)


@dataclass(frozen=True)
class ReportView(Called):
    """A report with the expressions that compute it."""

    spec: ReportSpec
    record: RecordView
    operation_id: str
    grants: dict[str, Scope]
    group: str
    word: str
    target: str | None
    through: str | None
    measured: FieldView | None
    grouped_by: str

    @property
    def constant(self) -> str:
        return names.constant(self.spec.name)

    @property
    def measure(self) -> str | None:
        """The column that is summed."""
        return f"{self.record.cls}.{self.measured.attr}" if self.measured else None

    @property
    def places(self) -> int:
        """Decimals of the figure."""
        return {FieldType.money: 2, FieldType.decimal: 2}.get(self.measured.type, 0) if self.measured else 0

    @property
    def function(self) -> str:
        return self.operation_id

    @property
    def about(self) -> str:
        figure = f"Sum of {lower_first(self.measured.label)} of" if self.measured else "Number of"
        return f"{figure} {lower_first(self.record.plural_label)} by {lower_first(self.grouped_by)}"


@dataclass(frozen=True)
class AppView:
    """The whole app, ready for the templates."""

    spec: AppSpec
    records: tuple[RecordView, ...]
    ordered: tuple[RecordView, ...]
    reports: tuple[ReportView, ...]
    recipes: tuple[RecipeView, ...] = ()

    def uses(self, kind: str) -> tuple[RecipeView, ...]:
        """The uses of one recipe; none if the app does without it."""
        return tuple(use for use in self.recipes if use.kind == kind)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def slug(self) -> str:
        return self.spec.name.replace("_", "-").strip("-")

    @property
    def title(self) -> str:
        return one_line(self.spec.title) or self.spec.name

    @property
    def summary(self) -> str:
        return one_line(self.spec.summary) or self.title

    @property
    def api_description(self) -> str:
        return f"{self.summary} Sign in with POST /api/session and send the token as a bearer token."

    @property
    def initial(self) -> str:
        return next((character.upper() for character in self.title if character.isalnum()), "A")

    @property
    def hue(self) -> int:
        """One of the eight, always the same for the same name."""
        return HUES[hashlib.sha256(self.spec.name.encode()).digest()[0] % len(HUES)]

    @property
    def roles(self) -> tuple[RoleView, ...]:
        return tuple(RoleView(role) for role in self.spec.roles)

    @property
    def administrator(self) -> RoleView:
        return next(role for role in self.roles if role.spec.administers)

    @property
    def others(self) -> tuple[RoleView, ...]:
        """Everybody but the administrators."""
        return tuple(role for role in self.roles if not role.spec.administers)

    @property
    def registering(self) -> tuple[RoleView, ...]:
        """Roles people may register for; never the administrating one."""
        return tuple(role for role in self.roles if role.spec.may_register and not role.spec.administers)

    @property
    def registering_labels(self) -> str:
        return sentence_list([lower_first(role.label) for role in self.registering], last="or")

    @property
    def has_periods(self) -> bool:
        """Whether anything is limited per day, week or month."""
        return any(rule.spec.period for record in self.records for rule in record.limits)

    @property
    def report_roles(self) -> tuple[str, ...]:
        """Roles that can open at least one report, in the order of the specification."""
        return tuple(role.name for role in self.spec.roles if any(role.name in report.grants for report in self.reports))


def app_view(spec: AppSpec, contract: Contract) -> AppView:
    """Work out everything the templates show. Raises SpecNotBuildable for names no file or table can carry."""
    spec = completed(spec)
    records = record_views(spec, contract)
    by_name = {record.name: record for record in records}
    reports = tuple(view for report in spec.reports if (view := _report_view(report, by_name, contract)) is not None)
    with_reports = {record.name: record.with_surroundings(records, _of(record, reports)) for record in records}
    complete = tuple(with_reports[record.name] for record in records)
    return AppView(
        spec=spec,
        records=complete,
        ordered=tuple(with_reports[record.name] for record in in_dependency_order(spec)),
        reports=reports,
        recipes=recipe_views(spec.recipes, complete),
    )


def _of(record: RecordView, reports: Sequence[ReportView]) -> tuple[tuple[str, dict[str, Scope]], ...]:
    return tuple((report.constant, report.grants) for report in reports if report.record.name == record.name)


def _report_view(report: ReportSpec, records: dict[str, RecordView], contract: Contract) -> ReportView | None:
    endpoint = next((e for e in contract.endpoints if e.operation is Operation.report and e.path == f"/api/reports/{report.name}"), None)
    record = records.get(report.record)
    if record is None or endpoint is None:
        return None
    group = _grouping(report, record)
    if group is None:
        return None
    return ReportView(
        spec=report,
        record=record,
        operation_id=endpoint.name,
        grants={access.role: access.scope for access in endpoint.access},
        measured=next((field for field in record.fields if field.name == report.measure and field.is_number), None),
        group=group.group,
        word=group.word,
        target=group.target,
        through=group.through,
        grouped_by=group.label,
    )


@dataclass(frozen=True)
class Grouping:
    """The column that names the group, and how its value becomes a word: by a function, or by looking up a target."""

    group: str
    label: str
    word: str = "str"
    target: str | None = None
    through: str | None = None


def _grouping(report: ReportSpec, record: RecordView) -> Grouping | None:
    """How a report groups; None if nothing is called so."""
    period = _period(report)
    if report.group_by == "state" and record.states:
        return Grouping(f"{record.cls}.state", "state", word=f"{record.plural}_rules.STATES.__getitem__")
    if report.group_by == "created_by":
        return Grouping(f"{record.cls}.created_by_id", "person", target="Account")
    if report.group_by == "created_at":
        return Grouping(f"{record.cls}.created_at", f"{period} added", word=f"by_{period}")
    for relation in record.relations:
        if relation.name == report.group_by:
            return _by_relation(record, relation)
    for field in record.fields:
        if field.name == report.group_by:
            dated = field.type in (FieldType.date, FieldType.datetime)
            label = f"{period} of {lower_first(field.label)}" if dated else field.label
            word = f"by_{period}" if dated else "wording.choice" if field.type is FieldType.choice else "wording.shown"
            return Grouping(f"{record.cls}.{field.attr}", label, word=word)
    return None


def _by_relation(record: RecordView, relation: RelationView) -> Grouping:
    if relation.many:
        return Grouping(
            f"{relation.target_class}.id", relation.label, target=relation.target_class, through=f"{record.cls}.{relation.attr}"
        )
    return Grouping(f"{record.cls}.{relation.key}", relation.label, target=relation.target_class)


def _period(report: ReportSpec) -> str:
    """By day if name or label say so, else by month."""
    words = f"{report.name} {report.label}".lower().replace("_", " ").split()
    return "day" if {"day", "daily", "days"} & set(words) else "month"
