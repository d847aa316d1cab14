"""Compare what the running app says about its API with the contract everybody wrote against."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nodes.artifacts import AppSpec, Architecture, CheckName, Contract, Endpoint, Finding, Operation, Schema, SchemaProperty, Severity
from nodes.conventions import REPORT_ROWS, WRAPPERS, list_parameters
from nodes.ownership import owner_of_record
from nodes.stack import StackProfile
from nodes.verification.exchange import Json
from nodes.verification.observed import Observed, counted

METHODS = ("get", "post", "put", "patch", "delete")


def diff_contract(openapi: Json, spec: AppSpec, architecture: Architecture, stack: StackProfile) -> Observed:
    """Missing or extra endpoints, and request and response bodies that differ; one finding each."""
    contract, document = architecture.contract, _Document(_object(openapi))
    findings = [*_missing_and_different(document, contract, spec), *_extra(document, contract, spec, stack)]
    located = [
        finding.model_copy(update={"component": owner.name})
        if finding.component and (owner := owner_of_record(architecture, finding.component))
        else finding.model_copy(update={"component": None})
        for finding in findings
    ]
    counts = {"endpoints": len(contract.endpoints), "schemas": len(contract.schemas)}
    subject = f"{counted(counts['endpoints'], 'endpoint')} and {counted(counts['schemas'], 'schema')}"
    return Observed(subject, located, counts, "\n".join(document.lines()), sound="no difference")


@dataclass(frozen=True)
class _Document:
    """An OpenAPI document that nobody has validated."""

    root: Mapping[str, Json]

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Json]]]:
        for path, methods in _object(self.root.get("paths")).items():
            for method, operation in _object(methods).items():
                if method in METHODS:
                    yield method.upper(), path, _object(operation)

    def operation(self, endpoint: Endpoint) -> Mapping[str, Json] | None:
        wanted = (endpoint.method, _anonymous(endpoint.path))
        return next((found for method, path, found in self.operations() if (method, _anonymous(path)) == wanted), None)

    def request_schema(self, operation: Mapping[str, Json]) -> Mapping[str, Json]:
        return self._json_schema(operation.get("requestBody"))

    def response_schema(self, operation: Mapping[str, Json], status: int) -> Mapping[str, Json]:
        return self._json_schema(_object(operation.get("responses")).get(str(status)))

    def _json_schema(self, holder: Json) -> Mapping[str, Json]:
        content = _object(_object(_object(holder).get("content")).get("application/json"))
        return self.resolve(_object(content.get("schema")))

    def resolve(self, schema: Mapping[str, Json], depth: int = 0) -> Mapping[str, Json]:
        """Follow `$ref`, at most eight deep: a document can refer to itself."""
        reference = schema.get("$ref")
        if not isinstance(reference, str) or depth > 8:
            return schema
        target: Json = dict(self.root)
        for part in reference.removeprefix("#/").split("/"):
            target = _object(target).get(part)
        return self.resolve(_object(target), depth + 1)

    def variants(self, schema: Mapping[str, Json]) -> list[Mapping[str, Json]]:
        """The alternatives a value may take, without null."""
        resolved = self.resolve(schema)
        branches = [branch for key in ("anyOf", "oneOf", "allOf") for branch in _array(resolved.get(key))]
        if not branches:
            return [resolved] if resolved.get("type") != "null" else []
        return [variant for branch in branches for variant in self.variants(_object(branch))]

    def lines(self) -> list[str]:
        return sorted(f"{path} {method}" for method, path, _ in self.operations())


def _missing_and_different(document: _Document, contract: Contract, spec: AppSpec) -> Iterator[Finding]:
    schemas = {schema.name: schema for schema in contract.schemas}
    for endpoint in contract.endpoints:
        operation = document.operation(endpoint)
        if operation is None:
            yield _finding(endpoint, "the contract has this endpoint, the app does not")
            continue
        yield from _status_differences(endpoint, operation)
        if endpoint.request_schema in schemas:
            found = document.request_schema(operation)
            yield from _body_differences(document, endpoint, schemas[endpoint.request_schema], found, is_request=True)
        found = document.response_schema(operation, endpoint.success_status)
        if endpoint.response_schema in schemas:
            yield from _body_differences(document, endpoint, schemas[endpoint.response_schema], found, is_request=False)
        elif endpoint.response_schema:
            yield from _wrapper_differences(document, endpoint, schemas, found)
        if endpoint.operation is Operation.list:
            yield from _parameter_differences(document, endpoint, operation, spec)


def _status_differences(endpoint: Endpoint, operation: Mapping[str, Json]) -> Iterator[Finding]:
    if str(endpoint.success_status) not in _object(operation.get("responses")):
        yield _finding(endpoint, f"does not promise status {endpoint.success_status}")


def _parameter_differences(document: _Document, endpoint: Endpoint, operation: Mapping[str, Json], spec: AppSpec) -> Iterator[Finding]:
    found = {document.resolve(_object(parameter)).get("name") for parameter in _array(operation.get("parameters"))}
    for name in list_parameters(spec.record(endpoint.record)):
        if name not in found:
            yield _finding(endpoint, f"does not take the parameter {name}", Severity.minor)


def _wrapper_differences(
    document: _Document, endpoint: Endpoint, schemas: Mapping[str, Schema], found: Mapping[str, Json]
) -> Iterator[Finding]:
    """A page of records, or a report."""
    is_page = endpoint.operation is Operation.list
    properties = _object(found.get("properties"))
    for name, json_type in WRAPPERS["Page" if is_page else REPORT_ROWS].items():
        if json_type not in {variant.get("type") for variant in document.variants(_object(properties.get(name)))}:
            yield _finding(endpoint, f"response: {name} is not of type {json_type}")
    schema = schemas.get((endpoint.response_schema or "").removesuffix("Page"))
    if is_page and schema:
        items = document.resolve(_object(document.resolve(_object(properties.get("items"))).get("items")))
        yield from _body_differences(document, endpoint, schema, items, is_request=False)


def _body_differences(
    document: _Document, endpoint: Endpoint, wanted: Schema, found: Mapping[str, Json], *, is_request: bool
) -> Iterator[Finding]:
    side = "request" if is_request else "response"
    properties = _object(found.get("properties"))
    required = set(map(str, _array(found.get("required"))))
    for prop in wanted.properties:
        if prop.name not in properties:
            yield _finding(endpoint, f"{side}: {prop.name} is missing")
            continue
        for difference in _property_differences(document, prop, _object(properties[prop.name]), is_request=is_request):
            yield _finding(endpoint, f"{side}: {prop.name} {difference}")
        if is_request and prop.required != (prop.name in required):
            yield _finding(endpoint, f"{side}: {prop.name} is {'optional' if prop.required else 'required'}, against the contract")
    for name in sorted(set(properties) - {prop.name for prop in wanted.properties}):
        severity = Severity.major if is_request else Severity.minor
        yield _finding(endpoint, f"{side}: {name} is not in the contract", severity)


def _property_differences(document: _Document, wanted: SchemaProperty, found: Mapping[str, Json], *, is_request: bool) -> Iterator[str]:
    variants = document.variants(found)
    types = {str(variant.get("type")) for variant in variants}
    if wanted.json_type not in types:
        yield f"is of type {', '.join(sorted(types)) or 'null'} instead of {wanted.json_type}"
        return
    formats = {variant.get("format") for variant in variants}
    # An answer may hold an address as plain text; a request that takes any text as a date or address is not validated.
    if wanted.format and (is_request or wanted.format.startswith(("date", "time"))) and wanted.format not in formats:
        yield f"has no format {wanted.format}"
    choices = {str(choice) for variant in variants for choice in _choices(variant)}
    if is_request and wanted.choices and choices != set(wanted.choices):
        yield f"takes {', '.join(sorted(choices)) or 'any text'} instead of {', '.join(wanted.choices)}"


def _choices(variant: Mapping[str, Json]) -> list[Json]:
    return [variant["const"]] if "const" in variant else _array(variant.get("enum"))


def _extra(document: _Document, contract: Contract, spec: AppSpec, stack: StackProfile) -> Iterator[Finding]:
    """Endpoints on records nobody agreed on; what the foundation adds beside them is its own business."""
    wanted = {(endpoint.method, _anonymous(endpoint.path)) for endpoint in contract.endpoints}
    records = {record.plural: record.name for record in spec.records} | {"reports": ""}
    for method, path, _ in document.operations():
        first = path.removeprefix(f"{stack.api_prefix}/").split("/")[0]
        if path.startswith(f"{stack.api_prefix}/") and first in records and (method, _anonymous(path)) not in wanted:
            yield Finding(
                check=CheckName.contract,
                severity=Severity.major,
                message="the app has this endpoint, the contract does not",
                request=f"{method} {path}",
                component=records[first] or None,
            )


def _finding(endpoint: Endpoint, message: str, severity: Severity = Severity.major) -> Finding:
    """`component` holds the record until the finding is located."""
    return Finding(
        check=CheckName.contract,
        severity=severity,
        message=message,
        request=f"{endpoint.method} {endpoint.path}",
        component=endpoint.record,
    )


def _anonymous(path: str) -> str:
    """The name of a path parameter is the app's own: `/api/claims/{claim_id}` is `/api/claims/{}`."""
    return "/".join("{}" if part.startswith("{") else part for part in path.rstrip("/").split("/"))


def _object(value: Json | Mapping[str, Json]) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _array(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
