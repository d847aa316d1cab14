"""The machine around a sandbox as the hostile set sees it: servers, a secret, a file and a process worth attacking."""

import contextlib
import json
import platform
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nodes.sandbox.protocol import Command, SandboxLimits

ATTACKS = {"attacks.py": (Path(__file__).parent / "attacks.py").read_bytes()}
MEBIBYTE = 1024 * 1024
LIMITS = SandboxLimits(
    wall_seconds=5, cpu_seconds=1, memory_bytes=512 * MEBIBYTE, processes=64, file_bytes=50 * MEBIBYTE, work_bytes=100 * MEBIBYTE
)
HOSTILE = """
tcp_to_the_host udp_to_the_host unix_socket_by_path abstract_unix_socket read_a_file_outside write_a_file_outside
secret_in_the_environment environment_of_the_server signal_the_server trace_the_server fork_bomb one_gigabyte
many_processes_with_memory burn_the_processor burn_with_many_processes fill_the_disk fill_the_disk_unseen
memory_without_a_process one_huge_file leave_a_daemon new_user_namespace dangerous_system_calls raw_disk flood_the_output
""".split()

DAEMON = "appyard-daemon"
CALLS = {
    "x86_64": {
        "io_uring_setup": (425, 1, 0),
        "userfaultfd": (323, 0),
        "keyctl": (250, 0, -3, 0),
        "perf": (298, 0, 0, -1, -1, 0),
        "bpf": (321, 0, 0, 0),
    },
    "aarch64": {
        "io_uring_setup": (425, 1, 0),
        "userfaultfd": (282, 0),
        "keyctl": (219, 0, -3, 0),
        "perf": (241, 0, 0, -1, -1, 0),
        "bpf": (280, 0, 0, 0),
    },
}


@dataclass
class Host:
    """`reached` lists what arrived from inside; `damage` says what an attack left behind."""

    folder: Path
    victim: subprocess.Popen[bytes]
    targets: dict[str, object]
    reached: list[str]

    def damage(self) -> list[str]:
        """Empty if the sandbox held."""
        left = list(self.reached)
        if self.victim.poll() is not None:
            left.append("the victim was killed")
        if (self.folder / "victim.txt").read_text() != "untouched":
            left.append("a file outside was changed")
        if DAEMON in running_programs():
            left.append("a daemon survived")
        return left


def running_programs() -> set[str]:
    names = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                names.add((entry / "comm").read_text().strip())
    return names


@contextlib.contextmanager
def host() -> Iterator[Host]:
    """As inviting as possible: everything is open to everybody, in a folder everybody can enter."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        Path(folder).chmod(0o755)
        with _inhabited(Path(folder)) as machine:
            yield machine


@contextlib.contextmanager
def _inhabited(folder: Path) -> Iterator[Host]:
    (folder / "secret.txt").write_text("TOP SECRET")
    (folder / "victim.txt").write_text("untouched")
    (folder / "victim.txt").chmod(0o666)
    reached: list[str] = []
    abstract = f"appyard-{folder.name}"
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(10)
        for name, address in (("unix socket", f"{folder}/server.sock"), ("abstract socket", f"\0{abstract}")):
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(address)
            server.listen()
            stack.callback(server.shutdown, socket.SHUT_RDWR)  # wakes the thread in accept
            _greet(name, server, reached)
        (folder / "server.sock").chmod(0o777)
        _greet("tcp", tcp, reached)
        _reply(udp, reached)
        victim = stack.enter_context(subprocess.Popen([shutil.which("sleep") or "sleep", "600"], env={"VICTIM_SECRET": "x"}))
        stack.callback(victim.kill)
        targets = {
            "tcp_port": tcp.getsockname()[1],
            "udp_port": udp.getsockname()[1],
            "folder": str(folder),
            "abstract": abstract,
            "victim": victim.pid,
            "daemon_name": DAEMON,
            "calls": CALLS[platform.machine()],
        }
        yield Host(folder, victim, targets, reached)


def _greet(name: str, server: socket.socket, reached: list[str]) -> None:
    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                reached.append(name)
                connection.sendall(b"HOST")
                connection.close()

    threading.Thread(target=serve, daemon=True).start()


def _reply(server: socket.socket, reached: list[str]) -> None:
    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                _, sender = server.recvfrom(64)
                reached.append("udp")
                server.sendto(b"HOST", sender)

    threading.Thread(target=serve, daemon=True).start()


def attacking(name: str, targets: dict[str, object]) -> Command:
    """One attack, with the Python of the machine."""
    return Command(argv=("python3", "attacks.py", name, json.dumps(targets)), files=ATTACKS, limits=LIMITS)
