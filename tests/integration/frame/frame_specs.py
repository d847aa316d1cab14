"""Specifications of small apps, written by hand, that together use everything the frame can do."""

from nodes.artifacts import (
    Action,
    AppSpec,
    FieldSpec,
    FieldType,
    Permission,
    RecordSpec,
    Relation,
    RelationKind,
    ReportSpec,
    RoleSpec,
    RuleKind,
    RulePeriod,
    RuleSpec,
    Scope,
    Transition,
    Workflow,
    WorkflowState,
)

ADMINISTRATOR = RoleSpec(name="administrator", label="Administrator", administers=True)


def field(name: str, type_: FieldType = FieldType.text, *, required: bool = False, **more: object) -> FieldSpec:
    """A field labelled by its name."""
    return FieldSpec.model_validate(
        {"name": name, "label": name.replace("_", " ").capitalize(), "type": type_, "required": required, **more}
    )


def relation(name: str, target: str | None = None, *, required: bool = False, many: bool = False) -> Relation:
    """A reference labelled by its name."""
    kind = RelationKind.many_to_many if many else RelationKind.many_to_one
    return Relation(name=name, label=name.replace("_", " ").capitalize(), target=target or name, kind=kind, required=required)


def record(
    name: str, plural: str, *members: FieldSpec | Relation, workflow: Workflow | None = None, title: str | None = None
) -> RecordSpec:
    """A record labelled by its name; its first field is its title."""
    fields = tuple(member for member in members if isinstance(member, FieldSpec))
    return RecordSpec(
        name=name,
        plural=plural,
        label=name.replace("_", " ").capitalize(),
        plural_label=plural.replace("_", " ").capitalize(),
        fields=fields,
        relations=tuple(member for member in members if isinstance(member, Relation)),
        workflow=workflow,
        title_field=title or (fields[0].name if fields else "id"),
    )


def workflow(states: str, *transitions: Transition) -> Workflow:
    """States in order; the first is initial."""
    named = tuple(WorkflowState(name=name, label=name.replace("_", " ").capitalize()) for name in states.split())
    return Workflow(states=named, initial=named[0].name, transitions=transitions)


def step(name: str, from_states: str, to_state: str, *roles: str) -> Transition:
    """A transition labelled by its name."""
    return Transition(
        name=name, label=name.replace("_", " ").capitalize(), from_states=tuple(from_states.split()), to_state=to_state, roles=roles
    )


def allow(role: str, record_name: str, actions: str, scope: Scope = Scope.all) -> tuple[Permission, ...]:
    """Permissions for several actions at once."""
    return tuple(Permission(role=role, record=record_name, action=Action(action), scope=scope) for action in actions.split())


EVERYTHING = "read create update delete"

CLAIMS = AppSpec(
    name="travel_claims",
    title="Travel claims",
    summary="Employees hand in claims for what they spent. An administrator approves or rejects them.",
    records=(
        record(
            "claim",
            "claims",
            field("subject", required=True),
            field("category", FieldType.choice, required=True, choices=("Travel", "Labour", "Management", "Equipment")),
            field("amount", FieldType.money, required=True, minimum=0, maximum=50_000),
            field("spent_on", FieldType.date, required=True),
            field("remark", FieldType.long_text),
            workflow=workflow(
                "draft submitted approved rejected",
                step("submit", "draft rejected", "submitted", "employee", "administrator"),
                step("approve", "submitted", "approved", "administrator"),
                step("reject", "submitted", "rejected", "administrator"),
            ),
        ),
    ),
    roles=(RoleSpec(name="employee", label="Employee", may_register=True), ADMINISTRATOR),
    permissions=(*allow("employee", "claim", "read create update", Scope.own), *allow("administrator", "claim", EVERYTHING)),
    rules=(
        RuleSpec(
            name="amount_above_zero", record="claim", kind=RuleKind.positive, fields=("amount",), message="The amount must be above zero."
        ),
    ),
    reports=(
        ReportSpec(name="claims_by_category", label="Claims by category", record="claim", group_by="category", measure="amount"),
        ReportSpec(name="claims_by_month", label="Claims by month", record="claim", group_by="spent_on"),
        ReportSpec(name="claims_by_state", label="Claims by state", record="claim", group_by="state"),
    ),
)

