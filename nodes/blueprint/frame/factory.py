"""Valid values for the tests of a generated app: one Python expression per member, different for every `number`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nodes import completion
from nodes.artifacts import ACCOUNT, AppSpec, FieldType, Relation, RuleKind, RulePeriod
from nodes.blueprint.frame import names
from nodes.blueprint.frame.checks import RuleView
from nodes.blueprint.frame.members import FieldView, RelationView
from nodes.blueprint.frame.recipes import RecipeView
from nodes.blueprint.frame.record_view import RecordView, TransitionView
from nodes.blueprint.frame.text import lower_first, one_line, python_literal, sentence_list
from nodes.completion import movements_kept_as
from nodes.contract import relation_property


def expression(record: RecordView, member: FieldView | RelationView) -> str:
    """The JSON value of a member, as an expression over `number`, `by` and `given`."""
    if isinstance(member, RelationView):
        return member.key if member in shared_wholes(record) else _reference(record, member)
    match member.type:
        case FieldType.integer | FieldType.decimal | FieldType.money:
            return _number(record, member)
        case FieldType.boolean:
            return "True"
        case FieldType.date | FieldType.datetime | FieldType.time:
            return f"{member.type.value}_of(number, {_offset(record, member)})"
        case FieldType.choice:
            return _choice(record, member)
        case FieldType.email:
            return 'f"person{number}@example.com"'
        case FieldType.phone:
            return 'f"+49 30 {900000 + number}"'
        case FieldType.url:
            return 'f"https://example.com/{number}"'
        case FieldType.text | FieldType.long_text:
            return f'f"{names.in_fstring(member.label[:80])} {{number}}"'


def _choice(record: RecordView, field: FieldView) -> str:
    """The first choice; of a movement one that adds to the stock."""
    kept = movements_kept_as(record.app, record.spec)
    if kept and kept.direction and kept.direction.name == field.name:
        return python_literal(kept.incoming)
    choices = python_literal(field.choices)
    return f"{choices}[number % {len(field.choices)}]" if field.spec.unique else python_literal(field.choices[0])


def _reference(record: RecordView, relation: RelationView) -> str:
    if relation.spec.target == ACCOUNT:
        return "by.id"
    required = {whole.key: whole.key for whole in record.single_relations if whole.required}
    return f"given.get({python_literal(relation.key)}) or self.{_new(record, relation, 'by', required)}"


def _new(record: RecordView, relation: RelationView, author: str, known: Mapping[str, str]) -> str:
    """The call that makes what `relation` points to, part of the same wholes as the record; `known` renders their numbers."""
    given = [f"{relation_property(link)}={known[whole.key]}" for link, whole in _wholes(record, relation) if whole.key in known]
    return f"{relation.spec.target}({', '.join([author, *given])}).id"


def _wholes(record: RecordView, part: RelationView) -> Iterator[tuple[Relation, RelationView]]:
    """Whom the target of `part` has to share with the record: by its own relation, and by the record's."""
    relations = {relation.name: relation for relation in record.single_relations}
    for rule in record.rules:
        if rule.belonging and rule.spec.fields[0] == part.name:
            yield rule.belonging.whole, relations[rule.spec.fields[1]]


def shared_wholes(record: RecordView) -> tuple[RelationView, ...]:
    """Required references with which others of the record have to agree, each after those it has to agree with itself."""
    parts = [relation for relation in record.single_relations if relation.required]
    waiting = {whole.name: whole for part in parts for _, whole in _wholes(record, part) if whole.required}
    ordered: list[RelationView] = []
    while waiting:
        free = [name for name, entry in waiting.items() if not any(whole.name in waiting for _, whole in _wholes(record, entry))]
        ordered.append(waiting.pop((free or list(waiting))[0]))
    return tuple(ordered)


def whole(record: RecordView, relation: RelationView) -> str:
    """The number of a shared whole: the given one, that of a given part, or a new one's."""
    required = {other.key: other.key for other in record.single_relations if other.required}
    new = "by.id" if relation.to_account else f"self.{_new(record, relation, 'by', required)}"
    return f"{_given(record, relation)} or {new}"


def _given(record: RecordView, relation: RelationView) -> str:
    """The number that is given for a relation, itself or by a part."""
    parts = [
        f"self._whole({names.model_class(part.spec.target)}, {_given(record, part)}, {python_literal(relation_property(link))})"
        for part in record.single_relations
        for link, entry in _wholes(record, part)
        if entry is relation
    ]
    return " or ".join([f"given.get({python_literal(relation.key)})", *parts])


