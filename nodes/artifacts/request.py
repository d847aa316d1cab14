"""What a person asks for."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from nodes.artifacts.stored import Artifact


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
