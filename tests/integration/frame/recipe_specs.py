"""Specifications with recipes: each recipe alone on the smallest app that can have it, and several together."""

from nodes.artifacts import AppSpec, RecipeKind, RecipeSpec
from tests.integration.frame.frame_specs import CLAIMS, HOSTILE, RENTAL, step, workflow
from tests.integration.frame.trade_specs import BALLOT, CLINIC, EXCHANGE, INVOICES, LINKS, STORES, TRIVIA


def recipe(kind: RecipeKind, record: str | None = None, *, records: str = "", fields: str = "") -> RecipeSpec:
    return RecipeSpec(kind=kind, record=record, records=tuple(records.split()), fields=tuple(fields.split()))


def with_recipes(spec: AppSpec, *recipes: RecipeSpec) -> AppSpec:
    return spec.model_copy(update={"recipes": recipes})


PAID = with_recipes(
    CLAIMS.model_copy(
        update={
            "records": tuple(
                entry.model_copy(update={"workflow": workflow("draft paid", step("pay", "draft", "paid", "employee"))})
                for entry in CLAIMS.records
            ),
        }
    ),
    recipe(RecipeKind.payments, "claim", fields="amount"),
)
"""What becomes paid by its payments, whoever was to say so."""

ALONE: dict[RecipeKind, AppSpec] = {
    RecipeKind.comments: with_recipes(CLAIMS, recipe(RecipeKind.comments, "claim")),
    RecipeKind.attachments: with_recipes(CLAIMS, recipe(RecipeKind.attachments, "claim")),
    RecipeKind.tags: with_recipes(CLAIMS, recipe(RecipeKind.tags, "claim")),
    RecipeKind.calendar: with_recipes(RENTAL, recipe(RecipeKind.calendar, "booking", fields="start end")),
    RecipeKind.board: with_recipes(CLAIMS, recipe(RecipeKind.board, "claim")),
    RecipeKind.short_link: LINKS,
    RecipeKind.converter: EXCHANGE,
    RecipeKind.audit_trail: with_recipes(CLAIMS, recipe(RecipeKind.audit_trail, "claim")),
    RecipeKind.charts: with_recipes(CLAIMS, recipe(RecipeKind.charts)),
    RecipeKind.csv: with_recipes(RENTAL, recipe(RecipeKind.csv, "car"), recipe(RecipeKind.csv, "booking")),
    RecipeKind.notifications: with_recipes(CLAIMS, recipe(RecipeKind.notifications, "claim")),
    RecipeKind.stock: STORES,
    RecipeKind.totals: INVOICES,
    RecipeKind.site: CLINIC,
    RecipeKind.payments: PAID,
    RecipeKind.poll: BALLOT,
    RecipeKind.quiz: TRIVIA,
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
    recipe(RecipeKind.charts),
    recipe(RecipeKind.csv, "claim"),
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
    recipe(RecipeKind.charts),
    recipe(RecipeKind.csv, "booking"),
    recipe(RecipeKind.payments, "booking"),
)
ADVERSE = with_recipes(
    HOSTILE,
    *(recipe(kind, "order") for kind in (RecipeKind.comments, RecipeKind.attachments, RecipeKind.tags, RecipeKind.audit_trail)),
    recipe(RecipeKind.calendar, "order", fields="from to"),
    recipe(RecipeKind.board, "order", fields="type"),
    *(recipe(kind, name) for kind in (RecipeKind.notifications, RecipeKind.csv) for name in ("order", "page")),
    recipe(RecipeKind.audit_trail, "page"),
    recipe(RecipeKind.charts),
)
"""Names and words of every awkward kind, in every recipe that can have them."""
