"""The bodies of the workflow API. Field names are those of the original guide; clients of it keep working."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from nodes.artifacts import UNCHANGED, AppSpec, BuildRequest, Comment, Decision, ReviewAnswer, TargetPlatform, readable_text
from nodes.context import BuildOptions
from server.api.wire import JsonMap
from server.services.app_versions import VersionSummary
from server.services.asked_changes import AskedChange
from server.services.build_list import WaitingBuild, WaitingPage
from server.services.builds import BuildStart, BuildSummary
from server.services.decisions import DecisionRecord
from server.services.edited_files import readable_files
from server.services.new_limits import NewLimits
from server.services.templates import TemplateSummary


class StartBody(BaseModel):
    """A build to start."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "user_id": "maria",
                    "app_description": "Employees submit travel claims with an amount and a date. A manager approves or rejects them.",
                    "requirements": "- claims are grouped by month\n- receipts may be attached",
                    "target_platform": "web",
                    "tech_stack_preferences": ["Python", "PostgreSQL"],
                    "options": {"gates": {"app": "always"}, "budget_usd": 2.0},
                }
            ]
        },
    )

    app_description: str = ""
    template: str | None = Field(
        default=None, max_length=100, description="A template to start from; the description then says what to change, and may be left out."
    )
    user_id: str = "local"
    requirements: str | None = None
    target_platform: TargetPlatform = TargetPlatform.web
    tech_stack_preferences: tuple[str, ...] = ()
    additional_context: JsonMap | None = None
    options: BuildOptions = BuildOptions()

    @model_validator(mode="after")
    def _is_a_request(self) -> Self:
        self.request()
        return self

    def request(self) -> BuildRequest:
        """What the graph is given; it has the limits, so they are written down once."""
        given = {name: getattr(self, name) for name in BuildRequest.model_fields if name in self.model_fields_set}
        return BuildRequest.model_validate(({"app_description": UNCHANGED} if self.template else {}) | given)

    def start(self) -> BuildStart:
        """The build to start."""
        return BuildStart(request=self.request(), options=self.options, template=self.template)


class WorkflowStarted(BaseModel):
    """The accepted build, and where to ask for it."""

    workflow_id: UUID
    status: str = "Pending"
    status_query_url: str
    created_at: datetime
    message: str = "Accepted. Ask status_query_url how it stands."


class BuildList(BaseModel):
    """A page of builds."""

    items: tuple[BuildSummary, ...]


class TemplateList(BaseModel):
    """What builds can start from."""

    items: tuple[TemplateSummary, ...]


class ApprovalBody(BaseModel):
    """A decision: `decision` with optional `feedback`, or the original `approved` and `reason`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"decision": "changes_requested", "feedback": "Claims also need a receipt number.", "reviewer": "li"}]
        },
    )

    decision: Decision | None = None
    approved: bool | None = None
    feedback: str = Field(default="", max_length=20_000)
    reason: str = Field(default="", max_length=20_000)
    reviewer: str = Field(default="local", min_length=1, max_length=200)
    comments: tuple[Comment, ...] = Field(
        default=(),
        max_length=200,
        description="With changes_requested: what should be different at one place, such as records/claim/fields/amount or a file's line.",
    )
    spec: AppSpec | None = Field(default=None, description="The specification as the reviewer edited it; GET /api/builds/{id}/spec has it.")
    components: tuple[str, ...] = ()
    budget_usd: float | None = Field(default=None, ge=0, description="A new limit for the build, in US dollars.")
    budget_tokens: int | None = Field(default=None, ge=0, description="A new limit for the build, in tokens.")
    interrupt_id: str | None = None
    subject_sha256: str | None = None

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if (self.decision is None) == (self.approved is None):
            raise ValueError("give either decision (approved, changes_requested, rejected) or approved (true, false)")
        self.answer()
        return self

    def decided(self) -> Decision:
        """The decision in one word."""
        return self.decision or (Decision.approved if self.approved else Decision.rejected)

    def answer(self) -> ReviewAnswer:
        """What the review gate is given."""
        return ReviewAnswer(
            decision=self.decided(),
            feedback=self.feedback or self.reason,
            comments=self.comments,
            spec=self.spec,
            components=self.components,
            budget_usd=self.budget_usd,
            budget_tokens=self.budget_tokens,
            subject_sha256=self.subject_sha256,
            decided_by=self.reviewer,
        )


class ResumeBody(BaseModel):
    """How to go on: with a higher budget, if the build waits for one."""

    model_config = ConfigDict(extra="forbid")

    budget_usd: float | None = Field(default=None, ge=0, description="A new limit for the build, in US dollars.")
    budget_tokens: int | None = Field(default=None, ge=0, description="A new limit for the build, in tokens.")
    reviewer: str = Field(default="local", min_length=1, max_length=200)

    def limits(self) -> NewLimits:
        """The limits to go on with."""
        return NewLimits(self.budget_usd, self.budget_tokens)


class HintBody(BaseModel):
    """What the engineers of a running build should know."""

    model_config = ConfigDict(extra="forbid")

    feedback: str = Field(min_length=1, max_length=20_000)
    reviewer: str = Field(default="local", min_length=1, max_length=200)

    @field_validator("feedback")
    @classmethod
    def _can_be_stored(cls, value: str) -> str:
        return readable_text(value)


class PersonBody(BaseModel):
    """Who does it."""

    model_config = ConfigDict(extra="forbid")

    reviewer: str = Field(default="local", min_length=1, max_length=200)


class Inbox(BaseModel):
    """What waits as of `now`; `next` is the `before` of the page with what was asked earlier, if there is more."""

    items: tuple[WaitingBuild, ...]
    now: datetime
    next: str | None

    @classmethod
    def of(cls, page: WaitingPage) -> Self:
        """The page as it is answered."""
        return cls(items=page.lines, now=page.now, next=page.older.written() if page.older else None)


class DecisionList(BaseModel):
    """The decisions of a build."""

    items: tuple[DecisionRecord, ...]


class ChangeBody(BaseModel):
    """A change to a finished app: in words, by edited files (path → text), or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"feedback": "Also store the customer's address. Let managers cancel a booking."}]},
    )

    feedback: str = Field(default="", max_length=20_000)
    files: dict[str, str] = {}
    requested_by: str = Field(default="local", min_length=1, max_length=200)
    options: BuildOptions = BuildOptions()

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.feedback.strip() and not self.files:
            raise ValueError("says nothing: give feedback in words, or files")
        readable_text(self.feedback)
        return self

    def asked(self) -> AskedChange:
        """What the service is asked for. Raises `FilesUnusable`."""
        files = readable_files({path: text.encode(errors="replace") for path, text in self.files.items()}) if self.files else {}
        return AskedChange(feedback=self.feedback, files=files, requested_by=self.requested_by, options=self.options)


class RestoreBody(BaseModel):
    """Who wants the older version back."""

    model_config = ConfigDict(extra="forbid")

    requested_by: str = Field(default="local", min_length=1, max_length=200)


class VersionList(BaseModel):
    """The versions of an app."""

    items: tuple[VersionSummary, ...]


class ApprovalTaken(BaseModel):
    """The decision stands; the build goes on with it."""

    workflow_id: UUID
    interrupt_id: str
    decision: Decision
    message: str = "The decision is recorded and the build goes on."
