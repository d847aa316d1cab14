"""The rules of a record as small functions of the generated `rules.py`: which ask what, and where the message appears."""

from collections.abc import Iterator
from dataclasses import dataclass

from nodes.artifacts import ACCOUNT, AppSpec, RecordSpec, Relation, RelationKind, RuleKind, RuleSpec
from nodes.blueprint.frame import names
from nodes.blueprint.frame.text import lower_first, one_line
from nodes.completion import given_fields
from nodes.contract import relation_property
from nodes.rule_functions import custom_rules, function_of, message_of, works_out

FREEING_STATES = frozenset({"cancelled", "canceled", "rejected", "declined", "refused", "denied", "withdrawn", "expired", "no_show"})
"""States in which a booking no longer occupies what it booked; no_overlap looks past records in them."""


@dataclass(frozen=True)
class Column:
    """A column a rule looks at: its attribute, and its name in JSON and SQL."""

    attr: str
    name: str
    required: bool


@dataclass(frozen=True)
class Belonging:
    """Of a `same_parent` rule: the record its first relation points to, and how that refers to the whole it is a part of."""

    part: str
    whole: Relation


@dataclass(frozen=True)
class RuleView:
    """A rule whose columns all exist. `belonging` is given exactly for `same_parent`."""

    spec: RuleSpec
    columns: tuple[Column, ...]
    per: Column | None
    per_target: str | None
    belonging: Belonging | None = None

    @property
    def kind(self) -> RuleKind:
        return self.spec.kind

    @property
    def message(self) -> str:
        return message_of(self.spec)

    @property
    def place(self) -> str:
        """The input the message is shown at; empty for the form as a whole."""
        given = [column.name for column in (self.same if self.kind is RuleKind.limit else self.columns) if column.name != "created_by_id"]
        if not given:
            return ""
        return given[-1] if self.kind is RuleKind.ordered else given[0]

    @property
    def maximum(self) -> int:
        """Of a limit."""
        assert self.spec.maximum is not None
        return self.spec.maximum

    @property
    def constant(self) -> str:
        """What a limit's figures are called in `rules.py`."""
        return names.constant(self.spec.name)

    @property
    def same(self) -> tuple[Column, ...]:
        """The columns in which the records a limit counts agree."""
        return (*self.columns, *((self.per,) if self.per else ()))


@dataclass(frozen=True)
class CheckView:
    """One function of `rules.py` that tells whether a rule is broken, or `keeps` it. `asks`: it needs the database."""

    function: str
    asks: bool
    place: str
    message: str
    lines: tuple[str, ...]
    keeps: bool = False


def rule_views(spec: AppSpec, record: RecordSpec) -> Iterator[RuleView]:
    """Rules the program can enforce: those whose fields exist. `custom` rules need an engineer."""
    columns = {field.name: Column(names.attribute(field.name), field.name, field.required) for field in given_fields(record)}
    columns["created_by"] = Column("created_by_id", "created_by_id", required=True)
    for relation in record.relations:
        if relation.kind is RelationKind.many_to_one:
            columns[relation.name] = Column(relation_property(relation), relation_property(relation), relation.required)
    targets = {relation.name: relation.target for relation in record.relations} | {"created_by": ACCOUNT}
    for rule in spec.rules:
        if rule.record == record.name and _is_enforceable(rule, columns):
            per = columns[rule.per] if rule.per else None
            belonging = _belonging(spec, rule, targets) if rule.kind is RuleKind.same_parent else None
            per_target = targets.get(rule.per) if rule.per else None
            yield RuleView(rule, tuple(columns[name] for name in rule.fields), per, per_target, belonging)


def _belonging(spec: AppSpec, rule: RuleSpec, targets: dict[str, str]) -> Belonging:
    """Which relation of the part leads to the whole; consistency has made sure that exactly one does."""
    part, whole = (targets[name] for name in rule.fields)
    single = (relation for relation in spec.record(part).relations if relation.kind is RelationKind.many_to_one)
    return Belonging(part, next(relation for relation in single if relation.target == whole))


def _is_enforceable(rule: RuleSpec, columns: dict[str, Column]) -> bool:
    needed = {
        RuleKind.ordered: 2,
        RuleKind.no_overlap: 2,
        RuleKind.unique_together: 1,
        RuleKind.positive: 1,
        RuleKind.same_parent: 2,
        RuleKind.limit: 0,
    }
    known = all(name in columns for name in rule.fields) and (rule.per is None or rule.per in columns)
    return rule.kind in needed and known and len(rule.fields) >= needed[rule.kind]


UNWRITTEN = "return True  # this rule is still to be written"
"""Stands in the app until an engineer writes the rule; the checks of the app name it (`nodes.rule_functions`)."""


def unwritten_checks(spec: AppSpec, record: RecordSpec) -> tuple[CheckView, ...]:
    """A function for each rule of kind `custom` that refuses something, called where the others are; engineers write what it does."""
    places = {field.name: field.name for field in given_fields(record)}
    places |= {relation.name: relation_property(relation) for relation in record.relations}
    rules = (rule for rule in custom_rules(spec) if rule.record == record.name and not works_out(spec, rule))
    return tuple(
        CheckView(
            function_of(rule),
            True,
            next((places[name] for name in rule.fields if name in places), ""),
            message_of(rule),
            (UNWRITTEN,),
            keeps=True,
        )
        for rule in rules
    )


