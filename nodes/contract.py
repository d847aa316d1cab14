"""Derive the contract of the JSON API from a specification: pure, and the same for every builder.

Conventions of the API (the frame implements them, the probe checks them; for engineers they are in `nodes.conventions`):

* `GET /api/claims` answers `{"items": [...], "total": n}` and takes `limit offset q sort state`; `POST` answers 201.
* `GET PATCH DELETE /api/claims/{id}`; `DELETE` answers 204; `POST /api/claims/{id}/approve` takes one transition.
* `GET /api/reports/{name}` answers `{"rows": [{"group": text, "value": number}]}`, called `ReportRows`.
* Every record has `id`, `created_at`, `created_by_id`, and `state` if it has a workflow.
* What went its way is settled: whoever may change or delete only own records may do so only in the initial state.
* What recipes add is in `nodes.recipe_contract`.
* 401 not signed in, 403 the role may not, 404 absent or another person's, 409 wrong state, 422 invalid or a broken rule.
"""

from nodes.artifacts import (
    Access,
    Action,
    AppSpec,
    Contract,
    Endpoint,
    FieldSpec,
    FieldType,
    Operation,
    RecordSpec,
    Relation,
    RelationKind,
    Schema,
    SchemaProperty,
    Scope,
)
from nodes.completion import completed
from nodes.conventions import REPORT_ROWS
from nodes.recipe_contract import access_of, recipe_endpoints, recipe_schemas

JSON_TYPES: dict[FieldType, tuple[str, str | None]] = {
    FieldType.text: ("string", None),
    FieldType.long_text: ("string", None),
    FieldType.integer: ("integer", None),
    FieldType.decimal: ("number", None),
    FieldType.money: ("number", None),
    FieldType.boolean: ("boolean", None),
    FieldType.date: ("string", "date"),
    FieldType.time: ("string", "time"),
    FieldType.datetime: ("string", "date-time"),
    FieldType.email: ("string", "email"),
    FieldType.phone: ("string", None),
    FieldType.url: ("string", "uri"),
    FieldType.choice: ("string", None),
}


def class_name(name: str) -> str:
    """`purchase_record` → `PurchaseRecord`."""
    return "".join(word.capitalize() for word in name.split("_"))


def relation_property(relation: Relation) -> str:
    """The property that holds a relation: `product` → `product_id`, `preferred_products` → `preferred_products_ids`."""
    return f"{relation.name}_{'ids' if relation.kind is RelationKind.many_to_many else 'id'}"


def contract_of(spec: AppSpec) -> Contract:
    """Every endpoint with who may call it, and every body. Reads and lists are one permission, `read`."""
    spec = completed(spec)
    endpoints: list[Endpoint] = []
    schemas: list[Schema] = []
    for record in spec.records:
        endpoints += _record_endpoints(spec, record)
        schemas += _record_schemas(record)
    for report in spec.reports:
        endpoints.append(
            Endpoint(
                name=f"report_{report.name}",
                method="GET",
                path=f"/api/reports/{report.name}",
                operation=Operation.report,
                record=report.record,
                access=access_of(spec, report.record, Action.read),
                success_status=200,
                response_schema=REPORT_ROWS,
            )
        )
    for recipe in spec.recipes:
        endpoints += (endpoint for endpoint in recipe_endpoints(spec, recipe) if endpoint not in endpoints)
        schemas += (schema for schema in recipe_schemas(recipe.kind) if schema not in schemas)
    return Contract(endpoints=tuple(endpoints), schemas=tuple(schemas))


def operation_names(record: RecordSpec) -> tuple[str, ...]:
    """The operation ids of everything that can be done with a record, whoever may do it."""
    steps = record.workflow.transitions if record.workflow else ()
    named = [f"{verb}_{record.name}" for verb in ("create", "read", "update", "delete", *(step.name for step in steps))]
    return (f"list_{record.plural}", *named)


