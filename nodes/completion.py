"""Complete a specification with what its recipes imply: fields the app fills, rules, and rights withheld. Pure; adds no record."""

from collections.abc import Iterator
from dataclasses import dataclass

from nodes.artifacts import (
    Action,
    AppSpec,
    FieldSpec,
    FieldType,
    RecipeKind,
    RecipeSpec,
    RecordSpec,
    Relation,
    RelationKind,
    RuleKind,
    RuleSpec,
    Scope,
    Transition,
)

OUTGOING = frozenset(
    "out outgoing issue issued sale sold use used consumed consumption withdrawal withdrawn removal removed dispensed".split()
)
"""Words of a choice that says a movement takes from the stock; every other choice adds to it."""


LEVELS = frozenset("reorder minimum min threshold low level".split())
"""Words in the name of a number that says when to order again."""

NUMBERS = frozenset({FieldType.integer, FieldType.decimal, FieldType.money})


def completed(spec: AppSpec) -> AppSpec:
    """The same specification with what its recipes imply; of a specification without recipes, the same. Idempotent."""
    if not spec.recipes:
        return spec
    kept = kept_by_recipes(spec)
    stated = {(rule.record, rule.kind, frozenset(rule.fields)) for rule in spec.rules}
    implied = [rule for recipe in spec.recipes for rule in _rules(spec, recipe)]
    withheld = {pair for recipe in spec.recipes for pair in _withheld(spec, recipe)}
    return spec.model_copy(
        update={
            "records": tuple(_completed(_entrusted(spec, _relaxed(spec, record)), kept) for record in spec.records),
            "rules": (*spec.rules, *(rule for rule in implied if (rule.record, rule.kind, frozenset(rule.fields)) not in stated)),
            "permissions": tuple(entry for entry in spec.permissions if (entry.role, entry.record, entry.action) not in withheld),
        }
    )


def kept_by_recipes(spec: AppSpec) -> dict[tuple[str, str], FieldSpec]:
    """Record and name of each field that a recipe has the app fill, as it is in the complete specification; recipes are sound."""
    return {(record, field.name): field for recipe in spec.recipes for record, field in _kept(spec, recipe)}


def _rules(spec: AppSpec, recipe: RecipeSpec) -> Iterator[RuleSpec]:
    """One vote per person and poll, for one of its options; one answer per person and question, likewise; one enrolment."""
    match recipe.kind:
        case RecipeKind.poll:
            option, vote = recipe.records
            yield from _once(spec, vote, recipe.record or "", option)
        case RecipeKind.quiz:
            question, option, answer = recipe.records[:3]
            yield from _once(spec, answer, question, option)
            for enrolment in recipe.records[3:]:
                yield from _once(spec, enrolment, recipe.record or "", None)
        case _:
            return


def _once(spec: AppSpec, record: str, whole: str, part: str | None) -> Iterator[RuleSpec]:
    noun, about = record.replace("_", " "), whole.replace("_", " ")
    article = "an" if noun[0] in "aeiou" else "a"
    if to_whole := link(spec, record, whole):
        message = f"You already have {article} {noun} for this {about}."
        fields = (to_whole.name, "created_by")
        yield RuleSpec(name=_rule_name(record, "once"), record=record, kind=RuleKind.unique_together, fields=fields, message=message)
        if part and (to_part := link(spec, record, part)):
            message = f"This {part.replace('_', ' ')} belongs to another {about}."
            fields = (to_part.name, to_whole.name)
            yield RuleSpec(name=_rule_name(record, "agrees"), record=record, kind=RuleKind.same_parent, fields=fields, message=message)


def keepers(spec: AppSpec, record: str) -> tuple[str, ...]:
    """The roles that can be trusted with the books of a kind of record: they see all of them, and change any or administer."""
    whole = {(entry.role, entry.action) for entry in spec.permissions if entry.record == record and entry.scope is Scope.all}
    changing = {role for role, action in whole if action in (Action.update, Action.delete)}
    return tuple(role.name for role in spec.roles if (role.name, Action.read) in whole and (role.administers or role.name in changing))


