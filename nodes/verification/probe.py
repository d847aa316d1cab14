"""Exercise every endpoint of the running app as every role, and note each answer that is not what the contract says."""

from collections.abc import Awaitable, Callable

from nodes.artifacts import (
    AppSpec,
    Architecture,
    CheckName,
    Endpoint,
    Finding,
    Operation,
    RecipeSpec,
    RecordSpec,
    RelationKind,
    ReportSpec,
    Severity,
    Transition,
)
from nodes.completion import completed
from nodes.conventions import ABSENT, INVALID, ROW_PROPERTIES, SETTLED
from nodes.stack import StackProfile
from nodes.verification.exchange import Answer, Exchange, Json
from nodes.verification.expectations import Expectations, said
from nodes.verification.limits import exceed
from nodes.verification.observed import CheckImpossible, Observed, counted, with_article
from nodes.verification.payloads import NOBODY, Body, BrokenBody, broken_bodies, broken_changes, changed_body, clashing_bodies
from nodes.verification.recipes import EXERCISES
from nodes.verification.stock import Made, NotMade, People, Person, Stock

MAX_FINDINGS = 60
"""An app that is wrong everywhere is described by its first failures; the log has the rest."""


async def probe_app(exchange: Exchange, spec: AppSpec, architecture: Architecture, stack: StackProfile, password: str) -> Observed:
    """Endpoint × role × transition. `counts`: requests, pairs of endpoint and role. Raises `CheckImpossible`."""
    spec, people = completed(spec), People()
    await people.sign_in(exchange, spec, stack, password, each=stack.demo_people)
    if not people.tokens:
        raise CheckImpossible(f"nobody could sign in: {next(iter(people.refused.values())).text[:200]}")
    findings = [_cannot_sign_in(person, answer) for person, answer in people.refused.items()]
    probe = _Probe(exchange, spec, architecture, Stock(exchange, spec, architecture.contract, people))
    for record in spec.records:
        await probe.record(record)
    for report in spec.reports:
        await probe.report(report)
    for recipe in spec.recipes:
        await probe.recipe(recipe)
    findings += probe.findings
    unused = list(probe.stock.exercised.missing(spec, architecture.contract))
    counts = {
        "requests": len(exchange.log),
        "endpoint_role_pairs": len(probe.covered),
        "not_probed": len(probe.unprobed),
        "not_used": len(unused),
        "findings_not_listed": max(0, len(findings) - MAX_FINDINGS),
    }
    log = "\n".join([*exchange.log, "", *(f"not probed: {line}" for line in probe.unprobed), *(f"not used: {name}" for name in unused)])
    return Observed(_subject(probe, len(exchange.log), len(unused)), findings[:MAX_FINDINGS], counts, log, sound="every answer as agreed")


def _subject(probe: "_Probe", requests: int, unused: int) -> str:
    """What was looked at, and how much of it could not be."""
    endpoints, roles = len({endpoint for endpoint, _ in probe.covered}), len(probe.stock.people.first_of_each_role)
    looked = f"{counted(requests, 'request')} to {counted(endpoints, 'endpoint')} as {counted(roles, 'role')} and signed out"
    gaps = [f"{counted(len(probe.unprobed), 'case')} could not be probed"] if probe.unprobed else []
    gaps += [f"{counted(unused, 'part')} of the specification not used"] if unused else []
    return ", ".join([looked, *gaps])


def _cannot_sign_in(person: Person, answer: Answer) -> Finding:
    severity = Severity.blocker if person.number == 1 else Severity.major
    message = f"the demo account of {person} cannot sign in: {answer.status} {answer.text[:200]}"
    return Finding(check=CheckName.probe, severity=severity, message=message, request=answer.request)


