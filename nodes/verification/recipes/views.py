"""Exercise other views of a record's list: its calendar and its board."""

from collections.abc import Iterator

from nodes.artifacts import Endpoint, RecipeSpec, RecordSpec, Severity
from nodes.verification.exchange import Answer, Json
from nodes.verification.expectations import Expectations
from nodes.verification.observed import with_article
from nodes.verification.stock import Made, Person


async def calendar(probe: Expectations, recipe: RecipeSpec) -> None:
    """A record is in the month in which it begins, on the day, for those who may see it, and for nobody else."""
    record, endpoint = probe.spec.record(recipe.record or ""), probe.recipe_endpoints(recipe)[0]
    await probe.refusals(endpoint, None)
    for person in probe.allowed(endpoint):
        for made in await probe.targets(record, endpoint, person):
            begins = str(made.sent.get(recipe.fields[0], ""))
            answer = await _asked(probe, endpoint, person, f"?month={begins[:7]}")
            days = [day for day in _entries(answer.object.get("days")) if made.id in _ids(day)]
            _compare(probe, endpoint, record, person, made, answer, shown=bool(days))
            if days and not any(day.get("day") == begins[:10] for day in days):
                probe.find(endpoint, answer, f"as {person}: a {record.name} that begins on {begins[:10]} is on another day")


async def board(probe: Expectations, recipe: RecipeSpec) -> None:
    """A record is in the column of its state, or of its choice, for those who may see it, and for nobody else."""
    record, endpoint = probe.spec.record(recipe.record or ""), probe.recipe_endpoints(recipe)[0]
    await probe.refusals(endpoint, None)
    for person in probe.allowed(endpoint):
        for made in await probe.targets(record, endpoint, person):
            answer = await _asked(probe, endpoint, person)
            columns = [column.get("name") for column in _entries(answer.object.get("columns")) if made.id in _ids(column)]
            _compare(probe, endpoint, record, person, made, answer, shown=bool(columns))
            expected = made.sent.get(recipe.fields[0]) if recipe.fields else made.state
            if columns and columns != [expected]:
                probe.find(endpoint, answer, f"as {person}: a {record.name} that is {expected} is in {columns}")


async def _asked(probe: Expectations, endpoint: Endpoint, person: Person, query: str = "") -> Answer:
    token = probe.stock.people.tokens[person]
    answer = await probe.exchange.call("GET", endpoint.path + query, who=str(person), token=token)
    probe.covered.add((endpoint.name, person.role))
    if answer.status != 200:
        probe.find(endpoint, answer, f"as {person}: expected 200 (the role may), got {answer.status}")
    return answer


def _compare(
    probe: Expectations, endpoint: Endpoint, record: RecordSpec, person: Person, made: Made, answer: Answer, *, shown: bool
) -> None:
    hidden = probe.expected(endpoint, person, made) == 404
    if shown and hidden:
        probe.find(endpoint, answer, f"as {person}: it shows {with_article(record.name)} of another person", Severity.blocker)
    elif not shown and not hidden and answer.status == 200:
        probe.find(endpoint, answer, f"as {person}: {with_article(record.name)} made by {made.creator} is not there")


def _entries(value: Json) -> Iterator[dict[str, Json]]:
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _ids(group: dict[str, Json]) -> list[Json]:
    return [entry.get("id") for entry in _entries(group.get("items"))]
