"""The filter, run by a small interpreter of the BPF instructions it uses."""

import errno
import struct

import pytest

from nodes.sandbox.seccomp import DENIED, MachineUnsupported, filter_program

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    data = struct.pack("=iIQ6Q", number, architecture, 0, *(*arguments, *[0] * (6 - len(arguments))))
    instructions = list(struct.iter_unpack("=HBBI", program))
    place, accumulator = 0, 0
    while True:
        code, if_true, if_false, value = instructions[place]
        place += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
            continue
        holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
        place += if_true if holds else if_false


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_denied_call_fails_and_an_ordinary_one_is_allowed(machine: str) -> None:
    program, architecture = filter_program(machine=machine), ARCHITECTURES[machine]
    denied = [number for call in DENIED.values() if (number := getattr(call, machine)) is not None]
    assert {verdict(program, architecture, number) for number in denied} == {FAIL | errno.EPERM}
    ordinary = {"x86_64": (0, 1, 59, 41, 231), "aarch64": (63, 64, 221, 198, 94)}[machine]  # read write execve socket exit_group
    assert {verdict(program, architecture, number, 2) for number in ordinary} == {ALLOW}


def test_arguments_decide_where_a_call_is_harmless_by_itself() -> None:
    program, x86 = filter_program(machine="x86_64"), ARCHITECTURES["x86_64"]
    assert verdict(program, x86, 56, 0x00010900) == ALLOW  # clone of a thread
    assert verdict(program, x86, 56, 0x10000000) == FAIL | errno.EPERM  # CLONE_NEWUSER
    assert verdict(program, x86, 435) == FAIL | errno.ENOSYS  # clone3, so that libc falls back to clone
    assert verdict(program, x86, 16, 0, 0x5401) == ALLOW  # TCGETS
    assert verdict(program, x86, 16, 0, 0x5412) == FAIL | errno.EPERM  # TIOCSTI
    assert verdict(program, x86, 41, 38) == FAIL | errno.EPERM  # AF_ALG


def test_calls_of_another_architecture_end_the_program() -> None:
    program = filter_program(machine="x86_64")
    assert verdict(program, 0x40000003, 1) == KILL  # i386
    assert verdict(program, ARCHITECTURES["x86_64"], 0x40000001) == FAIL | errno.EPERM  # x32


def test_without_sockets_no_family_is_allowed_and_no_process_leaves_its_group() -> None:
    program, x86 = filter_program(allow_sockets=False, machine="x86_64"), ARCHITECTURES["x86_64"]
    assert {verdict(program, x86, number, 2) for number in (41, 112, 109)} == {FAIL | errno.EPERM}
    assert verdict(program, x86, 53) == ALLOW  # socketpair, which asyncio needs


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(MachineUnsupported):
        filter_program(machine="mips")
