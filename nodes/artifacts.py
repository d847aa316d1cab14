"""What the nodes hand to one another: request, specification, architecture, changes, evidence, decision, package.

A stored format: checkpoints hold these class paths, so a class here is never moved or renamed, and a field is only
ever added, with a default. Generated text is not stored here but in the artifact store; an `ArtifactRef` points to it.
"""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""A name usable in code, SQL and URLs: lower case, digits and underscores."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Artifact(BaseModel):
    """A value that crosses a module boundary: frozen, and closed against unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ArtifactRef(Artifact):
    """Points to bytes in the artifact store by the SHA-256 of their content."""

    sha256: Sha256
    size_bytes: int
    media_type: str


# ---------------------------------------------------------------------------------------------- the request


class TargetPlatform(StrEnum):
    """Where the built app is used. The default stack covers `web` and `api`."""

    web = "web"
    api = "api"
    mobile = "mobile"
    desktop = "desktop"
    cli = "cli"


MAX_DESCRIPTION_CHARACTERS = 20_000
"""About ten pages. Longer texts are specifications; they belong into `requirements` in parts."""


def readable_text(text: str) -> str:
    """Return `text` unchanged if it can be stored and read; raise ValueError with the way out otherwise.

    PostgreSQL stores neither NUL nor lone surrogates in text, and a binary file pasted by mistake has many of both.
    """
    if "\x00" in text:
        raise ValueError("contains a NUL character; send plain text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("contains a half of a surrogate pair; send valid Unicode") from error
    controls = sum(1 for character in text if ord(character) < 32 and character not in "\n\r\t")
    if controls:
        raise ValueError(f"contains {controls} control characters; is this a binary file? Send plain text")
    return text


UNCHANGED = "Exactly as the template says."
"""The description of a build from a template that asks for nothing else."""


class BuildRequest(Artifact):
    """What a person asks for. The six fields are those of the original workflow API."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="App to build")

    app_description: str = Field(
        title="Description",
        description="The app in plain words: who uses it, what it keeps track of, who may do what.",
        min_length=1,
        max_length=MAX_DESCRIPTION_CHARACTERS,
        examples=["Employees submit travel claims with an amount and a date. A manager approves or rejects them."],
    )
    requirements: str | None = Field(
        default=None,
        title="Requirements",
        description="More detail: a list of needs, one per line.",
        max_length=100_000,
    )
    target_platform: TargetPlatform = Field(default=TargetPlatform.web, title="Platform")
    tech_stack_preferences: tuple[Annotated[str, StringConstraints(max_length=80)], ...] = Field(
        default=(), title="Technology preferences", description="Preferences a builder cannot meet are reported.", max_length=20
    )
    additional_context: dict[str, Any] | None = Field(
        default=None, title="Additional context", description="Anything else the crew should know, as JSON."
    )
    user_id: str = Field(default="local", title="Requested by", min_length=1, max_length=200)

    @field_validator("app_description", "requirements", "user_id")
    @classmethod
    def _is_readable(cls, value: str | None) -> str | None:
        if value is not None and not readable_text(value).strip():
            raise ValueError("is empty; describe the app in a sentence or two")
        return value


# ---------------------------------------------------------------------------------------------- the specification


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
    pages, and a contact form whose messages are kept as `record`.
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
    """What will be built, each item with its provenance. The one model of the app for every builder."""

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

    def record(self, name: str) -> RecordSpec:
        """The record called `name`; KeyError if there is none."""
        for record in self.records:
            if record.name == name:
                return record
        raise KeyError(name)


# ---------------------------------------------------------------------------------------------- the architecture


class Operation(StrEnum):
    """What an endpoint of the built app's JSON API does; `recipe`: what the recipe of the endpoint's kind is for."""

    list = "list"
    create = "create"
    read = "read"
    update = "update"
    delete = "delete"
    transition = "transition"
    report = "report"
    recipe = "recipe"


class Access(Artifact):
    """A role that may call an endpoint, and for which records."""

    role: Identifier
    scope: Scope = Scope.all


