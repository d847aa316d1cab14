"""What of a specification and its contract concerns one component: for models that read less at once. Pure."""

from nodes.artifacts import AppSpec, Architecture, Component, Contract


def spec_concerning(spec: AppSpec, component: Component) -> AppSpec:
    """The specification of the component's records and those they refer to; what is left is whole."""
    own = {name: spec.record(name) for name in component.records}
    near = set(own) | {relation.target for record in own.values() for relation in record.relations}
    return spec.model_copy(
        update={
            "records": tuple(record for record in spec.records if record.name in near),
            "permissions": tuple(permission for permission in spec.permissions if permission.record in own),
            "rules": tuple(rule for rule in spec.rules if rule.record in own),
            "reports": tuple(report for report in spec.reports if report.record in own),
        }
    )


def contract_concerning(architecture: Architecture, component: Component) -> Architecture:
    """The endpoints of the component's records, and the bodies these use."""
    endpoints = tuple(endpoint for endpoint in architecture.contract.endpoints if endpoint.record in component.records)
    used = {schema for endpoint in endpoints for schema in (endpoint.request_schema, endpoint.response_schema)}
    schemas = tuple(schema for schema in architecture.contract.schemas if schema.name in used)
    return architecture.model_copy(update={"contract": Contract(endpoints=endpoints, schemas=schemas)})
