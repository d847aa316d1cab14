"""The app as everybody understands it: records, roles, rules, recipes, each item with where it comes from."""

from enum import StrEnum

from pydantic import Field

from nodes.artifacts.programs import Example, StackName
from nodes.artifacts.stored import Artifact, Identifier


class Provenance(StrEnum):
    """How an item came into the specification."""

    stated = "stated"
    inferred = "inferred"
    guessed = "guessed"


class Source(Artifact):
    """Where an item comes from; `quote` holds the user's words when they stated it."""

    provenance: Provenance
    quote: str = ""


GUESSED = Source(provenance=Provenance.guessed)
INFERRED = Source(provenance=Provenance.inferred)


class FieldType(StrEnum):
    """The kinds of values a record can hold. References to other records are relations, not fields."""

    text = "text"
    long_text = "long_text"
    integer = "integer"
    decimal = "decimal"
    money = "money"
    boolean = "boolean"
    date = "date"
    time = "time"
    datetime = "datetime"
    email = "email"
    phone = "phone"
    url = "url"
    choice = "choice"


class FieldSpec(Artifact):
    """One value of a record. `choices` is filled exactly for the type `choice`.

    `by_app`: the app fills it and no request carries it, see `nodes.completion`, which marks such fields.
    """

    name: Identifier
    label: str
    type: FieldType
    required: bool = False
    unique: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    by_app: bool = False
    source: Source = GUESSED


class RelationKind(StrEnum):
    """`many_to_one`: a reference on this record. `many_to_many`: a set of references."""

    many_to_one = "many_to_one"
    many_to_many = "many_to_many"


class Relation(Artifact):
    """A reference from this record to `target`, the name of a record or `account` (a person who signs in)."""

    name: Identifier
    label: str
    target: Identifier
    kind: RelationKind = RelationKind.many_to_one
    required: bool = False
    source: Source = INFERRED


ACCOUNT = "account"
"""The built-in record of people who sign in; every app has it, so no specification lists it."""


class WorkflowState(Artifact):
    """One state of a record's life."""

    name: Identifier
    label: str


class Transition(Artifact):
    """A step from one of `from_states` to `to_state`, done by one of `roles` (none named: whoever may update)."""

    name: Identifier
    label: str
    from_states: tuple[Identifier, ...]
    to_state: Identifier
    roles: tuple[Identifier, ...] = ()
    source: Source = INFERRED


class Workflow(Artifact):
    """The states of a record and the steps between them. A new record starts in `initial`."""

    states: tuple[WorkflowState, ...]
    initial: Identifier
    transitions: tuple[Transition, ...]


class RecordSpec(Artifact):
    """A kind of thing the app keeps: one table, one page group, one API resource.

    `name` is singular (`claim`), `plural` names table, URL and module (`claims`). `title_field` names the field shown
    where a record is referred to.
    """

    name: Identifier
    plural: Identifier
    label: str
    plural_label: str
    fields: tuple[FieldSpec, ...]
    relations: tuple[Relation, ...] = ()
    workflow: Workflow | None = Field(default=None, title="Workflow")
    title_field: Identifier
    description: str = ""
    source: Source = INFERRED


class RoleSpec(Artifact):
    """A kind of person. `may_register`: people may sign up for it themselves; else an administrator adds them."""

    name: Identifier
    label: str
    may_register: bool = False
    administers: bool = False
    source: Source = INFERRED


class Action(StrEnum):
    """What a role may do with a record. `read` covers the list and one record."""

    read = "read"
    create = "create"
    update = "update"
    delete = "delete"


class Scope(StrEnum):
    """Whether a permission covers every record or only those the person created."""

    all = "all"
    own = "own"


class Permission(Artifact):
    """`role` may do `action` with `record`, within `scope`. What no permission allows is refused."""

    role: Identifier
    record: Identifier
    action: Action
    scope: Scope = Scope.all
    source: Source = INFERRED


class RuleKind(StrEnum):
    """Rules the frame enforces from data, and `custom`, which an engineer has to write.

    `ordered`: fields[0] comes before fields[1]. `no_overlap`: no two records with the same relation `per` overlap
    between fields[0] and fields[1]. `unique_together`: no two records share all of `fields` (fields or relations;
    `created_by` names the person). `positive`: fields[0] is greater than zero. `same_parent`: fields are two relations,
    and what fields[0] points to belongs to what fields[1] points to, as a vote's option to the vote's poll. `limit`: at most
    `maximum` records per `per` (a relation or `created_by`; None: in all) in each `period`, which is that of fields[0] or of
    the record's creation; without a period, at any one time. Counted are those in one of `states`, or all if none is named.
    """

    ordered = "ordered"
    no_overlap = "no_overlap"
    unique_together = "unique_together"
    positive = "positive"
    same_parent = "same_parent"
    limit = "limit"
    custom = "custom"


