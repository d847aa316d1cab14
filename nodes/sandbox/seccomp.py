"""Compile the system-call filter of the sandboxes to BPF, for x86_64 and aarch64, from a readable table.

A deny list: what it names fails with EPERM, so well-behaved programs report it and go on. Isolation itself comes from
namespaces or Landlock; the filter removes the kernel surface a built app never needs. No libseccomp at run time: its
Python binding starts a compiler on import.
"""

import errno
import platform
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Numbers(NamedTuple):
    """A system call's number on each machine; None where the machine does not have it."""

    x86_64: int | None
    aarch64: int | None


DENIED: dict[str, Numbers] = {
    # other file systems and roots
    "chroot": Numbers(161, 51),
    "fsconfig": Numbers(431, 431),
    "fsmount": Numbers(432, 432),
    "fsopen": Numbers(430, 430),
    "fspick": Numbers(433, 433),
    "mount": Numbers(165, 40),
    "mount_setattr": Numbers(442, 442),
    "move_mount": Numbers(429, 429),
    "name_to_handle_at": Numbers(303, 264),
    "open_by_handle_at": Numbers(304, 265),
    "open_tree": Numbers(428, 428),
    "open_tree_attr": Numbers(467, 467),
    "pivot_root": Numbers(155, 41),
    "quotactl": Numbers(179, 60),
    "quotactl_fd": Numbers(443, 443),
    "swapoff": Numbers(168, 225),
    "swapon": Numbers(167, 224),
    "umount2": Numbers(166, 39),
    # new namespaces (a fresh user namespace reopens most kernel attack surface)
    "setns": Numbers(308, 268),
    "unshare": Numbers(272, 97),
    # other processes' memory and files
    "kcmp": Numbers(312, 272),
    "modify_ldt": Numbers(154, None),
    "personality": Numbers(135, 92),
    "pidfd_getfd": Numbers(438, 438),
    "process_madvise": Numbers(440, 440),
    "process_vm_readv": Numbers(310, 270),
    "process_vm_writev": Numbers(311, 271),
    "ptrace": Numbers(101, 117),
    # kernel subsystems with a long history of escapes
    "add_key": Numbers(248, 217),
    "bpf": Numbers(321, 280),
    "fanotify_init": Numbers(300, 262),
    "io_uring_enter": Numbers(426, 426),
    "io_uring_register": Numbers(427, 427),
    "io_uring_setup": Numbers(425, 425),
    "keyctl": Numbers(250, 219),
    "perf_event_open": Numbers(298, 241),
    "request_key": Numbers(249, 218),
    "userfaultfd": Numbers(323, 282),
    # memory that belongs to no process and no file system, so that no ceiling would count it
    "memfd_create": Numbers(319, 279),
    "memfd_secret": Numbers(447, 447),
    "shmget": Numbers(29, 194),
    # the machine itself
    "acct": Numbers(163, 89),
    "adjtimex": Numbers(159, 171),
    "clock_adjtime": Numbers(305, 266),
    "clock_settime": Numbers(227, 112),
    "create_module": Numbers(174, None),
    "delete_module": Numbers(176, 106),
    "finit_module": Numbers(313, 273),
    "get_kernel_syms": Numbers(177, None),
    "init_module": Numbers(175, 105),
    "ioperm": Numbers(173, None),
    "iopl": Numbers(172, None),
    "kexec_file_load": Numbers(320, 294),
    "kexec_load": Numbers(246, 104),
    "lookup_dcookie": Numbers(212, 18),
    "nfsservctl": Numbers(180, 42),
    "query_module": Numbers(178, None),
    "reboot": Numbers(169, 142),
    "setdomainname": Numbers(171, 162),
    "sethostname": Numbers(170, 161),
    "settimeofday": Numbers(164, 170),
    "sysfs": Numbers(139, None),
    "_sysctl": Numbers(156, None),
    "syslog": Numbers(103, 116),
    "uselib": Numbers(134, None),
    "ustat": Numbers(136, None),
    "vhangup": Numbers(153, 58),
}
"""Numbers: Linux 6.18, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h."""

