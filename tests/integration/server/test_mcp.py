"""Assistants as tools, through the official MCP client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from langgraph_sdk.client import LangGraphClient
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from server.api.app import create_app
from server.langgraph_json import read_config
from tests.integration.server.conftest import RunAppyard

TOY = Path(__file__).parents[2] / "acceptance" / "toy_graph" / "langgraph.json"


@asynccontextmanager
async def session_of(client: httpx.AsyncClient) -> AsyncIterator[ClientSession]:
    opened = streamable_http_client("http://appyard/mcp", http_client=client)
    async with opened as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        yield session


@pytest.mark.requirement("mcp.tools")
async def test_every_assistant_whose_graph_loads_is_a_tool_that_takes_what_the_graph_takes(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    sdk = LangGraphClient(client)
    await sdk.assistants.create("toy", name="toy", description="A second one.")
    schemas = await sdk.assistants.get_schemas("toy")
    async with session_of(client) as session:
        tools = (await session.list_tools()).tools

    assert {"toy", "nested", "notes"} <= {tool.name for tool in tools}
    assert "broken" not in {tool.name for tool in tools}
    (toy,) = [tool for tool in tools if tool.name == "toy"]
    assert (toy.description, toy.inputSchema) == ("Plans, works side by side, asks, finishes.", schemas["input_schema"])
    (second,) = [tool for tool in tools if tool.description == "A second one."]
    assert second.name.startswith("toy_")


@pytest.mark.requirement("mcp.call")
async def test_a_call_answers_what_the_graph_asks_on_a_thread_that_can_be_answered(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    async with session_of(client) as session:
        answer = await session.call_tool("toy", {"topic": "a"})

    assert answer.structuredContent is not None
    assert not answer.isError
    (text,) = answer.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == answer.structuredContent
    assert answer.structuredContent["report"] == "a#0,a#1"
    (asked,) = answer.structuredContent["__interrupt__"]
    assert asked["value"] == {"question": "publish?", "report": "a#0,a#1"}

    assert answer.meta is not None
    values = await LangGraphClient(client).runs.wait(answer.meta["thread_id"], "toy", command={"resume": "yes"})
    assert isinstance(values, dict)
    assert values["approved"] == "yes"


@pytest.mark.requirement("mcp.failure")
async def test_what_fails_is_the_error_of_the_tool(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    async with session_of(client) as session:
        failed = await session.call_tool("toy", {"fail": True})
        unknown = await session.call_tool("nobody", {})

    assert (failed.isError, failed.structuredContent) == (
        True,
        {"__error__": {"error": "ValueError", "message": "The plan failed on purpose."}},
    )
    assert unknown.isError
    (text,) = unknown.content
    assert isinstance(text, TextContent)
    assert text.text == "There is no such tool. List the tools to see which assistants can be called. 'nobody'"


@pytest.mark.requirement("mcp.stateless")
async def test_there_are_no_sessions(appyard: RunAppyard) -> None:
    client = (await appyard(config=TOY)).client
    assert (await client.get("/mcp")).status_code == 405
    assert (await client.delete("/mcp")).status_code == 404
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = await client.post("/mcp", json=listed, headers={"Accept": "application/json, text/event-stream"})
    assert answer.status_code == 200  # without an initialize before it
    assert (await client.post("/mcp", json={"x": 1}, headers={"Accept": "application/json, text/event-stream"})).status_code == 400


@pytest.mark.requirement("mcp.disable")
async def test_nothing_answers_where_the_configuration_forbids_it(tmp_path: Path) -> None:
    file = tmp_path / "langgraph.json"
    file.write_text('{"graphs": {}, "http": {"disable_mcp": true}}')

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(lifespan, serves_mcp=read_config(file).serves_mcp)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://appyard") as client:
        assert (await client.post("/mcp", json={})).status_code == 404