class RulePeriod(StrEnum):
    """The span a `limit` is counted in. A week begins on Monday."""

    day = "day"
    week = "week"
    month = "month"


class RuleSpec(Artifact):
    """Something that must hold for a record; `message` is what a person reads when it does not."""

    name: Identifier
    record: Identifier
    kind: RuleKind
    fields: tuple[Identifier, ...] = ()
    per: Identifier | None = None
    message: str
    maximum: int | None = Field(default=None, ge=1)
    period: RulePeriod | None = Field(default=None, title="Period")
    states: tuple[Identifier, ...] = ()
    source: Source = INFERRED


class ReportSpec(Artifact):
    """Counts records (or sums `measure`) grouped by a field, relation, `state` or, for dates, by month or day."""

    name: Identifier
    label: str
    record: Identifier
    group_by: Identifier
    measure: Identifier | None = None
    source: Source = INFERRED


class RecipeKind(StrEnum):
    """Blocks an app can be given beyond records, steps and reports; each says what `record`, `records` and `fields` mean.

    `comments`: people comment on a `record`. `attachments`: files on a `record`. `tags`: free tags on a `record`, which its list
    is filtered by. `calendar`: `record` in a month view by fields[0], its start, and optionally fields[1], its end. `board`:
    `record` in columns by its state, or by the choice field fields[0]. `audit_trail`: who changed what when of a `record`.
    `notifications`: a message to the people concerned when a `record` is added or changes its state, in the app and by e-mail.
    `charts`: the first page shows the reports as charts. `csv`: import and export of a `record`.

    `stock`: `record` is an item with the quantity fields[0]; records[0] is a movement with the amount fields[1]; never below zero.
    `totals`: `record` is a document with the lines records[0]; fields are quantity, unit price and optionally tax rate of a line.
    `poll`: `record` is the poll, records are option and vote; one vote per person and poll. `quiz`: `record` is the contest,
    records are question, option, answer and optionally enrolment. `short_link`: `record` has the address fields[0], the generated
    code fields[1] and the counter fields[2]. `converter`: a page that computes with the rates or units of `record`. `site`: public
    pages, and a contact form whose messages are kept as `record`. `payments`: what is charged and paid for a `record`, entered by
    those who may change any; optionally its price fields[0].
    """

    comments = "comments"
    attachments = "attachments"
    tags = "tags"
    calendar = "calendar"
    board = "board"
    audit_trail = "audit_trail"
    notifications = "notifications"
    charts = "charts"
    csv = "csv"
    stock = "stock"
    totals = "totals"
    poll = "poll"
    quiz = "quiz"
    short_link = "short_link"
    converter = "converter"
    site = "site"
    payments = "payments"


class RecipeSpec(Artifact):
    """One recipe of the app, applied to the records and fields it names, see `RecipeKind`."""

    kind: RecipeKind
    record: Identifier | None = None
    records: tuple[Identifier, ...] = ()
    fields: tuple[Identifier, ...] = ()
    source: Source = INFERRED


class OpenQuestion(Artifact):
    """Something the description leaves open, and what is built if nobody answers."""

    name: Identifier
    question: str
    default: str


class UnmetPreference(Artifact):
    """A wish of the request that the chosen builder does not fulfil, and why."""

    preference: str
    reason: str


class AppSpec(Artifact):
    """What will be built, each item with its provenance. The one model of the app for every builder.

    Stacks other than the default have no records: `features` say in sentences what the program does, `examples` show it.
    """

    name: Identifier
    title: str
    summary: str
    records: tuple[RecordSpec, ...]
    roles: tuple[RoleSpec, ...]
    permissions: tuple[Permission, ...]
    rules: tuple[RuleSpec, ...] = ()
    reports: tuple[ReportSpec, ...] = ()
    recipes: tuple[RecipeSpec, ...] = ()
    non_goals: tuple[str, ...] = ()
    open_questions: tuple[OpenQuestion, ...] = ()
    unmet_preferences: tuple[UnmetPreference, ...] = ()
    stack: StackName = StackName.python_web
    features: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    def record(self, name: str) -> RecordSpec:
        """The record called `name`; KeyError if there is none."""
        for record in self.records:
            if record.name == name:
                return record
        raise KeyError(name)
