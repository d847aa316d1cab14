"""Who may call a server that asks for a key: whoever sends one of its keys, of which it holds only the hashes."""

import hashlib
import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.requests import Request

from server.api.same_origin import sent_from_here

BEARER = "bearer "
KEY_COOKIE = "appyard_key"
"""Where a browser keeps the key of whoever signed in to the dashboard. Scripts cannot read it, other sites do not send it."""

TOLD_TO_ALL = frozenset({"/ok", "/ready", "/info"})
"""What anybody may ask: whether the server lives and what it is."""


class ApiKeys:
    """The keys of a server, as SHA-256 in hexadecimal. Keys are long and random, so a slow hash would protect nothing more."""

    def __init__(self, hashes: Iterable[str]) -> None:
        self._hashes = tuple(one.lower().encode() for one in hashes)

    def admit(self, headers: Headers) -> bool:
        """Whether a request carries a key, as `x-api-key` or `Authorization: Bearer`."""
        bearer = headers.get("authorization", "")
        given = headers.get("x-api-key") or (bearer[len(BEARER) :] if bearer.lower().startswith(BEARER) else "")
        return self.knows(given)

    def admit_page(self, request: Request) -> bool:
        """Whether a page of ours asks for somebody who signed in. Ports share cookies, so those of other ports are told apart."""
        return sent_from_here(request) and self.knows(request.cookies.get(KEY_COOKIE, ""))

    def knows(self, key: str) -> bool:
        """Whether it is a key of this server."""
        sent = hash_of(key).encode()
        return any(hmac.compare_digest(sent, known) for known in self._hashes)


def hash_of(key: str) -> str:
    """What the server keeps of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
