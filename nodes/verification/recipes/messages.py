"""Exercise notifications: who is told of a new record, and that what was read no longer counts as unread."""

from nodes.artifacts import Action, AppSpec, RecipeSpec, RecordSpec, Scope
from nodes.verification.expectations import Expectations
from nodes.verification.stock import Person


async def notifications(probe: Expectations, recipe: RecipeSpec) -> None:
    """Those who can go on with a new record are told of it; each person reads only their own messages."""
    record = probe.spec.record(recipe.record or "")
    listing, read = probe.recipe_endpoints(recipe)
    await probe.refusals(listing, None)
    await probe.refusals(read, None)
    made = await probe.stock.make(record)
    acting = _acting_roles(probe.spec, record)
    for person in probe.allowed(listing):
        answer = await probe.expect(listing, person, 200)
        items, unread = answer.object.get("items"), answer.object.get("unread")
        if not isinstance(items, list) or not isinstance(unread, int):
            probe.find(listing, answer, f"as {person}: the answer has no items and unread")
        elif person.role in acting and person != made.creator and not unread:
            probe.find(listing, answer, f"as {person}: they can go on with a new {record.name} and are not told of it")
        await _is_read(probe, recipe, person)


async def _is_read(probe: Expectations, recipe: RecipeSpec, person: Person) -> None:
    listing, read = probe.recipe_endpoints(recipe)
    await probe.expect(read, person, 204)
    after = await probe.stock.call(listing, person)
    if after.object.get("unread") != 0:
        probe.find(read, after, f"as {person}: messages that were read still count as unread")


def _acting_roles(spec: AppSpec, record: RecordSpec) -> set[str]:
    """Roles that see every record and can take the first step of any, or change any where there are no steps."""

    def everywhere(action: Action) -> set[str]:
        return {entry.role for entry in spec.permissions if (entry.record, entry.action, entry.scope) == (record.name, action, Scope.all)}

    if record.workflow is None:
        return everywhere(Action.read) & everywhere(Action.update)
    first = [step for step in record.workflow.transitions if record.workflow.initial in step.from_states]
    stepping = {role for step in first for role in (step.roles or everywhere(Action.update))}
    return everywhere(Action.read) & stepping
