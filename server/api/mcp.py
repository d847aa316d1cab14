"""Assistants as tools over the Model Context Protocol: streamable HTTP, each request by itself, no sessions."""

import json
import logging
from importlib.metadata import version

from fastapi import APIRouter, Response, status
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from checkpoints.records import JsonObject
from server.api.dependencies import McpToolsService
from server.services.mcp_tools import AssistantTool, McpTools, ToolAnswer

logging.getLogger("mcp.server").setLevel(logging.WARNING)  # it has a line for every request

MAX_BODY_BYTES = 32 * 1024 * 1024

router = APIRouter(tags=["mcp"])


class McpResponse(Response):
    """The answer of a protocol server that lives as long as the request."""

    def __init__(self, server: "Server[object, object]") -> None:
        super().__init__()
        self._server = server

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager = StreamableHTTPSessionManager(self._server, stateless=True, max_request_body_size=MAX_BODY_BYTES)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


@router.post("/mcp")
async def speak(tools: McpToolsService) -> Response:
    """Take one message of the protocol: initialize, tools/list, tools/call, …"""
    return McpResponse(server_of(tools))


@router.get("/mcp")
async def listen() -> Response:
    """There is nothing to listen to: the server says nothing unasked."""
    return Response(status_code=status.HTTP_405_METHOD_NOT_ALLOWED, headers={"Allow": "POST"})


@router.delete("/mcp")
async def end_session() -> Response:
    """There are no sessions."""
    return Response(status_code=status.HTTP_404_NOT_FOUND)


def server_of(tools: McpTools) -> "Server[object, object]":
    """The protocol's server. What a call raises it answers as the tool's error."""
    server: Server[object, object] = Server("appyard", version("appyard"))

    async def list_tools() -> list[types.Tool]:
        return [tool_on_wire(tool) for tool in await tools.tools()]

    async def call_tool(name: str, arguments: JsonObject) -> types.CallToolResult:
        return answer_on_wire(await tools.call(name, arguments))

    server.list_tools()(list_tools)  # type: ignore[no-untyped-call]  # the library does not type its decorators
    # The graph judges its input: it takes more than its schema says, such as messages by role and content.
    server.call_tool(validate_input=False)(call_tool)
    return server


def tool_on_wire(tool: AssistantTool) -> types.Tool:
    """The tool as other agents see it."""
    return types.Tool(name=tool.name, description=tool.description, inputSchema=tool.input_schema)


def answer_on_wire(answer: ToolAnswer) -> types.CallToolResult:
    """The values as structure and as text; where they are kept, beside them."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=json.dumps(answer.values))],
        structuredContent=answer.values,
        isError=answer.is_error,
        _meta={"thread_id": str(answer.thread_id), "run_id": str(answer.run_id)},
    )
