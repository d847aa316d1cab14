"""Exercise the export of records to CSV and the import from it."""

import csv
import io

from nodes.artifacts import Endpoint, Operation, RecipeSpec, RecordSpec
from nodes.verification.exchange import Answer, Content, Json
from nodes.verification.expectations import Expectations, said
from nodes.verification.payloads import Body
from nodes.verification.stock import Person

MEDIA_TYPE = "text/csv"


async def spreadsheets(probe: Expectations, recipe: RecipeSpec) -> None:
    """The export has a line for each record a person may see; an import adds every line of a file, or none."""
    record = probe.spec.record(recipe.record or "")
    export, *importing = probe.recipe_endpoints(recipe)
    await probe.refusals(export, None)
    for person in probe.allowed(export):
        await probe.targets(record, export, person)
        await _holds_what_the_list_holds(probe, record, export, person)
    for endpoint in importing:
        await _adds_all_or_none(probe, record, endpoint)


async def _holds_what_the_list_holds(probe: Expectations, record: RecordSpec, export: Endpoint, person: Person) -> None:
    answer = await probe.expect(export, person, 200)
    listing = probe.stock.permissions.endpoint(record.name, Operation.list)
    total = (await probe.stock.call(listing, person)).object.get("total") if listing else None
    lines = max(0, len(list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))) - 1)
    if answer.status == 200 and lines != total:
        probe.find(export, answer, f"as {person}: the export has {lines} lines, the list {total} records")


async def _adds_all_or_none(probe: Expectations, record: RecordSpec, endpoint: Endpoint) -> None:
    first = next(iter([*probe.allowed(endpoint), *probe.denied(endpoint)]), None)
    await probe.refusals(endpoint, None, _sheet(await probe.stock.body_for(record, first)))
    for person in probe.allowed(endpoint):
        body = await probe.stock.body_for(record, person)
        answer = await probe.expect(endpoint, person, 200, body=_sheet(body))
        if answer.status == 200 and answer.object.get("added") != 1:
            probe.find(endpoint, answer, f"as {person}: one line was sent, {answer.object.get('added')} were added")
        await _refuses_nonsense(probe, endpoint, person)


async def _refuses_nonsense(probe: Expectations, endpoint: Endpoint, person: Person) -> None:
    answer: Answer = await probe.stock.call(endpoint, person, body=Content(b"no,such,columns\r\n1,2,3\r\n", MEDIA_TYPE))
    if answer.status != 422:
        probe.find(endpoint, answer, f"as {person}: expected 422 (no column is known), {said(answer)}")


def _sheet(body: Body) -> Content:
    """The body as a heading and one line; a set is joined by semicolons."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(body)
    writer.writerow(_cell(value) for value in body.values())
    return Content(out.getvalue().encode(), MEDIA_TYPE)


def _cell(value: Json) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)
