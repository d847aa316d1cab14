from typing import get_args

import pytest

from checkpoints.records import ACTIVE_STATUSES, TERMINAL_STATUSES, TRANSITIONS, WIRE_STATUS, RunStatus, ThreadStatus
from checkpoints.threads import RestingStatus


def test_every_status_says_where_it_leads() -> None:
    assert set(TRANSITIONS) == set(RunStatus)
    assert set(ACTIVE_STATUSES) == {RunStatus.pending, RunStatus.running}
    assert set(TERMINAL_STATUSES) == set(RunStatus) - set(ACTIVE_STATUSES)


@pytest.mark.parametrize("status", TERMINAL_STATUSES)
def test_every_end_can_be_reached_from_running_and_is_final(status: RunStatus) -> None:
    assert status in TRANSITIONS[RunStatus.running]
    assert TRANSITIONS[status] == frozenset()


def test_only_words_of_the_langgraph_api_go_on_the_wire() -> None:
    assert {status.value: wire for status, wire in WIRE_STATUS.items() if status.value != wire} == {
        "cancelled": "interrupted",
        "interrupted": "success",
    }
    assert set(WIRE_STATUS.values()) <= {"pending", "running", "success", "error", "timeout", "interrupted"}


def test_a_thread_rests_in_every_status_but_busy() -> None:
    assert set(get_args(RestingStatus)) == set(ThreadStatus) - {ThreadStatus.busy}
