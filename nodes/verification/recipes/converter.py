"""Exercise a converter: add a rate, and convert with it in both directions."""

from urllib.parse import urlencode

from nodes.artifacts import Endpoint, Operation, RecipeSpec
from nodes.verification.expectations import Expectations, said
from nodes.verification.stock import Made, NotMade


async def converter(probe: Expectations, recipe: RecipeSpec) -> None:
    """Whoever sees the rates converts with them; nobody converts what has no rate."""
    source, target, rate = recipe.fields
    (endpoint,) = probe.recipe_endpoints(recipe)
    made = await _rate(probe, recipe)
    first, second, worth = str(made.sent[source]), str(made.sent[target]), float(str(made.sent[rate]))
    await probe.refusals(_asking(endpoint, 10, first, second), None)
    for person in probe.allowed(endpoint):
        if probe.expected(endpoint, person, made) != endpoint.success_status:
            continue
        for amount, here, there, result in ((10.0, first, second, 10 * worth), (10 * worth, second, first, 10.0)):
            answer = await probe.expect(_asking(endpoint, amount, here, there), person, endpoint.success_status)
            found = answer.object.get("result")
            if answer.status == endpoint.success_status and not _is_near(found, result):
                probe.find(endpoint, answer, f"as {person}: {amount:g} {here} are {found} {there} where {result:g} were expected")
        await probe.expect(_asking(endpoint, 10, "nothing", second), person, 422)


async def _rate(probe: Expectations, recipe: RecipeSpec) -> Made:
    """A new rate between two that differ. Raises `NotMade`."""
    source, target, _ = recipe.fields
    record = probe.spec.record(recipe.record or "")
    create, maker = probe.stock.permissions.endpoint(record.name, Operation.create), probe.stock.creator(record.name)
    if create is None or maker is None:
        raise NotMade(f"nobody who could sign in may create any {record.name}")
    body = await probe.stock.body_for(record, maker)
    choices = next(field.choices for field in record.fields if field.name == target)
    body[target] = next((choice for choice in choices if choice != body[source]), body[target])
    answer = await probe.stock.call(create, maker, body=body)
    if made := probe.stock.remember(create, maker, answer, body):
        return made
    raise NotMade(f"no {record.name} could be created, {said(answer)}", answer)


def _asking(endpoint: Endpoint, amount: float, source: str, target: str) -> Endpoint:
    return endpoint.model_copy(update={"path": f"{endpoint.path}?{urlencode({'amount': f'{amount:g}', 'from': source, 'to': target})}"})


def _is_near(found: object, expected: float) -> bool:
    return isinstance(found, int | float) and abs(found - expected) <= 0.001 * max(1.0, expected)
