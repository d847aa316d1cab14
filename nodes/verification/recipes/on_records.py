"""Exercise what lies below a record: comments, attached files, tags, its history."""

from dataclasses import dataclass

from nodes.artifacts import Endpoint, Operation, RecipeSpec
from nodes.verification.exchange import Answer, Content, Json
from nodes.verification.expectations import Expectations, said
from nodes.verification.payloads import NOBODY, changed_body
from nodes.verification.stock import Made, Person

FILE_TEXT = "Attached by the probe"
FILE = Content(
    (
        '--probe\r\nContent-Disposition: form-data; name="file"; filename="probe.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\n{FILE_TEXT}\r\n--probe--\r\n"
    ).encode(),
    "multipart/form-data; boundary=probe",
)
TAG = "from the probe"


@dataclass(frozen=True)
class Parts:
    """The endpoints for one kind of part of a record, and what is sent to add one. `content`: what reading one answers."""

    listing: Endpoint
    add: Endpoint
    delete: Endpoint
    body: Json | Content
    read: Endpoint | None = None
    content: str = ""


async def comments(probe: Expectations, recipe: RecipeSpec) -> None:
    """Whoever sees a record comments on it; a comment is listed until its author deletes it, and nobody else can."""
    listing, add, delete = probe.recipe_endpoints(recipe)
    await _exercise(probe, recipe, Parts(listing, add, delete, {"text": "Said by the probe"}))


async def attachments(probe: Expectations, recipe: RecipeSpec) -> None:
    """The same for files, whose content comes back as it was sent."""
    listing, add, read, delete = probe.recipe_endpoints(recipe)
    await _exercise(probe, recipe, Parts(listing, add, delete, FILE, read, FILE_TEXT))


async def _exercise(probe: Expectations, recipe: RecipeSpec, parts: Parts) -> None:
    """Add, list, read and delete a part of a record, as each role on own records and on those of others."""
    record = probe.spec.record(recipe.record or "")
    target = await probe.stock.make_or_find(record)
    await probe.refusals(parts.listing, target)
    await probe.refusals(parts.add, target, parts.body)
    for endpoint in filter(None, (parts.read, parts.delete)):
        await probe.refusals(endpoint, target, part=NOBODY)
    for person in probe.allowed(parts.add):
        for made in await probe.targets(record, parts.add, person):
            status = probe.expected(parts.add, person, made)
            answer = await probe.expect(parts.add, person, status, made, body=parts.body)
            await probe.expect(parts.listing, person, 200 if status == parts.add.success_status else status, made)
            if answer.status == parts.add.success_status:
                await _is_kept_until_deleted(probe, parts, person, made, answer)
        await probe.expect(parts.add, person, 404, record_id=NOBODY, body=parts.body)


async def _is_kept_until_deleted(probe: Expectations, parts: Parts, person: Person, made: Made, added: Answer) -> None:
    number = added.object.get("id")
    if not isinstance(number, int):
        probe.find(parts.add, added, f"as {person}: the answer has no id")
        return
    if number not in await _ids(probe, parts.listing, person, made):
        probe.find(parts.listing, added, f"as {person}: what was added is not listed")
    if parts.read:
        answer = await probe.expect(parts.read, person, 200, made, part=number)
        if answer.status == 200 and answer.text != parts.content:
            probe.find(parts.read, answer, f"as {person}: the content is not what was sent")
    await _only_the_author_deletes(probe, parts, person, made, number)


async def _only_the_author_deletes(probe: Expectations, parts: Parts, person: Person, made: Made, number: int) -> None:
    other = next((someone for someone in probe.allowed(parts.delete) if someone != person and not _administers(probe, someone)), None)
    if other and probe.expected(parts.delete, other, made) == parts.delete.success_status:
        await probe.expect(parts.delete, other, 403, made, part=number)
    await probe.expect(parts.delete, person, parts.delete.success_status, made, part=number)
    if number in await _ids(probe, parts.listing, person, made):
        probe.find(parts.delete, None, f"as {person}: what was deleted is still listed")
    again = await probe.stock.call(parts.delete, person, made.id, part=number)
    if again.status != 404:
        probe.find(parts.delete, again, f"as {person}: expected 404 (it was deleted before), {said(again)}")


async def _ids(probe: Expectations, listing: Endpoint, person: Person, made: Made) -> set[int]:
    items = (await probe.stock.call(listing, person, made.id)).object.get("items")
    found = (item.get("id") for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
    return {number for number in found if isinstance(number, int)}


def _administers(probe: Expectations, person: Person) -> bool:
    return any(role.name == person.role and role.administers for role in probe.spec.roles)


async def tags(probe: Expectations, recipe: RecipeSpec) -> None:
    """Whoever may change a record gives and takes its tags; whoever sees it reads them."""
    record = probe.spec.record(recipe.record or "")
    listing, *changing = probe.recipe_endpoints(recipe)
    target = await probe.stock.make_or_find(record)
    await probe.refusals(listing, target)
    for person in probe.allowed(listing):
        for made in await probe.targets(record, listing, person):
            await probe.expect(listing, person, probe.expected(listing, person, made), made)
    if not changing:
        return
    add, remove = changing
    await probe.refusals(add, target, {"name": TAG})
    await probe.refusals(remove, target, part=TAG)
    for person in probe.allowed(add):
        async for made in probe.targets_in_every_state(record, add, person):
            status = probe.expected(add, person, made)
            answer = await probe.expect(add, person, status, made, body={"name": TAG.upper()})
            if answer.status == 200 and TAG not in _items(answer):
                probe.find(add, answer, f"as {person}: the tag that was given is not there")
            await probe.expect(remove, person, remove.success_status if status == 200 else status, made, part=TAG)
            left = await probe.stock.call(listing, person, made.id)
            if status == 200 and TAG in _items(left):
                probe.find(remove, left, f"as {person}: the tag that was taken is still there")


async def history(probe: Expectations, recipe: RecipeSpec) -> None:
    """Whoever sees a record reads who made it, and that a change was made."""
    record, endpoint = probe.spec.record(recipe.record or ""), probe.recipe_endpoints(recipe)[0]
    await probe.refusals(endpoint, await probe.stock.make_or_find(record))
    update = probe.stock.permissions.endpoint(record.name, Operation.update)
    for person in probe.allowed(endpoint):
        for made in await probe.targets(record, endpoint, person):
            status = probe.expected(endpoint, person, made)
            answer = await probe.expect(endpoint, person, status, made)
            told = _items(answer)
            if answer.status == 200 == status and not told:
                probe.find(endpoint, answer, f"as {person}: nothing tells who made the {record.name}")
            if update and answer.status == 200 == status and probe.stock.permissions.scope(person, update):
                change = changed_body(probe.spec, record, await probe.stock.body_for(record, made.creator))
                changed = await probe.stock.call(update, person, made.id, change)
                after = await probe.stock.call(endpoint, person, made.id)
                if changed.status == 200 and len(_items(after)) != len(told) + 1:
                    probe.find(endpoint, after, f"as {person}: a change of the {record.name} is not told once")


def _items(answer: Answer) -> list[Json]:
    items = answer.object.get("items")
    return items if isinstance(items, list) else []
