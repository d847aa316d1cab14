"""What a description asks for, written down by a person, and how much of it a specification has. Compares; measures nothing.

A name in gold may list several, as in `signup|registration`, where the text leaves the name open. Entities and roles are compared
by their last word, fields, relations and states by any shared word. What the reader merely guessed does not count as found.
`optional` names records a person might make or not, which precision leaves out; `never` names words of the text that are no records.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodes.artifacts import AppSpec, FieldSpec, Provenance, RecordSpec, Relation

OURS = Path(__file__).parent / "descriptions.json"

KINDS = ("entities", "kept out", "fields", "relations", "roles", "states", "limits", "reports", "recipes")

_RECIPES_OF_EXTRAS = {
    "notification": "notifications",
    "tally": "poll",
    "scoring": "quiz",
    "leaderboard": "quiz",
    "short code": "short_link",
    "redirect": "short_link",
    "chart": "charts",
    "static pages": "site",
    "conversion": "converter",
    "payment": "payments",
}
"""What the gold of the open prompts calls extras, by the recipe that builds it; `report` is a report, the rest is no recipe."""


@dataclass(frozen=True)
class Prompt:
    """A description with its gold. `gold` is None where nobody wrote one."""

    id: str
    description: str
    requirements: str | None
    gold: Mapping[str, Any] | None

    @property
    def outside(self) -> bool:
        """Whether the text asks for software that is no data app, which the built-in builder declines."""
        return self.gold is not None and not self.gold["entities"]


@dataclass(frozen=True)
class Wanted:
    """One thing gold asks for, and whether the specification has it."""

    kind: str
    name: str
    found: bool


def prompts_of(prompts: Path = OURS, gold: Path | None = None) -> list[Prompt]:
    """The prompts of a file; their gold stands beside each description, or in a file of its own with the same `id`s."""
    apart = {entry["id"]: entry for entry in json.loads(gold.read_text(encoding="utf-8"))} if gold else {}
    entries = json.loads(prompts.read_text(encoding="utf-8"))
    return [
        Prompt(entry["id"], entry["description"], entry.get("requirements"), _completed(apart.get(entry["id"], entry.get("gold"))))
        for entry in entries
    ]


def _completed(gold: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if gold is None:
        return None
    extras = gold.get("extras", ())
    recipes = [*gold.get("recipes", ()), *(_RECIPES_OF_EXTRAS[extra] for extra in extras if extra in _RECIPES_OF_EXTRAS)]
    reports = [*gold.get("reports", ()), *("" for extra in extras if extra == "report")]
    return {**gold, "recipes": list(dict.fromkeys(recipes)), "reports": reports}


def wanted_of(spec: AppSpec, gold: Mapping[str, Any]) -> list[Wanted]:
    """Everything `gold` asks for, in the order of `KINDS`."""
    return [
        *_entities(spec, gold),
        *(Wanted("kept out", name, record_of(spec, name) is None) for name in gold.get("never", ())),
        *_parts("fields", spec, gold),
        *_parts("relations", spec, gold),
        *_roles(spec, gold),
        *_states(spec, gold),
        *_rest(spec, gold),
    ]


def read_counts(spec: AppSpec, gold: Mapping[str, Any]) -> dict[str, int]:
    """How many things of each kind were read, for precision. Gold lists the parts of some records only; those of others do not count."""
    fields, states = gold.get("fields", {}), gold.get("workflow", {})
    return {
        "entities": len(gold["entities"]) + len(extra_records(spec, gold)) - _missed(spec, gold),
        "kept out": len(gold.get("never", ())),
        "fields": sum(len(stated_parts(record)) for name in fields if (record := record_of(spec, name))),
        "relations": sum(len(record.relations) for name in gold.get("relations", {}) if (record := record_of(spec, name))),
        "roles": len([role for role in spec.roles if role.source.quote]),
        "states": sum(len(record.workflow.states) for name in states if (record := record_of(spec, name)) and record.workflow),
        "limits": len(_limits(spec)),
        "reports": len(spec.reports),
        "recipes": len(_recipes(spec)),
    }


def extra_records(spec: AppSpec, gold: Mapping[str, Any]) -> list[str]:
    """The records nobody asked for, by their labels."""
    known = {id(record_of(spec, name)) for name in (*gold["entities"], *gold.get("optional", ()))}
    return [record.label for record in spec.records if id(record) not in known]


def extra_roles(spec: AppSpec, gold: Mapping[str, Any]) -> list[str]:
    """The roles read from the text that nobody asked for, by their labels."""
    known = {_head(part) for name in gold.get("roles", ()) for part in name.split("|")}
    return [role.label for role in spec.roles if role.source.quote and stem(role.label.split()[-1]) not in known]


def _missed(spec: AppSpec, gold: Mapping[str, Any]) -> int:
    return sum(record_of(spec, name) is None for name in gold["entities"])


def record_of(spec: AppSpec, name: str) -> RecordSpec | None:
    """The record gold calls `name`, by the last word of its label."""
    heads = {stem(record.label.lower().split()[-1]): record for record in spec.records}
    return next((heads[key] for key in map(_head, name.split("|")) if key in heads), None)


def stated_parts(record: RecordSpec) -> list[str]:
    """The words of each field and relation that was not guessed."""
    parts: tuple[FieldSpec | Relation, ...] = (*record.fields, *record.relations)
    return [f"{part.name} {part.label}" for part in parts if part.source.provenance is not Provenance.guessed]


def _entities(spec: AppSpec, gold: Mapping[str, Any]) -> Iterator[Wanted]:
    for name in gold["entities"]:
        if name != "user":  # people who sign in are in every app
            yield Wanted("entities", name, record_of(spec, name) is not None)


def _parts(kind: str, spec: AppSpec, gold: Mapping[str, Any]) -> Iterator[Wanted]:
    for entity, names in gold.get(kind, {}).items():
        record = record_of(spec, entity)
        parts = [stems(part) for part in stated_parts(record)] if record and kind == "fields" else []
        if record and kind == "relations":
            parts = [stems(f"{relation.name} {relation.label} {relation.target}") for relation in record.relations]
        for name in names:
            yield Wanted(kind, f"{entity}.{name}", any(stems(name) & part for part in parts))


def _roles(spec: AppSpec, gold: Mapping[str, Any]) -> Iterator[Wanted]:
    roles = {stem(role.label.split()[-1]) for role in spec.roles if role.source.quote}
    for name in gold.get("roles", ()):
        yield Wanted("roles", name, any(_head(part) in roles for part in name.split("|")))


def _states(spec: AppSpec, gold: Mapping[str, Any]) -> Iterator[Wanted]:
    for entity, names in gold.get("workflow", {}).items():
        record = record_of(spec, entity)
        states = {state.name.replace("_", "-") for state in record.workflow.states} if record and record.workflow else set()
        for name in names:
            yield Wanted("states", f"{entity}.{name}", not states.isdisjoint(name.split("|")))


def _rest(spec: AppSpec, gold: Mapping[str, Any]) -> Iterator[Wanted]:
    limits = _limits(spec)
    for limit in gold.get("limits", ()):
        key = (limit["maximum"], limit.get("period"))
        yield Wanted("limits", f"at most {key[0]} per {key[1]}", key in limits)
    for name in gold.get("reports", ()):
        found = any(not name or record_of(spec, name) is spec.record(report.record) for report in spec.reports)
        yield Wanted("reports", name or "report", found)
    for name in gold.get("recipes", ()):
        yield Wanted("recipes", name, name in _recipes(spec))


def _limits(spec: AppSpec) -> set[tuple[int | None, str | None]]:
    return {(rule.maximum, rule.period and str(rule.period)) for rule in spec.rules if rule.kind == "limit"}


def _recipes(spec: AppSpec) -> set[str]:
    return {str(recipe.kind) for recipe in spec.recipes}


def _head(name: str) -> str:
    return stem(name.rsplit(maxsplit=1)[-1])


def stem(word: str) -> str:
    """Enough of a word to survive its plural and its ending: `calories`, `calorie` → `calor`."""
    return word.lower().rstrip("s")[:6].rstrip("ei")


def stems(text: str) -> set[str]:
    """The stems of all words of a name."""
    return {stem(word) for word in text.lower().replace("e-mail", "email").replace("_", " ").replace("-", " ").split()}
