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
    RuleKind,
    Scope,
    Severity,
    Transition,
)
from nodes.ownership import owner_of_record
from nodes.stack import StackProfile
from nodes.verification.exchange import Answer, Exchange, Json
from nodes.verification.observed import CheckImpossible, Observed
from nodes.verification.payloads import NOBODY, Body, BrokenBody, broken_bodies, broken_changes, changed_body, clashing_bodies, same_value
from nodes.verification.stock import Made, NotMade, People, Stock

MAX_FINDINGS = 60
"""An app that is wrong everywhere is described by its first failures; the log has the rest."""


async def probe_app(exchange: Exchange, spec: AppSpec, architecture: Architecture, stack: StackProfile, password: str) -> Observed:
    """Endpoint × role × transition. `counts`: requests, pairs of endpoint and role. Raises `CheckImpossible`."""
    people = People()
    await people.sign_in(exchange, spec, stack, password)
    if not people.tokens:
        raise CheckImpossible(f"nobody could sign in: {next(iter(people.refused.values())).text[:200]}")
    findings = [_cannot_sign_in(role, answer) for role, answer in people.refused.items()]
    probe = _Probe(exchange, spec, architecture, Stock(exchange, spec, architecture.contract, people))
    for record in spec.records:
        await probe.record(record)
    for report in spec.reports:
        await probe.report(report.name)
    findings += probe.findings
    counts = {
        "requests": len(exchange.log),
        "endpoint_role_pairs": len(probe.covered),
        "not_probed": len(probe.unprobed),
        "findings_not_listed": max(0, len(findings) - MAX_FINDINGS),
    }
    endpoints = len({endpoint for endpoint, _ in probe.covered})
    subject = f"{counts['requests']} requests to {endpoints} endpoints as {len(people.tokens)} roles and signed out"
    log = "\n".join([*exchange.log, "", *(f"not probed: {line}" for line in probe.unprobed)])
    return Observed(subject, findings[:MAX_FINDINGS], counts, log)


