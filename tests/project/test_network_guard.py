"""The guard of tests/conftest.py does what every other test relies on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ELSEWHERE = "192.0.2.1"  # TEST-NET-1 of RFC 5737: belongs to nobody


def run_guarded(program: str, log: Path) -> subprocess.CompletedProcess[str]:
    command = ["env", f"NETWORK_GUARD_LOG={log}", sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (f"s.socket().connect(('{ELSEWHERE}', 80))", f"connect to ('{ELSEWHERE}', 80)"),
        (f"s.socket(type=s.SOCK_DGRAM).sendto(b'x', ('{ELSEWHERE}', 53))", f"sendto to ('{ELSEWHERE}', 53)"),
        ("s.getaddrinfo('example.invalid', 443)", "lookup of 'example.invalid'"),
        ("s.gethostbyname('example.invalid')", "lookup of 'example.invalid'"),
    ],
)
def test_a_child_process_cannot_leave_the_machine_and_its_attempt_is_written_down(attempt: str, told: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    ended = run_guarded(f"import socket as s\n{attempt}", log)
    assert ended.returncode == 1
    assert "NetworkForbidden" in ended.stderr
    assert log.read_text().startswith(told)


def test_loopback_and_unix_sockets_are_free(tmp_path: Path) -> None:
    program = """
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, PATH)):
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind(address)
        server.listen()
        client.connect(server.getsockname())
socket.getaddrinfo("localhost", 80)
print("reached")
""".replace("PATH", repr(str(tmp_path / "s")))
    ended = run_guarded(program, tmp_path / "log")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "reached\n", "")
    assert not (tmp_path / "log").exists()


def test_an_attempt_that_a_program_swallows_still_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_swallows.py").write_text(
        "import contextlib, socket\n"
        "def test_swallows():\n"
        "    with contextlib.suppress(RuntimeError):\n"
        "        socket.getaddrinfo('example.invalid', 443)\n"
    )
    arguments = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)]
    ended = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 passed" in ended.stdout
    assert "lookup of 'example.invalid'" in ended.stdout


def test_a_test_that_waits_for_ever_is_ended(tmp_path: Path) -> None:
    (tmp_path / "test_waits.py").write_text(
        "import asyncio, threading, pytest\n"
        "@pytest.mark.bounded(0.2)\n"
        "def test_waits():\n"
        "    threading.Event().wait()\n"
        "@pytest.mark.bounded(0.2)\n"
        "async def test_waits_in_a_loop():\n"
        "    await asyncio.Event().wait()\n"
    )
    arguments = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull, "-o", "asyncio_mode=auto"]
    arguments += ["-o", "markers=bounded(seconds)", "--rootdir", str(tmp_path), str(tmp_path)]
    ended = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert ended.stdout.count("Failed: took longer than 0.2 s") >= 2
    assert "2 failed" in ended.stdout
