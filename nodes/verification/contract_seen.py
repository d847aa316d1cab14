"""Compare what the running app answers with the contract, for stacks whose apps do not describe themselves.

Whether an endpoint is there, and whether what it answers has the agreed shape; who may call it, and what comes of it, is the probe's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nodes.artifacts import (
    AppSpec,
    Architecture,
    CheckName,
    Contract,
    Endpoint,
    Finding,
    Operation,
    RecordSpec,
    ReportSpec,
    Schema,
    SchemaProperty,
    Severity,
    Transition,
)
from nodes.completion import completed
from nodes.contract import class_name
from nodes.conventions import REPORT_ROWS, ROW_PROPERTIES, WRAPPERS, list_parameters
from nodes.ownership import owner_of_record
from nodes.stack import StackProfile
from nodes.verification.exchange import Answer, Exchange, Json
from nodes.verification.observed import CheckImpossible, Observed, counted
from nodes.verification.payloads import changed_body
from nodes.verification.stock import Made, NotMade, People, Person, Stock

NOT_THERE = (404, 405)
MAX_FINDINGS = 60

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}
_FORMS = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"),
}


async def look_at_contract(exchange: Exchange, spec: AppSpec, architecture: Architecture, stack: StackProfile, password: str) -> Observed:
    """Call each endpoint as somebody who may, on records of their own making. Raises `CheckImpossible` if nobody can sign in."""
    spec, people = completed(spec), People()
    await people.sign_in(exchange, spec, stack, password)
    if not people.tokens:
        raise CheckImpossible(f"nobody could sign in: {next(iter(people.refused.values())).text[:200]}")
    look = _Look(exchange, spec, architecture, Stock(exchange, spec, architecture.contract, people))
    for record in spec.records:
        await look.record(record)
        if stack.record_page:
            await look.page(record, stack.record_page.replace("{plural}", record.plural))
    for report in spec.reports:
        await look.report(report)
    contract = architecture.contract
    counts = {"endpoints": len(contract.endpoints), "schemas": len(contract.schemas), "not_seen": len(look.unseen)}
    subject = f"{counted(counts['endpoints'], 'endpoint')} and {counted(counts['schemas'], 'schema')}, by what the app answers"
    subject += f", {counted(len(look.unseen), 'endpoint')} could not be looked at" if look.unseen else ""
    log = "\n".join([*exchange.log, *(f"not looked at: {line}" for line in look.unseen)])
    return Observed(subject, look.findings[:MAX_FINDINGS], counts, log, sound="no difference")


@dataclass
class _Look:
    exchange: Exchange
    spec: AppSpec
    architecture: Architecture
    stock: Stock
    findings: list[Finding] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    @property
    def contract(self) -> Contract:
        return self.architecture.contract

    async def record(self, record: RecordSpec) -> None:
        """From making one to deleting it; each of the others needs what was made."""
        made = await self._created(record)
        for operation in (Operation.list, Operation.read, Operation.update):
            if endpoint := self.stock.permissions.endpoint(record.name, operation):
                await self._called(endpoint, record, made)
        for step in record.workflow.transitions if record.workflow else ():
            if endpoint := self.stock.permissions.endpoint(record.name, Operation.transition, step.name):
                await self._taken(endpoint, record, step)
        await self._beyond(record, made)
        if endpoint := self.stock.permissions.endpoint(record.name, Operation.delete):
            await self._called(endpoint, record, made)

    async def _present(self, record: RecordSpec, made: Made | None) -> Made | None:
        """What was made; another, where a limit has cost it its place."""
        if made is None or self.stock.is_there(made):
            return made
        try:
            return await self.stock.make(record)
        except NotMade:
            return None

    async def _created(self, record: RecordSpec) -> Made | None:
        endpoint = self.stock.permissions.endpoint(record.name, Operation.create)
        person = self.stock.creator(record.name)
        try:
            if endpoint is None or person is None:
                return await self.stock.make_or_find(record)
            body = await self.stock.body_for(record, person)
            answer = await self.stock.call(endpoint, person, body=body)
        except NotMade as problem:
            if endpoint:
                self._unseen(endpoint, problem)
            return None
        self._compare(endpoint, answer)
        return self.stock.remember(endpoint, person, answer, body)

    async def _called(self, endpoint: Endpoint, record: RecordSpec, made: Made | None) -> None:
        """On what was made, as somebody who may."""
        made = await self._present(record, made)
        person = self.stock.walker(endpoint, made) if made else None
        if "{id}" not in endpoint.path:
            person = next((one for one in self.stock.people.first_of_each_role if self.stock.permissions.scope(one, endpoint)), None)
        if person is None or (made is None and "{id}" in endpoint.path):
            self._unseen(endpoint, "there is none to call it on" if made is None else "nobody may, on what could be made")
            return
        body = changed_body(self.spec, record, made.sent) if endpoint.operation is Operation.update and made and made.sent else None
        self._compare(endpoint, await self.stock.call(endpoint, person, made.id if made else None, body))
        if endpoint.operation is Operation.list:
            await self._parameters(endpoint, record, person)

    async def _taken(self, endpoint: Endpoint, record: RecordSpec, step: Transition) -> None:
        start = record.workflow.initial if record.workflow and record.workflow.initial in step.from_states else step.from_states[0]
        try:
            made = await self.stock.in_state(record, start)
        except NotMade as problem:
            self._unseen(endpoint, problem)
            return
        await self._called(endpoint, record, made)

    async def _parameters(self, endpoint: Endpoint, record: RecordSpec, person: Person) -> None:
        """A list that takes a parameter answers as it says; one that leaves it aside gives the same as without."""
        token, state = self.stock.people.tokens[person], record.workflow.initial if record.workflow else ""
        values = {"limit": "1", "offset": "1000000", "q": "no text has these words", "sort": "-id", "state": state}
        for name in list_parameters(record):
            query = f"?{name}={values[name].replace(' ', '%20')}"
            answer = await self.exchange.call("GET", endpoint.path + query, who=str(person), token=token)
            items = answer.object.get("items")
            if answer.status != endpoint.success_status or not isinstance(items, list):
                self._find(endpoint, f"with {query}: answers {answer.status or answer.text}")
            elif not _heeded(name, values[name], [item for item in items if isinstance(item, dict)]):
                self._find(endpoint, f"leaves the parameter {name} aside")

    async def _beyond(self, record: RecordSpec, made: Made | None) -> None:
        """What the contract leaves out, nobody may do."""
        usual = {Operation.create: "POST", Operation.update: "PATCH", Operation.delete: "DELETE"}
        for operation, method in usual.items():
            if self.stock.permissions.endpoint(record.name, operation) or (operation is not Operation.create and made is None):
                continue
            path = f"/api/{record.plural}" + (f"/{made.id}" if made and operation is not Operation.create else "")
            for person, token in self.stock.people.tokens.items():
                body = dict(made.sent) if made and operation is not Operation.delete else None
                answer = await self.exchange.call(method, path, who=str(person), token=token, body=body)
                if 200 <= answer.status < 300:
                    message = f"as {person}: the app has this endpoint, the contract does not"
                    self._note(record.name, Severity.blocker, message, f"{method} {path}")

    async def page(self, record: RecordSpec, path: str) -> None:
        """For everybody who may list the record."""
        endpoint = self.stock.permissions.endpoint(record.name, Operation.list)
        for person in self.stock.people.first_of_each_role:
            if self.stock.permissions.scope(person, endpoint):
                answer = await self.exchange.call("GET", path, who=str(person), token=self.stock.people.tokens[person])
                if answer.status != 200 or "<html" not in answer.text.lower():
                    self._note(record.name, Severity.major, f"as {person}: answers {answer.status}, and no page", f"GET {path}")

    async def report(self, report: ReportSpec) -> None:
        """Rows, whatever is in them."""
        endpoint = next((entry for entry in self.contract.endpoints if entry.name == f"report_{report.name}"), None)
        if endpoint:
            await self._called(endpoint, self.spec.record(report.record), None)

    def _compare(self, endpoint: Endpoint, answer: Answer) -> None:
        """The answer of somebody who may, on something that is there."""
        if answer.status in NOT_THERE:
            self._find(endpoint, "the contract has this endpoint, the app does not")
        elif 200 <= answer.status < 300 and answer.status != endpoint.success_status:
            self._find(endpoint, f"answers {answer.status} instead of {endpoint.success_status}")
        elif answer.status == endpoint.success_status and endpoint.response_schema:
            for problem in self._shape(endpoint, endpoint.response_schema, answer):
                self._find(endpoint, f"response: {problem}")
        elif not 200 <= answer.status < 300:
            self._unseen(endpoint, f"it answers {answer.status or answer.text}")

    def _shape(self, endpoint: Endpoint, name: str, answer: Answer) -> Iterator[str]:
        schemas = {schema.name: schema for schema in self.contract.schemas}
        if name in schemas:
            yield from _differences(schemas[name], schemas.get(f"{class_name(endpoint.record)}Create"), answer.object)
            return
        wrapper = WRAPPERS[REPORT_ROWS if name == REPORT_ROWS else "Page"]
        wrong = [f"{part} is not of type {kind}" for part, kind in wrapper.items() if not _is_of(kind, answer.object.get(part))]
        yield from wrong
        rows = answer.object.get(next(iter(wrapper)))
        for row in rows if isinstance(rows, list) else []:
            if name == REPORT_ROWS and not (isinstance(row, dict) and set(row) >= set(ROW_PROPERTIES)):
                yield f"a row has no {' and '.join(ROW_PROPERTIES)}"
            elif name != REPORT_ROWS:
                noun = name.removesuffix("Page")
                yield from _differences(schemas[noun], schemas.get(f"{noun}Create"), row if isinstance(row, dict) else {})

    def _unseen(self, endpoint: Endpoint, reason: object) -> None:
        self.unseen.append(f"{endpoint.method} {endpoint.path}: {reason}")

    def _find(self, endpoint: Endpoint, message: str) -> None:
        self._note(endpoint.record, Severity.major, message, f"{endpoint.method} {endpoint.path}")

    def _note(self, record: str, severity: Severity, message: str, request: str) -> None:
        owner = owner_of_record(self.architecture, record)
        found = Finding(
            check=CheckName.contract, severity=severity, message=message, request=request, component=owner.name if owner else None
        )
        if found not in self.findings:
            self.findings.append(found)


def _heeded(parameter: str, value: str, items: list[dict[str, Json]]) -> bool:
    numbers = [int(str(item["id"])) for item in items if isinstance(item.get("id"), int)]
    match parameter:
        case "limit":
            return len(items) <= int(value)
        case "offset" | "q":
            return not items
        case "sort":
            return numbers == sorted(numbers, reverse=True)
        case _:
            return all(item.get(parameter) == value for item in items)


def _differences(wanted: Schema, given: Schema | None, found: Mapping[str, Json]) -> Iterator[str]:
    """Properties that lack or are not as agreed; null is what may be left empty."""
    may_be_empty = {prop.name for prop in given.properties if not prop.required} if given else set()
    for prop in wanted.properties:
        if prop.name not in found:
            yield f"{prop.name} is missing"
        elif not (found[prop.name] is None and prop.name in may_be_empty):
            yield from (f"{prop.name} {problem}" for problem in _value_problems(prop, found[prop.name]))


def _value_problems(prop: SchemaProperty, value: Json) -> Iterator[str]:
    if not _is_of(prop.json_type, value):
        yield f"is {str(value)[:60]!r}, not of type {prop.json_type}"
    elif prop.format in _FORMS and not _FORMS[prop.format].fullmatch(str(value)):
        yield f"is {str(value)[:60]!r}, which has not the format {prop.format}"
    elif prop.choices and value not in prop.choices:
        yield f"is {str(value)[:60]!r}, none of {', '.join(prop.choices)}"


def _is_of(json_type: str, value: Json) -> bool:
    return isinstance(value, _PYTHON_TYPES[json_type]) and (json_type == "boolean" or not isinstance(value, bool))
