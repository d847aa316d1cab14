"""What each recipe adds to the contract of the JSON API, as data: endpoints, bodies, and the permission that opens them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from nodes.artifacts import Access, Action, AppSpec, Endpoint, Operation, RecipeKind, RecipeSpec, Schema, SchemaProperty, Scope
from nodes.completion import keepers

SUBJECT = -1
"""In `Part.of`: the endpoint is about `RecipeSpec.record`."""

APP = -2
"""In `Part.of`: the endpoint is there once, however many records the recipe is applied to."""


@dataclass(frozen=True)
class Part:
    """One endpoint of a recipe. In `name` and `path`, `{record}` and `{records}` are the record's name and plural.

    Who has the permission `action` on the record may call it; None: whoever is signed in. `of`: which of `RecipeSpec.records`.
    `for_keepers`: of those, only who keeps the books of the record, see `nodes.completion`.
    """

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    action: Action | None
    status: int = 200
    request: str | None = None
    response: str | None = None
    of: int = SUBJECT
    for_keepers: bool = False


def _body(schema: str, /, **properties: str) -> Schema:
    """A body of required properties, each given as `type` or `type format`."""
    typed = {name: kind.partition(" ") for name, kind in properties.items()}
    return Schema(
        name=schema,
        properties=tuple(
            SchemaProperty.model_validate({"name": name, "json_type": kind, "format": form or None, "required": True})
            for name, (kind, _, form) in typed.items()
        ),
    )


_PARTS: Mapping[RecipeKind, tuple[Part, ...]] = {
    RecipeKind.comments: (
        Part("list_{record}_comments", "GET", "/api/{records}/{{id}}/comments", Action.read, response="CommentList"),
        Part("add_{record}_comment", "POST", "/api/{records}/{{id}}/comments", Action.read, 201, "NewComment", "KeptComment"),
        Part("delete_{record}_comment", "DELETE", "/api/{records}/{{id}}/comments/{{comment_id}}", Action.read, 204),
    ),
    RecipeKind.attachments: (
        Part("list_{record}_attachments", "GET", "/api/{records}/{{id}}/attachments", Action.read, response="AttachmentList"),
        Part("add_{record}_attachment", "POST", "/api/{records}/{{id}}/attachments", Action.read, 201, response="KeptAttachment"),
        Part("read_{record}_attachment", "GET", "/api/{records}/{{id}}/attachments/{{attachment_id}}", Action.read),
        Part("delete_{record}_attachment", "DELETE", "/api/{records}/{{id}}/attachments/{{attachment_id}}", Action.read, 204),
    ),
    RecipeKind.tags: (
        Part("list_{record}_tags", "GET", "/api/{records}/{{id}}/tags", Action.read, response="TagList"),
        Part("add_{record}_tag", "POST", "/api/{records}/{{id}}/tags", Action.update, 200, "NewTag", "TagList"),
        Part("delete_{record}_tag", "DELETE", "/api/{records}/{{id}}/tags/{{name}}", Action.update, 204),
    ),
    RecipeKind.audit_trail: (Part("history_of_{record}", "GET", "/api/{records}/{{id}}/history", Action.read, response="ChangeList"),),
    RecipeKind.notifications: (
        Part("list_notifications", "GET", "/api/notifications", None, response="NotificationList", of=APP),
        Part("read_notifications", "POST", "/api/notifications/read", None, 204, of=APP),
    ),
    RecipeKind.csv: (
        Part("export_{records}", "GET", "/api/{records}/export", Action.read),
        Part("import_{records}", "POST", "/api/{records}/import", Action.create, response="ImportResult"),
    ),
    RecipeKind.calendar: (Part("calendar_of_{records}", "GET", "/api/{records}/calendar", Action.read, response="CalendarMonth"),),
    RecipeKind.board: (Part("board_of_{records}", "GET", "/api/{records}/board", Action.read, response="BoardColumns"),),
    RecipeKind.stock: (Part("low_{records}", "GET", "/api/low-stock/{records}", Action.read, response="LowStock"),),
    RecipeKind.poll: (Part("results_of_{record}", "GET", "/api/{records}/{{id}}/results", Action.read, response="PollResults"),),
    RecipeKind.quiz: (
        Part("round_of_{record}", "GET", "/api/{records}/{{id}}/round", Action.read, response="Round"),
        Part("leaderboard_of_{record}", "GET", "/api/{records}/{{id}}/leaderboard", Action.read, response="Leaderboard"),
    ),
    RecipeKind.payments: (
        Part("list_{record}_payments", "GET", "/api/{records}/{{id}}/payments", Action.read, response="Payments"),
        Part(
            "add_{record}_payment",
            "POST",
            "/api/{records}/{{id}}/payments",
            Action.read,
            201,
            "NewPayment",
            "KeptPayment",
            for_keepers=True,
        ),
    ),
    RecipeKind.converter: (Part("convert_{records}", "GET", "/api/convert/{records}", Action.read, response="Conversion"),),
}

_BODIES: Mapping[RecipeKind, tuple[Schema, ...]] = {
    RecipeKind.comments: (
        _body("NewComment", text="string"),
        _body("KeptComment", id="integer", text="string", created_at="string date-time", created_by_id="integer"),
        _body("CommentList", items="array"),
    ),
    RecipeKind.attachments: (
        _body(
            "KeptAttachment",
            id="integer",
            file_name="string",
            media_type="string",
            size_bytes="integer",
            created_at="string date-time",
            created_by_id="integer",
        ),
        _body("AttachmentList", items="array"),
    ),
    RecipeKind.tags: (_body("NewTag", name="string"), _body("TagList", items="array")),
    RecipeKind.audit_trail: (_body("ChangeList", items="array"),),
    RecipeKind.notifications: (_body("NotificationList", items="array", unread="integer"),),
    RecipeKind.csv: (_body("ImportResult", added="integer"),),
    RecipeKind.calendar: (_body("CalendarMonth", month="string", days="array"),),
    RecipeKind.board: (_body("BoardColumns", columns="array"),),
    RecipeKind.stock: (_body("LowStock", items="array"),),
    RecipeKind.poll: (_body("PollResults", total="integer", items="array"),),
    RecipeKind.quiz: (_body("Round", items="array"), _body("Leaderboard", items="array")),
    RecipeKind.payments: (
        Schema(
            name="NewPayment",
            properties=(
                SchemaProperty(name="kind", json_type="string", choices=("charge", "reduction", "payment", "refund"), required=True),
                SchemaProperty(name="amount", json_type="number", required=True),
                SchemaProperty(name="method", json_type="string", choices=("cash", "card", "bank transfer", "online", "other")),
                SchemaProperty(name="note", json_type="string"),
            ),
        ),
        _body(
            "KeptPayment",
            id="integer",
            kind="string",
            amount="number",
            method="string",
            note="string",
            created_at="string date-time",
            created_by_id="integer",
        ),
        _body("Payments", due="number", paid="number", open="number", items="array"),
    ),
    RecipeKind.converter: (
        _body("Conversion", **{"amount": "number", "from": "string", "to": "string", "rate": "number", "result": "number"}),
    ),
}


def recipe_endpoints(spec: AppSpec, recipe: RecipeSpec) -> list[Endpoint]:
    """The endpoints of one recipe that anybody may call."""
    return [endpoint for part in _PARTS.get(recipe.kind, ()) if (endpoint := _endpoint(spec, recipe, part)).access]


def recipe_schemas(kind: RecipeKind) -> tuple[Schema, ...]:
    """The bodies its endpoints take and answer; the same for every record."""
    return _BODIES.get(kind, ())


def recipe_operation_names(spec: AppSpec, recipe: RecipeSpec) -> Iterator[str]:
    """The operation ids of a recipe, whoever may call them, and however long they are."""
    for part in (part for part in _PARTS.get(recipe.kind, ()) if part.of < len(recipe.records)):
        yield _filled(part.name, spec, recipe, part)


def access_of(spec: AppSpec, record: str, action: Action) -> tuple[Access, ...]:
    """The roles that may do `action` with `record`, in the order of the specification."""
    granted = {
        permission.role: permission.scope for permission in spec.permissions if permission.record == record and permission.action is action
    }
    return tuple(Access(role=role.name, scope=granted[role.name]) for role in spec.roles if role.name in granted)


def _endpoint(spec: AppSpec, recipe: RecipeSpec, part: Part) -> Endpoint:
    record = _concerned(recipe, part)
    access = access_of(spec, record, part.action) if part.action else tuple(Access(role=role.name) for role in spec.roles)
    if part.for_keepers:
        access = tuple(entry for entry in access if entry.role in keepers(spec, record))
    return Endpoint(
        name=_filled(part.name, spec, recipe, part),
        method=part.method,
        path=_filled(part.path, spec, recipe, part),
        operation=Operation.recipe,
        record=record,
        recipe=recipe.kind,
        access=access,
        own_states=_own_states(spec, record, part, access),
        success_status=part.status,
        request_schema=part.request,
        response_schema=part.response,
    )


def _own_states(spec: AppSpec, record: str, part: Part, access: tuple[Access, ...]) -> tuple[str, ...]:
    """Whoever may change only own records may do so only until they are settled, see `nodes.contract`."""
    settles = part.action in (Action.update, Action.delete) and any(granted.scope is Scope.own for granted in access)
    workflow = spec.record(record).workflow if settles else None
    return (workflow.initial,) if workflow else ()


def _concerned(recipe: RecipeSpec, part: Part) -> str:
    if part.of in (SUBJECT, APP):
        return (recipe.record if part.of == SUBJECT else None) or recipe.kind.value
    return recipe.records[part.of]


def _filled(pattern: str, spec: AppSpec, recipe: RecipeSpec, part: Part) -> str:
    concerned = _concerned(recipe, part)
    plural = next((record.plural for record in spec.records if record.name == concerned), concerned)
    return pattern.format(record=concerned, records=plural)