def _cannot_sign_in(role: str, answer: Answer) -> Finding:
    message = f"the demo account of {role} cannot sign in: {answer.status} {answer.text[:200]}"
    return Finding(check=CheckName.probe, severity=Severity.blocker, message=message, request=answer.request)


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

    async def report(self, name: str) -> None:
        """A report answers rows to those who may read its record."""
        endpoint = next((e for e in self.architecture.contract.endpoints if e.name == f"report_{name}"), None)
        if endpoint is None:
            return
        await self._refusals(endpoint, None)
        for role in self._allowed(endpoint):
            answer = await self._expect(endpoint, role, 200)
            rows = answer.object.get("rows")
            well_formed = isinstance(rows, list) and all(isinstance(row, dict) and set(row) >= {"group", "value"} for row in rows)
            if answer.status == 200 and not well_formed:
                self._find(endpoint, answer, f"as {role}: the answer is not a list of rows with group and value")

    async def _attempt(self, endpoint: Endpoint, probing: Awaitable[None]) -> None:
        try:
            await probing
        except NotMade as problem:
            self.unprobed.append(f"{endpoint.method} {endpoint.path}: {problem}")
            if problem.answer and not self._is_custom_rule(problem.answer):
                self._find(endpoint, problem.answer, f"{problem}: {_said(problem.answer)}")

    # ------------------------------------------------------------------------------------------ operations

    async def _create(self, record: RecordSpec, endpoint: Endpoint) -> None:
        denied = self._denied(endpoint)
        body = await self.stock.body_for(record, next(iter(self._allowed(endpoint)), denied[0] if denied else ""))
        await self._refusals(endpoint, None, body)
        for role in self._allowed(endpoint):
            made = await self.stock.make(record, role)
            self.covered.add((endpoint.name, role))
            self._compare(endpoint, role, made.sent, made.received, "was sent")
            await self._read_back(record, role, made.id, made.sent, endpoint)
        await self._invalid_bodies(record, endpoint)

    async def _invalid_bodies(self, record: RecordSpec, endpoint: Endpoint) -> None:
        role = next(iter(self._allowed(endpoint)), None)
        if role is None:
            return
        existing = await self.stock.make(record, role)
        fresh = await self.stock.body_for(record, role)
        broken = [*broken_bodies(self.spec, record, fresh), *clashing_bodies(self.spec, record, existing.sent, fresh)]
        for wrong in broken:
            await self._expect_refused_body(endpoint, role, wrong)

    async def _expect_refused_body(self, endpoint: Endpoint, role: str, wrong: BrokenBody, record_id: int | None = None) -> None:
        answer = await self.stock.call(endpoint, role, record_id, wrong.body)
        if answer.status != 422:
            self._find(endpoint, answer, f"as {role}: expected 422 ({wrong.reason}), {_said(answer)}")

    async def _list(self, record: RecordSpec, endpoint: Endpoint) -> None:
        await self._refusals(endpoint, None)
        for role in self._allowed(endpoint):
            own, foreign = await self._own_and_foreign(record, endpoint, role)
            answer = await self._expect(endpoint, role, 200)
            items, total = answer.object.get("items"), answer.object.get("total")
            if answer.status != 200:
                continue
            if not isinstance(items, list) or not isinstance(total, int):
                self._find(endpoint, answer, f"as {role}: the answer has no items and total")
                continue
            shown = await self._all_ids(endpoint, role, total)
            if own and own.id not in shown:
                self._find(endpoint, answer, f"as {role}: a {record.name} they made is not in the list")
            if foreign and foreign.id in shown and self.stock.permissions.scope(role, endpoint) is Scope.own:
                self._find(endpoint, answer, f"as {role}: the list shows a {record.name} of another person", Severity.blocker)

    async def _all_ids(self, endpoint: Endpoint, role: str, total: int) -> set[int]:
        """The ids on all pages, by the page sizes the app grants."""
        ids: set[int] = set()
        token = self.stock.people.tokens[role]
        while len(ids) < min(total, 1000):
            page = await self.exchange.call("GET", f"{endpoint.path}?limit=100&offset={len(ids)}", who=role, token=token)
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
        target = await self.stock.make(record)
        await self._refusals(endpoint, target)
        for role in self._allowed(endpoint):
            own, foreign = await self._own_and_foreign(record, endpoint, role)
            for made in filter(None, (own, foreign)):
                expected = self._expected(endpoint, role, made)
                answer = await self._expect(endpoint, role, expected, made)
                if answer.status == 200 == expected:
                    self._compare(endpoint, role, made.sent, answer.object, "is stored")
            await self._expect(endpoint, role, 404, record_id=NOBODY)

    async def _update(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make(record)
        change = await self._change(record, target)
        await self._refusals(endpoint, target, change)
        for role in self._allowed(endpoint):
            own, foreign = await self._own_and_foreign(record, endpoint, role)
            for made in filter(None, (own, foreign)):
                change, expected = await self._change(record, made), self._expected(endpoint, role, made)
                answer = await self._expect(endpoint, role, expected, made, body=change)
                if answer.status == 200 == expected:
                    await self._read_back(record, role, made.id, {**made.sent, **change}, endpoint)
                elif expected == 404:
                    await self._read_back(record, made.creator, made.id, made.sent, endpoint)
            await self._expect(endpoint, role, 404, record_id=NOBODY, body=change)
        await self._invalid_changes(record, endpoint, target)

    async def _invalid_changes(self, record: RecordSpec, endpoint: Endpoint, target: Made) -> None:
        """As whoever made the target, if they may change it."""
        if self.stock.permissions.scope(target.creator, endpoint):
            for wrong in broken_changes(self.spec, record, target.sent):
                await self._expect_refused_body(endpoint, target.creator, wrong, target.id)

    async def _change(self, record: RecordSpec, made: Made) -> Body:
        return changed_body(self.spec, record, await self.stock.body_for(record, made.creator))

    async def _delete(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make(record)
        await self._refusals(endpoint, target)
        for role in self._allowed(endpoint):
            own, foreign = await self._own_and_foreign(record, endpoint, role)
            for made in filter(None, (own, foreign)):
                expected = self._expected(endpoint, role, made)
                answer = await self._expect(endpoint, role, expected, made)
                await self._check_gone(record, endpoint, made, gone=answer.status == 204 == expected)
            await self._expect(endpoint, role, 404, record_id=NOBODY)

    async def _check_gone(self, record: RecordSpec, endpoint: Endpoint, made: Made, *, gone: bool) -> None:
        read = self.stock.permissions.endpoint(record.name, Operation.read)
        if read and self.stock.permissions.scope(made.creator, read):
            answer = await self.stock.call(read, made.creator, made.id)
            if gone and answer.status != 404:
                self._find(endpoint, answer, f"answered 204 but the {record.name} is still there")
            elif not gone and answer.status == 404:
                self._find(endpoint, answer, f"refused to delete a {record.name} but it is gone", Severity.blocker)

    async def _transition(self, record: RecordSpec, endpoint: Endpoint, step: Transition) -> None:
        start = self._reachable(record, step)
        await self._refusals(endpoint, await self.stock.in_state(record, start))
        for role in self._allowed(endpoint):
            own, foreign = await self._own_and_foreign(record, endpoint, role, start)
            for made in filter(None, (own, foreign)):
                expected = self._expected(endpoint, role, made)
                answer = await self._expect(endpoint, role, expected, made)
                if answer.status == 200 == expected:
                    await self._check_arrived(record, endpoint, role, made, step)
            await self._expect(endpoint, role, 404, record_id=NOBODY)

    async def _check_arrived(self, record: RecordSpec, endpoint: Endpoint, role: str, made: Made, step: Transition) -> None:
        """The state has changed and is stored, and the same step is refused where the new state does not allow it."""
        await self._read_back(record, role, made.id, {"state": step.to_state}, endpoint)
        if step.to_state not in step.from_states:
            answer = await self.stock.call(endpoint, role, made.id)
            if answer.status != 409:
                self._find(endpoint, answer, f"as {role}: expected 409 (the {record.name} is {step.to_state}), {_said(answer)}")

    def _reachable(self, record: RecordSpec, step: Transition) -> str:
        assert record.workflow is not None
        return record.workflow.initial if record.workflow.initial in step.from_states else step.from_states[0]

    # ------------------------------------------------------------------------------------------ expectations

    def _allowed(self, endpoint: Endpoint) -> list[str]:
        return [role for role in self.stock.people.tokens if self.stock.permissions.scope(role, endpoint)]

    def _denied(self, endpoint: Endpoint) -> list[str]:
        return [role for role in self.stock.people.tokens if not self.stock.permissions.scope(role, endpoint)]

    def _expected(self, endpoint: Endpoint, role: str, made: Made) -> int:
        """Success, or 404 where the permission covers only own records and this is another's."""
        own_only = self.stock.permissions.scope(role, endpoint) is Scope.own
        return 404 if own_only and made.creator != role else endpoint.success_status

    async def _own_and_foreign(
        self, record: RecordSpec, endpoint: Endpoint, role: str, state: str | None = None
    ) -> tuple[Made | None, Made | None]:
        """A record the person made, and one another made; None where the permissions allow no such record."""
        create = self.stock.permissions.endpoint(record.name, Operation.create)
        able = role if self.stock.permissions.scope(role, create) else None
        makers = {"their own": able, "another person's": self.stock.creator(record.name, besides=role)}
        made: dict[str, Made | None] = {}
        for whose, maker in makers.items():
            made[whose] = await self._made_by(record, endpoint, maker, state) if maker else None
            if made[whose] is None and self.stock.permissions.scope(role, endpoint) is Scope.own:
                self.unprobed.append(f"{endpoint.method} {endpoint.path} as {role} on {whose} {record.name}: none could be made")
        return made["their own"], made["another person's"]

    async def _made_by(self, record: RecordSpec, endpoint: Endpoint, maker: str, state: str | None) -> Made | None:
        try:
            return await (self.stock.in_state(record, state, maker) if state else self.stock.make(record, maker))
        except NotMade as problem:
            self.unprobed.append(f"{endpoint.method} {endpoint.path} on what {maker} makes: {problem}")
            if problem.answer and not self._is_custom_rule(problem.answer):
                self._find(endpoint, problem.answer, f"as {maker}: {problem}: {_said(problem.answer)}")
            return None

    async def _refusals(self, endpoint: Endpoint, target: Made | None, body: Json = None) -> None:
        """Nobody signed out gets in, nor does a role without the permission; afterwards the record is as it was."""
        record_id = target.id if target else None
        for role in (None, *self._denied(endpoint)):
            expected, why = (403, "the role may not") if role else (401, "not signed in")
            answer = await self.stock.call(endpoint, role, record_id, body)
            self.covered.add((endpoint.name, role or ""))
            if answer.status != expected:
                severity = Severity.blocker if 200 <= answer.status < 300 else Severity.major
                self._find(
                    endpoint, answer, f"{f'as {role}' if role else 'signed out'}: expected {expected} ({why}), {_said(answer)}", severity
                )

    async def _expect(
        self, endpoint: Endpoint, role: str, status: int, made: Made | None = None, *, record_id: int | None = None, body: Json = None
    ) -> Answer:
        answer = await self.stock.call(endpoint, role, made.id if made else record_id, body)
        self.covered.add((endpoint.name, role))
        if answer.status != status and not (status < 300 and self._is_custom_rule(answer)):
            leaks = status == 404 and 200 <= answer.status < 300
            why = ("another person's record" if made else "no such record") if status == 404 else "the role may"
            self._find(
                endpoint, answer, f"as {role}: expected {status} ({why}), {_said(answer)}", Severity.blocker if leaks else Severity.major
            )
        return answer

    async def _read_back(self, record: RecordSpec, role: str, record_id: int, expected: Body, endpoint: Endpoint) -> None:
        """Look again: an answer can say one thing and the data another."""
        read = self.stock.permissions.endpoint(record.name, Operation.read)
        if self.stock.permissions.scope(role, read) is None or read is None:
            return
        answer = await self.stock.call(read, role, record_id)
        if answer.status != 200:
            self._find(endpoint, answer, f"as {role}: the {record.name} cannot be read afterwards, {_said(answer)}")
        else:
            self._compare(endpoint, role, expected, answer.object, "was expected afterwards")

    def _compare(self, endpoint: Endpoint, role: str, expected: Body, received: dict[str, Json], source: str) -> None:
        for name, value in expected.items():
            if not same_value(value, received.get(name)):
                message = f"as {role}: {name} is {received.get(name)!r} where {value!r} {source}"
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
