"""Which web sockets are let in: with a key of the server if it has some, and from no page that may not call the server.

Browsers ask nobody before a page opens a socket, and let it send what it likes: so the server looks where it comes from.
"""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.keys import ApiKeys
from server.langgraph_json import CorsRules

POLICY_VIOLATION = 1008
"""Sent before the socket is accepted: the client sees the status 403."""


def admit_sockets(app: ASGIApp, keys: ApiKeys | None, rules: CorsRules) -> ASGIApp:
    """`app`, behind this look at every socket."""

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not _may_come_in(Headers(scope=scope), keys, rules):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        await app(scope, receive, send)

    return admitted


def _may_come_in(headers: Headers, keys: ApiKeys | None, rules: CorsRules) -> bool:
    return (keys is None or keys.admit(headers)) and is_allowed(headers.get("origin"), rules)


def is_allowed(origin: str | None, rules: CorsRules) -> bool:
    """Whether a page of this origin may call the server; programs, which are no pages, send none."""
    if origin is None or "*" in rules.allow_origins or origin in rules.allow_origins:
        return True
    return rules.allow_origin_regex is not None and re.fullmatch(rules.allow_origin_regex, origin) is not None