def _offset(record: RecordView, field: FieldView) -> int:
    """How many steps a field lies behind those an `ordered` rule puts before it."""
    offset = {entry.attr: 0 for entry in record.fields}
    for _ in record.rules:
        for rule in record.rules:
            if rule.kind in (RuleKind.ordered, RuleKind.no_overlap):
                first, last = rule.columns[:2]
                offset[last.attr] = max(offset[last.attr], offset[first.attr] + 1)
                if offset[last.attr] > len(record.fields):
                    break
    return offset[field.attr]


def _number(record: RecordView, field: FieldView) -> str:
    """Within the bounds, above zero where it can be, and later fields of an `ordered` rule larger."""
    low = max(field.spec.minimum if field.spec.minimum is not None else 1, 1) + _offset(record, field)
    high = field.spec.maximum
    if high is not None and high < low:
        return str(int(high)) if high == int(high) else str(high)
    start = str(int(low)) if low == int(low) or field.type is FieldType.integer else str(low)
    if high is None:
        return f"{start} + number"
    span = int(high - low) + 1
    return f"{start} + number % {span}" if span > 1 else start


def required_members(record: RecordView) -> tuple[FieldView | RelationView, ...]:
    """What a test has to give."""
    return tuple(member for member in record.inputs if member.required)


def needle(record: RecordView) -> FieldView | None:
    """A free text by which a test can find a record again."""
    texts = (field for field in record.fields if field.type in (FieldType.text, FieldType.long_text) and not field.by_app)
    return next(texts, None)


def breaking(record: RecordView, rule: RuleView, state: str | None = None) -> tuple[str, ...]:
    """Lines of a test that end in `broken`: a body against the rule, given that another is stored (in `state`, if given)."""
    make = f"make.{record.name}"
    match rule.kind:
        case RuleKind.positive:
            return (f"broken = {make}_values(author) | {{{python_literal(rule.columns[0].name)}: 0}}",)
        case RuleKind.ordered:
            first, last = (python_literal(column.name) for column in rule.columns[:2])
            return (*_values(record, rule), f"broken = values | {{{last}: values[{first}]}}")
        case RuleKind.unique_together | RuleKind.no_overlap:
            kept = f"{make}(author, {python_literal(state)}, **values)" if state else f"{make}(author, **values)"
            copied = ", ".join(f"{python_literal(name)}: values[{python_literal(name)}]" for name in _same(record, rule))
            return (*_values(record, rule), kept, f"broken = {make}_values(author) | {{{copied}}}")
        case RuleKind.same_parent:
            assert rule.belonging is not None
            other = f"make.{rule.belonging.part}(author).id"
            return (*_values(record, rule), f"broken = values | {{{python_literal(rule.columns[0].name)}: {other}}}")
        case RuleKind.limit:
            return _exceeding(record, rule, state)
        case RuleKind.custom:
            raise AssertionError("left to engineers, see checks")


def _exceeding(record: RecordView, rule: RuleView, state: str | None) -> tuple[str, ...]:
    """As many as a limit allows, which agree in what it counts them by; `broken` is the body of one more."""
    make, named = f"make.{record.name}", [python_literal(name) for name in _same(record, rule)]
    arguments = ["author", *((python_literal(state),) if state else ()), *(("**same",) if named else ())]
    kept = (f"for _ in range({rule.maximum}):", f"    {make}({', '.join(arguments)})")
    if not named:
        return (*kept, f"broken = {make}_values(author)")
    shared = f"same = {{name: values[name] for name in ({', '.join(named)}{',' if len(named) == 1 else ''})}}"
    return (*_values(record, rule), shared, *kept, f"broken = {make}_values(author) | same")


def can_be_reached(record: RecordView, rule: RuleView) -> bool:
    """Whether a test can store as many as a limit allows: not if another rule keeps those from being the same."""
    same = set(_same(record, rule)) | ({"created_by_id"} if rule.per and rule.per.name == "created_by_id" else set())
    together = any({column.name for column in other.columns} <= same for other in record.rules if other.kind is RuleKind.unique_together)
    unique = any(field.name in same for field in record.fields if field.spec.unique)
    overlapping = any(other.columns[0].name in same and (other.per is None or other.per.name in same) for other in record.overlap_rules)
    stricter = any(other.maximum <= rule.maximum and not other.columns and other is not rule for other in record.limits)
    return not (together or unique or overlapping or stricter)


