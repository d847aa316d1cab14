"""Correct a drafted specification by naming what differs, so that everything else stays as it is, byte for byte.

A place is named by the names of things, as in `records/claim/fields/amount`, because models miscount positions.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, assert_never

from pydantic import ValidationError

from nodes.artifacts import AppSpec, Artifact, Provenance, RuleKind

Json = Any
"""What `json.loads` gives: the specification is corrected as JSON and validated as a whole afterwards."""


MISREAD = "misread"
"""The word with which the analyst says that the draft took the request's words for something they do not mean."""


class CorrectionKind(StrEnum):
    """`set` one value or item, new or not; `remove` one."""

    set = "set"
    remove = "remove"


class Correction(Artifact):
    """One correction. `value` is the new value as JSON text; empty for `remove`."""

    kind: CorrectionKind
    place: str
    value: str = ""
    reason: str = ""


class SpecCorrections(Artifact):
    """What is wrong with a draft, in the order in which it is corrected. None at all: the draft is right."""

    corrections: tuple[Correction, ...]


class CorrectionRefused(ValueError):
    """A correction cannot be applied; the message tells the analyst why."""


def corrected(draft: AppSpec, given: SpecCorrections) -> AppSpec:
    """`draft` with the corrections. Raises `CorrectionRefused` naming the first that does not fit.

    What means nothing without a removed item goes with it: a record's permissions, and the rules about a field.
    """
    spec: Json = draft.model_dump(mode="json")
    gone: list[Sequence[str]] = []
    for correction in given.corrections:
        if correction.kind is CorrectionKind.remove and _went_before(spec, draft, correction.place, gone):
            continue
        _correct(spec, correction)
        if correction.kind is CorrectionKind.remove:
            gone.append(_steps(correction.place))
            _drop_what_refers_to(spec, *gone[-1])
    try:
        return AppSpec.model_validate(spec)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = _named(spec, first["loc"])
        raise CorrectionRefused(f"{place}: {first['msg']}") from error


def _went_before(spec: Json, draft: AppSpec, place: str, gone: Sequence[Sequence[str]]) -> bool:
    """Whether an item of the draft is no longer there because something it needs was removed before."""
    return bool(gone) and not _is_there(spec, place) and _is_there(draft.model_dump(mode="json"), place)


def _is_there(spec: Json, place: str) -> bool:
    *above, last = _steps(place) or [""]
    try:
        holder = spec
        for step in above:
            holder = _inside(holder, step, place)
    except CorrectionRefused:
        return False
    return isinstance(holder, list) and _position(holder, last) is not None


def _drop_what_refers_to(spec: Json, *removed: str) -> None:
    match removed:
        case ("records", record):
            for kind in ("permissions", "rules", "reports", "recipes"):
                spec[kind] = [item for item in spec[kind] if record not in (item["record"], *item.get("records", ()))]
            for other in spec["records"]:
                lost = [relation["name"] for relation in other["relations"] if relation["target"] == record]
                other["relations"] = [relation for relation in other["relations"] if relation["name"] not in lost]
                for name in lost:
                    _drop_what_names(spec, other["name"], name)
        case ("records", record, "fields" | "relations", name):
            _drop_what_names(spec, record, name)
        case ("roles", role):
            spec["permissions"] = [item for item in spec["permissions"] if item["role"] != role]
            for workflow in (entry["workflow"] for entry in spec["records"] if entry["workflow"]):
                for step in workflow["transitions"]:
                    step["roles"] = [name for name in step["roles"] if name != role]
        case _:
            return


def _drop_what_names(spec: Json, record: str, name: str) -> None:
    """Rules and reports about a part of a record; what a rule of kind `custom` says may hold without it."""
    spec["rules"] = [
        rule
        for rule in spec["rules"]
        if rule["record"] != record or rule["kind"] == RuleKind.custom or name not in (*rule["fields"], rule["per"])
    ]
    for rule in spec["rules"]:
        if rule["record"] == record:
            rule["fields"] = [field for field in rule["fields"] if field != name]
    spec["reports"] = [
        report for report in spec["reports"] if report["record"] != record or name not in (report["group_by"], report["measure"])
    ]


def unexplained_removals(draft: AppSpec, given: SpecCorrections) -> dict[str, str]:
    """What would be removed although the request states it: place → the words that state it.

    A weak model removes what it overlooks in the request. One that is sure the draft misread these words says so in `reason`.
    """
    spec: Json = draft.model_dump(mode="json")
    removed: dict[str, str] = {}
    for correction in given.corrections:
        if correction.kind is CorrectionKind.remove and MISREAD not in correction.reason.lower():
            source = _source_of(spec, correction.place)
            if source.get("provenance") == Provenance.stated and source.get("quote"):
                removed[correction.place] = source["quote"]
    return removed


