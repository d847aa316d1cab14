"""What the contract lets people expect of the running app, and what is noted where an answer is another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from nodes.artifacts import (
    AppSpec,
    Architecture,
    CheckName,
    Endpoint,
    Finding,
    Operation,
    RecipeSpec,
    RecordSpec,
    Scope,
    Severity,
)
from nodes.conventions import ABSENT, INVALID, MAY_NOT, NOT_SIGNED_IN, SETTLED
from nodes.ownership import owner_of_record
from nodes.verification.exchange import Answer, Content, Exchange, Json
from nodes.verification.payloads import Body, same_value
from nodes.verification.stock import Made, NotMade, Person, Stock, refused_by_custom_rule


@dataclass
class Expectations:
    """Calls endpoints as people and compares each answer with what they may expect; gathers what is wrong."""

    exchange: Exchange
    spec: AppSpec
    architecture: Architecture
    stock: Stock
    findings: list[Finding] = field(default_factory=list)
    unprobed: list[str] = field(default_factory=list)
    covered: set[tuple[str, str]] = field(default_factory=set)

    def recipe_endpoints(self, recipe: RecipeSpec) -> list[Endpoint]:
        """The endpoints of one use of a recipe, in the order of the contract; those nobody may call are left out."""
        concerned = {recipe.record, recipe.kind.value, *recipe.records}
        return [entry for entry in self.architecture.contract.endpoints if entry.recipe is recipe.kind and entry.record in concerned]

    def allowed(self, endpoint: Endpoint) -> list[Person]:
        """One person of each role that may call it."""
        return [person for person in self.stock.people.first_of_each_role if self.stock.permissions.scope(person, endpoint)]

    def denied(self, endpoint: Endpoint) -> list[Person]:
        """One person of each role that may not call it."""
        return [person for person in self.stock.people.first_of_each_role if not self.stock.permissions.scope(person, endpoint)]

    def expected(self, endpoint: Endpoint, person: Person, made: Made) -> int:
        """Success; where the permission covers only own records, `ABSENT` for another's and `SETTLED` for a settled one."""
        if self.stock.permissions.scope(person, endpoint) is not Scope.own:
            return endpoint.success_status
        if made.creator != person:
            return ABSENT
        return SETTLED if endpoint.own_states and made.state not in endpoint.own_states else endpoint.success_status

    async def targets(self, record: RecordSpec, endpoint: Endpoint, person: Person, state: str | None = None) -> list[Made]:
        """New records of the person and of others; where only own ones count, also one of somebody with the same role."""
        own_only = self.stock.permissions.scope(person, endpoint) is Scope.own
        able = self.may_create(person, record)
        peer = self.stock.people.peer_of(person) if own_only and able else None
        makers = [person if able else None, peer, self.stock.creator(record.name, besides=person.role)]
        made = [await self.made_by(record, endpoint, maker, state) for maker in makers if maker]
        found = [entry for entry in made if entry]
        if own_only:
            self._note_gaps(record, endpoint, person, found)
        return found

    def _note_gaps(self, record: RecordSpec, endpoint: Endpoint, person: Person, found: list[Made]) -> None:
        """What nobody could look at is no evidence; where it would have shown a leak, it is a finding."""
        if not self.may_create(person, record):
            self.unprobed.append(f"{endpoint.method} {endpoint.path} as {person} on their own {record.name}: {person} may not create one")
        others = [made.creator.role for made in found if made.creator and made.creator != person]
        if not others or (self.may_create(person, record) and person.role not in others):
            whose = f"another {person.role}'s" if others or self.may_create(person, record) else "another person's"
            message = f"as {person}: it could not be seen whether {whose} {record.name} stays hidden, because none could be made"
            self.find(endpoint, None, message, Severity.minor)

    def may_create(self, person: Person, record: RecordSpec) -> bool:
        """Whether the person may add such a record."""
        return self.stock.permissions.scope(person, self.stock.permissions.endpoint(record.name, Operation.create)) is not None

    async def targets_in_every_state(self, record: RecordSpec, endpoint: Endpoint, person: Person) -> AsyncIterator[Made]:
        """The same, and one own record in each state in which only others may still change it.

        Each is made when it is its turn: a limit may leave no room for all of them at once.
        """
        for made in await self.targets(record, endpoint, person):
            yield made
        states = [state.name for state in record.workflow.states] if record.workflow and endpoint.own_states else []
        if self.stock.permissions.scope(person, endpoint) is Scope.own and self.may_create(person, record):
            for state in states:
                if state not in endpoint.own_states and (settled := await self.made_by(record, endpoint, person, state)):
                    yield settled

    async def made_by(self, record: RecordSpec, endpoint: Endpoint, maker: Person, state: str | None) -> Made | None:
        """A new record of that person, noting why where there is none."""
        try:
            return await (self.stock.in_state(record, state, maker) if state else self.stock.make(record, maker))
        except NotMade as problem:
            self.unprobed.append(f"{endpoint.method} {endpoint.path} on what {maker} makes: {problem}")
            if problem.answer and not self.is_custom_rule(problem.answer):
                self.find(endpoint, problem.answer, f"as {maker}: {problem}: {said(problem.answer)}")
            return None

    async def refusals(self, endpoint: Endpoint, target: Made | None, body: Json | Content = None, part: int | str | None = None) -> None:
        """Nobody signed out gets in, nor does a role without the permission."""
        record_id = target.id if target else None
        for person in (None, *self.denied(endpoint)):
            expected, why = (MAY_NOT, "the role may not") if person else (NOT_SIGNED_IN, "not signed in")
            answer = await self.stock.call(endpoint, person, record_id, body, part)
            self.covered.add((endpoint.name, person.role if person else ""))
            if answer.status != expected:
                who = f"as {person}" if person else "signed out"
                severity = Severity.blocker if 200 <= answer.status < 300 else Severity.major
                self.find(endpoint, answer, f"{who}: expected {expected} ({why}), {said(answer)}", severity)

    async def expect(
        self,
        endpoint: Endpoint,
        person: Person,
        status: int,
        made: Made | None = None,
        *,
        record_id: int | None = None,
        part: int | str | None = None,
        body: Json | Content = None,
    ) -> Answer:
        """Call it and note an answer with another status. `part` names what lies below the record, as a comment."""
        answer = await self.stock.call(endpoint, person, made.id if made else record_id, body, part)
        self.covered.add((endpoint.name, person.role))
        if answer.status != status and not (status < 300 and self.is_custom_rule(answer)):
            leaks = status == ABSENT and 200 <= answer.status < 300
            why = _why(status, person, made)
            severity = Severity.blocker if leaks else Severity.major
            self.find(endpoint, answer, f"as {person}: expected {status} ({why}), {said(answer)}", severity)
        return answer

    async def read_back(self, record: RecordSpec, person: Person, record_id: int, expected: Body, endpoint: Endpoint) -> None:
        """Look again: an answer can say one thing and the data another."""
        read = self.stock.permissions.endpoint(record.name, Operation.read)
        if self.stock.permissions.scope(person, read) is None or read is None:
            return
        answer = await self.stock.call(read, person, record_id)
        if answer.status != 200:
            self.find(endpoint, answer, f"as {person}: the {record.name} cannot be read afterwards, {said(answer)}")
        else:
            self.compare(endpoint, person, expected, answer.object, "was expected afterwards")

    def compare(self, endpoint: Endpoint, person: Person, expected: Body, received: dict[str, Json], source: str) -> None:
        """Note every property that has another value than expected."""
        for name, value in expected.items():
            if not same_value(value, received.get(name)):
                message = f"as {person}: {name} is {received.get(name)!r} where {value!r} {source}"
                self.find(endpoint, None, message)

    def is_custom_rule(self, answer: Answer) -> bool:
        """Whether a rule an engineer wrote refused it."""
        return refused_by_custom_rule(self.spec, answer)

    def find(self, endpoint: Endpoint, answer: Answer | None, message: str, severity: Severity = Severity.major) -> None:
        """Note something wrong, once."""
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


def said(answer: Answer) -> str:
    """What came instead, with the first words of it where they explain something."""
    if answer.status == 0:
        return f"got no answer: {answer.text}"
    explains = answer.status >= 500 or answer.status == INVALID
    return f"got {answer.status}{f': {answer.text[:300]}' if explains else ''}"


def _why(status: int, person: Person, made: Made | None) -> str:
    """What makes `status` the right answer."""
    if status == SETTLED and made:
        return f"their own, but {made.state}"
    if status != ABSENT:
        return "the role may"
    if made is None:
        return "no such record"
    return f"another {person.role}'s record" if made.creator and made.creator.role == person.role else "another person's record"