def counted_step(record: RecordView, rule: RuleView) -> tuple[str, TransitionView] | None:
    """A step that leads among the counted records, and the state before it; None where a new record is counted at once."""
    if not rule.spec.states or record.initial in rule.spec.states:
        return None
    found = (
        (state, step)
        for step in record.transitions
        if step.spec.to_state in rule.spec.states
        for state in step.spec.from_states
        if state not in rule.spec.states
    )
    return next(found, None)


def several(record: RecordView) -> int:
    """How many records a test can make in one person's name, three at most: a limit may leave room for fewer."""
    counted = (rule for rule in record.limits if not rule.spec.states or record.initial in rule.spec.states)
    alike = (rule for rule in counted if not rule.columns and rule.per_target in (None, ACCOUNT))
    return min((3, *(rule.maximum for rule in alike)))


def days_apart(records: Sequence[RecordView]) -> int:
    """How many days the dates of two records lie apart, so that neither ranges nor months coincide."""
    monthly = any(rule.spec.period is RulePeriod.month for record in records for rule in record.limits)
    return 40 if monthly else 10


def _same(record: RecordView, rule: RuleView) -> tuple[str, ...]:
    """The properties two records have in common that clash: the rule's, and whatever has to agree with those."""
    same = [column.name for column in rule.same if column.name != "created_by_id"]
    given = {record.input_name(member) for member in required_members(record)}
    joined = [{column.name for column in entry.columns} & given for entry in record.rules if entry.belonging]
    for name in same:  # grows while it is read
        same += [other for pair in joined if name in pair for other in sorted(pair) if other not in same]
    return tuple(same)


def _values(record: RecordView, rule: RuleView) -> tuple[str, ...]:
    """Lines that bind `values` to a body with a value for each column of the rule, the optional ones included."""
    concerned = {column.name for column in rule.same}
    known = {record.input_name(member) for member in required_members(record)}
    lines = [f"values = make.{record.name}_values(author)"]
    optional = [member for member in record.members if record.input_name(member) in concerned - known]
    for member in sorted(optional, key=lambda member: isinstance(member, RelationView) and bool(list(_wholes(record, member)))):
        name = python_literal(record.input_name(member))
        lines.append(f"values[{name}] = {_fixed(record, member, {key: f'values[{python_literal(key)}]' for key in known})}")
        known.add(record.input_name(member))
    return tuple(lines)


def _fixed(record: RecordView, member: FieldView | RelationView, known: Mapping[str, str]) -> str:
    """The value for the number 7, outside the factory."""
    if isinstance(member, RelationView):
        return "author.id" if member.to_account else f"make.{_new(record, member, 'author', known)}"
    value = expression(record, member).replace("{number}", "7").replace("number", "7")
    return f"tests_make.{value}" if value.startswith(("date_of", "datetime_of", "time_of")) else value


def counts(record: RecordView) -> bool:
    """Whether any value depends on the running number."""
    return any("number" in expression(record, member) for member in required_members(record) if isinstance(member, FieldView))


def ends(first: FieldView, second: FieldView) -> tuple[str, ...]:
    """Up to three words that two fields both take: of their choices, or any."""
    if not first.choices and not second.choices:
        return "Alder", "Birch", "Cedar"
    offered = first.choices or second.choices
    shared = tuple(choice for choice in offered if choice in (second.choices or offered))
    return shared[:3]


@dataclass(frozen=True)
class MovementColumns:
    """The attributes of a movement that the templates of the stock name; None: there is none."""

    link: str
    direction: str | None
    direction_name: str | None
    outgoing: tuple[str, ...]
    incoming: str | None
    level: str | None


def movements(use: RecipeView) -> MovementColumns:
    """How the movements of one stock are kept."""
    kept = completion.movements(use.r.app, use.spec)
    direction = kept.direction.name if kept.direction else None
    return MovementColumns(
        link=relation_property(kept.link),
        direction=names.attribute(direction) if direction else None,
        direction_name=direction,
        outgoing=kept.outgoing,
        incoming=kept.incoming,
        level=names.attribute(kept.level.name) if kept.level else None,
    )


def readers_of_any(uses: Sequence[RecipeView]) -> tuple[str, ...]:
    """The roles that see the subject of at least one use."""
    return tuple(dict.fromkeys(role for use in uses for role in use.r.grants("read")))


