"""Sign in as each role's demo account, and make the records a probe needs, in order of their relations."""

import itertools
from dataclasses import dataclass

from nodes.artifacts import ACCOUNT, AppSpec, Contract, Endpoint, Operation, RecordSpec, RelationKind, Scope, Transition
from nodes.stack import StackProfile, demo_email
from nodes.verification.exchange import Answer, Exchange, Json
from nodes.verification.payloads import Body, relations_in_rules, valid_body


class NotMade(Exception):
    """A record the probe needs could not be made; `answer` is what the app said, if it was asked."""

    def __init__(self, reason: str, answer: Answer | None = None) -> None:
        super().__init__(reason)
        self.answer = answer


@dataclass(frozen=True)
class Made:
    """A record in the app: who made it from which body."""

    record: str
    id: int
    creator: str
    sent: Body
    received: dict[str, Json]


class Permissions:
    """Who may call which endpoint, read from the contract."""

    def __init__(self, contract: Contract) -> None:
        self._endpoints = contract.endpoints

    def endpoint(self, record: str, operation: Operation, transition: str | None = None) -> Endpoint | None:
        """The endpoint for one operation on a record, if anyone may call it."""
        wanted = (record, operation, transition)
        return next((e for e in self._endpoints if (e.record, e.operation, e.transition) == wanted), None)

    def scope(self, role: str, endpoint: Endpoint | None) -> Scope | None:
        """For which records `role` may call `endpoint`; None: for none."""
        if endpoint is None:
            return None
        return next((access.scope for access in endpoint.access if access.role == role), None)


class People:
    """The demo accounts. A person who could not sign in has no token; `refused` says what the app answered."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.refused: dict[str, Answer] = {}
        self.account_ids: dict[str, int] = {}

    async def sign_in(self, exchange: Exchange, spec: AppSpec, stack: StackProfile, password: str) -> None:
        """Sign in every role."""
        for role in spec.roles:
            body = {"email": demo_email(role.name), "password": password}
            answer = await exchange.call("POST", stack.sign_in_path, who=role.name, body=body)
            token = answer.object.get("token")
            if answer.status == 200 and isinstance(token, str):
                self.tokens[role.name] = token
            else:
                self.refused[role.name] = answer


class Stock:
    """Makes records, and walks them to a state."""

    def __init__(self, exchange: Exchange, spec: AppSpec, contract: Contract, people: People) -> None:
        self._exchange, self._spec, self.people = exchange, spec, people
        self.permissions = Permissions(contract)
        self._numbers = itertools.count(1)
        self._shared: dict[tuple[str, str], Made] = {}

    async def call(self, endpoint: Endpoint, role: str | None, record_id: int | None = None, body: Json = None) -> Answer:
        """Call an endpoint as a role, or signed out."""
        path = endpoint.path.replace("{id}", str(record_id))
        token = self.people.tokens.get(role) if role else None
        return await self._exchange.call(endpoint.method, path, who=role or "signed out", token=token, body=body)

    async def body_for(self, record: RecordSpec, role: str, making: tuple[str, ...] = ()) -> Body:
        """A valid body nobody has sent yet. Makes what it refers to; raises `NotMade`."""
        references: dict[str, Json] = {}
        compared = relations_in_rules(self._spec, record)
        for relation in record.relations:
            if relation.target == ACCOUNT:
                target = self._account_for(role)
            elif relation.target in making or relation.target == record.name:
                continue  # a circle: one of its relations has to be optional
            else:
                try:
                    target = (await self._related(relation.target, role, (*making, record.name), fresh=relation.name in compared)).id
                except NotMade:
                    if relation.required:
                        raise
                    continue
            references[relation.name] = [target] if relation.kind is RelationKind.many_to_many else target
        return valid_body(self._spec, record, next(self._numbers), references)

    async def make(self, record: RecordSpec, role: str | None = None, making: tuple[str, ...] = ()) -> Made:
        """Make a record as `role`, or as whoever may. Raises `NotMade`."""
        endpoint = self.permissions.endpoint(record.name, Operation.create)
        role = role or self.creator(record.name)
        if endpoint is None or role is None:
            raise NotMade(f"nobody who could sign in may create a {record.name}")
        body = await self.body_for(record, role, making)
        answer = await self.call(endpoint, role, body=body)
        record_id = answer.object.get("id")
        if answer.status != endpoint.success_status or not isinstance(record_id, int):
            raise NotMade(f"a {record.name} could not be created", answer)
        creator_id = answer.object.get("created_by_id")
        if isinstance(creator_id, int):
            self.people.account_ids[role] = creator_id
        return Made(record.name, record_id, role, body, answer.object)

    def creator(self, record: str, besides: str | None = None) -> str | None:
        """A signed-in role that may create `record`; administrators first, since no rule is likely to stop them."""
        endpoint = self.permissions.endpoint(record, Operation.create)
        roles = sorted(self._spec.roles, key=lambda role: not role.administers)
        able = (role.name for role in roles if role.name in self.people.tokens and self.permissions.scope(role.name, endpoint))
        return next((role for role in able if role != besides), None)

    async def in_state(self, record: RecordSpec, state: str, role: str | None = None) -> Made:
        """A new record, walked to `state` by whoever may do each step. Raises `NotMade`."""
        made = await self.make(record, role)
        for step in self._path(record, state):
            endpoint = self.permissions.endpoint(record.name, Operation.transition, step.name)
            walker = self._walker(endpoint, made)
            if endpoint is None or walker is None:
                raise NotMade(f"nobody may {step.name} a {record.name} made by {made.creator}")
            answer = await self.call(endpoint, walker, made.id)
            if answer.status != 200:
                raise NotMade(f"{step.name} failed on the way to {state}", answer)
        return made

    def _walker(self, endpoint: Endpoint | None, made: Made) -> str | None:
        for role in self.people.tokens:
            scope = self.permissions.scope(role, endpoint)
            if scope is Scope.all or (scope is Scope.own and role == made.creator):
                return role
        return None

    def _path(self, record: RecordSpec, state: str) -> list[Transition]:
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

    async def _related(self, target: str, role: str, making: tuple[str, ...], *, fresh: bool) -> Made:
        """A record to refer to: the person's own where they may make one, so that they may surely see it."""
        able = self.permissions.scope(role, self.permissions.endpoint(target, Operation.create)) is not None
        maker = role if able else self.creator(target)
        key = (target, maker or "")
        if fresh or key not in self._shared:
            try:
                self._shared[key] = await self.make(self._spec.record(target), maker, making)
            except NotMade:
                self._shared[key] = await self._sample(target)
        return self._shared[key]

    async def _sample(self, target: str) -> Made:
        """A record of the demo data."""
        endpoint = self.permissions.endpoint(target, Operation.list)
        for role in self.people.tokens:
            if endpoint and self.permissions.scope(role, endpoint):
                items = (await self.call(endpoint, role)).object.get("items")
                for item in items if isinstance(items, list) else []:
                    if isinstance(item, dict) and isinstance(item.get("id"), int):
                        return Made(target, int(str(item["id"])), "", {}, item)
        raise NotMade(f"there is no {target} to refer to")

    def _account_for(self, role: str) -> int:
        """The person's own account; the first account until the app has told which one that is."""
        return self.people.account_ids.get(role, 1)
