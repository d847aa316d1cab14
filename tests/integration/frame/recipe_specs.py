"""Specifications with recipes: each recipe alone on the smallest app that can have it, and several together."""

from nodes.artifacts import AppSpec, FieldType, RecipeKind, RecipeSpec, RoleSpec, RuleKind, RuleSpec, Scope
from tests.integration.frame.frame_specs import ADMINISTRATOR, CLAIMS, EVERYTHING, RENTAL, allow, field, record


def recipe(kind: RecipeKind, record: str | None = None, *, records: str = "", fields: str = "") -> RecipeSpec:
    return RecipeSpec(kind=kind, record=record, records=tuple(records.split()), fields=tuple(fields.split()))


def with_recipes(spec: AppSpec, *recipes: RecipeSpec) -> AppSpec:
    return spec.model_copy(update={"recipes": recipes})


LINKS = with_recipes(
    AppSpec(
        name="short_links",
        title="Short links",
        summary="Long addresses, made short.",
        records=(
            record(
                "link",
                "links",
                field("original_url", FieldType.url, required=True),
                field("short_code"),
                field("visits", FieldType.integer),
            ),
        ),
        roles=(RoleSpec(name="user", label="User", may_register=True), ADMINISTRATOR),
        permissions=(*allow("user", "link", "read create delete", Scope.own), *allow("administrator", "link", EVERYTHING)),
    ),
    recipe(RecipeKind.short_link, "link", fields="original_url short_code visits"),
)
EXCHANGE = with_recipes(
    AppSpec(
        name="currency_converter",
        title="Currency converter",
        summary="What an amount is worth elsewhere.",
        records=(
            record(
                "rate",
                "rates",
                field("from_currency", required=True),
                field("to_currency", required=True),
                field("rate", FieldType.decimal, required=True),
            ),
        ),
        roles=(RoleSpec(name="user", label="User", may_register=True), ADMINISTRATOR),
        permissions=(*allow("user", "rate", "read"), *allow("administrator", "rate", EVERYTHING)),
        rules=(RuleSpec(name="rate_above_zero", record="rate", kind=RuleKind.positive, fields=("rate",), message="A rate is above zero."),),
    ),
    recipe(RecipeKind.converter, "rate", fields="from_currency to_currency rate"),
)

ALONE: dict[RecipeKind, AppSpec] = {
    RecipeKind.comments: with_recipes(CLAIMS, recipe(RecipeKind.comments, "claim")),
    RecipeKind.attachments: with_recipes(CLAIMS, recipe(RecipeKind.attachments, "claim")),
    RecipeKind.tags: with_recipes(CLAIMS, recipe(RecipeKind.tags, "claim")),
    RecipeKind.calendar: with_recipes(RENTAL, recipe(RecipeKind.calendar, "booking", fields="start end")),
    RecipeKind.board: with_recipes(CLAIMS, recipe(RecipeKind.board, "claim")),
    RecipeKind.short_link: LINKS,
    RecipeKind.converter: EXCHANGE,
    RecipeKind.audit_trail: with_recipes(CLAIMS, recipe(RecipeKind.audit_trail, "claim")),
    RecipeKind.notifications: with_recipes(CLAIMS, recipe(RecipeKind.notifications, "claim")),
}
"""Each recipe on its own."""

OFFICE = with_recipes(
    CLAIMS,
    recipe(RecipeKind.comments, "claim"),
    recipe(RecipeKind.attachments, "claim"),
    recipe(RecipeKind.tags, "claim"),
    recipe(RecipeKind.calendar, "claim", fields="spent_on"),
    recipe(RecipeKind.board, "claim", fields="category"),
    recipe(RecipeKind.audit_trail, "claim"),
    recipe(RecipeKind.notifications, "claim"),
)
FLEET = with_recipes(
    RENTAL,
    recipe(RecipeKind.comments, "car"),
    recipe(RecipeKind.comments, "booking"),
    recipe(RecipeKind.tags, "car"),
    recipe(RecipeKind.attachments, "booking"),
    recipe(RecipeKind.calendar, "booking", fields="start end"),
    recipe(RecipeKind.board, "booking"),
    recipe(RecipeKind.audit_trail, "booking"),
    recipe(RecipeKind.notifications, "booking"),
    recipe(RecipeKind.notifications, "car"),
)
