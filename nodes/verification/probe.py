"""Exercise every endpoint of the running app as every role, and note each answer that is not what the contract says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nodes.artifacts import (
    AppSpec,
    Architecture,
    CheckName,
    Endpoint,
    Finding,
    Operation,
    RecordSpec,
    RelationKind,
    ReportSpec,
    RuleKind,
    Scope,
    Severity,
    Transition,
)
from nodes.ownership import owner_of_record
from nodes.stack import StackProfile
from nodes.verification.exchange import Answer, Exchange, Json
from nodes.verification.observed import CheckImpossible, Observed, counted, with_article
from nodes.verification.payloads import NOBODY, Body, BrokenBody, broken_bodies, broken_changes, changed_body, clashing_bodies, same_value
from nodes.verification.stock import Made, NotMade, People, Person, Stock

MAX_FINDINGS = 60
"""An app that is wrong everywhere is described by its first failures; the log has the rest."""


async def probe_app(exchange: Exchange, spec: AppSpec, architecture: Architecture, stack: StackProfile, password: str) -> Observed:
    """Endpoint × role × transition. `counts`: requests, pairs of endpoint and role. Raises `CheckImpossible`."""
    people = People()
    await people.sign_in(exchange, spec, stack, password, each=stack.demo_people)
    if not people.tokens:
        raise CheckImpossible(f"nobody could sign in: {next(iter(people.refused.values())).text[:200]}")
    findings = [_cannot_sign_in(person, answer) for person, answer in people.refused.items()]
    probe = _Probe(exchange, spec, architecture, Stock(exchange, spec, architecture.contract, people))
    for record in spec.records:
        await probe.record(record)
    for report in spec.reports:
        await probe.report(report)
    findings += probe.findings
    counts = {
        "requests": len(exchange.log),
        "endpoint_role_pairs": len(probe.covered),
        "not_probed": len(probe.unprobed),
        "findings_not_listed": max(0, len(findings) - MAX_FINDINGS),
    }
    log = "\n".join([*exchange.log, "", *(f"not probed: {line}" for line in probe.unprobed)])
    return Observed(_subject(probe, len(exchange.log)), findings[:MAX_FINDINGS], counts, log, sound="every answer as agreed")


def _subject(probe: "_Probe", requests: int) -> str:
    """What was looked at, and how much of it could not be."""
    endpoints, roles = len({endpoint for endpoint, _ in probe.covered}), len(probe.stock.people.first_of_each_role)
    looked = f"{counted(requests, 'request')} to {counted(endpoints, 'endpoint')} as {counted(roles, 'role')} and signed out"
    return f"{looked}, {counted(len(probe.unprobed), 'case')} could not be probed" if probe.unprobed else looked


def _cannot_sign_in(person: Person, answer: Answer) -> Finding:
    severity = Severity.blocker if person.number == 1 else Severity.major
    message = f"the demo account of {person} cannot sign in: {answer.status} {answer.text[:200]}"
    return Finding(check=CheckName.probe, severity=severity, message=message, request=answer.request)


@dataclass
class _Probe:
    exchange: Exchange
    spec: AppSpec
    architecture: Architecture
    stock: Stock
    findings: list[Finding] = field(default_factory=list)
    unprobed: list[str] = field(default_factory=list)
    covered: set[tuple[str, str]] = field(default_factory=set)

    async def record(self, record: RecordSpec) -> None:
        """Every endpoint of one record, in an order in which each finds what it needs."""
        operations: list[tuple[Operation, Callable[[RecordSpec, Endpoint], Awaitable[None]]]] = [
            (Operation.create, self._create),
            (Operation.list, self._list),
            (Operation.read, self._read),
            (Operation.update, self._update),
            (Operation.delete, self._delete),
        ]
        for operation, probe in operations:
            if endpoint := self.stock.permissions.endpoint(record.name, operation):
                await self._attempt(endpoint, probe(record, endpoint))
        for transition in record.workflow.transitions if record.workflow else ():
            if endpoint := self.stock.permissions.endpoint(record.name, Operation.transition, transition.name):
                await self._attempt(endpoint, self._transition(record, endpoint, transition))

    async def report(self, report: ReportSpec) -> None:
        """A report answers rows to those who may read its record, and counts no record they may not see."""
        endpoint = next((e for e in self.architecture.contract.endpoints if e.name == f"report_{report.name}"), None)
        if endpoint is None:
            return
        await self._refusals(endpoint, None)
        for person in self._allowed(endpoint):
            answer = await self._expect(endpoint, person, 200)
            rows = answer.object.get("rows")
            if answer.status == 200 and not _are_rows(rows):
                self._find(endpoint, answer, f"as {person}: the answer is not a list of rows with group and value")
            elif answer.status == 200 and _counts_each_once(report, self.spec.record(report.record)):
                await self._check_total(report, endpoint, person, answer)

    async def _check_total(self, report: ReportSpec, endpoint: Endpoint, person: Person, answer: Answer) -> None:
        """Figures over other people's records would tell what the list hides."""
        listing = self.stock.permissions.endpoint(report.record, Operation.list)
        if listing is None or self.stock.permissions.scope(person, listing) is None:
            return
        total = (await self.stock.call(listing, person)).object.get("total")
        rows = answer.object["rows"]
        counted_in_rows = sum(float(str(row["value"])) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else 0.0
        if isinstance(total, int) and counted_in_rows != total:
            severity = Severity.blocker if counted_in_rows > total else Severity.major
            self._find(endpoint, answer, f"as {person}: the report counts {counted_in_rows:g} records, the list {total}", severity)

    async def _attempt(self, endpoint: Endpoint, probing: Awaitable[None]) -> None:
        try:
            await probing
        except NotMade as problem:
            self.unprobed.append(f"{endpoint.method} {endpoint.path}: {problem}")
            if problem.answer and not self._is_custom_rule(problem.answer):
                self._find(endpoint, problem.answer, f"{problem}: {_said(problem.answer)}")
            else:
                self._find(endpoint, None, f"it could not be seen who is refused: {problem}", Severity.minor)

    # ------------------------------------------------------------------------------------------ operations

    async def _create(self, record: RecordSpec, endpoint: Endpoint) -> None:
        denied = self._denied(endpoint)
        body = await self.stock.body_for(record, next(iter([*self._allowed(endpoint), *denied]), None))
        await self._refusals(endpoint, None, body)
        for person in self._allowed(endpoint):
            made = await self.stock.make(record, person)
            self.covered.add((endpoint.name, person.role))
            self._compare(endpoint, person, made.sent, made.received, "was sent")
            await self._read_back(record, person, made.id, made.sent, endpoint)
        await self._invalid_bodies(record, endpoint)

    async def _invalid_bodies(self, record: RecordSpec, endpoint: Endpoint) -> None:
        person = next(iter(self._allowed(endpoint)), None)
        if person is None:
            return
        existing = await self.stock.make(record, person)
        fresh = await self.stock.body_for(record, person)
        broken = [*broken_bodies(self.spec, record, fresh), *clashing_bodies(self.spec, record, existing.sent, fresh)]
        for wrong in broken:
            await self._expect_refused_body(endpoint, person, wrong)

    async def _expect_refused_body(self, endpoint: Endpoint, person: Person, wrong: BrokenBody, record_id: int | None = None) -> None:
        answer = await self.stock.call(endpoint, person, record_id, wrong.body)
        if answer.status != 422:
            self._find(endpoint, answer, f"as {person}: expected 422 ({wrong.reason}), {_said(answer)}")

    async def _list(self, record: RecordSpec, endpoint: Endpoint) -> None:
        await self._refusals(endpoint, None)
        for person in self._allowed(endpoint):
            present = await self._targets(record, endpoint, person)
            answer = await self._expect(endpoint, person, 200)
            items, total = answer.object.get("items"), answer.object.get("total")
            if answer.status != 200:
                continue
            if not isinstance(items, list) or not isinstance(total, int):
                self._find(endpoint, answer, f"as {person}: the answer has no items and total")
                continue
            shown = await self._all_ids(endpoint, person, total)
            for made in present:
                hidden = self._expected(endpoint, person, made) == 404
                if made.id not in shown and not hidden:
                    self._find(endpoint, answer, f"as {person}: {with_article(record.name)} {_whose(person, made)} is not in the list")
                elif made.id in shown and hidden:
                    self._find(
                        endpoint,
                        answer,
                        f"as {person}: the list shows {with_article(record.name)} {_whose(person, made)}",
                        Severity.blocker,
                    )

    async def _all_ids(self, endpoint: Endpoint, person: Person, total: int) -> set[int]:
        """The ids on all pages, by the page sizes the app grants."""
        ids: set[int] = set()
        token = self.stock.people.tokens[person]
        while len(ids) < min(total, 1000):
            page = await self.exchange.call("GET", f"{endpoint.path}?limit=100&offset={len(ids)}", who=str(person), token=token)
            items = page.object.get("items")
            new = (
                {int(str(item["id"])) for item in items if isinstance(item, dict) and isinstance(item.get("id"), int)}
                if isinstance(items, list)
                else set()
            )
            if not new - ids:
                break
            ids |= new
        return ids

    async def _read(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make_or_find(record)
        await self._refusals(endpoint, target)
        for person in self._allowed(endpoint):
            for made in await self._targets(record, endpoint, person):
                expected = self._expected(endpoint, person, made)
                answer = await self._expect(endpoint, person, expected, made)
                if answer.status == 200 == expected:
                    self._compare(endpoint, person, made.sent, answer.object, "is stored")
            await self._expect(endpoint, person, 404, record_id=NOBODY)

    async def _update(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make_or_find(record)
        change = await self._change(record, target)
        await self._refusals(endpoint, target, change)
        for person in self._allowed(endpoint):
            for made in await self._targets_in_every_state(record, endpoint, person):
                change, expected = await self._change(record, made), self._expected(endpoint, person, made)
                answer = await self._expect(endpoint, person, expected, made, body=change)
                if answer.status == 200 == expected:
                    await self._read_back(record, person, made.id, {**made.sent, **change}, endpoint)
                elif expected in (404, 409) and answer.status >= 400 and made.creator:
                    await self._read_back(record, made.creator, made.id, made.sent, endpoint)
            await self._expect(endpoint, person, 404, record_id=NOBODY, body=change)
        await self._invalid_changes(record, endpoint, target)

    async def _invalid_changes(self, record: RecordSpec, endpoint: Endpoint, target: Made) -> None:
        """As whoever made the target, if they may change it."""
        if target.creator and self.stock.permissions.scope(target.creator, endpoint):
            for wrong in broken_changes(self.spec, record, target.sent):
                await self._expect_refused_body(endpoint, target.creator, wrong, target.id)

    async def _change(self, record: RecordSpec, made: Made) -> Body:
        return changed_body(self.spec, record, await self.stock.body_for(record, made.creator))

    async def _delete(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make_or_find(record)
        await self._refusals(endpoint, target)
        for person in self._allowed(endpoint):
            for made in await self._targets_in_every_state(record, endpoint, person):
                expected = self._expected(endpoint, person, made)
                answer = await self._expect(endpoint, person, expected, made)
                await self._check_gone(record, endpoint, made, gone=answer.status == 204 == expected)
            await self._expect(endpoint, person, 404, record_id=NOBODY)

    async def _check_gone(self, record: RecordSpec, endpoint: Endpoint, made: Made, *, gone: bool) -> None:
        read = self.stock.permissions.endpoint(record.name, Operation.read)
        if read and made.creator and self.stock.permissions.scope(made.creator, read):
            answer = await self.stock.call(read, made.creator, made.id)
            if gone and answer.status != 404:
                self._find(endpoint, answer, f"answered 204 but the {record.name} is still there")
            elif not gone and answer.status == 404:
                self._find(endpoint, answer, f"refused to delete {with_article(record.name)} but it is gone", Severity.blocker)

    async def _transition(self, record: RecordSpec, endpoint: Endpoint, step: Transition) -> None:
        start = self._reachable(record, step)
        await self._refusals(endpoint, await self.stock.in_state(record, start))
        for person in self._allowed(endpoint):
            for made in await self._targets(record, endpoint, person, start):
                expected = self._expected(endpoint, person, made)
                answer = await self._expect(endpoint, person, expected, made)
                if answer.status == 200 == expected:
                    await self._check_arrived(record, endpoint, person, made, step)
            await self._expect(endpoint, person, 404, record_id=NOBODY)

    async def _check_arrived(self, record: RecordSpec, endpoint: Endpoint, person: Person, made: Made, step: Transition) -> None:
        """The state has changed and is stored, and the same step is refused where the new state does not allow it."""
        await self._read_back(record, person, made.id, {"state": step.to_state}, endpoint)
        if step.to_state not in step.from_states:
            answer = await self.stock.call(endpoint, person, made.id)
            if answer.status != 409:
                self._find(endpoint, answer, f"as {person}: expected 409 (the {record.name} is {step.to_state}), {_said(answer)}")

    def _reachable(self, record: RecordSpec, step: Transition) -> str:
        assert record.workflow is not None
        return record.workflow.initial if record.workflow.initial in step.from_states else step.from_states[0]

    # ------------------------------------------------------------------------------------------ expectations

    def _allowed(self, endpoint: Endpoint) -> list[Person]:
        return [person for person in self.stock.people.first_of_each_role if self.stock.permissions.scope(person, endpoint)]

    def _denied(self, endpoint: Endpoint) -> list[Person]:
        return [person for person in self.stock.people.first_of_each_role if not self.stock.permissions.scope(person, endpoint)]

    def _expected(self, endpoint: Endpoint, person: Person, made: Made) -> int:
        """Success; where the permission covers only own records, 404 on another's and 409 on a settled one."""
        if self.stock.permissions.scope(person, endpoint) is not Scope.own:
            return endpoint.success_status
        if made.creator != person:
            return 404
        return 409 if endpoint.own_states and made.state not in endpoint.own_states else endpoint.success_status

    async def _targets(self, record: RecordSpec, endpoint: Endpoint, person: Person, state: str | None = None) -> list[Made]:
        """New records of the person and of others; where only own ones count, also one of somebody with the same role."""
        own_only = self.stock.permissions.scope(person, endpoint) is Scope.own
        able = self._may_create(person, record)
        peer = self.stock.people.peer_of(person) if own_only and able else None
        makers = [person if able else None, peer, self.stock.creator(record.name, besides=person.role)]
        made = [await self._made_by(record, endpoint, maker, state) for maker in makers if maker]
        found = [entry for entry in made if entry]
        if own_only:
            self._note_gaps(record, endpoint, person, found)
        return found

    def _note_gaps(self, record: RecordSpec, endpoint: Endpoint, person: Person, found: list[Made]) -> None:
        """What nobody could look at is no evidence; where it would have shown a leak, it is a finding."""
        if not self._may_create(person, record):
            self.unprobed.append(f"{endpoint.method} {endpoint.path} as {person} on their own {record.name}: {person} may not create one")
        others = [made.creator.role for made in found if made.creator and made.creator != person]
        if not others or (self._may_create(person, record) and person.role not in others):
            whose = f"another {person.role}'s" if others or self._may_create(person, record) else "another person's"
            message = f"as {person}: it could not be seen whether {whose} {record.name} stays hidden, because none could be made"
            self._find(endpoint, None, message, Severity.minor)

    def _may_create(self, person: Person, record: RecordSpec) -> bool:
        return self.stock.permissions.scope(person, self.stock.permissions.endpoint(record.name, Operation.create)) is not None

    async def _targets_in_every_state(self, record: RecordSpec, endpoint: Endpoint, person: Person) -> list[Made]:
        """The same, and one own record in each state in which only others may still change it."""
        made = await self._targets(record, endpoint, person)
        states = [state.name for state in record.workflow.states] if record.workflow and endpoint.own_states else []
        if self.stock.permissions.scope(person, endpoint) is not Scope.own or not self._may_create(person, record):
            return made
        settled = [await self._made_by(record, endpoint, person, state) for state in states if state not in endpoint.own_states]
        return [*made, *filter(None, settled)]

    async def _made_by(self, record: RecordSpec, endpoint: Endpoint, maker: Person, state: str | None) -> Made | None:
        try:
            return await (self.stock.in_state(record, state, maker) if state else self.stock.make(record, maker))
        except NotMade as problem:
            self.unprobed.append(f"{endpoint.method} {endpoint.path} on what {maker} makes: {problem}")
            if problem.answer and not self._is_custom_rule(problem.answer):
                self._find(endpoint, problem.answer, f"as {maker}: {problem}: {_said(problem.answer)}")
            return None

    async def _refusals(self, endpoint: Endpoint, target: Made | None, body: Json = None) -> None:
        """Nobody signed out gets in, nor does a role without the permission."""
        record_id = target.id if target else None
        for person in (None, *self._denied(endpoint)):
            expected, why = (403, "the role may not") if person else (401, "not signed in")
            answer = await self.stock.call(endpoint, person, record_id, body)
            self.covered.add((endpoint.name, person.role if person else ""))
            if answer.status != expected:
                who = f"as {person}" if person else "signed out"
                severity = Severity.blocker if 200 <= answer.status < 300 else Severity.major
                self._find(endpoint, answer, f"{who}: expected {expected} ({why}), {_said(answer)}", severity)

    async def _expect(
        self, endpoint: Endpoint, person: Person, status: int, made: Made | None = None, *, record_id: int | None = None, body: Json = None
    ) -> Answer:
        answer = await self.stock.call(endpoint, person, made.id if made else record_id, body)
        self.covered.add((endpoint.name, person.role))
        if answer.status != status and not (status < 300 and self._is_custom_rule(answer)):
            leaks = status == 404 and 200 <= answer.status < 300
            why = _why(status, person, made)
            severity = Severity.blocker if leaks else Severity.major
            self._find(endpoint, answer, f"as {person}: expected {status} ({why}), {_said(answer)}", severity)
        return answer

    async def _read_back(self, record: RecordSpec, person: Person, record_id: int, expected: Body, endpoint: Endpoint) -> None:
        """Look again: an answer can say one thing and the data another."""
        read = self.stock.permissions.endpoint(record.name, Operation.read)
        if self.stock.permissions.scope(person, read) is None or read is None:
            return
        answer = await self.stock.call(read, person, record_id)
        if answer.status != 200:
            self._find(endpoint, answer, f"as {person}: the {record.name} cannot be read afterwards, {_said(answer)}")
        else:
            self._compare(endpoint, person, expected, answer.object, "was expected afterwards")

    def _compare(self, endpoint: Endpoint, person: Person, expected: Body, received: dict[str, Json], source: str) -> None:
        for name, value in expected.items():
            if not same_value(value, received.get(name)):
                message = f"as {person}: {name} is {received.get(name)!r} where {value!r} {source}"
                self._find(endpoint, None, message)

    def _is_custom_rule(self, answer: Answer) -> bool:
        """Refused by a rule the probe cannot read, so it cannot know whether its body keeps it."""
        return answer.status in (409, 422) and any(
            rule.kind is RuleKind.custom and rule.message and rule.message in answer.text for rule in self.spec.rules
        )

    def _find(self, endpoint: Endpoint, answer: Answer | None, message: str, severity: Severity = Severity.major) -> None:
        owner = owner_of_record(self.architecture, endpoint.record)
        found = Finding(
            check=CheckName.probe,
            severity=severity,
            message=message,
            request=answer.request if answer else f"{endpoint.method} {endpoint.path}",
            component=owner.name if owner else None,
        )
        if found.signature not in {other.signature for other in self.findings}:
            self.findings.append(found)


def _said(answer: Answer) -> str:
    """What came instead, with the first words of it where they explain something."""
    if answer.status == 0:
        return f"got no answer: {answer.text}"
    explains = answer.status >= 500 or answer.status == 422
    return f"got {answer.status}{f': {answer.text[:300]}' if explains else ''}"


def _why(status: int, person: Person, made: Made | None) -> str:
    """What makes `status` the right answer."""
    if status == 409 and made:
        return f"their own, but {made.state}"
    if status != 404:
        return "the role may"
    if made is None:
        return "no such record"
    return f"another {person.role}'s record" if made.creator and made.creator.role == person.role else "another person's record"


def _whose(person: Person, made: Made) -> str:
    if made.creator == person:
        return "they made"
    return f"of another {person.role}" if made.creator and made.creator.role == person.role else "of another person"


def _are_rows(rows: Json) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) and set(row) >= {"group", "value"} for row in rows)


def _counts_each_once(report: ReportSpec, record: RecordSpec) -> bool:
    """A sum is no number of records, and a record can be in several groups of a many-to-many relation."""
    several = {relation.name for relation in record.relations if relation.kind is RelationKind.many_to_many}
    return report.measure is None and report.group_by not in several
