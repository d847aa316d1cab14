"""SIGTERM: a server ends by itself, and nothing of it stays behind."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.acceptance.command_line import ROOT


@pytest.mark.parametrize(("command", "ready"), [("serve --port 0", b"startup complete"), ("worker", b"working")])
async def test_a_stopped_process_leaves_no_database_server_behind(tmp_path: Path, command: str, ready: bytes) -> None:
    data = tmp_path / "data"
    program = ["env", f"APPYARD_DATA_DIR={data}", sys.executable, "-m", "server.cli", *command.split()]
    process = await asyncio.create_subprocess_exec(*program, cwd=ROOT, stderr=PIPE)
    assert process.stderr is not None
    async for line in process.stderr:
        if ready in line:
            break
    (home,) = data.glob("postgres-[0-9]*")
    assert (home.resolve() / "data" / "postmaster.pid").exists()
    process.send_signal(signal.SIGTERM)
    await process.stderr.read()
    assert await process.wait() == 0
    assert not (home.resolve() / "data" / "postmaster.pid").exists()