def _source_of(spec: Json, place: str) -> dict[str, str]:
    item = spec
    try:
        for step in _steps(place):
            item = _inside(item, step, place)
    except CorrectionRefused:
        return {}
    source = item.get("source") if isinstance(item, dict) else None
    return source if isinstance(source, dict) else {}


def _steps(place: str) -> list[str]:
    return [step for step in place.strip("/ ").split("/") if step]


def _correct(spec: Json, correction: Correction) -> None:
    steps = _steps(correction.place)
    if not steps:
        raise CorrectionRefused("a correction needs a place, such as records/claim/fields/amount/type")
    holder = spec
    for step in steps[:-1]:
        holder = _inside(holder, step, correction.place)
    match correction.kind:
        case CorrectionKind.set:
            _set(holder, steps[-1], _value(correction.value, correction.place), correction.place)
        case CorrectionKind.remove:
            _remove(holder, steps[-1], correction.place)
        case kind:
            assert_never(kind)


def _inside(holder: Json, step: str, place: str) -> Json:
    if isinstance(holder, dict) and isinstance(holder.get(step), dict | list):
        return holder[step]
    if isinstance(holder, list) and (position := _position(holder, step)) is not None:
        return holder[position]
    raise CorrectionRefused(f"{place}: there is no {step}{_known(holder)}")


def _set(holder: Json, step: str, value: Json, place: str) -> None:
    if isinstance(holder, dict):
        if step not in holder:
            raise CorrectionRefused(f"{place}: there is no {step}{_known(holder)}")
        if isinstance(holder[step], list) and isinstance(value, dict) and "name" in value:
            _set(holder[step], str(value["name"]), value, place)  # one item given for the whole list is meant for that item
            return
        holder[step] = value
        return
    if not isinstance(holder, list):
        raise CorrectionRefused(f"{place}: nothing lies below a plain value")
    if isinstance(value, dict):
        value = {**_named_by(step, holder, value), **value}
    position = _position(holder, step)
    if position is None:
        holder.append(value)
    elif isinstance(value, dict):
        holder[position] = {**holder[position], **value}  # what a correction of an item does not mention stays
    else:
        holder[position] = value


def _remove(holder: Json, step: str, place: str) -> None:
    if isinstance(holder, list) and (position := _position(holder, step)) is not None:
        del holder[position]
        return
    raise CorrectionRefused(f"{place}: there is no {step} to remove{_known(holder)}")


def _position(items: Sequence[Json], step: str) -> int | None:
    return next((position for position, item in enumerate(items) if key_of(item) == step), None)


def key_of(item: Json) -> str:
    """How an item of a list is named in a place: by its name, a permission as `role:record:action`, a text by itself."""
    if not isinstance(item, Mapping):
        return str(item)
    return str(item["name"]) if "name" in item else ":".join(str(item.get(part, "")) for part in ("role", "record", "action"))


def _named_by(step: str, holder: Sequence[Json], value: Json) -> dict[str, str]:
    """What the place says of an item, so that its value need not: the parts of a permission, or the name."""
    if step.count(":") == 2:
        return dict(zip(("role", "record", "action"), step.split(":"), strict=True))
    return {"name": step} if _names(holder) or (not holder and "role" not in value) else {}


def _names(items: Sequence[Json]) -> bool:
    return bool(items) and isinstance(items[0], Mapping) and "name" in items[0]


def _known(holder: Json) -> str:
    if isinstance(holder, dict):
        return f"; there are {', '.join(holder)}"
    return f"; there are {', '.join(key_of(item) for item in holder)}" if isinstance(holder, list) and holder else ""


def _value(text: str, place: str) -> Json:
    """Models write plain words without quotes; those are taken as text. What cannot be stored is refused: escapes show only now."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    written = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in written or any("\ud800" <= character <= "\udfff" for character in written):
        raise CorrectionRefused(f"{place}: the value holds a NUL character or half of a surrogate pair. Leave it out")
    return value


def _named(spec: Json, location: Sequence[int | str]) -> str:
    """A place in words, from pydantic's with positions."""
    words: list[str] = []
    here = spec
    for step in location:
        try:
            here = here[step]
        except (LookupError, TypeError):
            here = None
        words.append(key_of(here) if isinstance(step, int) and here is not None else str(step))
    return "/".join(words)
