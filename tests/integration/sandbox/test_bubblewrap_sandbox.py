"""What callers of the default sandbox rely on, besides that nothing gets out."""

import os
import socket
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.errors import SandboxUnavailable
from nodes.sandbox.bubblewrap import BubblewrapSandbox
from nodes.sandbox.choose import choose_sandbox, explain_sandboxes
from nodes.sandbox.processes import descendants
from nodes.sandbox.protocol import Command, SandboxLimits

SERVER = b"""
import socket
server = socket.socket(fileno=3)
while True:
    connection, _ = server.accept()
    connection.sendall(open("greeting").read().encode())
    connection.close()
"""


@pytest.fixture
def sandbox() -> BubblewrapSandbox:
    try:
        return BubblewrapSandbox()
    except SandboxUnavailable as problem:
        pytest.skip(problem.detail)


def greeting(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        return connection.recv(100)


async def test_a_program_has_its_files_its_environment_and_its_exit_code(sandbox: BubblewrapSandbox) -> None:
    command = Command(
        argv=("sh", "-c", "cat a/b.txt; echo $WHO >&2; exit 7"), files={"a/b.txt": b"content"}, environment={"WHO": "somebody"}
    )
    result = await sandbox.run(command)
    assert (result.stdout, result.stderr, result.exit_code, result.limit, result.ok) == ("content", "somebody\n", 7, None, False)


async def test_a_tool_chain_below_tmp_is_usable_although_the_sandbox_has_its_own(sandbox: BubblewrapSandbox) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        toolchain = Path(folder, "clone", "toolchain")
        venv.create(toolchain)
        result = await sandbox.run(Command(argv=("python", "-c", "import sys; print(sys.prefix)"), toolchain=toolchain))
    assert (result.stdout, result.stderr) == (f"{toolchain}\n", "")


async def test_a_work_folder_outlives_a_command_and_disappears_after_a_failure(sandbox: BubblewrapSandbox) -> None:
    before = descendants(os.getpid())
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the failure has to happen inside the context
        async with sandbox.workspace({"a": b"1"}) as workspace:
            await workspace.run(Command(argv=("sh", "-c", "cat a > b"), files={"c": b"3"}))
            result = await workspace.run(Command(argv=("cat", "b", "c")))
            raise ZeroDivisionError
    assert result.stdout == "13"
    assert descendants(os.getpid()) == before


async def test_files_that_do_not_fit_are_the_sandbox_s_complaint(sandbox: BubblewrapSandbox) -> None:
    with pytest.raises(SandboxUnavailable, match="do not fit"):
        await sandbox.run(Command(argv=("true",), files={"big": bytes(3_000_000)}, limits=SandboxLimits(work_bytes=2_000_000)))


async def test_a_server_answers_twice_on_the_same_data_and_is_gone_afterwards(sandbox: BubblewrapSandbox) -> None:
    before = descendants(os.getpid())
    async with sandbox.workspace({"server.py": SERVER}) as workspace:
        answers = []
        for word in (b"good morning", b"good evening"):
            async with workspace.serve(Command(argv=("python3", "server.py"), files={"greeting": word})) as served:
                answers.append(greeting(served.socket_path))
            with pytest.raises(ConnectionRefusedError):
                greeting(served.socket_path)
    assert answers == [b"good morning", b"good evening"]
    assert descendants(os.getpid()) == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path
        assert list(path.iterdir()) == []


async def test_a_link_planted_in_the_work_folder_leads_nowhere(sandbox: BubblewrapSandbox, open_folder: Path) -> None:
    async with sandbox.workspace({}) as workspace:
        await workspace.run(Command(argv=("ln", "-s", str(open_folder), "outside")))
        with pytest.raises(SandboxUnavailable):
            await workspace.run(Command(argv=("true",), files={"outside/planted": b"x"}))


async def test_a_program_that_is_not_there_fails_like_a_program(sandbox: BubblewrapSandbox) -> None:
    result = await sandbox.run(Command(argv=("no-such-program",)))
    assert (result.exit_code, "No such file" in result.stderr) == (127, True)


async def test_the_best_sandbox_is_chosen_and_every_other_explained(sandbox: BubblewrapSandbox) -> None:
    chosen = await choose_sandbox()
    assert getattr(chosen, "name", None) == sandbox.name
    assert [name for name, _ in await explain_sandboxes()] == ["bubblewrap", "landlock"]
