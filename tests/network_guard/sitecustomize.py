"""Forbid every connection and every name lookup that leaves this machine, in the tests and in what they start.

Python imports `sitecustomize` by itself from the PYTHONPATH, which tests/conftest.py sets, so child processes are
guarded from their first line. An attempt raises, and is written to the file that NETWORK_GUARD_LOG names: a program
that swallows the exception still fails the run. What this cannot see: code that opens sockets outside Python (libpq, gRPC,
uvloop), and the lookup inside `socket.connect(("a name", 80))`, which Python does before it tells. So `.ci/run`
runs the tests where there is no network at all, if it may.
"""

import os
import sys


class NetworkForbidden(RuntimeError):
    """A test tried to reach something outside this machine. Start what it needs on 127.0.0.1, or script it."""


LOOPBACK_NAMES = ("localhost", "ip6-localhost", "")
UNSPECIFIED = ("0.0.0.0", "::")  # noqa: S104 - recognised here, not bound
LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
CONNECTIONS = ("socket.connect", "socket.sendto", "socket.sendmsg")


def stays_here(host: object) -> bool:
    """True for no host at all, a loopback address or name, and the unspecified address."""
    if host is None:
        return True
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    return name in LOOPBACK_NAMES or name in UNSPECIFIED or name.startswith(("127.", "::1", "::ffff:127."))


def is_literal(host: object) -> bool:
    """True for an address in figures: resolving it asks nobody."""
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    return ":" in name or name.replace(".", "").isdigit()


def forbidden_target(event: str, arguments: tuple[object, ...]) -> str | None:
    """Where an audited event (see Python's table of audit events) wants to go, if that is elsewhere."""
    if event in LOOKUPS:
        host = arguments[0]
        return None if stays_here(host) or is_literal(host) else f"lookup of {host!r}"
    if event in CONNECTIONS:
        address = arguments[1]
        if isinstance(address, tuple) and not stays_here(address[0]):
            return f"{event.removeprefix('socket.')} to {address!r}"
    return None


def audit(event: str, arguments: tuple[object, ...]) -> None:
    """Raise `NetworkForbidden` where an event leaves the machine, and leave a line in the log."""
    if not event.startswith("socket."):
        return
    target = forbidden_target(event, arguments)
    if target is None:
        return
    line = f"{target} by process {os.getpid()} ({' '.join(sys.argv)[:80]}) during {os.environ.get('PYTEST_CURRENT_TEST', 'no test')}"
    if log := os.environ.get("NETWORK_GUARD_LOG"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(line + "\n")
    raise NetworkForbidden(line)


if "NETWORK_GUARD_LOG" in os.environ:
    sys.addaudithook(audit)
