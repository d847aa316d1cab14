"""What the OpenAPI description allows, and what it forbids, sent to a server: it answers what is wrong, and never fails itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet import Fleet

LEFT_OUT = r"/stream|/join$|/wait$|^/mcp|/events/|/changes\.zip$"
"""Routes that wait for a run, that of the MCP library, and the one that takes a ZIP file, which Schemathesis cannot make up."""
A_GRAPH_THAT_IS_BROKEN = "[checks.not_a_server_error]\nexpected-statuses = ['2xx', '3xx', '4xx', 503]\n"
"""One of the toy graphs cannot be imported, and its assistant answers so."""


@pytest.mark.bounded(240)
@pytest.mark.requirement("server.any_input")
def test_nothing_the_description_of_the_api_allows_or_forbids_makes_the_server_fail(database_url: str, tmp_path: Path) -> None:
    """A worker is not needed: what is begun stays in the queue, and the same requests are made each time."""
    (tmp_path / "schemathesis.toml").write_text(A_GRAPH_THAT_IS_BROKEN)
    with Fleet.on(database_url, tmp_path) as fleet:
        command = f"run {fleet.serve().base_url}/openapi.json --checks not_a_server_error --phases fuzzing --max-examples 4"
        options = "--generation-deterministic --no-shrink --request-timeout 20 --warnings off --no-color --continue-on-failure"
        program = [sys.executable, "-m", "schemathesis.cli", *command.split(), *options.split(), "--exclude-path-regex", LEFT_OUT]
        ended = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No issues found" in ended.stdout