SOCKET = Numbers(41, 198)
NO_SOCKETS: dict[str, Numbers] = {"socket": SOCKET, "setsid": Numbers(112, 157), "setpgid": Numbers(109, 154)}
"""Denied on top where there is no network namespace: any socket, and leaving the process group that is killed at the end."""

CLONE, CLONE3, IOCTL = Numbers(56, 220), Numbers(435, 435), Numbers(16, 29)
NAMESPACE_FLAGS = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET, from sched.h."""
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
"""Typing into the terminal of whoever started the sandbox."""
SOCKET_FAMILIES = (17, 38, 40, 44)
"""AF_PACKET, AF_ALG, AF_VSOCK and AF_XDP: not covered by a network namespace, or only kernel surface."""


@dataclass(frozen=True)
class Machine:
    """What differs between processors: the AUDIT_ARCH value, and which column of the table applies."""

    audit_arch: int
    column: str
    has_x32: bool


class Machines(Enum):
    """The processors a filter can be compiled for, by the names `platform.machine()` uses."""

    x86_64 = Machine(0xC000_003E, "x86_64", has_x32=True)
    aarch64 = Machine(0xC000_00B7, "aarch64", has_x32=False)


_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _KILL_PROCESS, _FAIL = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_X32_BIT = 0x4000_0000


class MachineUnsupported(Exception):
    """There is no system-call filter for this processor; x86_64 and aarch64 have one."""


def filter_program(*, allow_sockets: bool = True, machine: str | None = None) -> bytes:
    """The BPF program (an array of `struct sock_filter`) for this machine, or the one named. Raises `MachineUnsupported`."""
    name = machine or platform.machine()
    if name not in Machines.__members__:
        raise MachineUnsupported(name)
    return b"".join(_program(Machines[name].value, allow_sockets=allow_sockets))


def _program(machine: Machine, *, allow_sockets: bool) -> Iterator[bytes]:
    # A 32-bit call has other numbers: whoever makes one is up to no good.
    yield from (_load(_ARCH_AT), _jump(_EQUAL, machine.audit_arch, skip_unless=0, skip_if=1), _return(_KILL_PROCESS), _load(_NUMBER_AT))
    if machine.has_x32:
        yield from _refuse_if(_AT_LEAST, _X32_BIT)
    denied = DENIED if allow_sockets else DENIED | NO_SOCKETS
    for number in _numbers(denied.values(), machine):
        yield from _refuse_if(_EQUAL, number)
    # glibc falls back to clone, whose flags a filter can read; clone3 keeps them behind a pointer.
    yield from _refuse_if(_EQUAL, _number(CLONE3, machine), errno.ENOSYS)
    yield from _refuse_argument(_number(CLONE, machine), 0, _BITS, NAMESPACE_FLAGS)
    for request in (TIOCSTI, TIOCLINUX):
        yield from _refuse_argument(_number(IOCTL, machine), 1, _EQUAL, request)
    for family in SOCKET_FAMILIES if allow_sockets else ():
        yield from _refuse_argument(_number(SOCKET, machine), 0, _EQUAL, family)
    yield _return(_ALLOW)


def _numbers(calls: Iterable[Numbers], machine: Machine) -> Iterator[int]:
    for call in calls:
        number: int | None = getattr(call, machine.column)
        if number is not None:
            yield number


def _number(call: Numbers, machine: Machine) -> int:
    return next(_numbers((call,), machine))


def _refuse_if(test: int, value: int, error: int = errno.EPERM) -> Iterator[bytes]:
    yield from (_jump(test, value, skip_if=0, skip_unless=1), _return(_FAIL | error))


def _refuse_argument(number: int, argument: int, test: int, value: int) -> Iterator[bytes]:
    """Refuse call `number` if the low half of its argument passes `test`; leave the call's number loaded."""
    yield _jump(_EQUAL, number, skip_if=0, skip_unless=4)
    yield _load(_ARGUMENTS_AT + 8 * argument)
    yield from _refuse_if(test, value)
    yield _load(_NUMBER_AT)


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD, 0, 0, offset)


def _jump(test: int, value: int, *, skip_if: int, skip_unless: int) -> bytes:
    return struct.pack("=HBBI", test, skip_if, skip_unless, value)


def _return(verdict: int) -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, verdict)
