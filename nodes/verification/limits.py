"""Find out whether a limit is kept: make as many records as it allows, and one more. Judges answers; the probe reports them."""

from dataclasses import dataclass

from nodes.artifacts import ACCOUNT, AppSpec, Operation, RecordSpec, RuleSpec
from nodes.contract import relation_property
from nodes.verification.exchange import Answer
from nodes.verification.payloads import Body
from nodes.verification.stock import NotMade, Person, Stock

MOST_MADE = 100
"""A higher limit is said not to have been tried: each record is a request, and a person would wait for them."""


@dataclass(frozen=True)
class Exceeding:
    """The last answer, and what is wrong with it or why nothing could be seen; both empty: the limit is kept."""

    last: Answer | None = None
    wrong: str = ""
    unseen: str = ""


async def exceed(stock: Stock, spec: AppSpec, rule: RuleSpec, person: Person) -> Exceeding:
    """Make records that agree in what the limit counts them by until one is refused. Raises `NotMade`."""
    record, maximum = spec.record(rule.record), rule.maximum or 0
    if maximum > MOST_MADE:
        return Exceeding(unseen="To see it would take too many records.")
    same = _same(record, rule, await stock.body_for(record, person))
    answers: list[Answer] = []
    while len(answers) <= maximum and (not answers or answers[-1].status < 300):
        answers.append(await _one_more(stock, record, rule, person, {**(await stock.body_for(record, person)), **same}))
    *taken, last = answers
    if last.status == 422 and rule.message in last.text:
        early = len(taken) < maximum and not _is_personal(record, rule)
        return Exceeding(last, wrong=f"refused after {len(taken)} where {maximum} are allowed" if early else "")
    if last.status == 422 and any(other.message in last.text for other in stock.limits_of(record.name)):
        return Exceeding(last, unseen="Another limit was met before.")
    return Exceeding(last, wrong=f"expected 422 after {maximum} ({rule.message})")


def _same(record: RecordSpec, rule: RuleSpec, body: Body) -> Body:
    relation = next((entry for entry in record.relations if entry.name == rule.per), None)
    names = (*rule.fields, *((relation_property(relation),) if relation else ()))
    return {name: body[name] for name in names if name in body}


def _is_personal(record: RecordSpec, rule: RuleSpec) -> bool:
    """Whether a limit also counts what was there before: neither on a new date nor for a new record of its own."""
    target = next((relation.target for relation in record.relations if relation.name == rule.per), ACCOUNT)
    return not rule.fields and target == ACCOUNT


async def _one_more(stock: Stock, record: RecordSpec, rule: RuleSpec, person: Person, body: Body) -> Answer:
    """Make a record and walk it to where it counts; the last answer."""
    endpoint = stock.permissions.endpoint(record.name, Operation.create)
    if endpoint is None:
        raise NotMade(f"nobody may create any {record.name}")
    answer = await stock.send(endpoint, person, body=body)
    made = stock.remember(endpoint, person, answer, body)
    if made is None or record.workflow is None or not rule.states:
        return answer
    for step in min((stock.path(record, state) for state in rule.states), key=len):
        moving = stock.permissions.endpoint(record.name, Operation.transition, step.name)
        walker = stock.walker(moving, made)
        if moving is None or walker is None:
            raise NotMade(f"nobody may {step.name} any {record.name} made by {made.creator}")
        answer = await stock.send(moving, walker, made.id)
    return answer