def settling(record: RecordSpec) -> Transition | None:
    """The step by which a record becomes paid, if there is one."""
    steps = record.workflow.transitions if record.workflow else ()
    return next((step for step in steps if step.to_state == "paid" or step.name == "pay"), None)


def _entrusted(spec: AppSpec, record: RecordSpec) -> RecordSpec:
    """Nobody says of themselves that they have paid: that step belongs to those who keep the books."""
    paid = any(recipe.kind is RecipeKind.payments and recipe.record == record.name for recipe in spec.recipes)
    step, trusted = settling(record), keepers(spec, record.name)
    if not (paid and step and trusted and record.workflow):
        return record
    steps = tuple(entry.model_copy(update={"roles": trusted}) if entry is step else entry for entry in record.workflow.transitions)
    return record.model_copy(update={"workflow": record.workflow.model_copy(update={"transitions": steps})})


def _rule_name(record: str, word: str) -> str:
    return f"{record[:40]}_{word}"


def _withheld(spec: AppSpec, recipe: RecipeSpec) -> Iterator[tuple[str, str, Action]]:
    """Who takes part in a quiz neither looks up which options are right, nor changes an answer afterwards."""
    if recipe.kind is not RecipeKind.quiz:
        return
    option, answer = recipe.records[1:3]
    setting = {entry.role for entry in spec.permissions if entry.record == option and entry.action in (Action.create, Action.update)}
    for role in (role.name for role in spec.roles if role.name not in setting):
        yield from ((role, option, Action.read), (role, answer, Action.update), (role, answer, Action.delete))


def _relaxed(spec: AppSpec, record: RecordSpec) -> RecordSpec:
    """A vote, an answer and an enrolment are given by a choice alone, so their fields can stay empty."""
    taking_part = {RecipeKind.poll: 1, RecipeKind.quiz: 2}
    by_choice = {name for recipe in spec.recipes if recipe.kind in taking_part for name in recipe.records[taking_part[recipe.kind] :]}
    if record.name not in by_choice:
        return record
    return record.model_copy(update={"fields": tuple(field.model_copy(update={"required": False}) for field in record.fields)})


def _completed(record: RecordSpec, kept: dict[tuple[str, str], FieldSpec]) -> RecordSpec:
    mine = {name: field for (owner, name), field in kept.items() if owner == record.name}
    known = {field.name for field in record.fields}
    if "total" in mine:  # sums stand where people look for them: at the end, the total last
        return record.model_copy(update={"fields": (*(field for field in record.fields if field.name not in mine), *mine.values())})
    fields = tuple(mine.get(field.name, field) for field in record.fields)
    return record.model_copy(update={"fields": (*fields, *(field for name, field in mine.items() if name not in known))})


def _kept(spec: AppSpec, recipe: RecipeSpec) -> Iterator[tuple[str, FieldSpec]]:
    """Record and field, as they are in the complete specification."""
    record = recipe.record or ""
    match recipe.kind:
        case RecipeKind.short_link:
            _, code, counter = recipe.fields
            yield record, _by_app(spec, record, code, FieldType.text, unique=True)
            yield record, _by_app(spec, record, counter, FieldType.integer)
        case RecipeKind.stock:
            amount = _field(spec.record(recipe.records[0]), recipe.fields[1])
            yield record, _by_app(spec, record, recipe.fields[0], amount.type if amount else FieldType.integer)
        case RecipeKind.totals:
            yield recipe.records[0], _by_app(spec, recipe.records[0], "line_total", FieldType.money)
            for name in ("net", "tax", "total") if len(recipe.fields) > 2 else ("total",):
                yield record, _by_app(spec, record, name, FieldType.money)
        case _:
            return


def _by_app(spec: AppSpec, record: str, name: str, kind: FieldType, *, unique: bool = False) -> FieldSpec:
    """A field as the app keeps it: always there, so never empty, and bound by nothing a person has to know."""
    known = _field(spec.record(record), name)
    label = known.label if known else name.replace("_", " ").capitalize()
    return FieldSpec(name=name, label=label, type=kind, required=True, unique=unique, by_app=True)


def _field(record: RecordSpec, name: str) -> FieldSpec | None:
    return next((field for field in record.fields if field.name == name), None)


