"""Exercise what people take part in: a poll counts votes, a quiz counts points and tells nobody too early what is right."""

from nodes.artifacts import Endpoint, Operation, RecipeSpec
from nodes.completion import link, quiz_parts
from nodes.contract import relation_property
from nodes.verification.exchange import Answer, Json
from nodes.verification.expectations import Expectations, said
from nodes.verification.stock import Made, NotMade, Person


async def poll(probe: Expectations, recipe: RecipeSpec) -> None:
    """A vote is counted for its option, a second one is refused; whoever sees the poll sees the results."""
    option_name, vote_name = recipe.records
    subject = await probe.stock.make(probe.spec.record(recipe.record or ""))
    option = await _part(probe, option_name, subject)
    voter = _taking_part(probe, vote_name)
    body = {**await _references(probe, vote_name, (subject, option), voter)}
    await _make(probe, vote_name, voter, body)
    await _refused(probe, vote_name, voter, body, "a second vote")
    (results,) = probe.recipe_endpoints(recipe)
    await probe.refusals(results, subject)
    for person in probe.allowed(results):
        answer = await probe.expect(results, person, probe.expected(results, person, subject), subject)
        expected = [{"option_id": option.id, "votes": 1}]
        shown = [{name: item.get(name) for name in ("option_id", "votes")} for item in _items(answer)]
        if answer.status == results.success_status and shown != expected:
            probe.find(results, answer, f"as {person}: the results are {shown} where {expected} were expected")


async def quiz(probe: Expectations, recipe: RecipeSpec) -> None:
    """A right answer leads the board, the question cannot be answered again, and before it was, nobody is told what is right."""
    question_name, option_name, answer_name = recipe.records[:3]
    parts = quiz_parts(probe.spec, recipe)
    contest = await probe.stock.make(probe.spec.record(recipe.record or ""))
    question = await _part(probe, question_name, contest)
    right = await _part(probe, option_name, question, {parts.right.name: True})
    await _part(probe, option_name, question, {parts.right.name: False})
    asking, board = probe.recipe_endpoints(recipe)
    await probe.refusals(asking, contest)
    await probe.refusals(board, contest)
    player = _taking_part(probe, answer_name)
    await _tells(probe, asking, player, contest, None)
    body = await _references(probe, answer_name, (contest, question, right), player)
    await _make(probe, answer_name, player, body)
    await _refused(probe, answer_name, player, body, "a second answer")
    await _tells(probe, asking, player, contest, right.id)
    for person in probe.allowed(board):
        answer = await probe.expect(board, person, probe.expected(board, person, contest), contest)
        standings = [(item.get("rank"), item.get("right"), item.get("answered")) for item in _items(answer)]
        if answer.status == board.success_status and standings != [(1, 1, 1)]:
            probe.find(board, answer, f"as {person}: rank, right and answered are {standings} where [(1, 1, 1)] was expected")


async def _tells(probe: Expectations, asking: Endpoint, player: Person, contest: Made, right: int | None) -> None:
    """Whether a round tells the player which option is right, or not yet."""
    answer = await probe.expect(asking, player, probe.expected(asking, player, contest), contest)
    told = [item.get("right_id") for item in _items(answer)]
    if answer.status == asking.success_status and told != [right]:
        probe.find(asking, answer, f"as {player}: right is said to be {told} where {[right]} was expected")


def _taking_part(probe: Expectations, record: str) -> Person:
    """Somebody who takes part: rather not an administrator, who may see and change everything. Raises `NotMade`."""
    create = probe.stock.permissions.endpoint(record, Operation.create)
    able = probe.allowed(create) if create else []
    administering = {role.name for role in probe.spec.roles if role.administers}
    if not able:
        raise NotMade(f"nobody who could sign in may create any {record}")
    return min(able, key=lambda person: person.role in administering)


async def _part(probe: Expectations, record: str, whole: Made, values: dict[str, Json] | None = None) -> Made:
    relation, maker = link(probe.spec, record, whole.record), probe.stock.creator(record)
    if relation is None or maker is None:
        raise NotMade(f"nobody who could sign in may create any {record}")
    body = await probe.stock.body_for(probe.spec.record(record), maker, given={relation.name: whole.id})
    return await _make(probe, record, maker, {**body, **(values or {})})


async def _references(probe: Expectations, record: str, wholes: tuple[Made, ...], person: Person) -> dict[str, Json]:
    """A body that refers to these."""
    relations = [(link(probe.spec, record, whole.record), whole.id) for whole in wholes]
    given: dict[str, Json] = {relation.name: number for relation, number in relations if relation}
    body = await probe.stock.body_for(probe.spec.record(record), person, given=given)
    return {**body, **{relation_property(relation): number for relation, number in relations if relation}}


async def _make(probe: Expectations, record: str, person: Person, body: dict[str, Json]) -> Made:
    create = probe.stock.permissions.endpoint(record, Operation.create)
    assert create is not None
    answer = await probe.stock.call(create, person, body=body)
    made = probe.stock.remember(create, person, answer, body)
    if made is None:
        raise NotMade(f"no {record} could be created, {said(answer)}", answer)
    return made


async def _refused(probe: Expectations, record: str, person: Person, body: dict[str, Json], what: str) -> None:
    create = probe.stock.permissions.endpoint(record, Operation.create)
    assert create is not None
    answer = await probe.stock.call(create, person, body=body)
    if answer.status != 422:
        probe.find(create, answer, f"as {person}: expected 422 ({what}), {said(answer)}")


def _items(answer: Answer) -> list[dict[str, Json]]:
    items = answer.object.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