RENTAL = AppSpec(
    name="car_rental",
    title="Harbour car rental",
    summary="Customers book cars for some days; staff hand them out and take them back.",
    records=(
        record(
            "car",
            "cars",
            field("model", required=True),
            field("plate", required=True, unique=True),
            field("seats", FieldType.integer, required=True, minimum=1, maximum=9),
            field("price_per_day", FieldType.money, required=True),
            field("automatic", FieldType.boolean, required=True),
        ),
        record(
            "booking",
            "bookings",
            relation("car", required=True),
            relation("handed_out_by", "account"),
            field("start", FieldType.datetime, required=True),
            field("end", FieldType.datetime, required=True),
            field("phone", FieldType.phone),
            workflow=workflow(
                "booked handed_out returned cancelled",
                step("hand_out", "booked", "handed_out", "staff", "administrator"),
                step("take_back", "handed_out", "returned", "staff", "administrator"),
                step("cancel", "booked", "cancelled"),
            ),
            title="start",
        ),
    ),
    roles=(RoleSpec(name="customer", label="Customer", may_register=True), RoleSpec(name="staff", label="Staff"), ADMINISTRATOR),
    permissions=(
        *allow("customer", "car", "read"),
        *allow("staff", "car", "read"),
        *allow("administrator", "car", EVERYTHING),
        *allow("customer", "booking", "read create update", Scope.own),
        *allow("staff", "booking", "read create update"),
        *allow("administrator", "booking", EVERYTHING),
    ),
    rules=(
        RuleSpec(
            name="end_after_start",
            record="booking",
            kind=RuleKind.ordered,
            fields=("start", "end"),
            message="The end must come after the start.",
        ),
        RuleSpec(
            name="car_is_free",
            record="booking",
            kind=RuleKind.no_overlap,
            fields=("start", "end"),
            per="car",
            message="This car is already booked at that time.",
        ),
    ),
    reports=(
        ReportSpec(name="bookings_by_car", label="Bookings by car", record="booking", group_by="car"),
        ReportSpec(name="bookings_by_day", label="Bookings by day", record="booking", group_by="start"),
    ),
)

CUSTOMERS = AppSpec(
    name="client_book",
    title="Client book",
    summary="Who our customers are, what they like and what they bought.",
    records=(
        record(
            "customer",
            "customers",
            field("name", required=True),
            field("birthday", FieldType.date),
            field("sex", FieldType.choice, choices=("female", "male", "other")),
            field("email", FieldType.email, unique=True),
            field("website", FieldType.url),
            relation("preferred_products", "product", many=True),
            relation("recruited_by", "customer"),
        ),
        record(
            "product",
            "products",
            field("name", required=True, unique=True),
            field("price", FieldType.money, required=True),
            field("description", FieldType.long_text),
        ),
        record(
            "purchase",
            "purchases",
            relation("customer", required=True),
            relation("product", required=True),
            field("quantity", FieldType.integer, required=True),
            field("weight", FieldType.decimal),
            field("at", FieldType.time),
            title="customer",
        ),
    ),
    roles=(ADMINISTRATOR,),
    permissions=tuple(p for name in ("customer", "product", "purchase") for p in allow("administrator", name, EVERYTHING)),
    rules=(
        RuleSpec(name="quantity_positive", record="purchase", kind=RuleKind.positive, fields=("quantity",), message="Buy at least one."),
    ),
    reports=(
        ReportSpec(name="liked", label="Liked products", record="customer", group_by="preferred_products"),
        ReportSpec(name="sold", label="Sold pieces", record="purchase", group_by="product", measure="quantity"),
    ),
)

POLLS = AppSpec(
    name="polls",
    title="Polls",
    summary="People vote for one of the options of a poll and see the result.",
    records=(
        record("poll", "polls", field("question", required=True), workflow=workflow("open closed", step("close", "open", "closed"))),
        record("option", "options", field("text", required=True), relation("poll", required=True)),
        record("vote", "votes", relation("poll", required=True), relation("option", required=True), title="option"),
    ),
    roles=(RoleSpec(name="member", label="Member", may_register=True), ADMINISTRATOR),
    permissions=(
        *allow("member", "poll", "read"),
        *allow("member", "option", "read"),
        *allow("member", "vote", "read create delete", Scope.own),
        *(p for name in ("poll", "option", "vote") for p in allow("administrator", name, EVERYTHING)),
    ),
    rules=(
        RuleSpec(
            name="one_vote_each",
            record="vote",
            kind=RuleKind.unique_together,
            fields=("poll", "created_by"),
            message="You have voted in this poll already.",
        ),
        RuleSpec(
            name="option_of_poll",
            record="vote",
            kind=RuleKind.same_parent,
            fields=("option", "poll"),
            message="This option belongs to another poll.",
        ),
    ),
    reports=(ReportSpec(name="votes_by_option", label="Votes by option", record="vote", group_by="option"),),
)