def check_views(record: RecordSpec, rules: tuple[RuleView, ...], var: str, cls: str, freeing: tuple[str, ...]) -> tuple[CheckView, ...]:
    """Unique fields first, then the rules as specified."""
    return (*_unique_checks(record, var, cls), *(_rule_check(rule, var, cls, freeing) for rule in rules))


def _unique_checks(record: RecordSpec, var: str, cls: str) -> Iterator[CheckView]:
    for field in given_fields(record):
        if field.unique:
            attr = names.attribute(field.name)
            known = "" if field.required else f"{var}.{attr} is not None and "
            message = f"Another {lower_first(one_line(record.label))} already has this {lower_first(one_line(field.label))}."
            line = f"return {known}records.another_exists(session, {var}, {cls}.{attr} == {var}.{attr})"
            yield CheckView(f"{field.name}_is_taken", True, field.name, message, (line,))


def _rule_check(rule: RuleView, var: str, cls: str, freeing: tuple[str, ...]) -> CheckView:
    function = f"breaks_{rule.spec.name}"
    match rule.kind:
        case RuleKind.ordered:
            return CheckView(function, False, rule.place, rule.message, _ordered(rule, var))
        case RuleKind.positive:
            return CheckView(function, False, rule.place, rule.message, _positive(rule, var))
        case RuleKind.unique_together:
            return CheckView(function, True, rule.place, rule.message, _together(rule, var, cls))
        case RuleKind.no_overlap:
            return CheckView(function, True, rule.place, rule.message, _overlap(rule, var, cls, freeing))
        case RuleKind.same_parent:
            return CheckView(function, True, rule.place, rule.message, _same_parent(rule, var))
        case RuleKind.limit:
            return CheckView(function, True, rule.place, rule.message, _limit(rule, var, cls))
        case RuleKind.custom:
            raise AssertionError("left to engineers, see unwritten_checks")


def _known(columns: tuple[Column, ...], var: str) -> str:
    """The condition that every optional column has a value, followed by `and`."""
    return "".join(f"{var}.{column.attr} is not None and " for column in columns if not column.required)


def _ordered(rule: RuleView, var: str) -> tuple[str, ...]:
    first, last = rule.columns[:2]
    return (f"return {_known((first, last), var)}{var}.{first.attr} >= {var}.{last.attr}",)


def _positive(rule: RuleView, var: str) -> tuple[str, ...]:
    return (f"return {_known(rule.columns[:1], var)}{var}.{rule.columns[0].attr} <= 0",)


def _together(rule: RuleView, var: str, cls: str) -> tuple[str, ...]:
    same = ", ".join(f"{cls}.{column.attr} == {var}.{column.attr}" for column in rule.columns)
    return (f"return {_known(rule.columns, var)}records.another_exists(session, {var}, {same})",)


def _same_parent(rule: RuleView, var: str) -> tuple[str, ...]:
    assert rule.belonging is not None
    part, whole = rule.columns
    link = relation_property(rule.belonging.whole)
    found = f"records.referred(session, {names.model_class(rule.belonging.part)}, {var}.{part.attr})"
    return (f"return {_known((part, whole), var)}{found}.{link} != {var}.{whole.attr}",)


def _limit(rule: RuleView, var: str, cls: str) -> tuple[str, ...]:
    """Only what is counted itself can be one too many."""
    outside = [f"{var}.state not in {rule.constant}_STATES"] if rule.spec.states else []
    outside += [f"{var}.{column.attr} is None" for column in rule.same if not column.required]
    lines = [f"if {' or '.join(outside)}:", "    return False"] if outside else []
    conditions = [f"{cls}.state.in_({rule.constant}_STATES)"] if rule.spec.states else []
    if rule.per:
        conditions.insert(0, f"{cls}.{rule.per.attr} == {var}.{rule.per.attr}")
    if rule.per and rule.per_target:
        lines.append(f"records.take_turn(session, {_class_of(rule.per_target)}, {var}.{rule.per.attr})")
    if rule.spec.period:
        column = rule.columns[0].attr if rule.columns else "created_at"
        moment = f"{var}.{column}" if rule.columns else f"{var}.created_at or dt.datetime.now(dt.UTC)"
        conditions.append(f"periods.within(periods.Period.{rule.spec.period.value.upper()}, {cls}.{column}, {moment})")
    lines.append(f"return records.count_others(session, {', '.join([var, *conditions])}) >= {rule.constant}_MAXIMUM")
    return tuple(lines)


def _class_of(target: str) -> str:
    return "Account" if target == ACCOUNT else names.model_class(target)


def _overlap(rule: RuleView, var: str, cls: str, freeing: tuple[str, ...]) -> tuple[str, ...]:
    first, last = rule.columns[:2]
    concerned = (first, last) if rule.per is None else (rule.per, first, last)
    missing = " or ".join(f"{var}.{column.attr} is None" for column in concerned if not column.required)
    lines = [f"if {missing}:", "    return False"] if missing else []
    conditions = [f"{cls}.{first.attr} < {var}.{last.attr}", f"{cls}.{last.attr} > {var}.{first.attr}"]
    if freeing:
        lines += [f"if {var}.state in FREEING_STATES:", "    return False"]
        conditions.append(f"{cls}.state.not_in(FREEING_STATES)")
    if rule.per and rule.per_target:
        lines.append(f"records.take_turn(session, {_class_of(rule.per_target)}, {var}.{rule.per.attr})")
        conditions.insert(0, f"{cls}.{rule.per.attr} == {var}.{rule.per.attr}")
    lines.append(f"return records.another_exists(session, {var}, {', '.join(conditions)})")
    return tuple(lines)
