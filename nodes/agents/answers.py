"""Turn a model's text into a validated answer, or into a complaint the model can act on. Makes no call.

Also writes the JSON schemas models are held to: compact for a prompt, strict for an endpoint.
"""

import functools
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from json_repair import repair_json
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

MAX_ANSWER_CHARACTERS = 2_000_000
MAX_QUOTED_CHARACTERS = 160
"""Of an answer in prose: enough to see that a model refuses, and why."""

MAX_COMPLAINTS = 12
"""More than a model mends at once; the rest shows in the next attempt."""

_FENCED = re.compile(r"```[a-zA-Z]*\s*\n(\{.*\})\s*\n?```", re.DOTALL)
_REASONING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Unusable(Exception):
    """The answer cannot be used; the message tells the model what to do."""


def parse_answer(text: str, answer: type[M], *, truncated: bool = False) -> M:
    """Read one JSON object out of `text` and validate it.

    Forgives what changes no content: reasoning and prose around the object, a code fence, trailing commas, comments,
    single quotes. An answer cut short is never completed by guessing. Raises `Unusable`.
    """
    if len(text) > MAX_ANSWER_CHARACTERS:
        raise Unusable(f"The answer has {len(text)} characters. Give at most {MAX_ANSWER_CHARACTERS}.")
    if truncated:
        raise Unusable("The answer reached the output limit and was cut. Give a shorter answer that is complete.")
    try:
        value = answer.model_validate(_json_object(text))
    except ValidationError as error:
        raise Unusable(f"The answer does not fit the schema of {answer.__name__}:\n{_complaints(error)}") from error
    _refuse_unstorable(value)
    return value


def _json_object(text: str) -> dict[str, Any]:
    candidate = _candidate(_REASONING.sub("", text))
    try:
        value = json.loads(candidate)
    except json.JSONDecodeError as error:
        value = _repaired(candidate, error)
    if not isinstance(value, dict):
        raise Unusable("The answer is not a JSON object. Answer with the JSON object alone, without prose around it.")
    return value


def _candidate(text: str) -> str:
    """The part of `text` that looks like the object: the whole, a fenced block, or first brace to last."""
    stripped = text.strip()
    if stripped.startswith("{"):
        return stripped.removesuffix("```").rstrip()
    if fenced := _FENCED.search(stripped):
        return fenced.group(1)
    start, end = stripped.find("{"), stripped.rfind("}")
    if start < 0:
        begins = " ".join(stripped[:MAX_QUOTED_CHARACTERS].split()) or "(nothing)"
        raise Unusable(f"The answer has no JSON object; it begins “{begins}”. Answer with the JSON object alone, without prose around it.")
    return stripped[start : end + 1] if end > start else stripped[start:]


def _repaired(candidate: str, error: json.JSONDecodeError) -> object:
    where = f"{error.msg} at line {error.lineno}, column {error.colno}"
    if not candidate.endswith("}") or _ends_inside(candidate):
        raise Unusable(f"The JSON is not valid ({where}); it seems to be cut off. Give the complete object.") from error
    value: object = repair_json(candidate, return_objects=True)
    if not value:
        raise Unusable(f"The JSON is not valid: {where}.") from error
    return value


def _ends_inside(candidate: str) -> bool:
    """True if braces or brackets opened outside of strings are left open: repairing would invent what was cut."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", candidate)
    return outside.count("{") > outside.count("}") or outside.count("[") > outside.count("]")


def _complaints(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"- {'.'.join(map(str, item['loc'])) or 'the answer'}: {item['msg']}" for item in found[:MAX_COMPLAINTS]]
    if len(found) > MAX_COMPLAINTS:
        lines.append(f"- and {len(found) - MAX_COMPLAINTS} more")
    return "\n".join(lines)


def _refuse_unstorable(value: BaseModel) -> None:
    try:
        stored = value.model_dump_json()
    except ValueError as error:  # pydantic's way to say that a text holds half of a surrogate pair
        raise Unusable("A text of the answer is not valid Unicode. Use no \\ud800 to \\udfff escapes.") from error
    if _NUL.search(stored):
        raise Unusable("A text of the answer holds a NUL character, which cannot be stored. Leave it out.")


# ---------------------------------------------------------------------------------------------- schemas


@functools.cache
def compact_schema(answer: type[BaseModel]) -> str:
    """The JSON schema of `answer` for a prompt: minified, without the titles pydantic adds."""
    return json.dumps(_rewritten(answer.model_json_schema(), _without_title), separators=(",", ":"), ensure_ascii=False)


@functools.cache
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The schema as OpenAI's strict mode takes it, as a named `json_schema`.

    Every property required, no default, no text length, nothing beside a `$ref`
    (https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas"). Raises ValueError for an open map.
    """
    return {"name": answer.__name__, "strict": True, "schema": _rewritten(answer.model_json_schema(), _strict)}


def _without_title(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "title"}


def _strict(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kept = {key: value for key, value in node.items() if key not in ("title", "default", "minLength", "maxLength")}
    if kept.get("type") == "object":
        if "properties" not in kept:
            raise ValueError("strict mode has no open maps; use a list of named items")
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept


def _rewritten(node: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:  # noqa: ANN401 - a JSON schema
    """Apply `change` to every schema in `node`. A property may be called like a keyword (`title`), so names are kept apart."""
    if isinstance(node, list):
        return [_rewritten(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _rewritten(schema, change) for name, schema in value.items()}
        if key in ("properties", "$defs")
        else _rewritten(value, change)
        for key, value in change(node).items()
    }
