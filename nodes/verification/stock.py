"""Sign in as the demo accounts of each role, and make the records a probe needs, in order of their relations."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from typing_extensions import override

from nodes.artifacts import (
    ACCOUNT,
    AppSpec,
    Contract,
    Endpoint,
    Operation,
    RecordSpec,
    Relation,
    RelationKind,
    RuleKind,
    RuleSpec,
    Scope,
    Transition,
)
from nodes.contract import relation_property
from nodes.conventions import INVALID, SETTLED
from nodes.stack import StackProfile, demo_email
from nodes.verification.exchange import Answer, Content, Exchange, Json
from nodes.verification.exercised import Exercised
from nodes.verification.payloads import Body, relations_in_rules, valid_body


class NotMade(Exception):
    """A record the probe needs could not be made; `answer` is what the app said, if it was asked."""

    def __init__(self, reason: str, answer: Answer | None = None) -> None:
        super().__init__(reason)
        self.answer = answer


def refused_by_custom_rule(spec: AppSpec, answer: Answer) -> bool:
    """Refused by a rule the probe cannot read, so it cannot know whether its body keeps it."""
    return answer.status in (SETTLED, INVALID) and any(
        rule.kind is RuleKind.custom and rule.message and rule.message in answer.text for rule in spec.rules
    )


@dataclass(frozen=True)
class Person:
    """The first or second demo account of a role."""

    role: str
    number: int = 1

    @override
    def __str__(self) -> str:
        return self.role if self.number == 1 else f"{self.role} {self.number}"


@dataclass(frozen=True)
class Made:
    """A record in the app: who made it from which body; None: it came with the demo data."""

    record: str
    id: int
    creator: Person | None
    sent: Body
    received: dict[str, Json]

    @property
    def state(self) -> str:
        """The state it is known to be in."""
        return str(self.received.get("state"))


class Permissions:
    """Who may call which endpoint, read from the contract."""

    def __init__(self, contract: Contract) -> None:
        self._endpoints = contract.endpoints

    def endpoint(self, record: str, operation: Operation, transition: str | None = None) -> Endpoint | None:
        """The endpoint for one operation on a record, if anyone may call it."""
        wanted = (record, operation, transition)
        return next((e for e in self._endpoints if (e.record, e.operation, e.transition) == wanted), None)

    def scope(self, person: Person | None, endpoint: Endpoint | None) -> Scope | None:
        """For which records `person` may call `endpoint`; None: for none."""
        if endpoint is None or person is None:
            return None
        return next((access.scope for access in endpoint.access if access.role == person.role), None)


class People:
    """The demo accounts. A person who could not sign in has no token; `refused` says what the app answered."""

    def __init__(self) -> None:
        self.tokens: dict[Person, str] = {}
        self.refused: dict[Person, Answer] = {}
        self.account_ids: dict[Person, int] = {}

    async def sign_in(self, exchange: Exchange, spec: AppSpec, stack: StackProfile, password: str, *, each: int = 1) -> None:
        """Sign in the first `each` people of every role."""
        for person in [Person(role.name, number) for role in spec.roles for number in range(1, each + 1)]:
            body = {"email": demo_email(person.role, person.number), "password": password}
            answer = await exchange.call("POST", stack.sign_in_path, who=str(person), body=body)
            token = answer.object.get("token")
            if answer.status == 200 and isinstance(token, str):
                self.tokens[person] = token
            else:
                self.refused[person] = answer

    @property
    def first_of_each_role(self) -> list[Person]:
        """One signed-in person per role."""
        return [person for person in self.tokens if person.number == 1]

    def peer_of(self, person: Person) -> Person | None:
        """Another signed-in person of the same role."""
        return next((other for other in self.tokens if other.role == person.role and other != person), None)


class Stock:
    """Makes records, and walks them to a state."""

    def __init__(self, exchange: Exchange, spec: AppSpec, contract: Contract, people: People) -> None:
        self._exchange, self._spec, self.people = exchange, spec, people
        self.permissions = Permissions(contract)
        self.exercised = Exercised()
        self._numbers = itertools.count(1)
        self._shared: dict[tuple[str, Person | None], Made] = {}
        self._made: list[Made] = []

    async def call(
        self,
        endpoint: Endpoint,
        person: Person | None,
        record_id: int | None = None,
        body: Json | Content = None,
        part: int | str | None = None,
        *,
        keep: Made | None = None,
    ) -> Answer:
        """Call an endpoint as somebody, or signed out. `part` fills the path's parameter after `{id}`.

        Where a limit stands in the way, something the probe made gives room; never `keep`, which the answer depends on.
        """
        answer = await self.send(endpoint, person, record_id, body, part)
        limits = [rule for rule in self.limits_of(endpoint.record) if answer.status == 422 and rule.message in answer.text]
        if person and limits:
            maker = self._maker_of(endpoint.record, record_id) or person
            besides = {record_id, keep.id if keep else None}
            room = [await self._give_room(rule, maker, besides) for rule in limits]
            return await self.send(endpoint, person, record_id, body, part) if all(room) else answer
        return answer

    async def send(
        self,
        endpoint: Endpoint,
        person: Person | None,
        record_id: int | None = None,
        body: Json | Content = None,
        part: int | str | None = None,
    ) -> Answer:
        """The same without giving room."""
        path = re.sub(r"\{\w+\}", quote(str(part)), endpoint.path.replace("{id}", str(record_id)))
        token = self.people.tokens.get(person) if person else None
        answer = await self._exchange.call(endpoint.method, path, who=str(person or "signed out"), token=token, body=body)
        self.exercised.note(endpoint, person.role if person else None, body, answer)
        return answer

    def limits_of(self, record: str) -> list[RuleSpec]:
        """The limits on one kind of record."""
        return [rule for rule in self._spec.rules if rule.kind is RuleKind.limit and rule.record == record]

    def is_there(self, made: Made) -> bool:
        """Whether it has not been deleted to give room."""
        return made.creator is None or any((other.record, other.id) == (made.record, made.id) for other in self._made)

    def _maker_of(self, record: str, record_id: int | None) -> Person | None:
        return next((made.creator for made in self._made if (made.record, made.id) == (record, record_id)), None)

    async def _give_room(self, rule: RuleSpec, maker: Person, besides: set[int | None]) -> bool:
        """Delete one of the counted records that `maker` made, to which nothing refers; False if there is none `besides` those."""
        endpoint = self.permissions.endpoint(rule.record, Operation.delete)
        for made in [made for made in self._made if made.record == rule.record and made.creator == maker and made.id not in besides]:
            deleter = self.walker(endpoint, made)
            if endpoint is None or deleter is None or not await self._is_counted(rule, made):
                continue
            if (await self.send(endpoint, deleter, made.id, None)).status == endpoint.success_status:
                self._made.remove(made)
                self._shared = {key: other for key, other in self._shared.items() if other is not made}
                return True
        return False

    async def _is_counted(self, rule: RuleSpec, made: Made) -> bool:
        endpoint = self.permissions.endpoint(rule.record, Operation.read)
        if not rule.states or endpoint is None:
            return True
        present = await self.send(endpoint, self.walker(endpoint, made), made.id, None)
        return present.object.get("state") in rule.states

    async def body_for(
        self,
        record: RecordSpec,
        person: Person | None,
        making: tuple[str, ...] = (),
        given: Mapping[str, Json] | None = None,
        *,
        anew: bool = False,
    ) -> Body:
        """A valid body nobody has sent yet. Makes what it refers to, except what is `given`; raises `NotMade`.

        `anew`: nothing it refers to was referred to before.
        """
        references: dict[str, Json] = dict(given or {})
        compared = relations_in_rules(self._spec, record)
        for relation in self._wholes_first(record):
            if relation.name in references:
                continue
            if relation.target == ACCOUNT:
                target = self._account_for(person)
            elif relation.target in making or relation.target == record.name:
                continue  # a circle: one of its relations has to be optional
            else:
                shared = self._joined(record, relation, references)
                fresh = anew or relation.name in compared
                try:
                    made = await self._related(relation.target, person, (*making, record.name), fresh=fresh, given=shared)
                except NotMade:
                    if relation.required:
                        raise
                    continue
                references |= self._wholes_of(record, relation, made)
                target = made.id
            references[relation.name] = [target] if relation.kind is RelationKind.many_to_many else target
        return valid_body(self._spec, record, next(self._numbers), references)

    def _wholes_first(self, record: RecordSpec) -> list[Relation]:
        """The relations in an order in which a part is made after the whole it has to belong to."""
        wholes = {rule.fields[0]: rule.fields[1] for rule in self._belonging(record)}

        def depth(name: str) -> int:
            passed = [name]
            while (whole := wholes.get(passed[-1])) and whole not in passed:
                passed.append(whole)
            return len(passed)

        return sorted(record.relations, key=lambda relation: depth(relation.name))

    def _belonging(self, record: RecordSpec, part: str | None = None) -> list[RuleSpec]:
        rules = (rule for rule in self._spec.rules if rule.kind is RuleKind.same_parent and rule.record == record.name)
        return [rule for rule in rules if part is None or rule.fields[0] == part]

    def _link(self, record: RecordSpec, rule: RuleSpec) -> Relation:
        """How what the rule's first relation points to refers to its whole."""
        part, whole = (next(entry.target for entry in record.relations if entry.name == name) for name in rule.fields)
        return next(entry for entry in self._spec.record(part).relations if entry.target == whole)

    def _joined(self, record: RecordSpec, part: Relation, references: Mapping[str, Json]) -> dict[str, Json]:
        """What a part has to be made with, to belong to the wholes already chosen."""
        rules = [rule for rule in self._belonging(record, part.name) if rule.fields[1] in references]
        return {self._link(record, rule).name: references[rule.fields[1]] for rule in rules}

    def _wholes_of(self, record: RecordSpec, part: Relation, made: Made) -> dict[str, Json]:
        """The wholes a part says it belongs to: those it was made with, or, of the demo data, its own."""
        said = {
            rule.fields[1]: made.received.get(relation_property(self._link(record, rule))) for rule in self._belonging(record, part.name)
        }
        return {name: number for name, number in said.items() if isinstance(number, int)}

    async def make(
        self, record: RecordSpec, person: Person | None = None, making: tuple[str, ...] = (), given: Mapping[str, Json] | None = None
    ) -> Made:
        """Make a record as `person`, or as whoever may. Raises `NotMade`."""
        endpoint = self.permissions.endpoint(record.name, Operation.create)
        person = person or self.creator(record.name)
        if endpoint is None or person is None:
            raise NotMade(f"nobody who could sign in may create any {record.name}")
        body = await self.body_for(record, person, making, given)
        answer = await self.call(endpoint, person, body=body)
        if refused_by_custom_rule(self._spec, answer):
            body = await self.body_for(record, person, making, given, anew=True)
            answer = await self.call(endpoint, person, body=body)
        made = self.remember(endpoint, person, answer, body)
        if made is None:
            raise NotMade(f"no {record.name} could be created", answer)
        return made

    def remember(self, endpoint: Endpoint, person: Person, answer: Answer, body: Body | None = None) -> Made | None:
        """What was made, if anything was."""
        record_id, creator_id = answer.object.get("id"), answer.object.get("created_by_id")
        if answer.status != endpoint.success_status or not isinstance(record_id, int):
            return None
        if isinstance(creator_id, int):
            self.people.account_ids[person] = creator_id
        self._made.append(Made(endpoint.record, record_id, person, body or {}, answer.object))
        return self._made[-1]

    async def make_or_find(self, record: RecordSpec) -> Made:
        """A new record, or where nobody may make one, one of the demo data. Raises `NotMade`."""
        if self.creator(record.name) is None:
            return await self._sample(record.name)
        return await self.make(record)

    def creator(self, record: str, besides: str | None = None) -> Person | None:
        """Somebody who may create `record`, not of the role `besides`; administrators first, since no rule is likely to stop them."""
        endpoint = self.permissions.endpoint(record, Operation.create)
        administering = {role.name for role in self._spec.roles if role.administers}
        people = sorted(self.people.first_of_each_role, key=lambda person: person.role not in administering)
        return next((person for person in people if person.role != besides and self.permissions.scope(person, endpoint)), None)

    async def in_state(self, record: RecordSpec, state: str, person: Person | None = None) -> Made:
        """A new record, walked to `state` by whoever may do each step. Raises `NotMade`."""
        made = await self.make(record, person)
        for step in self.path(record, state):
            endpoint = self.permissions.endpoint(record.name, Operation.transition, step.name)
            walker = self.walker(endpoint, made)
            if endpoint is None or walker is None:
                raise NotMade(f"nobody may {step.name} any {record.name} made by {made.creator}")
            answer = await self.call(endpoint, walker, made.id)
            if answer.status != 200:
                raise NotMade(f"{step.name} failed on the way to {state}", answer)
        return replace(made, received={**made.received, "state": state})

    def walker(self, endpoint: Endpoint | None, made: Made) -> Person | None:
        """Somebody who may call an endpoint for what was made."""
        for person in self.people.tokens:
            scope = self.permissions.scope(person, endpoint)
            if scope is Scope.all or (scope is Scope.own and person == made.creator):
                return person
        return None

    def path(self, record: RecordSpec, state: str) -> list[Transition]:
        """The shortest way from the initial state. Raises `NotMade` if there is none."""
        workflow = record.workflow
        assert workflow is not None
        ways: dict[str, list[Transition]] = {workflow.initial: []}
        todo = [workflow.initial]
        for here in todo:  # grows while it is read
            for step in workflow.transitions:
                if here in step.from_states and step.to_state not in ways:
                    ways[step.to_state] = [*ways[here], step]
                    todo.append(step.to_state)
        if state not in ways:
            raise NotMade(f"no way leads to the state {state}")
        return ways[state]

    async def _related(
        self, target: str, person: Person | None, making: tuple[str, ...], *, fresh: bool, given: Mapping[str, Json]
    ) -> Made:
        """A record to refer to: the person's own where they may make one, so that they may surely see it."""
        able = self.permissions.scope(person, self.permissions.endpoint(target, Operation.create)) is not None
        maker = person if able else self.creator(target)
        key = (target, maker)
        if fresh or given or key not in self._shared:
            try:
                self._shared[key] = await self.make(self._spec.record(target), maker, making, given)
            except NotMade:
                self._shared[key] = await self._sample(target)
        return self._shared[key]

    async def _sample(self, target: str) -> Made:
        """A record of the demo data."""
        endpoint = self.permissions.endpoint(target, Operation.list)
        for person in self.people.first_of_each_role:
            if endpoint and self.permissions.scope(person, endpoint):
                items = (await self.call(endpoint, person)).object.get("items")
                for item in items if isinstance(items, list) else []:
                    if isinstance(item, dict) and isinstance(item.get("id"), int):
                        return Made(target, int(str(item["id"])), None, {}, item)
        raise NotMade(f"nobody may create any {target}, and the demo data has none")

    def _account_for(self, person: Person | None) -> int:
        """The person's own account; the first account until the app has told which one that is."""
        return self.people.account_ids.get(person, 1) if person else 1