def _record_endpoints(spec: AppSpec, record: RecordSpec) -> list[Endpoint]:
    noun, collection = class_name(record.name), f"/api/{record.plural}"
    item = f"{collection}/{{id}}"

    def endpoint(name: str, method: str, path: str, operation: Operation, action: Action, status: int, **bodies: str | None) -> Endpoint:
        access = access_of(spec, record.name, action)
        return Endpoint.model_validate(
            {
                "name": name,
                "method": method,
                "path": path,
                "operation": operation,
                "record": record.name,
                "access": access,
                "own_states": _own_states(record, operation, access),
                "success_status": status,
                **bodies,
            }
        )

    endpoints = [
        endpoint(f"list_{record.plural}", "GET", collection, Operation.list, Action.read, 200, response_schema=f"{noun}Page"),
        endpoint(
            f"create_{record.name}",
            "POST",
            collection,
            Operation.create,
            Action.create,
            201,
            request_schema=f"{noun}Create",
            response_schema=noun,
        ),
        endpoint(f"read_{record.name}", "GET", item, Operation.read, Action.read, 200, response_schema=noun),
        endpoint(
            f"update_{record.name}",
            "PATCH",
            item,
            Operation.update,
            Action.update,
            200,
            request_schema=f"{noun}Update",
            response_schema=noun,
        ),
        endpoint(f"delete_{record.name}", "DELETE", item, Operation.delete, Action.delete, 204),
    ]
    for transition in record.workflow.transitions if record.workflow else ():
        access = tuple(granted for granted in access_of(spec, record.name, Action.update) if not transition.roles) or tuple(
            _transition_access(spec, record.name, role) for role in transition.roles
        )
        endpoints.append(
            Endpoint(
                name=f"{transition.name}_{record.name}",
                method="POST",
                path=f"{item}/{transition.name}",
                operation=Operation.transition,
                record=record.name,
                transition=transition.name,
                access=access,
                success_status=200,
                response_schema=noun,
            )
        )
    return [entry for entry in endpoints if entry.access]


def _own_states(record: RecordSpec, operation: Operation, access: tuple[Access, ...]) -> tuple[str, ...]:
    """An approved claim is not edited by its author."""
    settles = operation in (Operation.update, Operation.delete) and any(granted.scope is Scope.own for granted in access)
    return (record.workflow.initial,) if record.workflow and settles else ()


def _transition_access(spec: AppSpec, record: str, role: str) -> Access:
    """A role named by a transition sees the records it may read: all of them, or its own."""
    for granted in access_of(spec, record, Action.read):
        if granted.role == role:
            return granted
    return Access(role=role)


def _record_schemas(record: RecordSpec) -> list[Schema]:
    noun = class_name(record.name)
    given = [_field_property(field) for field in record.fields if not field.by_app] + [
        _relation_property(relation) for relation in record.relations
    ]
    kept = [SchemaProperty(name="id", json_type="integer", required=True)]
    kept += [_field_property(field).model_copy(update={"required": True}) for field in record.fields if field.by_app]
    kept += [prop.model_copy(update={"required": True}) for prop in given]
    if record.workflow:
        states = tuple(state.name for state in record.workflow.states)
        kept.append(SchemaProperty(name="state", json_type="string", choices=states, required=True))
    kept.append(SchemaProperty(name="created_at", json_type="string", format="date-time", required=True))
    kept.append(SchemaProperty(name="created_by_id", json_type="integer", required=True, references="account"))
    return [
        Schema(name=noun, properties=tuple(kept)),
        Schema(name=f"{noun}Create", properties=tuple(given)),
        Schema(name=f"{noun}Update", properties=tuple(prop.model_copy(update={"required": False}) for prop in given)),
    ]


def _field_property(field: FieldSpec) -> SchemaProperty:
    json_type, form = JSON_TYPES[field.type]
    return SchemaProperty.model_validate(
        {"name": field.name, "json_type": json_type, "format": form, "choices": field.choices, "required": field.required}
    )


def _relation_property(relation: Relation) -> SchemaProperty:
    many = relation.kind is RelationKind.many_to_many
    return SchemaProperty(
        name=relation_property(relation),
        json_type="array" if many else "integer",
        required=relation.required and not many,
        references=relation.target,
    )
