"""Every attack against every sandbox of this machine; and the attacks that must work where nothing stops them."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nodes.errors import SandboxUnavailable
from nodes.sandbox.bubblewrap import BubblewrapSandbox
from nodes.sandbox.landlock import LandlockSandbox
from nodes.sandbox.protocol import Sandbox, SandboxLimits
from nodes.sandbox.unconfined import UnconfinedSandbox
from nodes.verification.node_toolchain import NODE_LIMITS
from tests.integration.sandbox.host import HOSTILE, LIMITS, Host, attacking, host

EFFECTIVE_WITHOUT_A_SANDBOX = """
tcp_to_the_host udp_to_the_host unix_socket_by_path abstract_unix_socket read_a_file_outside write_a_file_outside
environment_of_the_server signal_the_server fill_the_disk fill_the_disk_unseen memory_without_a_process
one_huge_file dangerous_system_calls
""".split()


@pytest.fixture
def around() -> Iterator[Host]:
    with host() as machine:
        yield machine


@pytest.fixture(params=[BubblewrapSandbox, LandlockSandbox], ids=["bubblewrap", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    try:
        made: Sandbox = request.param()
    except SandboxUnavailable as problem:
        pytest.skip(problem.detail)
    return made


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_attack_reaches_nothing(name: str, sandbox: Sandbox, around: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPYARD_SECRET", "of the server")
    result = await sandbox.run(attacking(name, around.targets))
    assert "ESCAPED" not in result.stdout
    assert around.damage() == []
    assert len(result.stdout) <= LIMITS.output_bytes


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_attack_reaches_nothing_with_the_addresses_that_node_reserves(name: str, around: Host) -> None:
    """The ceiling on addresses is what stops some of them elsewhere; here only the memory that is touched is counted."""
    attack = attacking(name, around.targets)
    roomy = replace(attack, limits=replace(attack.limits, reserved_bytes=NODE_LIMITS.reserved_bytes))
    result = await BubblewrapSandbox().run(roomy)
    assert "ESCAPED" not in result.stdout
    assert around.damage() == []


@pytest.mark.parametrize("name", EFFECTIVE_WITHOUT_A_SANDBOX)
async def test_the_attacks_work_where_nothing_stops_them(name: str, around: Host) -> None:
    result = await UnconfinedSandbox().run(replace(attacking(name, around.targets), limits=SandboxLimits()))
    assert "ESCAPED" in result.stdout or around.damage(), result


async def test_a_good_program_works_in_bubblewrap(around: Host) -> None:
    result = await BubblewrapSandbox().run(attacking("well_behaved", around.targets))
    assert (result.stdout, result.stderr, result.ok) == (
        '["sqlite", "threads", "subprocess", "temporary file", "loopback", "unix socket"]\n',
        "",
        True,
    )


async def test_a_good_program_without_sockets_works_in_landlock(around: Host) -> None:
    result = await LandlockSandbox().run(attacking("well_behaved", around.targets))
    assert (result.stdout, result.stderr, result.ok) == ('["sqlite", "threads", "subprocess", "temporary file"]\n', "", True)


@pytest.mark.bounded(90)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
def test_the_sandboxes_hold_for_an_ordinary_user_too(name: str) -> None:
    """By a Python everybody can read, since that of the tests may lie in the home folder of root."""
    python = Path("/usr/bin/python3")
    if not python.exists() or subprocess.run([python, "-c", "from enum import StrEnum"], capture_output=True, check=False).returncode:
        pytest.skip("no Python 3.11 in /usr/bin")
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    ran = subprocess.run(
        [*become, python, "-B", "tests/integration/sandbox/hostile_run.py", name],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )
    assert ran.returncode == 0, ran.stderr
    outcome = json.loads(ran.stdout)
    assert outcome["escaped"] == {}
    assert "subprocess" in outcome["good"], outcome["problem"]
