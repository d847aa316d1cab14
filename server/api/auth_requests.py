"""What handlers are told of a request and may change, and the request as they leave it: the routes read that one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import QueryParams
from starlette.types import Message, Receive, Scope

from checkpoints.records import JsonObject
from server.api.auth_rules import COMMANDS, Asked, Rule

IDS_IN_PATHS = frozenset({"thread_id", "run_id", "cron_id"})


class RequestUnreadable(Exception):
    """The request is not one its route takes."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


@dataclass(frozen=True)
class OpenedRequest:
    """A request whose JSON can be looked at and changed in place."""

    asked: Asked
    scope: Scope
    body: bytes
    document: Any

    @property
    def rule(self) -> Rule:
        """What is asked of the handlers."""
        return self.asked.rule

    def parts(self) -> list[dict[str, Any]]:
        """What handlers are asked about, one after the other. Raises `RequestUnreadable`."""
        match self.document:
            case list() if self.asked.template == "/runs/batch":
                parts = self.document
            case {"params": params} if self.asked.template.endswith("/commands"):
                parts = [params]
            case _:
                parts = [self.document]
        if not all(isinstance(part, dict) for part in parts):
            raise RequestUnreadable("body: expected a JSON object.")
        return parts

    def value(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """What the handler is told of one part. Raises `RequestUnreadable`."""
        rule, carried = self.rule, set(self.rule.carries.values())
        value = {name: part[key] for name, key in rule.carries.items() if part.get(key) is not None}
        if "metadata" in rule.carries and not isinstance(value.setdefault("metadata", {}), dict):
            raise RequestUnreadable("metadata: expected a JSON object.")
        if "namespace" in rule.carries:
            value["namespace"] = _words(value.get("namespace")) if rule.action != "list_namespaces" or "namespace" in value else None
        if rule.gathers:
            value[rule.gathers] = {key: held for key, held in part.items() if key not in carried}
        if rule.resource == "threads" and "thread_id" in value:
            value["thread_id"] = uuid_of("thread_id", value["thread_id"])
        return value | self.named()

    def named(self) -> dict[str, Any]:
        """The ids in the path. Raises `RequestUnreadable`."""
        return {name: uuid_of(name, given) for name, given in self.asked.named.items() if name in IDS_IN_PATHS}

    def take_back(self, part: dict[str, Any], value: Mapping[str, Any]) -> None:
        """What the handler left becomes part of the request. Raises `RequestUnreadable`."""
        gathered = value.get(self.rule.gathers) if self.rule.gathers else None
        if isinstance(gathered, Mapping):
            part.update(gathered)
        part.update({key: value[name] for name, key in self.rule.carries.items() if name in value})
        if self.rule.resource == "store":
            key = self.rule.carries["namespace"]
            words = value.get("namespace")
            part[key] = None if words is None else list(_words(words))

    def as_left(self, receive: Receive) -> tuple[Scope, Receive]:
        """The request for its route."""
        if self.scope["method"] == "GET":
            return ({**self.scope, "query_string": _query(self.scope, self.document)} if self.rule.carries else self.scope), receive
        changed = bool(self.body) and bool(self.rule.carries or self.rule.each)
        return self.scope, replayed(json.dumps(self.document, default=str).encode() if changed else self.body, receive)


def opened(asked: Asked, scope: Scope, body: bytes) -> OpenedRequest:
    """The request with its JSON, that of a GET made from its query. Raises `RequestUnreadable`."""
    if scope["method"] == "GET":
        return OpenedRequest(asked, scope, b"", dict(_of_query(QueryParams(scope["query_string"]))))
    reads = bool(asked.rule.carries or asked.rule.each or asked.template.endswith("/commands"))
    document = json_of(body) if reads and body else {}
    if asked.template.endswith("/commands") and isinstance(document, dict):
        asked = replace(asked, rule=COMMANDS.get(str(document.get("method")), asked.rule))
    return OpenedRequest(asked, scope, body, document)


def json_of(body: bytes) -> Any:  # noqa: ANN401 - whatever the client sent
    """A body's JSON, read as the routes read it. Raises `RequestUnreadable`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestUnreadable("body: this is no JSON, or too deep.") from error


def uuid_of(name: str, given: object) -> UUID:
    """An id. Raises `RequestUnreadable`."""
    try:
        return UUID(str(given))
    except ValueError as error:
        raise RequestUnreadable(f"{name}: expected a UUID.") from error


def replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read again; after it whatever still comes, such as that the client has gone."""
    parts: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> Message:
        return next(parts, None) or await receive()

    return receive_again


def _words(given: object) -> tuple[str, ...]:
    """A namespace. One of its words with a period in it would read like two of somebody else's."""
    words = () if given is None else given
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word and "." not in word for word in words):
        raise RequestUnreadable("namespace: expected words, none of them empty or with a period in it.")
    return tuple(words)


def _of_query(query: QueryParams) -> Iterator[tuple[str, object]]:
    for name in query:
        if name == "namespace":
            yield name, [word for given in query.getlist(name) for word in given.split(".") if word]
        else:
            yield name, query[name]


def _query(scope: Scope, document: JsonObject) -> bytes:
    given = [pair for pair in QueryParams(scope["query_string"]).multi_items() if pair[0] not in document]
    return urlencode(given + [(name, held) for name, held in document.items() if held is not None], doseq=True).encode()