LENDING = AppSpec(
    name="lending",
    title="Lending library",
    summary="Members ask for books, a librarian hands them out, and nobody has more than three at a time.",
    records=(
        record("book", "books", field("title", required=True)),
        record(
            "loan",
            "loans",
            relation("book", required=True),
            field("day", FieldType.date, required=True),
            workflow=workflow(
                "requested lent returned",
                step("lend", "requested", "lent", "librarian"),
                step("give_back", "lent", "returned", "librarian"),
            ),
            title="book",
        ),
        record("wish", "wishes", field("title", required=True), field("wanted_at", FieldType.datetime), relation("book")),
    ),
    roles=(RoleSpec(name="member", label="Member", may_register=True), RoleSpec(name="librarian", label="Librarian"), ADMINISTRATOR),
    permissions=(
        *allow("member", "book", "read"),
        *allow("member", "loan", "read create update", Scope.own),
        *allow("member", "wish", "read create delete", Scope.own),
        *allow("librarian", "book", EVERYTHING),
        *allow("librarian", "loan", EVERYTHING),
        *(p for name in ("book", "loan", "wish") for p in allow("administrator", name, EVERYTHING)),
    ),
    rules=(
        RuleSpec(
            name="three_books",
            record="loan",
            kind=RuleKind.limit,
            per="created_by",
            maximum=3,
            states=("lent",),
            message="A member may borrow at most three books.",
        ),
        RuleSpec(
            name="two_a_day",
            record="loan",
            kind=RuleKind.limit,
            fields=("day",),
            per="book",
            maximum=2,
            period=RulePeriod.day,
            message="A book is lent at most twice a day.",
        ),
        RuleSpec(
            name="two_wishes", record="wish", kind=RuleKind.limit, per="created_by", maximum=2, message="At most two wishes at a time."
        ),
        RuleSpec(
            name="one_wish_a_month",
            record="wish",
            kind=RuleKind.limit,
            fields=("wanted_at",),
            maximum=1,
            period=RulePeriod.month,
            message="At most one wish for each month.",
        ),
    ),
)

NOTES = AppSpec(
    name="notes",
    title="Notes",
    summary="One person keeps notes.",
    records=(record("note", "notes", field("text", required=True)),),
    roles=(ADMINISTRATOR,),
    permissions=allow("administrator", "note", EVERYTHING),
)

NASTY = '<script>alert(\'{{7*7}}\')</script> """ \\ {% raw %} %s {0} ${x} | `rm` \n# next'

HOSTILE = AppSpec(
    name="drop_table",
    title=f"{NASTY} '); DROP TABLE accounts;--",
    summary=NASTY,
    records=(
        RecordSpec(
            name="order",
            plural="orders",
            label=NASTY,
            plural_label=f"{NASTY}s",
            description=NASTY,
            fields=(
                FieldSpec(name="class", label=NASTY, type=FieldType.text, required=True),
                field("select"),
                field("from", FieldType.date, required=True),
                field("to", FieldType.date),
                field("metadata", FieldType.long_text),
                field("copy", FieldType.integer, unique=True),
                field("json", FieldType.boolean),
                FieldSpec(name="type", label="'", type=FieldType.choice, required=True, choices=(NASTY, "'", '"', "\\", "{{7*7}}")),
                field("date", FieldType.date),
                field("int", FieldType.integer),
                field("list", FieldType.text),
                field("str", FieldType.decimal),
            ),
            relations=(Relation(name="group", label=NASTY, target="session"), Relation(name="parent", label="Parent", target="order")),
            workflow=Workflow(
                states=(
                    WorkflowState(name="none", label=NASTY),
                    WorkflowState(name="true", label="{{7*7}}"),
                    WorkflowState(name="count", label="'"),
                ),
                initial="none",
                transitions=(
                    Transition(name="import", label=NASTY, from_states=("none",), to_state="true"),
                    Transition(name="edit", label="Delete", from_states=("true", "none"), to_state="count", roles=("title",)),
                ),
            ),
            title_field="class",
        ),
        record("session", "sessions", field("title"), field("x" * 48, required=True), relation("request", "request")),
        record("request", "request_" + "y" * 32, field("model", required=True), relation("session", "session", required=True)),
        record("report", "reports", field("title", required=True), field("rows", FieldType.integer)),
        record(
            "page",
            "accounts_static",
            field("query", FieldType.url),
            relation("account", "account", required=True),
            relation("values", "order", many=True),
        ),
    ),
    roles=(RoleSpec(name="title", label=NASTY, may_register=True), RoleSpec(name="mro", label="Mro"), ADMINISTRATOR),
    permissions=(
        *(p for name in ("order", "session", "request", "report", "page") for p in allow("administrator", name, EVERYTHING)),
        *allow("title", "order", "read create update", Scope.own),
        *allow("mro", "page", "create read"),
    ),
    rules=(
        RuleSpec(name="raise", record="order", kind=RuleKind.ordered, fields=("from", "to"), message=NASTY),
        RuleSpec(name="pair", record="order", kind=RuleKind.unique_together, fields=("class", "group"), message='"'),
        RuleSpec(name="later", record="order", kind=RuleKind.custom, message=NASTY),
    ),
    reports=(
        ReportSpec(name="new", label=NASTY, record="order", group_by="type"),
        ReportSpec(name="by_group", label="G", record="order", group_by="group", measure="str"),
    ),
)


def sixty_records() -> AppSpec:
    """A large app: sixty records, each referring to the one before."""
    names = [f"thing_{number}" for number in range(60)]
    return AppSpec(
        name="sixty",
        title="Sixty",
        summary="Many records.",
        records=tuple(
            record(name, f"{name}s", field("name", required=True), *((relation(names[place - 1]),) if place else ()))
            for place, name in enumerate(names)
        ),
        roles=(ADMINISTRATOR,),
        permissions=tuple(p for name in names for p in allow("administrator", name, EVERYTHING)),
    )


ALL = {spec.name: spec for spec in (CLAIMS, RENTAL, CUSTOMERS, POLLS, LENDING, NOTES, HOSTILE)}
