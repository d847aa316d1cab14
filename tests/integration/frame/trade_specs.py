"""Specifications of small trades, each with the recipe that makes it one: stock, polls, quizzes, links, rates."""

from nodes.artifacts import AppSpec, FieldType, RecipeKind, RecipeSpec, ReportSpec, RoleSpec, RuleKind, RuleSpec, Scope
from tests.integration.frame.frame_specs import ADMINISTRATOR, EVERYTHING, POLLS, allow, field, record, relation, step, workflow


def recipe(kind: RecipeKind, record_name: str | None, *, records: str = "", fields: str = "") -> RecipeSpec:
    """A recipe by the names it uses."""
    return RecipeSpec(kind=kind, record=record_name, records=tuple(records.split()), fields=tuple(fields.split()))


LINKS = AppSpec(
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
    recipes=(recipe(RecipeKind.short_link, "link", fields="original_url short_code visits"),),
)
EXCHANGE = AppSpec(
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
    recipes=(recipe(RecipeKind.converter, "rate", fields="from_currency to_currency rate"),),
)

STORES = AppSpec(
    name="stores",
    title="Stores",
    summary="Supplies that come and go by the piece, and gear that is counted by weight.",
    records=(
        record(
            "supply",
            "supplies",
            field("name", required=True),
            field("quantity", FieldType.integer, minimum=0),
            field("reorder_level", FieldType.integer, required=True, minimum=0),
        ),
        record(
            "movement",
            "movements",
            relation("supply", required=True),
            field("kind", FieldType.choice, required=True, choices=("Stock out", "Stock in")),
            field("amount", FieldType.integer, required=True),
            field("moved_on", FieldType.date),
            title="supply",
        ),
        record("gear", "gears", field("name", required=True), field("in_stock", FieldType.decimal)),
        record(
            "gear_change",
            "gear_changes",
            relation("gear", required=True),
            field("weight", FieldType.decimal, required=True),
            title="gear",
        ),
    ),
    roles=(RoleSpec(name="staff", label="Staff"), ADMINISTRATOR),
    permissions=(
        *allow("staff", "supply", "read create"),
        *allow("staff", "movement", "read create"),
        *allow("staff", "gear", "read"),
        *(p for name in ("supply", "movement", "gear", "gear_change") for p in allow("administrator", name, EVERYTHING)),
    ),
    recipes=(
        recipe(RecipeKind.stock, "supply", records="movement", fields="quantity amount"),
        recipe(RecipeKind.stock, "gear", records="gear_change", fields="in_stock weight"),
    ),
)
BALLOT = POLLS.model_copy(update={"name": "ballot", "recipes": (recipe(RecipeKind.poll, "poll", records="option vote"),)})
TRIVIA = AppSpec(
    name="trivia",
    title="Trivia",
    summary="Contests in which players answer questions for points.",
    records=(
        record(
            "contest",
            "contests",
            field("title", required=True),
            workflow=workflow("open closed", step("close", "open", "closed", "administrator")),
        ),
        record(
            "question",
            "questions",
            field("text", FieldType.long_text, required=True),
            field("points", FieldType.integer, minimum=1),
            relation("contest", required=True),
        ),
        record(
            "option",
            "options",
            field("text", required=True),
            field("correct", FieldType.boolean),
            relation("question", required=True),
        ),
        record("answer", "answers", relation("question", required=True), relation("option", required=True), title="option"),
        record("enrollment", "enrollments", relation("contest", required=True), title="contest"),
    ),
    roles=(RoleSpec(name="player", label="Player", may_register=True), ADMINISTRATOR),
    permissions=(
        *allow("player", "contest", "read"),
        *allow("player", "question", "read"),
        *allow("player", "option", "read"),
        *allow("player", "answer", "read create update", Scope.own),
        *allow("player", "enrollment", "read create", Scope.own),
        *(p for name in ("contest", "question", "option", "answer", "enrollment") for p in allow("administrator", name, EVERYTHING)),
    ),
    recipes=(recipe(RecipeKind.quiz, "contest", records="question option answer enrollment"),),
)
INVOICES = AppSpec(
    name="invoices",
    title="Invoices",
    summary="What customers owe, line by line, with tax.",
    records=(
        record("invoice", "invoices", field("number", required=True, unique=True), field("total", FieldType.money)),
        record(
            "invoice_line",
            "invoice_lines",
            field("text", required=True),
            field("quantity", FieldType.decimal, required=True, minimum=0),
            field("unit_price", FieldType.money, required=True, minimum=0),
            field("tax_rate", FieldType.decimal, required=True, minimum=0, maximum=100),
            relation("invoice", required=True),
        ),
        record("quote", "quotes", field("number", required=True)),
        record(
            "item",
            "items",
            field("text", required=True),
            field("pieces", FieldType.integer, required=True, minimum=1),
            field("price", FieldType.money),
            relation("quote", required=True),
        ),
    ),
    roles=(RoleSpec(name="clerk", label="Clerk"), ADMINISTRATOR),
    permissions=(
        *allow("clerk", "invoice", "read create"),
        *allow("clerk", "invoice_line", EVERYTHING),
        *allow("clerk", "quote", "read create", Scope.own),
        *allow("clerk", "item", "read create delete", Scope.own),
        *(p for name in ("invoice", "invoice_line", "quote", "item") for p in allow("administrator", name, EVERYTHING)),
    ),
    reports=(ReportSpec(name="invoiced", label="Invoiced by month", record="invoice", group_by="created_at", measure="total"),),
    recipes=(
        recipe(RecipeKind.totals, "invoice", records="invoice_line", fields="quantity unit_price tax_rate"),
        recipe(RecipeKind.totals, "quote", records="item", fields="pieces price"),
    ),
)
CLINIC = AppSpec(
    name="clinic",
    title="Harbour clinic",
    summary="A small clinic by the harbour, with services for the whole family.",
    records=(
        record(
            "service",
            "services",
            field("name", required=True),
            field("description", FieldType.long_text),
            field("price", FieldType.money),
        ),
        record(
            "message",
            "messages",
            field("name", required=True),
            field("email", FieldType.email, required=True),
            field("topic", FieldType.choice, choices=("Appointment", "Question")),
            field("message", FieldType.long_text, required=True),
        ),
    ),
    roles=(RoleSpec(name="visitor", label="Visitor"), ADMINISTRATOR),
    permissions=(
        *allow("visitor", "service", "read"),
        *allow("visitor", "message", "create read", Scope.own),
        *(p for name in ("service", "message") for p in allow("administrator", name, EVERYTHING)),
    ),
    recipes=(recipe(RecipeKind.site, "message", records="service"),),
)
