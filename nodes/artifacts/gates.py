"""What a person is asked, and what they answer."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from nodes.artifacts.evidence import Finding, Verdict
from nodes.artifacts.qa import RepairStop, TriedRound
from nodes.artifacts.request import readable_text
from nodes.artifacts.revision import SpecChange
from nodes.artifacts.specification import AppSpec, OpenQuestion
from nodes.artifacts.stored import Artifact, ArtifactRef, Identifier, Sha256


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


class BudgetLimit(StrEnum):
    """Whose money is used: the build's own, its user's for today, or that of all builds for today. Days are in UTC."""

    build = "build"
    user_day = "user_day"
    day = "day"


class BudgetQuestion(Artifact):
    """What was spent of which limit, and the least limit with which the build can go on.

    With the limit of a day it goes on by itself at `resumes_at`; approving without a new limit looks again at once.
    """

    limit: BudgetLimit = BudgetLimit.build
    spent_usd: float
    budget_usd: float
    least_usd: float
    resumes_at: datetime | None = None

    @property
    def is_of_the_build(self) -> bool:
        """Whether raising the limit concerns this build alone."""
        return self.limit is BudgetLimit.build

    def shortfall(self, answer: "ReviewAnswer") -> str | None:
        """What an approval lacks to be acted on, if so."""
        given = answer.budget_usd
        falls_short = self.is_of_the_build if given is None else given < self.least_usd
        return f"Say the new limit, at least {self.least_usd:.2f}, as budget_usd." if falls_short else None


class TokenQuestion(Artifact):
    """How many tokens of the build's budget are used, and the least budget with which it can go on."""

    limit: Literal["tokens"] = "tokens"
    spent_tokens: int
    budget_tokens: int
    least_tokens: int

    @property
    def is_of_the_build(self) -> bool:
        """A day has no budget in tokens."""
        return True

    def shortfall(self, answer: "ReviewAnswer") -> str | None:
        """What an approval lacks to be acted on, if so."""
        falls_short = answer.budget_tokens is None or answer.budget_tokens < self.least_tokens
        return f"Say the new limit, at least {self.least_tokens}, as budget_tokens." if falls_short else None


class ReviewRequest(Artifact):
    """What a person is asked at a gate. `subject_sha256` binds the answer to exactly what was shown.

    `tried` says of each version since the app last passed every check what was done, what still failed, and what it cost.

    `askers` may not let the build through, because they asked for it; nobody, unless the build has four eyes. Where the
    limit of a day is reached, they may not raise it, four eyes or not.
    """

    gate: Gate
    title: str
    question: str
    subject_sha256: Sha256
    version: int | None = None
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    stop: RepairStop | None = None
    tried: tuple[TriedRound, ...] = ()
    open_questions: tuple[OpenQuestion, ...] = ()
    changes: tuple[SpecChange, ...] = ()
    choices: tuple[Decision, ...] = (Decision.approved, Decision.changes_requested, Decision.rejected)
    budget: BudgetQuestion | TokenQuestion | None = None
    askers: tuple[str, ...] = ()

    def complaint(self, answer: "ReviewAnswer") -> str | None:
        """Why an edited specification cannot be taken here, if so."""
        if answer.spec is None or self.gate is Gate.requirements:
            return None
        if self.gate is Gate.app and answer.decision is Decision.changes_requested:
            return None
        return "An edited specification is taken where the requirements are asked for, or at the app with changes_requested."

    def refuses(self, answer: "ReviewAnswer") -> str | None:
        """Why this person may not answer like that, if so. Names are compared as they were given."""
        name = answer.decided_by.strip().casefold()
        refused = answer.lets_through if self.budget is None or self.budget.is_of_the_build else answer.budget_usd is not None
        if not refused or name not in {asker.strip().casefold() for asker in self.askers}:
            return None
        return f"{answer.decided_by.strip()} asked for it, so somebody else has to approve it. Name the person who decides as the reviewer."


class Comment(Artifact):
    """What should be different at one place: an item of the specification, such as `records/customer/fields/address`, or a file's line."""

    place: str = Field(min_length=1, max_length=400)
    line: int | None = Field(default=None, ge=1)
    text: str = Field(min_length=1, max_length=4_000)

    @field_validator("place", "text")
    @classmethod
    def _is_readable(cls, value: str) -> str:
        return readable_text(value)

    @property
    def names_an_item(self) -> bool:
        """Whether it is about an item of the specification, and not about a file."""
        return self.place.partition("/")[0] in AppSpec.model_fields


class ReviewAnswer(Artifact):
    """A reviewer's decision. `changes_requested` needs `feedback`, `comments` or `spec`, an edited specification; `hint` needs `feedback`.

    `budget_usd` or `budget_tokens` is the build's new limit, required to approve at the budget gate and possible with every answer.
    """

    decision: Decision
    feedback: str = Field(default="", max_length=20_000)
    comments: tuple[Comment, ...] = Field(default=(), max_length=200)
    components: tuple[Identifier, ...] = ()
    spec: AppSpec | None = None
    subject_sha256: Sha256 | None = None
    decided_by: str = "local"
    budget_usd: float | None = Field(default=None, ge=0)
    budget_tokens: int | None = Field(default=None, ge=0)

    def said(self, spec: AppSpec | None = None) -> str:
        """Feedback and comments as agents read them, one wish per line; items by their labels, where `spec` has them."""
        return "\n".join(filter(None, [self.feedback, *(f"{_where(comment, spec)}: {comment.text}" for comment in self.comments)]))

    @property
    def lets_through(self) -> bool:
        """Whether the build goes on with what was shown, or with more money."""
        return self.decision in (Decision.approved, Decision.roll_back) or self.budget_usd is not None or self.budget_tokens is not None

    @model_validator(mode="after")
    def _changes_are_named(self) -> Self:
        if self.decision is Decision.changes_requested and not self.said().strip() and self.spec is None:
            raise ValueError("changes_requested needs feedback: say what should be different")
        if self.decision is Decision.hint and not self.feedback.strip():
            raise ValueError("a hint needs feedback: say where the fault lies")
        return self


def _where(comment: Comment, spec: AppSpec | None) -> str:
    match comment.place.split("/"):
        case ["records", name, *rest] if spec and (record := next((one for one in spec.records if one.name == name), None)):
            parts = {one.name: one.label for one in record.fields} | {one.name: one.label for one in record.relations}
            return f"{record.plural_label}, {parts.get(rest[-1], rest[-1])}" if rest else record.plural_label
        case ["open_questions", name] if spec and (asked := next((one for one in spec.open_questions if one.name == name), None)):
            return asked.question
        case _:
            return f"{comment.place}:{comment.line}" if comment.line else comment.place


class Review(Artifact):
    """An answer taken at a gate; `problem` says why an answer could not be taken and the question is asked again.

    `reviewed` is the tree that was shown at the app gate.
    """

    gate: Gate
    answer: ReviewAnswer | None = None
    problem: str | None = None
    reviewed: ArtifactRef | None = None