def given_fields(record: RecordSpec) -> tuple[FieldSpec, ...]:
    """The fields people and programs fill in."""
    return tuple(field for field in record.fields if not field.by_app)


def link(spec: AppSpec, part: str, whole: str) -> Relation | None:
    """The relation by which `part` refers to `whole`: the required one where there are several."""
    single = [entry for entry in spec.record(part).relations if entry.target == whole and entry.kind is RelationKind.many_to_one]
    return min(single, key=lambda entry: not entry.required, default=None)


@dataclass(frozen=True)
class Movements:
    """How the movements of a stock change it. `direction`: the choice that says whether one adds or takes; None: by its sign.

    `level`: the number of an item at or below which it has to be ordered again; None: one figure for all.
    """

    item: str
    movement: str
    quantity: str
    amount: str
    link: Relation
    direction: FieldSpec | None
    outgoing: tuple[str, ...]
    level: FieldSpec | None

    @property
    def incoming(self) -> str | None:
        """A direction that adds."""
        choices = self.direction.choices if self.direction else ()
        return next((choice for choice in choices if choice not in self.outgoing), None)


def movements(spec: AppSpec, recipe: RecipeSpec) -> Movements:
    """The parts of a `stock` that `nodes.blueprint.recipes` found to be sound."""
    item, movement = recipe.record or "", recipe.records[0]
    relation = link(spec, movement, item)
    assert relation is not None
    direction = next((field for field in spec.record(movement).fields if _outgoing(field)), None)
    level = next((field for field in spec.record(item).fields if field.type in NUMBERS and LEVELS & set(field.name.split("_"))), None)
    outgoing = _outgoing(direction) if direction else ()
    return Movements(item, movement, recipe.fields[0], recipe.fields[1], relation, direction, outgoing, level)


CLOSING = frozenset("closed finished ended over completed archived done cancelled canceled".split())
"""States in which a poll takes no more votes, and a contest no more answers."""


def closing_states(record: RecordSpec) -> tuple[str, ...]:
    """Those of the record's states after which nobody takes part any more."""
    return tuple(state.name for state in record.workflow.states if state.name in CLOSING) if record.workflow else ()


@dataclass(frozen=True)
class QuizParts:
    """How the records of a quiz refer to one another. `right`: the flag of the right option; `points`: None: one each."""

    question: Relation
    option: Relation
    answer_question: Relation
    answer_option: Relation
    right: FieldSpec
    points: FieldSpec | None
    enrolment: Relation | None


def quiz_parts(spec: AppSpec, recipe: RecipeSpec) -> QuizParts:
    """The parts of a `quiz` that `nodes.blueprint.recipes` found to be sound."""
    contest, (question, option, answer) = recipe.record or "", recipe.records[:3]
    links = (link(spec, *pair) for pair in ((question, contest), (option, question), (answer, question), (answer, option)))
    to_contest, to_question, answer_question, answer_option = (found for found in links if found is not None)
    numbers = (field for field in spec.record(question).fields if field.type in NUMBERS and POINTS & set(field.name.split("_")))
    return QuizParts(
        question=to_contest,
        option=to_question,
        answer_question=answer_question,
        answer_option=answer_option,
        right=next(field for field in spec.record(option).fields if field.type is FieldType.boolean),
        points=next(numbers, None),
        enrolment=link(spec, recipe.records[3], contest) if len(recipe.records) > 3 else None,
    )


POINTS = frozenset("point points score value worth mark marks".split())


def movements_kept_as(spec: AppSpec, record: RecordSpec) -> Movements | None:
    """The stock that records of this kind change, if there is one."""
    found = (recipe for recipe in spec.recipes if recipe.kind is RecipeKind.stock and recipe.records[0] == record.name)
    return next((movements(spec, recipe) for recipe in found), None)


def _outgoing(field: FieldSpec) -> tuple[str, ...]:
    """The choices that take from the stock; none if the field tells no direction."""
    taking = tuple(choice for choice in field.choices if OUTGOING & set(choice.lower().split()))
    return taking if len(taking) < len(field.choices) else ()
