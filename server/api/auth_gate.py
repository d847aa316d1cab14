"""Let a request pass if the handlers of `auth.path` allow it, as they changed it. Everything else is refused before any route.

What a handler's filter says of things that exist is looked up here; what it says of things to be found or made goes on
with the request, as its `Caller`.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from langgraph_sdk.auth.types import StudioUser
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from checkpoints.errors import AssistantNotFound, CronNotFound, PersistenceError, ThreadNotFound
from checkpoints.records import JsonObject
from server.api.auth_requests import OpenedRequest, RequestUnreadable, json_of, opened, replayed, uuid_of
from server.api.auth_rules import READ_ASSISTANT, Asked, Rule, rule_for
from server.api.errors import STATUS_CODES, problem
from server.api.keys import TOLD_TO_ALL
from server.api.sockets import POLICY_VIOLATION
from server.authority import Authority, Refusal, User, user_of
from server.services.caller import Caller, Sight

NOT_FOUND: Mapping[str, type[PersistenceError]] = {"threads": ThreadNotFound, "assistants": AssistantNotFound, "crons": CronNotFound}

ID_OF: Mapping[str, str] = {"threads": "thread_id", "assistants": "assistant_id", "crons": "cron_id"}

CLOSED = "This server tells its callers apart, and here it could not. Use the routes for assistants, threads, runs, crons and the store."

STORE_HAS_NO_OWNERS = "The store knows no owners: a handler on auth.on.store has to change the namespace, not return a filter."


def guard(app: ASGIApp, authority: Authority) -> ASGIApp:
    """`app`, behind the handlers."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        elif scope["type"] != "http" or scope["path"] in TOLD_TO_ALL:
            await app(scope, receive, send)
        else:
            await _answer(scope, receive, send)

    async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            left, again = await Admission(authority, scope, receive).decide()
        except ClientDisconnect:
            return
        except Refusal as refusal:
            refused = problem(request, refusal.status_code, "NotAllowed", str(refusal.detail), refusal.headers)
            await refused(scope, receive, send)
            return
        except RequestUnreadable as error:
            await problem(request, 422, "InvalidRequest", str(error))(scope, receive, send)
            return
        except PersistenceError as error:
            await problem(request, STATUS_CODES[type(error)], type(error).__name__, str(error))(scope, receive, send)
            return
        await app(left, again, send)

    return guarded


