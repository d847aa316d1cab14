"""Exercise short links: follow one without signing in, and see that the visit was counted."""

from nodes.artifacts import Operation, RecipeSpec
from nodes.verification.expectations import Expectations, said

SHORT_ADDRESS = "/go/"
"""What comes before the code, as the frame has it."""


async def short_link(probe: Expectations, recipe: RecipeSpec) -> None:
    """A code leads everybody on to the address it stands for and counts one more; an unknown one leads nowhere."""
    address, code, counter = recipe.fields
    record = probe.spec.record(recipe.record or "")
    made = await probe.stock.make(record)
    read = probe.stock.permissions.endpoint(record.name, Operation.read)
    create = probe.stock.permissions.endpoint(record.name, Operation.create)
    assert create is not None
    answer = await probe.exchange.call("GET", f"{SHORT_ADDRESS}{made.received.get(code)}")
    if answer.status not in (301, 302, 303, 307, 308) or answer.location != made.sent.get(address):
        probe.find(
            create, answer, f"the short link leads to {answer.location or 'nothing'} instead of {made.sent.get(address)}, {said(answer)}"
        )
    if read and made.creator and probe.stock.permissions.scope(made.creator, read):
        again = await probe.stock.call(read, made.creator, made.id)
        if again.object.get(counter) != 1:
            probe.find(read, again, f"{counter} is {again.object.get(counter)} after one visit")
    unknown = await probe.exchange.call("GET", f"{SHORT_ADDRESS}no-such-code")
    if unknown.status != 404:
        probe.find(create, unknown, f"signed out: expected 404 (no such short link), {said(unknown)}")
