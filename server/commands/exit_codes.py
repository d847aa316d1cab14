"""How a command ends, in one number."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    done = 0
    failed = 1
    bad_input = 2
    waiting = 3
    rejected = 4
    cannot_start = 5
    interrupted = 130
