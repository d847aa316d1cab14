"""Exercise what lies below a record: comments."""

from nodes.artifacts import Endpoint, RecipeSpec
from nodes.verification.exchange import Answer, Content, Json
from nodes.verification.expectations import Expectations, said
from nodes.verification.payloads import NOBODY
from nodes.verification.stock import Made, Person


async def comments(probe: Expectations, recipe: RecipeSpec) -> None:
    """Whoever sees a record comments on it; a comment is listed until its author deletes it, and nobody else can."""
    listing, add, delete = probe.recipe_endpoints(recipe)
    await _parts(probe, recipe, listing, add, delete, {"text": "Said by the probe"})


async def _parts(probe: Expectations, recipe: RecipeSpec, listing: Endpoint, add: Endpoint, delete: Endpoint, body: Json | Content) -> None:
    """Add, list and delete a part of a record, as each role on own records and on those of others."""
    record = probe.spec.record(recipe.record or "")
    target = await probe.stock.make_or_find(record)
    await probe.refusals(listing, target)
    await probe.refusals(add, target, body)
    await probe.refusals(delete, target, part=NOBODY)
    for person in probe.allowed(add):
        for made in await probe.targets(record, add, person):
            status = probe.expected(add, person, made)
            answer = await probe.expect(add, person, status, made, body=body)
            await probe.expect(listing, person, 200 if status == add.success_status else status, made)
            if answer.status == add.success_status:
                await _is_kept_until_deleted(probe, (listing, delete), person, made, answer)
        await probe.expect(add, person, 404, record_id=NOBODY, body=body)


async def _is_kept_until_deleted(
    probe: Expectations, endpoints: tuple[Endpoint, Endpoint], person: Person, made: Made, added: Answer
) -> None:
    listing, delete = endpoints
    part = added.object.get("id")
    if not isinstance(part, int):
        probe.find(delete, added, f"as {person}: the answer has no id")
        return
    if part not in await _ids(probe, listing, person, made):
        probe.find(listing, added, f"as {person}: what was added is not listed")
    other = next((someone for someone in probe.allowed(delete) if someone.role != person.role and not _administers(probe, someone)), None)
    if other and probe.expected(delete, other, made) == delete.success_status:
        await probe.expect(delete, other, 403, made, part=part)
    await probe.expect(delete, person, delete.success_status, made, part=part)
    if part in await _ids(probe, listing, person, made):
        probe.find(delete, None, f"as {person}: what was deleted is still listed")
    again = await probe.stock.call(delete, person, made.id, part=part)
    if again.status != 404:
        probe.find(delete, again, f"as {person}: expected 404 (it was deleted before), {said(again)}")


async def _ids(probe: Expectations, listing: Endpoint, person: Person, made: Made) -> set[int]:
    items = (await probe.stock.call(listing, person, made.id)).object.get("items")
    found = (item.get("id") for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
    return {number for number in found if isinstance(number, int)}


def _administers(probe: Expectations, person: Person) -> bool:
    return any(role.name == person.role and role.administers for role in probe.spec.roles)