class _Probe(Expectations):
    """Goes through records and reports, operation by operation."""

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
        await self.refusals(endpoint, None)
        for person in self.allowed(endpoint):
            answer = await self.expect(endpoint, person, 200)
            rows = answer.object.get("rows")
            if answer.status == 200 and not _are_rows(rows):
                self.find(endpoint, answer, f"as {person}: the answer is not a list of rows with group and value")
            elif answer.status == 200 and _counts_each_once(report, self.spec.record(report.record)):
                await self._check_total(report, endpoint, person, answer)

    async def recipe(self, recipe: RecipeSpec) -> None:
        """What the recipe is for, as each role; recipes without endpoints are left to the app's own tests."""
        endpoints = self.recipe_endpoints(recipe)
        if endpoints and recipe.kind in EXERCISES:
            await self._attempt(endpoints[0], EXERCISES[recipe.kind](self, recipe))

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
            self.find(endpoint, answer, f"as {person}: the report counts {counted_in_rows:g} records, the list {total}", severity)

    async def _attempt(self, endpoint: Endpoint, probing: Awaitable[None]) -> None:
        try:
            await probing
        except NotMade as problem:
            self.unprobed.append(f"{endpoint.method} {endpoint.path}: {problem}")
            if problem.answer and not self.is_custom_rule(problem.answer):
                self.find(endpoint, problem.answer, f"{problem}: {said(problem.answer)}")
            else:
                why = f", {said(problem.answer)}" if problem.answer else ""
                self.find(endpoint, None, f"it could not be seen who is refused: {problem}{why}", Severity.minor)

    # ------------------------------------------------------------------------------------------ operations

    async def _create(self, record: RecordSpec, endpoint: Endpoint) -> None:
        denied = self.denied(endpoint)
        body = await self.stock.body_for(record, next(iter([*self.allowed(endpoint), *denied]), None))
        await self.refusals(endpoint, None, body)
        for person in self.allowed(endpoint):
            made = await self.stock.make(record, person)
            self.covered.add((endpoint.name, person.role))
            self.compare(endpoint, person, made.sent, made.received, "was sent")
            await self.read_back(record, person, made.id, made.sent, endpoint)
        await self._invalid_bodies(record, endpoint)
        await self._limits(record, endpoint)

    async def _limits(self, record: RecordSpec, endpoint: Endpoint) -> None:
        """As many as a limit allows are taken, and one more is refused."""
        for rule, person in [(rule, person) for rule in self.stock.limits_of(record.name) for person in self.allowed(endpoint)[:1]]:
            result = await exceed(self.stock, self.spec, rule, person)
            if result.unseen:
                self.unprobed.append(f"{endpoint.method} {endpoint.path}: {rule.message} {result.unseen}")
                self.find(endpoint, None, f"not tried: {rule.message} {result.unseen}", Severity.minor)
            elif result.wrong and result.last:
                self.find(endpoint, result.last, f"as {person}: {result.wrong}, {said(result.last)}")

    async def _invalid_bodies(self, record: RecordSpec, endpoint: Endpoint) -> None:
        person = next(iter(self.allowed(endpoint)), None)
        if person is None:
            return
        existing = await self.stock.make(record, person)
        fresh = await self.stock.body_for(record, person)
        broken = [*broken_bodies(self.spec, record, fresh), *clashing_bodies(self.spec, record, existing.sent, fresh)]
        for wrong in broken:
            await self._expect_refused_body(endpoint, person, wrong, keep=existing)

    async def _expect_refused_body(
        self, endpoint: Endpoint, person: Person, wrong: BrokenBody, record_id: int | None = None, keep: Made | None = None
    ) -> None:
        answer = await self.stock.call(endpoint, person, record_id, wrong.body, keep=keep)
        if self._only_a_limit_refused(endpoint, wrong, answer) and (other := self._other_for(wrong, person)):
            person, answer = other, await self.stock.call(endpoint, other, record_id, wrong.body, keep=keep)
        if self._only_a_limit_refused(endpoint, wrong, answer):
            self.unprobed.append(f"{endpoint.method} {endpoint.path}: {wrong.reason} A limit was met before.")
            self.find(endpoint, answer, f"not seen, because a limit was met before: {wrong.reason}", Severity.minor)
        if answer.status != INVALID:
            self.find(endpoint, answer, f"as {person}: expected {INVALID} ({wrong.reason}), {said(answer)}")

    def _only_a_limit_refused(self, endpoint: Endpoint, wrong: BrokenBody, answer: Answer) -> bool:
        """Whether nobody can tell if what is wrong was noticed; a rule that speaks up itself was."""
        by_rule = any(rule.message == wrong.reason for rule in self.spec.rules)
        limited = any(rule.message in answer.text for rule in self.stock.limits_of(endpoint.record))
        return answer.status == INVALID and by_rule and limited and wrong.reason not in answer.text

    def _other_for(self, wrong: BrokenBody, person: Person) -> Person | None:
        """Somebody else of the same role, whom the limit does not concern; None where a rule counts only one's own."""
        own = any("created_by" in (*rule.fields, rule.per) for rule in self.spec.rules if rule.message == wrong.reason)
        return None if own else self.stock.people.peer_of(person)

    async def _list(self, record: RecordSpec, endpoint: Endpoint) -> None:
        await self.refusals(endpoint, None)
        for person in self.allowed(endpoint):
            present = await self.targets(record, endpoint, person)
            answer = await self.expect(endpoint, person, 200)
            items, total = answer.object.get("items"), answer.object.get("total")
            if answer.status != 200:
                continue
            if not isinstance(items, list) or not isinstance(total, int):
                self.find(endpoint, answer, f"as {person}: the answer has no items and total")
                continue
            shown = await self._all_ids(endpoint, person, total)
            for made in present:
                hidden = self.expected(endpoint, person, made) == ABSENT
                if made.id not in shown and not hidden:
                    self.find(endpoint, answer, f"as {person}: {with_article(record.name)} {_whose(person, made)} is not in the list")
                elif made.id in shown and hidden:
                    self.find(
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
        await self.refusals(endpoint, target)
        for person in self.allowed(endpoint):
            for made in await self.targets(record, endpoint, person):
                expected = self.expected(endpoint, person, made)
                answer = await self.expect(endpoint, person, expected, made)
                if answer.status == 200 == expected:
                    self.compare(endpoint, person, made.sent, answer.object, "is stored")
            await self.expect(endpoint, person, ABSENT, record_id=NOBODY)

    async def _update(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make_or_find(record)
        change = await self._change(record, target)
        await self.refusals(endpoint, target, change)
        for person in self.allowed(endpoint):
            async for made in self.targets_in_every_state(record, endpoint, person):
                change, expected = await self._change(record, made), self.expected(endpoint, person, made)
                answer = await self.expect(endpoint, person, expected, made, body=change)
                if answer.status == 200 == expected:
                    await self.read_back(record, person, made.id, {**made.sent, **change}, endpoint)
                elif expected in (ABSENT, SETTLED) and answer.status >= 400 and made.creator:
                    await self.read_back(record, made.creator, made.id, made.sent, endpoint)
            await self.expect(endpoint, person, ABSENT, record_id=NOBODY, body=change)
        await self._invalid_changes(record, endpoint, target)

    async def _invalid_changes(self, record: RecordSpec, endpoint: Endpoint, target: Made) -> None:
        """As whoever made the target, if they may change it; on another, where a limit cost the target its place."""
        if not self.stock.is_there(target):
            target = await self.stock.make(record, target.creator)
        if target.creator and self.stock.permissions.scope(target.creator, endpoint):
            for wrong in broken_changes(self.spec, record, target.sent):
                await self._expect_refused_body(endpoint, target.creator, wrong, target.id)

    async def _change(self, record: RecordSpec, made: Made) -> Body:
        return changed_body(self.spec, record, await self.stock.body_for(record, made.creator))

    async def _delete(self, record: RecordSpec, endpoint: Endpoint) -> None:
        target = await self.stock.make_or_find(record)
        await self.refusals(endpoint, target)
        for person in self.allowed(endpoint):
            async for made in self.targets_in_every_state(record, endpoint, person):
                expected = self.expected(endpoint, person, made)
                answer = await self.expect(endpoint, person, expected, made)
                await self._check_gone(record, endpoint, made, gone=answer.status == 204 == expected)
            await self.expect(endpoint, person, ABSENT, record_id=NOBODY)

    async def _check_gone(self, record: RecordSpec, endpoint: Endpoint, made: Made, *, gone: bool) -> None:
        read = self.stock.permissions.endpoint(record.name, Operation.read)
        if read and made.creator and self.stock.permissions.scope(made.creator, read):
            answer = await self.stock.call(read, made.creator, made.id)
            if gone and answer.status != ABSENT:
                self.find(endpoint, answer, f"answered 204 but the {record.name} is still there")
            elif not gone and answer.status == ABSENT:
                self.find(endpoint, answer, f"refused to delete {with_article(record.name)} but it is gone", Severity.blocker)

    async def _transition(self, record: RecordSpec, endpoint: Endpoint, step: Transition) -> None:
        start = self._reachable(record, step)
        await self.refusals(endpoint, await self.stock.in_state(record, start))
        for person in self.allowed(endpoint):
            for made in await self.targets(record, endpoint, person, start):
                expected = self.expected(endpoint, person, made)
                answer = await self.expect(endpoint, person, expected, made)
                if answer.status == 200 == expected:
                    await self._check_arrived(record, endpoint, person, made, step)
            await self.expect(endpoint, person, ABSENT, record_id=NOBODY)

    async def _check_arrived(self, record: RecordSpec, endpoint: Endpoint, person: Person, made: Made, step: Transition) -> None:
        """The state has changed and is stored, and the same step is refused where the new state does not allow it."""
        await self.read_back(record, person, made.id, {"state": step.to_state}, endpoint)
        if step.to_state not in step.from_states:
            answer = await self.stock.call(endpoint, person, made.id)
            if answer.status != SETTLED:
                self.find(endpoint, answer, f"as {person}: expected {SETTLED} (the {record.name} is {step.to_state}), {said(answer)}")

    def _reachable(self, record: RecordSpec, step: Transition) -> str:
        assert record.workflow is not None
        return record.workflow.initial if record.workflow.initial in step.from_states else step.from_states[0]


def _whose(person: Person, made: Made) -> str:
    if made.creator == person:
        return "they made"
    return f"of another {person.role}" if made.creator and made.creator.role == person.role else "of another person"


def _are_rows(rows: Json) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) and set(row) >= set(ROW_PROPERTIES) for row in rows)


def _counts_each_once(report: ReportSpec, record: RecordSpec) -> bool:
    """A sum is no number of records, and a record can be in several groups of a many-to-many relation."""
    several = {relation.name for relation in record.relations if relation.kind is RelationKind.many_to_many}
    return report.measure is None and report.group_by not in several
