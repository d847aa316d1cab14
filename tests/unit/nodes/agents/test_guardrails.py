from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from nodes.agents.guardrails import OURS

KEY = "sk-" + "proj-" + "a1B2" * 10


@dataclass(frozen=True)
class Said:
    raw: str
    pydantic: BaseModel | None = None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("no_placeholders", "TODO: the rules"),
        ("no_placeholders", "# FIXME(ada) later"),
        ("no_placeholders", "# the rest of the file is unchanged"),
        ("no_placeholders", "// ... existing code"),
        ("no_placeholders", "Lorem ipsum dolor"),
        ("no_secrets", f"key = {KEY}"),
        ("no_secrets", "-----BEGIN RSA PRIVATE KEY-----"),
        ("no_links", "see https://tracker.test/x"),
    ],
)
def test_what_is_meant_is_found(name: str, text: str) -> None:
    taken, complaint = OURS[name](Said(text))
    assert not taken
    assert complaint.startswith("The answer ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("no_placeholders", "A to-do list: each TODO has a title; todos are done or open."),
        ("no_placeholders", "The rest of the class attends; existing code lists stay."),
        ("no_placeholders", "class P(Protocol):\\n    def a(self) -> int: ..."),
        ("no_secrets", "The password is kept as a hash; a key opens a room."),
        ("no_links", "xmlns='http://www.w3.org/2000/svg' https://example.com http://127.0.0.1:8000"),
    ],
)
def test_what_only_looks_like_it_passes(name: str, text: str) -> None:
    assert OURS[name](Said(text)) == (True, text)