class Admission:
    """What is asked about one request, and what comes of it."""

    def __init__(self, authority: Authority, scope: Scope, receive: Receive) -> None:
        self._authority = authority
        self._scope = scope
        self._receive = receive
        self._sight: Sight = scope["app"].state.services.sight

    async def decide(self) -> tuple[Scope, Receive]:
        """The request for its route, with its caller. Raises `Refusal`, `RequestUnreadable`, and what is not found."""
        asked = rule_for(self._scope["method"], self._scope["path"])
        body = await self._body() if self._authority.reads_body else None
        user = await self._user(asked, body)
        if asked is None:
            raise Refusal(403, CLOSED)
        request = opened(asked, self._scope, await self._body() if body is None else body)
        caller = await self._caller(user, request)
        left, receive = request.as_left(self._receive)
        return {**left, "caller": caller}, receive

    async def _body(self) -> bytes:
        return await Request(self._scope, self._receive).body()

    async def _user(self, asked: Asked | None, body: bytes | None) -> User | StudioUser:
        headers = Headers(scope=self._scope)
        raw = dict(self._scope["headers"])
        offered = {
            "request": Request(self._scope, replayed(body or b"", self._receive)),
            "headers": {name.decode("latin-1"): value for name, value in raw.items()} | raw,  # the SDK documents both kinds of names
            "authorization": headers.get("authorization"),
            "path": self._scope["path"],
            "method": self._scope["method"],
            "path_params": dict(asked.named) if asked else {},
            "query_params": dict(QueryParams(self._scope["query_string"])),
            "body": json_of(body) if body else None,
        }
        return await self._authority.user(offered, auth_scheme=headers.get("x-auth-scheme"))

    async def _caller(self, user: User | StudioUser, request: OpenedRequest) -> Caller:
        visible: JsonObject | None = None
        made: JsonObject = {}
        named = self._named(request)
        for part in request.parts():
            value = request.value(part) | named
            if request.rule.each:
                await self._keep_allowed(user, request.rule, request.rule.each, part)
                continue
            visible = await self._ask(user, request.rule, value)
            if request.rule.resource == "store" and visible is not None:
                raise Refusal(403, STORE_HAS_NO_OWNERS)
            request.take_back(part, value)
            if request.rule.begins_run:
                await self._check_assistant_of_run(user, part)
            if request.rule.beside and self._is_asked_beside(request.rule):
                visible = await self._ask(user, request.rule.beside, dict(named))
            made = await self._metadata_of_new_thread(user, request, part, named.get("thread_id")) or made
        return Caller(told_to_graphs(user), visible, made)

    def _named(self, request: OpenedRequest) -> dict[str, Any]:
        """The ids in the path; an assistant may be named by its graph. Raises `RequestUnreadable`, `AssistantNotFound`."""
        named = request.named()
        if given := request.asked.named.get("assistant_id"):
            named["assistant_id"] = self._sight.assistant_named(given)
            if named["assistant_id"] is None:
                raise AssistantNotFound(given)
        return named

    async def _ask(self, user: User | StudioUser, rule: Rule, value: dict[str, Any]) -> JsonObject | None:
        """The handler's filter, which the thing that `value` names has passed. Raises `Refusal`, `…NotFound`."""
        ids = dict(value)
        visible = await self._authority.filter(user, rule.resource, rule.action, value)
        if visible is None or rule.action == "create":
            return visible
        match rule.resource:
            case "threads" if "thread_id" in ids:
                found = await self._sight.thread(ids["thread_id"], visible)
            case "assistants" if "assistant_id" in ids:
                found = await self._sight.assistant(ids["assistant_id"], visible)
            case "crons" if "cron_id" in ids:
                found = await self._sight.cron(ids["cron_id"], visible)
            case _:
                return visible
        if found or (found is None and rule.may_be_missing):
            return visible
        raise NOT_FOUND[rule.resource](str(ids[ID_OF[rule.resource]]))

    async def _keep_allowed(self, user: User | StudioUser, rule: Rule, key: str, part: dict[str, Any]) -> None:
        """Of a list of threads those that the caller may see."""
        kept = []
        for thread_id in (uuid_of(key, given) for given in part.get(key) or ()):
            with suppress(ThreadNotFound):
                await self._ask(user, rule, {"thread_id": thread_id})
                kept.append(thread_id)
        part[key] = kept

    def _is_asked_beside(self, rule: Rule) -> bool:
        return rule.beside_if is None or rule.beside_if in QueryParams(self._scope["query_string"])

    async def _check_assistant_of_run(self, user: User | StudioUser, part: Mapping[str, Any]) -> None:
        """With the assistants that graphs have by themselves everybody begins runs; others have to be readable."""
        assistant_id = self._sight.assistant_named(str(part.get("assistant_id")))
        if assistant_id and not self._sight.is_of_graph(assistant_id):
            await self._ask(user, READ_ASSISTANT, {"assistant_id": assistant_id})

    async def _metadata_of_new_thread(
        self, user: User | StudioUser, request: OpenedRequest, part: Mapping[str, Any], thread_id: UUID | None
    ) -> JsonObject:
        """What the handler of threads.create writes on a thread that the request makes along the way; empty if it makes none."""
        rule = request.rule
        if not rule.makes_thread and not (rule.begins_run and part.get("if_not_exists") == "create"):
            return {}
        value: dict[str, Any] = {"metadata": {}}
        if rule.begins_run and thread_id:
            if await self._sight.thread(thread_id, {}):
                return {}
            value |= {"thread_id": thread_id, "if_exists": "do_nothing"}
        await self._authority.filter(user, "threads", "create", value)
        return dict(value["metadata"])


def told_to_graphs(user: User | StudioUser) -> JsonObject:
    """What graphs find of a person."""
    return user.for_graphs() if isinstance(user, User) else user_of(user).for_graphs()
