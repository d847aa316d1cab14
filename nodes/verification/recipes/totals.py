"""Exercise totals: a document comes to the sum of its lines, with tax, and to nothing when they are gone."""

from decimal import ROUND_HALF_UP, Decimal

from nodes.artifacts import Operation, RecipeSpec
from nodes.completion import link
from nodes.contract import relation_property
from nodes.verification.expectations import Expectations, said
from nodes.verification.payloads import Body
from nodes.verification.stock import Made, NotMade, Person

CENT = Decimal("0.01")


async def totals(probe: Expectations, recipe: RecipeSpec) -> None:
    """Two lines add up; a deleted one is not counted any more."""
    document = await probe.stock.make_or_find(probe.spec.record(recipe.record or ""))
    line_name = recipe.records[0]
    writer, before = probe.stock.creator(line_name), Decimal(str(document.received.get("total", 0)))
    if writer is None:
        raise NotMade(f"nobody who could sign in may create any {line_name}")
    lines = [await _line(probe, line_name, writer, document) for _ in range(2)]
    expected = before + sum((_worth(recipe, line.sent) for line in lines), Decimal())
    await _comes_to(probe, document, writer, expected)
    delete = probe.stock.permissions.endpoint(line_name, Operation.delete)
    deleter = probe.stock.walker(delete, lines[0])
    if delete and deleter:
        await probe.expect(delete, deleter, delete.success_status, lines[0])
        await _comes_to(probe, document, writer, expected - _worth(recipe, lines[0].sent))


async def _line(probe: Expectations, name: str, writer: Person, document: Made) -> Made:
    relation, create = link(probe.spec, name, document.record), probe.stock.permissions.endpoint(name, Operation.create)
    assert relation is not None
    assert create is not None
    body = await probe.stock.body_for(probe.spec.record(name), writer, given={relation.name: document.id})
    body[relation_property(relation)] = document.id
    answer = await probe.stock.call(create, writer, body=body)
    made = probe.stock.remember(create, writer, answer, body)
    if made is None:
        raise NotMade(f"no {name} could be created, {said(answer)}", answer)
    return made


def _worth(recipe: RecipeSpec, line: Body) -> Decimal:
    """Of one line with its tax. Each probed line has a rate of its own, so that tax is rounded as for the line."""
    quantity, price, *rate = (Decimal(str(line.get(name) or 0)) for name in recipe.fields)
    net = (quantity * price).quantize(CENT, ROUND_HALF_UP)
    return net + (net * rate[0] / 100).quantize(CENT, ROUND_HALF_UP) if rate else net


async def _comes_to(probe: Expectations, document: Made, person: Person, expected: Decimal) -> None:
    read = probe.stock.permissions.endpoint(document.record, Operation.read)
    reader = probe.stock.walker(read, document)
    if read is None or reader is None:
        raise NotMade(f"nobody who could sign in may read any {document.record} of {person}")
    answer = await probe.stock.call(read, reader, document.id)
    found = answer.object.get("total")
    if not isinstance(found, int | float) or abs(Decimal(str(found)) - expected) > CENT:
        probe.find(read, answer, f"as {reader}: total is {found} where the lines come to {expected}")
