"""What the resources of the LangGraph API share on the wire: times, pages, and JSON answers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from checkpoints.records import JsonObject
from server.services.webhooks import checked_url

T = TypeVar("T")

WireTime: TypeAlias = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str, when_used="json")]
"""`2026-11-22T07:35:32.638672+00:00`, as langgraph-api writes it."""

DEEPEST = 100
"""Levels of objects and lists in a body; what makes JSON of an answer refuses more than 255."""


def not_too_deep(value: T) -> T:
    """`value`, if it can be answered again. Raises ValueError, which answers 422."""
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    raise ValueError(f"more than {DEEPEST} levels of objects and lists")


def _inside(value: object) -> Iterable[object]:
    match value:
        case dict():
            return [inner for inner in value.values() if isinstance(inner, dict | list)]
        case list():
            return [inner for inner in value if isinstance(inner, dict | list)]
        case _:
            return ()


JsonMap: TypeAlias = Annotated[JsonObject, AfterValidator(not_too_deep)]
WebhookUrl: TypeAlias = Annotated[str, AfterValidator(checked_url)]
AnyJson: TypeAlias = Annotated[object, AfterValidator(not_too_deep)]

PageLimit = Annotated[int, Field(ge=1, le=1000)]
PageOffset = Annotated[int, Field(ge=0, le=2**31)]


class WireBody(BaseModel):
    """A request of the LangGraph API. Fields a newer client sends and this server does not know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def set_pagination(response: Response, *, offset: int, shown: Sequence[Any], total: int) -> None:
    """Say how many there are, and where the next page begins if there is one."""
    response.headers["X-Pagination-Total"] = str(total)
    if offset + len(shown) < total and shown:
        response.headers["X-Pagination-Next"] = str(offset + len(shown))
