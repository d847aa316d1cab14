"""Exercise a site: read its pages without signing in, and send a message through its form."""

import re
from urllib.parse import urlencode

from nodes.artifacts import Operation, RecipeSpec, Scope
from nodes.completion import given_fields
from nodes.verification.exchange import Answer, Content
from nodes.verification.expectations import Expectations, said
from nodes.verification.stock import NotMade

HOME = "/welcome"
"""Where the frame puts the public pages."""


async def site(probe: Expectations, recipe: RecipeSpec) -> None:
    """Everybody reads the pages and finds on them what they show; nobody changes their words signed out; messages arrive."""
    for path in (HOME, f"{HOME}/about"):
        await _opens(probe, recipe, path)
    for name in recipe.records:
        page = await _opens(probe, recipe, f"{HOME}/{probe.spec.record(name).plural.replace('_', '-')}")
        made = await probe.stock.make_or_find(probe.spec.record(name))
        title = str(made.received.get(probe.spec.record(name).title_field, ""))
        page = await probe.exchange.call("GET", page.path)
        if made.creator and title not in page.text:
            _note(probe, recipe, page, f"signed out: {title} is not on the page")
    words = await probe.exchange.call("GET", f"{HOME}/words")
    if words.status not in (302, 303, 401, 403):
        _note(probe, recipe, words, f"signed out: the words of the pages are open to change, {said(words)}")
    if recipe.record:
        await _message_arrives(probe, recipe)


async def _opens(probe: Expectations, recipe: RecipeSpec, path: str) -> Answer:
    answer = await probe.exchange.call("GET", path)
    if answer.status != 200:
        _note(probe, recipe, answer, f"signed out: expected 200 (a public page), {said(answer)}")
    return answer


async def _message_arrives(probe: Expectations, recipe: RecipeSpec) -> None:
    record, form = probe.spec.record(recipe.record or ""), await _opens(probe, recipe, f"{HOME}/contact")
    listing = probe.stock.permissions.endpoint(record.name, Operation.list)
    able = probe.allowed(listing) if listing else []
    everybody = [person for person in able if probe.stock.permissions.scope(person, listing) is Scope.all]
    if listing is None or not everybody:
        raise NotMade(f"nobody who could sign in sees every {record.name}")
    before = (await probe.stock.call(listing, everybody[0])).object.get("total")
    secret = re.search(r'name="csrf" value="([^"]+)"', form.text)
    body = await probe.stock.body_for(record, everybody[0])
    typed = {field.name: str(body[field.name]) for field in given_fields(record) if not isinstance(body[field.name], bool)}
    sent = urlencode({**typed, "csrf": secret[1] if secret else ""}).encode()
    answer = await probe.exchange.call("POST", f"{HOME}/contact", body=Content(sent, "application/x-www-form-urlencoded"))
    after = (await probe.stock.call(listing, everybody[0])).object.get("total")
    if not (isinstance(before, int) and after == before + 1):
        _note(probe, recipe, answer, f"signed out: the message did not arrive, there are {after} where there were {before}, {said(answer)}")


def _note(probe: Expectations, recipe: RecipeSpec, answer: Answer, message: str) -> None:
    """A finding about the site belongs to the record whose messages it takes, or to one it shows."""
    names = [name for name in (recipe.record, *recipe.records) if name] or [probe.spec.records[0].name]
    listing = next((endpoint for endpoint in probe.architecture.contract.endpoints if endpoint.record == names[0]), None)
    assert listing is not None
    probe.find(listing, answer, message)