class Endpoint(Artifact):
    """One operation of the JSON API; `path` uses `{id}`. `name` is its OpenAPI operation id.

    `own_states`: whoever may call it only for own records may do so only while the record is in one of these states, and is
    answered 409 afterwards; empty: in every state.
    """

    name: Identifier
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    operation: Operation
    record: Identifier
    transition: Identifier | None = None
    recipe: RecipeKind | None = None
    access: tuple[Access, ...]
    own_states: tuple[Identifier, ...] = ()
    success_status: int
    request_schema: str | None = None
    response_schema: str | None = None


class SchemaProperty(Artifact):
    """One property of a JSON schema: `json_type` and `format` are OpenAPI's words."""

    name: Identifier
    json_type: Literal["string", "integer", "number", "boolean", "array"]
    format: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    references: Identifier | None = None


class Schema(Artifact):
    """A request or response body."""

    name: str
    properties: tuple[SchemaProperty, ...]


class Contract(Artifact):
    """What every component is written against and the running app is compared with."""

    endpoints: tuple[Endpoint, ...]
    schemas: tuple[Schema, ...]


class Component(Artifact):
    """A part written by one engineer. It may change only files that match a pattern in `owns`.

    Patterns are paths with `*` (within a folder) and `**` (across folders). `depends_on` names components whose code
    has to be written before.
    """

    name: Identifier
    title: str
    summary: str
    records: tuple[Identifier, ...] = ()
    owns: tuple[str, ...]
    depends_on: tuple[Identifier, ...] = ()


class Architecture(Artifact):
    """The stack, the contract, and who writes what."""

    stack: str
    summary: str
    decisions: tuple[str, ...] = ()
    contract: Contract
    components: tuple[Component, ...]


class ArchitecturePlan(Artifact):
    """What the architect decides; the contract is derived from the specification by program, not by an opinion."""

    summary: str
    decisions: tuple[str, ...] = ()
    components: tuple[Component, ...]


# ---------------------------------------------------------------------------------------------- the code


class Edit(StrEnum):
    """What happened to an item of a specification."""

    added = "added"
    removed = "removed"
    renamed = "renamed"
    changed = "changed"


class SpecChange(Artifact):
    """One difference between two specifications: in words, and as the item at `path` before and after, in JSON.

    `path` reads like `records/customer/fields/address`. `records` are those whose behaviour may be another one; empty
    for a pure addition, which leaves everything as it was. `loses_data`: what was stored there is gone afterwards.
    """

    edit: Edit
    path: str
    words: str
    records: tuple[Identifier, ...] = ()
    loses_data: bool = False
    before: str = ""
    after: str = ""


class FileOperation(StrEnum):
    """`add` a new file, `replace` a whole one, `edit` by search and replacement, `delete`."""

    add = "add"
    replace = "replace"  # type: ignore[assignment]  # nobody calls str.replace on a member
    edit = "edit"
    delete = "delete"


class FileChange(Artifact):
    """One change to one file. `edit` replaces the single occurrence of `search` by `content`."""

    path: str
    operation: FileOperation
    content: str = ""
    search: str = ""


class Changeset(Artifact):
    """What an engineer contributes to the app for one component; `notes` tells the reviewer what and why."""

    component: Identifier
    changes: tuple[FileChange, ...]
    notes: str = ""


class ComponentResult(Artifact):
    """A finished component: where its changeset lies, and in which attempt (1 is the first) it was written.

    `fingerprint` stands for what the engineer was asked to build; another one means the component has to be rewritten.
    `unanswered` says why the files are as they were before the engineer was asked: no answer could be used.
    """

    component: Identifier
    changeset: ArtifactRef
    attempt: int
    files: tuple[str, ...]
    notes: str = ""
    fingerprint: str = ""
    unanswered: str = ""


