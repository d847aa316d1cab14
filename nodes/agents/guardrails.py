"""Checks of an answer that tasks.yaml calls by name, in CrewAI's shape: the output in, `(taken, output or complaint)` out.

What the graph cannot do without is checked always and has its name only so that files may say it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import BaseModel

from nodes.verification.source_checks import secrets_in


class Output(Protocol):
    """What of CrewAI's `TaskOutput` a guardrail reads: the answer as JSON text and as an object."""

    raw: str
    pydantic: BaseModel | None


GuardrailFunction = Callable[[Any], tuple[bool, Any]]
"""As CrewAI calls one. A text beside True takes the place of the answer; a text beside False is told to the agent."""

ALWAYS: Mapping[str, str] = {
    "schema": "the answer is one JSON object that fits the task's schema",
    "only_owned_files": "an engineer changes the files of its own component only",
    "whole_code": "an engineer leaves no code out, no secret in, and removes no route and no test that nobody named",
}
"""What is checked whether a file says so or not, and what it means."""

_LEFT_OUT = re.compile(
    r"(?-i:\b(?:TODO|FIXME)\b\s*[:(])|\blorem ipsum\b|\byour (?:code|text) (?:goes )?here\b"
    r"|\b(?:rest|remainder) of (?:the|this) \w+ (?:is |stays |remains )?(?:unchanged|as before|the same)\b"
    r"|(?:\.\.\.|…) ?(?:existing|previous|remaining) \w+",
    re.IGNORECASE,
)
"""What nobody writes of something finished; a to-do list, and the rest of a class of pupils, are none of it."""

_LINKS = re.compile(r"https?://(?!localhost\b|127\.0\.0\.1\b|example\.(?:com|org|net)\b|www\.w3\.org/)[^\s\"'\\<>]+")


def no_placeholders(output: Output) -> tuple[bool, Any]:
    """Nothing is left to be filled in later. In an engineer's files this is checked always."""
    return _without(_LEFT_OUT, output, "leaves something out ({found}). Write it out, or leave the sentence away")


def no_secrets(output: Output) -> tuple[bool, Any]:
    """No key or private key stands in the answer. In an engineer's files this is checked always."""
    found = sorted({what for _, what in secrets_in(output.raw)})
    return (False, f"The answer holds what looks like {found[0]}. Leave it out.") if found else (True, output.raw)


def no_links(output: Output) -> tuple[bool, Any]:
    """No address of another machine stands in the answer; example.com and XML namespaces are none."""
    return _without(_LINKS, output, "names another machine ({found}). Leave the address away")


OURS: Mapping[str, GuardrailFunction] = {check.__name__: check for check in (no_placeholders, no_secrets, no_links)}
"""What tasks.yaml may ask for beyond that."""


def _without(pattern: re.Pattern[str], output: Output, complaint: str) -> tuple[bool, Any]:
    found = pattern.search(output.raw)
    return (True, output.raw) if found is None else (False, f"The answer {complaint.format(found=found.group(0)[:40])}.")