def keepers(use: RecipeView) -> tuple[str, ...]:
    """The roles that keep the books of a record that is paid for."""
    return completion.keepers(use.r.app, use.r.name)


def settled_by(use: RecipeView) -> TransitionView | None:
    """The step that is taken once nothing is open, if somebody may take it."""
    step = completion.settling(use.r.spec)
    return next((entry for entry in use.r.transitions if step and entry.spec.name == step.name), None)


def link(part: RecordView, whole: RecordView) -> str:
    """The column by which one record refers to another, for recipes that made sure there is one."""
    relation = completion.link(part.app, part.name, whole.name)
    assert relation is not None
    return relation_property(relation)


def closing_states(record: RecordView) -> tuple[str, ...]:
    """The states after which nobody takes part any more."""
    return completion.closing_states(record.spec)


@dataclass(frozen=True)
class QuizColumns:
    """The columns of a quiz that the templates name; `_name` are the JSON properties. `enrols`: an answer enrols by itself."""

    question: str
    option: str
    answer_question: str
    answer_option: str
    right: str
    right_name: str
    points: str | None
    points_name: str | None
    enrolment: str | None
    enrols: bool
    listens: bool


def quiz(use: RecipeView) -> QuizColumns:
    """How the records of one quiz refer to one another."""
    parts = completion.quiz_parts(use.r.app, use.spec)
    enrols = parts.enrolment is not None and [m.name for m in required_members(use.others[3])] == [parts.enrolment.name]
    return QuizColumns(
        question=relation_property(parts.question),
        option=relation_property(parts.option),
        answer_question=relation_property(parts.answer_question),
        answer_option=relation_property(parts.answer_option),
        right=names.attribute(parts.right.name),
        right_name=parts.right.name,
        points=names.attribute(parts.points.name) if parts.points else None,
        points_name=parts.points.name if parts.points else None,
        enrolment=relation_property(parts.enrolment) if enrols and parts.enrolment else None,
        enrols=enrols,
        listens=enrols or bool(closing_states(use.r)),
    )


def any_enrolment(uses: Sequence[RecipeView]) -> bool:
    """Whether an answer enrols in at least one use."""
    return any(quiz(use).enrols for use in uses)


def onward(uses: Sequence[RecipeView], record: RecordView) -> tuple[tuple[RecordView, RelationView], ...]:
    """The records that refer to this one, without the lines of a document, which its page shows; `uses` of `totals`."""
    lines = {other.name for use in uses if use.is_for(record) for other in use.others}
    return tuple((other, relation) for other, relation in record.referring if other.name not in lines)


def any_taxed(uses: Sequence[RecipeView]) -> bool:
    """Whether at least one kind of document has tax."""
    return any(len(use.fields) > 2 for use in uses)


@dataclass(frozen=True)
class Site:
    """What the public pages show, and where their messages are kept."""

    shown: tuple[RecordView, ...]
    message: RecordView | None
    welcome: str
    about: str
    mailbox_role: str


def site(uses: Sequence[RecipeView]) -> Site:
    """All uses together: an app has one site."""
    app = next(record.app for use in uses for record in (*use.others, *((use.subject,) if use.subject else ())))
    message = next((use.subject for use in uses if use.subject), None)
    senders = [role for role in (message.grants("create") if message else ()) if not _administers(app, role)]
    others = [role.name for role in app.roles if not role.administers]
    shown = {record.name: record for use in uses for record in use.others}
    offers = [f"see our {lower_first(record.plural_label)}" for record in shown.values()]
    ways = ["read about us", *offers, *["write to us"] * bool(message)]
    return Site(
        shown=tuple(shown.values()),
        message=message,
        welcome=f"Welcome. {sentence_list(ways, last='or')}.".replace(". read", ". Read"),
        about=f"{one_line(app.title)}. To say more, sign in as an administrator and open “Public pages”.",
        mailbox_role=(senders or others or [app.roles[0].name])[0],
    )


def _administers(app: AppSpec, name: str) -> bool:
    return any(role.administers for role in app.roles if role.name == name)


def public_fields(record: RecordView) -> tuple[FieldView, ...]:
    """What everybody may read of a record: its fields, without the heading and without what the app counts."""
    return tuple(field for field in record.fields if field is not record.title_field and not field.by_app)


def contact_inputs(record: RecordView) -> tuple[FieldView | RelationView, ...]:
    """What a visitor fills in: no references, which would list what is kept."""
    return tuple(member for member in record.inputs if isinstance(member, FieldView))
