"""LangGraph Studio, a web page of LangChain's: it may call a server that was started for it, and finds a form and labelled edges."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from langgraph_sdk.client import LangGraphClient

from server.api.app import create_app
from server.api.cors import default_rules, with_studio
from server.commands.serve import studio_link
from server.langgraph_json import CorsRules
from tests.integration.server.conftest import RunAppyard

STUDIO = "https://smith.langchain.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}


async def preflight(rules: CorsRules, origin: str) -> tuple[int, str | None, str | None]:
    """Status, allowed origin, and whether a public page may reach this machine."""
    app: FastAPI = create_app(lambda _: None, cors=rules)  # type: ignore[return-value]  # a preflight starts nothing
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://appyard") as client:
        answer = await client.options("/threads", headers={"Origin": origin, **PREFLIGHT})
    headers = answer.headers
    return answer.status_code, headers.get("access-control-allow-origin"), headers.get("access-control-allow-private-network")


@pytest.mark.requirement("server.studio")
async def test_studio_may_call_a_server_that_was_started_for_it() -> None:
    assert await preflight(with_studio(default_rules()), STUDIO) == (200, STUDIO, "true")
    assert (await preflight(default_rules(), STUDIO))[:2] == (400, None)
    configured = CorsRules(allow_origins=("https://pages.example",))
    assert await preflight(with_studio(configured), "https://pages.example") == (200, "https://pages.example", "true")


@pytest.mark.requirement("server.studio")
@pytest.mark.parametrize(("host", "base_url"), [("127.0.0.1", "http://127.0.0.1:8123"), ("::1", "http://[::1]:8123")])
def test_the_link_to_studio_names_this_server(host: str, base_url: str) -> None:
    assert studio_link(host, 8123).endswith(f"{STUDIO}/studio/?baseUrl={base_url}")


@pytest.mark.requirement("server.studio")
async def test_studio_finds_a_form_whose_fields_have_titles_and_edges_that_say_why(appyard: RunAppyard) -> None:
    client = LangGraphClient((await appyard()).client)
    schemas = await client.assistants.get_schemas("appyard")
    graph = await client.assistants.get_graph("appyard")
    untitled = [name for form in ("input_schema", "context_schema") for name, field in fields(schemas[form]) if "title" not in field]
    unlabelled = [edge for edge in graph["edges"] if edge.get("conditional") and not edge.get("data")]
    assert untitled == []
    assert unlabelled == []


def fields(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every field of a form, those of the forms inside too; what it refers to is told with it."""
    forms = [schema, *schema.get("$defs", {}).values()]
    for form in forms:
        for name, field in form.get("properties", {}).items():
            referred = schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else {}
            yield name, {**referred, **field}
