"""The test that shows a rule: two requests, of which the app refuses one and takes the other. Pure."""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from nodes.artifacts import Action, AppSpec, RecordSpec, RuleCode, RuleSpec
from nodes.blueprint.frame.text import in_docstring, python_literal
from nodes.completion import given_fields
from nodes.contract import relation_property
from nodes.rule_functions import message_of

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_AT_MOST = re.compile(r"\b(?:at most|(?:no|not) (?:more|longer) than|up to|within|maximum)\b", re.IGNORECASE)
_AT_LEAST = re.compile(r"\b(?:at least|(?:no|not) (?:less|fewer|shorter) than|minimum)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"#(\d+)")


class RuleUnusable(ValueError):
    """The code or an example of a rule cannot be used; the message tells the engineer why."""


def test_of(spec: AppSpec, rule: RuleSpec, code: RuleCode) -> str:
    """A test that sends both requests: one is refused with the rule's message, the other is taken."""
    record = spec.record(rule.record)
    given = {"accepted": code.accepted, "refused": code.refused}
    accepted, refused = (_object(text, name, _inputs(record), f"a {record.name}") for name, text in given.items())
    if accepted == refused:
        raise RuleUnusable("`accepted` and `refused` are the same. Give values that keep the rule, and values that break it.")
    if complaint := _unshown_limit(accepted, refused, message_of(rule)):
        raise RuleUnusable(complaint)
    role = _author(spec, record)
    stored = [line for number, entry in enumerate(code.stored, 1) for line in _made(number, entry.record, entry.values, entry.state, spec)]
    lines = [
        f"def test_rule_{rule.name}(program, make, person) -> None:",
        f'    """{in_docstring(message_of(rule))}"""',
        f"    author = person({python_literal(role)})",
        *(f"    {line}" for line in stored),
        f"    values = make.{record.name}_values(author)",
        f"    answer = program({python_literal(role)}).post(PATH, values | {_literal(refused, len(code.stored))})",
        "    assert answer.status_code == 422",
        f'    assert {python_literal(message_of(rule))} in [entry["msg"] for entry in answer.json()["detail"]]',
        f"    answer = program({python_literal(role)}).post(PATH, values | {_literal(accepted, len(code.stored))})",
        "    assert answer.status_code == 201, answer.json()",
    ]
    head = f'"""What is refused of {in_docstring(record.plural_label.lower())}, and what is not: {in_docstring(message_of(rule))}"""'
    return "\n".join([head, "", f'PATH = "/api/{record.plural}"', "", "", *lines, ""])


def _unshown_limit(accepted: Mapping[str, Any], refused: Mapping[str, Any], message: str) -> str | None:
    """Why two spans of days do not show the limit of the sentence. Small models cannot count days, so they are told."""
    limits, (first, one), (_, other) = re.findall(r"\b(\d{1,4}) days?\b", message), _span(accepted), _span(refused)
    if len(limits) != 1 or first is None or one is None or other is None:
        return None
    limit = int(limits[0])
    if _AT_MOST.search(message):
        shows = one <= limit < other
    elif _AT_LEAST.search(message):
        shows = other < limit <= one
    else:
        shows = one != other and min(one, other) <= limit <= max(one, other)
    if shows:
        return None
    at, beyond = (first + dt.timedelta(days=limit + more) for more in (0, 1))
    return (
        f"`accepted` spans {one} days and `refused` {other}, which does not show a limit of {limit}. "
        f"From {first}, {limit} days end on {at}, and {limit + 1} days on {beyond}."
    )


def _span(values: Mapping[str, Any]) -> tuple[dt.date | None, int | None]:
    """The earlier of the two dates in `values`, and the days to the other; None where there are not two."""
    try:
        dates = sorted(dt.date.fromisoformat(value[:10]) for value in values.values() if isinstance(value, str) and _DATE.match(value))
    except ValueError:
        return None, None
    return (dates[0], (dates[1] - dates[0]).days) if len(dates) == 2 else (None, None)


def _made(number: int, name: str, values: str, state: str, spec: AppSpec) -> list[str]:
    record = next((entry for entry in spec.records if entry.name == name), None)
    if record is None:
        raise RuleUnusable(f"`stored`: there is no record {name}; there are {', '.join(entry.name for entry in spec.records)}.")
    states = [entry.name for entry in record.workflow.states] if record.workflow else []
    if state and state not in states:
        raise RuleUnusable(f"`stored`: a {name} has no state {state}{f'; it has {chr(44).join(states)}' if states else ''}.")
    given = _literal(_object(values, "stored", _inputs(record), f"a {name}"), number - 1)
    arguments = ["author", *([python_literal(state)] if state else []), *([f"**{given}"] if given != "{}" else [])]
    return [f"stored_{number} = make.{name}({', '.join(arguments)})"]


def _inputs(record: RecordSpec) -> set[str]:
    return {field.name for field in given_fields(record)} | {relation_property(relation) for relation in record.relations}


def _object(text: str, name: str, known: set[str], what: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise RuleUnusable(f'`{name}` is no JSON object: {error.msg}. Write it like {{"amount": "12.50"}}.') from error
    if not isinstance(value, dict):
        raise RuleUnusable(f'`{name}` is no JSON object. Write it like {{"amount": "12.50"}}.')
    value = {key: entry for key, entry in value.items() if key not in _BY_APP and not _is_guessed(key, entry)}
    if strange := sorted(value.keys() - known):
        raise RuleUnusable(f"`{name}`: {what} has no {strange[0]}. It has {', '.join(sorted(known))}.")
    return value


_BY_APP = frozenset({"id", "created_at", "created_by", "created_by_id", "state"})
"""What no request gives, and small models give all the same."""


def _is_guessed(key: str, value: object) -> bool:
    """The number of a record that nobody stored: the test refers to one of its own instead."""
    return key.endswith("_id") and not (isinstance(value, str) and _NUMBERED.fullmatch(value))


def _literal(values: Mapping[str, Any], stored: int) -> str:
    """The values as Python; `"#1"` becomes the number of the first stored record."""
    entries = [f"{python_literal(name)}: {_value(value, stored)}" for name, value in values.items()]
    return "{" + ", ".join(entries) + "}"


def _value(value: Any, stored: int) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, str) and (found := _NUMBERED.fullmatch(value)):
        if not 1 <= int(found.group(1)) <= stored:
            raise RuleUnusable(f'"{value}" stands for nothing: {stored} records are stored before.')
        return f"stored_{found.group(1)}.id"
    return python_literal(value)


def _author(spec: AppSpec, record: RecordSpec) -> str:
    """A role that may create the record."""
    allowed = {entry.role for entry in spec.permissions if entry.record == record.name and entry.action is Action.create}
    role = next((role.name for role in spec.roles if role.name in allowed), None)
    if role is None:
        raise RuleUnusable(f"Nobody may create a {record.name}, so no request can break the rule. Leave `code` empty.")
    return role
