"""Exercise payments: who sees a record sees what is open, and only those who keep the books enter anything."""

from nodes.artifacts import Endpoint, RecipeSpec
from nodes.verification.exchange import Answer
from nodes.verification.expectations import Expectations
from nodes.verification.payloads import NOBODY, Body
from nodes.verification.stock import Made, Person

CHARGE: Body = {"kind": "charge", "amount": 40}
PAYMENT: Body = {"kind": "payment", "amount": 15, "method": "cash"}


async def payments(probe: Expectations, recipe: RecipeSpec) -> None:
    """A charge and a payment change what is open by their difference; no more is paid back than was paid."""
    record = probe.spec.record(recipe.record or "")
    listing, *adding = probe.recipe_endpoints(recipe)
    target = await probe.stock.make_or_find(record)
    await probe.refusals(listing, target)
    for person in probe.allowed(listing):
        for made in await probe.targets(record, listing, person):
            await probe.expect(listing, person, probe.expected(listing, person, made), made)
    for add in adding:
        await probe.refusals(add, target, CHARGE)
        for person in probe.allowed(add):
            for made in await probe.targets(record, add, person):
                await _is_counted(probe, listing, add, person, made)
            await probe.expect(add, person, 404, record_id=NOBODY, body=CHARGE)


async def _is_counted(probe: Expectations, listing: Endpoint, add: Endpoint, person: Person, made: Made) -> None:
    before = await probe.stock.call(listing, person, made.id)
    for body in (CHARGE, PAYMENT):
        await probe.expect(add, person, add.success_status, made, body=body)
    await probe.expect(add, person, 422, made, body={"kind": "refund", "amount": 1_000_000})
    after = await probe.stock.call(listing, person, made.id)
    if round(_open(after) - _open(before), 2) != 25:
        probe.find(listing, after, f"as {person}: {_open(before)} was open, then 40 was charged and 15 paid, and {_open(after)} is open")


def _open(answer: Answer) -> float:
    amount = answer.object.get("open")
    return float(amount) if isinstance(amount, int | float) else 0.0