class AppVersion(Artifact):
    """One assembled state of the app's files; `tree` refers to a `SourceTree` as JSON.

    `generated` is the tree without what the user edited; None if nothing was.
    """

    number: int
    tree: ArtifactRef
    file_count: int
    generated: ArtifactRef | None = None


class SourceTree(Artifact):
    """Every file of one version: path → content."""

    files: dict[str, ArtifactRef]


class ChangeRequest(Artifact):
    """What should be different in a finished app: in words, by files the user edited, or by going back to a version.

    `files` refers to a `SourceTree`. Files that are not in it stay as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="What should be different")

    feedback: str = Field(
        default="",
        title="Change",
        description="In plain words, a sentence for each change.",
        max_length=MAX_DESCRIPTION_CHARACTERS,
        examples=["Also store the customer's address. Let managers cancel a booking."],
    )
    files: ArtifactRef | None = Field(default=None, title="Edited files")
    restore_version: int | None = Field(default=None, ge=1, title="Version to go back to")
    requested_by: str = Field(default="local", min_length=1, max_length=200)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        readable_text(self.feedback)
        if self.restore_version is not None and (self.feedback.strip() or self.files):
            raise ValueError("restore_version stands alone: restore first, then ask for changes")
        if not self.feedback.strip() and not self.files and self.restore_version is None:
            raise ValueError("says nothing: give feedback, files or restore_version")
        return self


class Revision(Artifact):
    """A change request under way. `origin` is the version it starts from, `delivered` the last one that was packaged.

    Both are numbers; `delivered` is None if no version was. `before` is the specification that `changes` are told from:
    that of `delivered`, or of `origin` if there is none. `unclear` is what of the request was not understood.
    """

    request: ChangeRequest
    origin: int
    delivered: int | None
    before: AppSpec
    changes: tuple[SpecChange, ...] = ()
    unclear: tuple[OpenQuestion, ...] = ()

    @property
    def loses_data(self) -> bool:
        """Whether something stored will be gone."""
        return any(change.loses_data for change in self.changes)


# ---------------------------------------------------------------------------------------------- the evidence


class CheckName(StrEnum):
    """The checks of a build, in the order they run.

    Only a change request has `merge` (the user's edits went in), `upgrade` (data of the version in use survive) and
    `regression` (its tests still pass where nothing else was asked for).
    """

    merge = "merge"
    compile = "compile"
    lint = "lint"
    placeholders = "placeholders"
    secrets = "secrets"
    tests = "tests"
    boot = "boot"
    contract = "contract"
    probe = "probe"
    restart = "restart"
    upgrade = "upgrade"
    regression = "regression"


REVISION_CHECKS = frozenset({CheckName.merge, CheckName.upgrade, CheckName.regression})
"""Checks that compare a version with the one before, so a first version has none of them."""


class CheckStatus(StrEnum):
    """`not_run` is neither a pass nor a failure: there is no evidence."""

    passed = "passed"
    failed = "failed"
    not_run = "not_run"


class Severity(StrEnum):
    """`blocker`: the app cannot be used. `major`: something promised does not hold. `minor`: worth knowing."""

    blocker = "blocker"
    major = "major"
    minor = "minor"


class Finding(Artifact):
    """Something wrong, with the place (`file:line` or the failing `request`) and the component concerned, if known."""

    check: CheckName
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    request: str | None = None
    component: Identifier | None = None

    @property
    def signature(self) -> str:
        """The same failure has the same signature in the next round: numbers and addresses do not count."""
        place = f"{self.check}|{self.component}|{self.file}|{self.request}|{self.message}"
        return hashlib.sha256(re.sub(r"0x[0-9a-f]+|\d+", "#", place).encode()).hexdigest()[:16]


class CheckResult(Artifact):
    """One check: what it counted, what it found, how long it took, and its log. `reason` says why it did not run."""

    check: CheckName
    status: CheckStatus
    summary: str
    reason: str | None = None
    counts: dict[str, int] = {}
    findings: tuple[Finding, ...] = ()
    duration_seconds: float = 0.0
    log: ArtifactRef | None = None


class Verdict(StrEnum):
    """`incomplete`: nothing failed, but a check did not run, so nobody may call the app verified."""

    verified = "verified"
    failed = "failed"
    incomplete = "incomplete"


class EvidenceReport(Artifact):
    """Every check of one version. The verdict is computed here and nowhere else, and never stored."""

    version: int
    tree_sha256: Sha256
    sandbox: str
    checks: tuple[CheckResult, ...]

    @property
    def verdict(self) -> Verdict:
        """No check, or a check that did not run, is never a pass."""
        statuses = {check.status for check in self.checks}
        if CheckStatus.failed in statuses:
            return Verdict.failed
        if CheckStatus.not_run in statuses or not statuses:
            return Verdict.incomplete
        return Verdict.verified

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Blockers first, then in the order of the checks."""
        order = list(Severity)
        found = [finding for check in self.checks for finding in check.findings]
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


class WorkOrder(Artifact):
    """What all engineers of one round share. `frame` refers to the generated frame, a `SourceTree`."""

    spec: AppSpec
    architecture: Architecture
    frame: ArtifactRef


class ComponentOrder(Artifact):
    """One engineer's job: the component, the `SourceTree` to start from, and what was found wrong before."""

    component: Identifier
    attempt: int
    work_order: ArtifactRef
    base: ArtifactRef
    findings: tuple[Finding, ...] = ()
    feedback: str = ""


class BudgetPause(Artifact):
    """A node that stopped before a model call which could have exceeded the budget. `order` is that of an engineer.

    `task_id` is the LangGraph task under which its answers so far are journaled; it goes on with them.
    """

    node: str
    task_id: str
    order: ComponentOrder | None = None
    spent_usd: float
    budget_usd: float
    next_call_usd: float


class QaReview(Artifact):
    """The QA engineer's reading of code and evidence. An opinion: it can add findings, never remove one."""

    summary: str
    concerns: tuple[str, ...] = ()
    components_to_repair: tuple[Identifier, ...] = ()


class RepairStop(StrEnum):
    """Why no further repair round was started. `worse_result`: the last one was undone."""

    verified = "verified"
    rounds_exhausted = "rounds_exhausted"
    same_failure_twice = "same_failure_twice"
    worse_result = "worse_result"
    nothing_to_repair = "nothing_to_repair"
    not_verifiable = "not_verifiable"
    budget_exhausted = "budget_exhausted"


class QaOutcome(Artifact):
    """What QA hands to routing: the evidence, the review, and whether another repair round is worth it."""

    report: EvidenceReport
    review: QaReview
    round: int
    stop: RepairStop | None
    components_to_repair: tuple[Identifier, ...] = ()
    last_green: AppVersion | None = None


class CheckedVersion(Artifact):
    """A version with its evidence, and the parts it was put together from: what a repair can go back to."""

    version: AppVersion
    components: dict[str, ComponentResult]
    report: EvidenceReport
    review: QaReview

    def renumbered(self, number: int) -> Self:
        """The same files and evidence as version `number`: numbers only rise, so that each names one tree."""
        version = self.version.model_copy(update={"number": number})
        return self.model_copy(update={"version": version, "report": self.report.model_copy(update={"version": number})})


class GreenBuild(Artifact):
    """The newest verified version with everything that led to it: what a whole build can go back to."""

    checked: CheckedVersion
    spec: AppSpec
    architecture: Architecture
    work_order: ArtifactRef
    frame: ArtifactRef


# ---------------------------------------------------------------------------------------------- the review gates


class Gate(StrEnum):
    """Where a person may be asked. At `budget` always: it is reached only when the money is used up."""

    requirements = "requirements"
    architecture = "architecture"
    app = "app"
    budget = "budget"


class GatePolicy(StrEnum):
    """`auto`: never ask (an unverified app then ends the build as failed). `on_findings`: ask when something is open."""

    auto = "auto"
    on_findings = "on_findings"
    always = "always"


class Decision(StrEnum):
    """What a reviewer can answer.

    `hint`: the engineers of the failing parts try again with the feedback. `roll_back`: the last verified version, or, if
    there is none, the failing parts as they were generated.
    """

    approved = "approved"
    changes_requested = "changes_requested"
    rejected = "rejected"
    hint = "hint"
    roll_back = "roll_back"


class BudgetQuestion(Artifact):
    """What was spent of which limit, and the least limit with which the build can go on."""

    spent_usd: float
    budget_usd: float
    least_usd: float


class ReviewRequest(Artifact):
    """What a person is asked at a gate. `subject_sha256` binds the answer to exactly what was shown."""

    gate: Gate
    title: str
    question: str
    subject_sha256: Sha256
    version: int | None = None
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    stop: RepairStop | None = None
    open_questions: tuple[OpenQuestion, ...] = ()
    changes: tuple[SpecChange, ...] = ()
    choices: tuple[Decision, ...] = (Decision.approved, Decision.changes_requested, Decision.rejected)
    budget: BudgetQuestion | None = None


class ReviewAnswer(Artifact):
    """A reviewer's decision. `feedback` is required with `changes_requested` and `hint`; `spec` is an edited specification.

    `budget_usd` is the build's new limit, required to approve at the budget gate and possible with every answer.
    """

    decision: Decision
    feedback: str = Field(default="", max_length=20_000)
    components: tuple[Identifier, ...] = ()
    spec: AppSpec | None = None
    subject_sha256: Sha256 | None = None
    decided_by: str = "local"
    budget_usd: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _changes_are_named(self) -> Self:
        if self.decision is Decision.changes_requested and not self.feedback.strip() and self.spec is None:
            raise ValueError("changes_requested needs feedback: say what should be different")
        if self.decision is Decision.hint and not self.feedback.strip():
            raise ValueError("a hint needs feedback: say where the fault lies")
        return self


class Review(Artifact):
    """An answer taken at a gate; `problem` says why an answer could not be taken and the question is asked again.

    `reviewed` is the tree that was shown at the app gate.
    """

    gate: Gate
    answer: ReviewAnswer | None = None
    problem: str | None = None
    reviewed: ArtifactRef | None = None


# ---------------------------------------------------------------------------------------------- the end


class Delivery(Artifact):
    """The package. `verdict` and `accepted_findings` say what a person accepted with it."""

    package: ArtifactRef
    evidence: ArtifactRef
    file_name: str
    version: int
    verdict: Verdict
    accepted_findings: int = 0


class KeptVersion(Artifact):
    """A checked version with all it takes to look at it, change it or restore it.

    `work_order` refers to a `WorkOrder`. `reason` is what was asked for.
    """

    version: AppVersion
    work_order: ArtifactRef
    components: dict[str, ComponentResult]
    reason: str
    verdict: Verdict
    delivery: Delivery | None = None


class AgentResult(Artifact):
    """One task done by one agent: what it used and what it cost. Amounts are of this task alone.

    `replayed_calls` of `calls` were answered from the journal after a crash; their tokens and cost were paid once.
    `tokens_estimated`: the endpoint did not tell what it used.
    """

    agent: str
    task: str
    component: Identifier | None = None
    attempt: int = 1
    model: str
    calls: int
    replayed_calls: int = 0
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    tokens_estimated: bool = False
    cost_usd: float | None = None
    duration_seconds: float = 0.0
    summary: str = ""


class Ending(StrEnum):
    """How a build ended. `declined`: a change request was not understood, and everything is as it was before."""

    delivered = "delivered"
    rejected = "rejected"
    unverified = "unverified"
    declined = "declined"


class Outcome(Artifact):
    """The last word on a build, with the reason in a sentence."""

    ending: Ending
    reason: str
    stop: RepairStop | None = None


def sha256_of(values: Sequence[BaseModel]) -> str:
    """The hash a review is bound to: over the canonical JSON of what was shown."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(value.model_dump_json().encode())
        digest.update(b"\x00")
    return digest.hexdigest()
