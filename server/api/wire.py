"""What the resources of the LangGraph API share on the wire: times, pages, and JSON answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from checkpoints.records import JsonObject

WireTime: TypeAlias = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str, when_used="json")]
"""`2026-11-22T07:35:32.638672+00:00`, as langgraph-api writes it."""

JsonMap: TypeAlias = JsonObject

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
