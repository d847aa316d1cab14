"""A specification as text that people edit: YAML without where things come from, which is put back when the text is read. Pure."""

from collections.abc import Mapping

import yaml
from pydantic import ValidationError

from nodes.artifacts import AppSpec, Provenance, Source
from server.services.errors import SpecificationUnusable
from server.services.templates import SOURCED

MOST_CHARACTERS = 200_000


def text_of(spec: AppSpec) -> str:
    """The specification as YAML, without what is as by default."""
    given = spec.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(_without_sources(given), sort_keys=False, allow_unicode=True, width=100)


def read_text(text: str, original: AppSpec, *, edited_by: str) -> AppSpec:
    """What the text says; an item the original has too keeps where it came from. Raises `SpecificationUnusable`."""
    source = Source(provenance=Provenance.stated, quote=f"Edited by {edited_by}").model_dump(mode="json")
    try:
        if len(text) > MOST_CHARACTERS:
            raise SpecificationUnusable(f"It is longer than {MOST_CHARACTERS:,} characters.")
        given = yaml.safe_load(text)
        return AppSpec.model_validate(_with_sources(given, original.model_dump(mode="json"), source))
    except RecursionError as error:
        raise SpecificationUnusable("An anchor refers to itself.") from error
    except yaml.MarkedYAMLError as error:
        line = f"Line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise SpecificationUnusable(f"{line}{error.problem or 'this is no YAML'}.") from error
    except yaml.YAMLError as error:
        raise SpecificationUnusable("It holds characters that YAML does not.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SpecificationUnusable(f"{'.'.join(map(str, first['loc'])) or 'It'}: {first['msg']}.") from error


def _without_sources(given: object) -> object:
    if isinstance(given, list):
        return [_without_sources(item) for item in given]
    if isinstance(given, dict):
        return {key: _without_sources(value) for key, value in given.items() if key != "source"}
    return given


def _with_sources(given: object, original: object, source: Mapping[str, object]) -> object:
    if not isinstance(given, dict):
        return given
    known = original if isinstance(original, dict) else {}
    made: dict[object, object] = {}
    for key, value in given.items():
        if isinstance(value, list):
            before = {_key(item): item for item in known.get(key, []) if isinstance(item, dict)} if isinstance(known.get(key), list) else {}
            made[key] = [_item(item, before, source, sourced=key in SOURCED) for item in value]
        else:
            made[key] = _with_sources(value, known.get(key), source)
    return made


def _item(item: object, before: Mapping[object, object], source: Mapping[str, object], *, sourced: bool) -> object:
    if not isinstance(item, dict):
        return item
    original = before.get(_key(item))
    made = _with_sources(item, original, source)
    if not sourced or not isinstance(made, dict):
        return made
    return {"source": original["source"] if isinstance(original, dict) and original.get("source") else dict(source), **made}


def _key(item: Mapping[object, object]) -> object:
    """What makes two items the same: their name, or for those without one, what they are about."""
    return str([item.get(part) for part in (("name",) if "name" in item else ("role", "record", "action", "kind", "from", "to"))])
