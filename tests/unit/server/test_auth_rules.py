"""Every route of the application is either in the table of the gate or closed, and both read a path alike."""

import re

import pytest

from server.api.app import create_app
from server.api.auth_rules import RULES, rule_for

CLOSED = re.compile(r"/(api|webhooks|mcp|a2a|\.well-known|metrics|ready|ok|info)\b.*")
"""Routes that do not tell people apart; the last three are open to all."""


def routes() -> list[tuple[str, str]]:
    """Method and path of what the application offers."""
    described = create_app(lambda _: None).openapi()["paths"]  # type: ignore[arg-type,return-value]  # it is only described
    return [(method.upper(), path) for path, methods in described.items() for method in methods]


def test_the_table_names_every_route_but_those_that_are_closed() -> None:
    assert {(method, path) for method, path in routes() if not CLOSED.fullmatch(path)} == set(RULES)


@pytest.mark.parametrize(("method", "template"), sorted(RULES))
def test_a_path_is_read_as_the_application_reads_it(method: str, template: str) -> None:
    path = re.sub(r"\{\w+\}", "1cbb2c2b-3c1d-4a5e-9f10-8f6b7a3f2a11", template)
    asked = rule_for(method, path)
    assert asked is not None
    assert asked.template == template


@pytest.mark.parametrize("path", ["/threads/", "/threads//state", "/Threads", "/threads/search\n", "/api/start", "/", "/threads/a/b"])
def test_any_other_path_has_no_rule(path: str) -> None:
    assert [rule_for(method, path) for method in ("GET", "POST", "HEAD")] == [None, None, None]
