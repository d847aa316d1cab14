"""The program that confines itself with Landlock and a system-call filter, then becomes the generated code.

Started as a script by `nodes.sandbox.landlock`, so it imports nothing but the standard library. Kernel interface:
Documentation/userspace-api/landlock.rst.
"""

import ctypes
import json
import os
import resource
import stat
import struct
import sys
from typing import TypedDict

COMPLAINT = "appyard: cannot confine: "
TRUNCATE_ABI, NETWORK_ABI, IOCTL_ABI, SCOPE_ABI = 3, 4, 5, 6
"""Landlock versions that first restrict truncation, TCP, device control, and signals with abstract sockets."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2

_libc = ctypes.CDLL(None, use_errno=True)


class Plan(TypedDict):
    """What to run, as whom, and what it may touch. `ceilings` are names of `resource` with their values."""

    argv: list[str]
    uid: int | None
    readable: list[str]
    writable: list[str]
    devices: list[str]
    filter_hex: str
    ceilings: dict[str, int]


def supported_abi() -> int:
    """The Landlock version of the kernel; below 1 where there is none."""
    version: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    return version


def confine(plan: Plan) -> None:
    """Give up everything the plan does not grant. Order matters: each step needs rights the next one takes away."""
    for name, ceiling in plan["ceilings"].items():
        resource.setrlimit(getattr(resource, name), (ceiling, ceiling))
    if plan["uid"] is not None:
        os.setgroups([])
        os.setresgid(plan["uid"], plan["uid"], plan["uid"])
        os.setresuid(plan["uid"], plan["uid"], plan["uid"])
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _restrict_files(plan)
    _filter_calls(bytes.fromhex(plan["filter_hex"]))


def _restrict_files(plan: Plan) -> None:
    abi = supported_abi()
    handled = (1 << 13) - 1
    for needed, right in ((2, _REFER), (TRUNCATE_ABI, _TRUNCATE), (IOCTL_ABI, _IOCTL_DEV)):
        handled |= right if abi >= needed else 0
    fields = [handled, 3 if abi >= NETWORK_ABI else 0, 3 if abi >= SCOPE_ABI else 0]
    attributes = struct.pack("QQQ", *fields)[: 24 if abi >= SCOPE_ABI else 16 if abi >= NETWORK_ABI else 8]
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    for paths, rights in (
        (plan["readable"], _READ_FILE | _READ_DIR | _EXECUTE),
        (plan["writable"], handled & ~_IOCTL_DEV),
        (plan["devices"], _READ_FILE | _WRITE_FILE),
    ):
        for path in paths:
            _allow(ruleset, path, rights & handled)
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= _FILE_RIGHTS
    _checked(_libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, place), 0))
    os.close(place)


def _filter_calls(program: bytes) -> None:
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def main() -> None:
    """Confine this process and become the program. Whatever fails before that is the sandbox's own complaint."""
    plan: Plan = json.loads(sys.argv[1])
    try:
        confine(plan)
        os.execv(plan["argv"][0], plan["argv"])  # noqa: S606 - becoming the program is the purpose
    except (OSError, ValueError) as error:
        sys.exit(f"{COMPLAINT}{error}")


if __name__ == "__main__":
    main()
