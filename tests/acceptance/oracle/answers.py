"""Make the calls and write down the answers, without what differs from one time to the next: ids, times, measures."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx

from tests.acceptance.oracle.calls import Call

ANY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
ANY_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
HEADERS = (
    "content-type", "location", "content-location", "cache-control", "x-pagination-total", "x-pagination-next",
    "access-control-allow-origin", "access-control-allow-methods",
)  # fmt: skip
WAITS_SECONDS = 60.0

Answer = dict[str, Any]


async def answers(base_url: str, calls: tuple[Call, ...]) -> dict[str, Answer]:
    """What the server at `base_url` answers to each call, by the call's name."""
    kept = {"project": str(uuid4())}
    written: dict[str, Answer] = {}
    async with httpx.AsyncClient(base_url=base_url, timeout=WAITS_SECONDS) as client:
        for call in calls:
            response = await client.request(call.method, filled(call.path, kept), json=filled(call.body, kept), headers=dict(call.headers))
            body = body_of(response)
            kept |= {name: str(found(body, place)) for name, place in call.keeps.items()}
            headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
            written[unused(call.name, written)] = {"status": response.status_code, "headers": plain(headers), "body": plain(body)}
    return written


def unused(name: str, written: Mapping[str, Answer]) -> str:
    """The call's name, told apart from an earlier one of the same name."""
    return name if name not in written else f"{name} again"


def filled(given: Any, kept: Mapping[str, str]) -> Any:
    """`given` with the names of what was kept replaced."""
    if given is None:
        return None
    text = json.dumps(given)
    for name, value in kept.items():
        text = text.replace(f"{{{name}}}", value)
    return json.loads(text)


def found(body: Any, place: str) -> Any:
    """What is at `place`, written as `0.checkpoint.id`."""
    for step in place.split("."):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def body_of(response: httpx.Response) -> Any:
    """JSON, the events of a stream with whether they carry ids, or text."""
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return [event_of(frame) for frame in re.split(r"\r?\n\r?\n", response.text.strip()) if frame and not frame.startswith(":")]
    try:
        return response.json()
    except json.JSONDecodeError:
        return response.text


def event_of(frame: str) -> dict[str, Any]:
    """One server-sent event."""
    fields = dict(line.split(": ", 1) for line in frame.splitlines() if ": " in line and not line.startswith(":"))
    return {"event": fields.get("event"), "data": json.loads(fields.get("data", "null")), "has_id": "id" in fields}


def plain(value: Any) -> Any:
    """`value` without what nobody could repeat."""
    match value:
        case dict():
            return {plain(key): plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case str():
            return ANY_TIME.sub("<time>", ANY_ID.sub("<id>", value))
        case _:
            return value
