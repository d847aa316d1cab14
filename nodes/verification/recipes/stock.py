"""Exercise a stock: bring goods, take some, and try to take more than there are."""

from nodes.artifacts import Operation, RecipeSpec
from nodes.completion import Movements, movements
from nodes.contract import relation_property
from nodes.verification.exchange import Answer, Json
from nodes.verification.expectations import Expectations, said
from nodes.verification.payloads import Body
from nodes.verification.stock import Made, NotMade, Person

BROUGHT, TAKEN = 7, 4


async def stock(probe: Expectations, recipe: RecipeSpec) -> None:
    """The quantity follows the movements and is never below zero; what runs low is listed for those who see it."""
    kept = movements(probe.spec, recipe)
    item = await probe.stock.make_or_find(probe.spec.record(kept.item))
    mover = probe.stock.creator(kept.movement)
    read = probe.stock.permissions.endpoint(kept.item, Operation.read)
    if mover is None or read is None:
        raise NotMade(f"nobody who could sign in may create any {kept.movement}")
    await _moved(probe, kept, mover, item, BROUGHT)
    await _moved(probe, kept, mover, item, -TAKEN)
    refused = await _move(probe, kept, mover, item, -TAKEN)
    if refused.status != 422:
        probe.find(read, refused, f"as {mover}: expected 422 ({TAKEN} taken where {BROUGHT - TAKEN} are left), {said(refused)}")
    (low,) = probe.recipe_endpoints(recipe)
    await probe.refusals(low, None)
    for person in probe.allowed(read):
        if probe.expected(read, person, item) == read.success_status:
            seen = await probe.stock.call(read, person, item.id)
            if seen.object.get(kept.quantity) != BROUGHT - TAKEN + _before(item, kept):
                expected = BROUGHT - TAKEN + _before(item, kept)
                probe.find(read, seen, f"as {person}: {kept.quantity} is {seen.object.get(kept.quantity)} where {expected:g} are left")
        await probe.expect(low, person, low.success_status)


def _before(item: Made, kept: Movements) -> float:
    there = item.received.get(kept.quantity)
    return there if isinstance(there, int | float) else 0


async def _moved(probe: Expectations, kept: Movements, mover: Person, item: Made, amount: int) -> None:
    answer = await _move(probe, kept, mover, item, amount)
    if answer.status != 201:
        raise NotMade(f"{amount} of {kept.item} could not be moved", answer)


async def _move(probe: Expectations, kept: Movements, mover: Person, item: Made, amount: int) -> Answer:
    endpoint = probe.stock.permissions.endpoint(kept.movement, Operation.create)
    assert endpoint is not None
    given: dict[str, Json] = {kept.link.name: item.id}
    body: Body = await probe.stock.body_for(probe.spec.record(kept.movement), mover, given=given)
    body |= {relation_property(kept.link): item.id, kept.amount: amount}
    if kept.direction:
        body |= {kept.direction.name: kept.outgoing[0] if amount < 0 else kept.incoming, kept.amount: abs(amount)}
    return await probe.stock.call(endpoint, mover, body=body)
