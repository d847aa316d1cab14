"""How far a build is, from what it recorded."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from checkpoints.records import RunEvent
from nodes.artifacts import AgentResult, CheckName, CheckResult, CheckStatus
from nodes.contract import contract_of
from nodes.progress import AgentFinished, AgentStarted, CallGoesOn, CallWaits, CheckFinished, ProgressEvent, VersionAssembled, WaitCause
from server.services.build_progress import ActiveAgent, BuildProgress, Stage, progress_of
from server.services.build_status import activity_of, words_of_waits
from tests.factories import make_plan, make_record, make_spec

SPEC = make_spec(make_record("claim"), make_record("trip"))
PLAN = make_plan(SPEC)
ARCHITECTURE = {
    "stack": "python-web",
    "summary": "",
    "contract": contract_of(SPEC).model_dump(mode="json"),
    "components": [part.model_dump(mode="json") for part in PLAN.components],
}


AT = datetime(2026, 11, 28, 14, 3, tzinfo=UTC)


def told(events: Sequence[tuple[str, object]]) -> BuildProgress:
    """After these events, recorded at one moment."""
    recorded = [RunEvent(run_id=UUID(int=1), seq=seq, event=name, data=data, created_at=AT) for seq, (name, data) in enumerate(events, 1)]
    return progress_of(recorded)


def custom(event: ProgressEvent) -> tuple[str, object]:
    return "custom", event.model_dump(mode="json")


def started(component: str) -> tuple[str, object]:
    return custom(AgentStarted(agent="Engineer", task="write_component", component=component, model="builtin"))


def finished(component: str) -> tuple[str, object]:
    result = AgentResult(
        agent="Engineer", task="write_component", component=component, model="builtin", calls=1, input_tokens=0, output_tokens=0
    )
    return custom(AgentFinished(result=result))


DESIGNED = ("updates", {"design_architecture": {"architecture": ARCHITECTURE}})


def test_nothing_recorded_is_nothing_done() -> None:
    progress = told([])
    assert (progress.stage, progress.percent, progress.current_agent) == (Stage.requirements, 0, None)


def test_components_written_side_by_side_count_as_they_end() -> None:
    progress = told([DESIGNED, started("claim"), started("trip"), finished("trip")])
    assert progress.active == (ActiveAgent("Engineer", "write_component", "claim", 1),)
    assert (progress.stage, progress.percent, progress.written) == (Stage.code, 40, frozenset({"trip"}))


def test_the_checks_of_a_repaired_version_begin_anew() -> None:
    check = CheckResult(check=CheckName.compile, status=CheckStatus.passed, summary="")
    first = [custom(VersionAssembled(version=1, file_count=9)), custom(CheckFinished(version=1, check=check))]
    assert told(first).checks == (check,)
    repaired = told([*first, custom(VersionAssembled(version=2, file_count=9))])
    assert (repaired.version, repaired.checks) == (2, ())


def test_checks_are_shown_in_the_order_of_the_report() -> None:
    checks = [CheckResult(check=name, status=CheckStatus.passed, summary="") for name in (CheckName.probe, CheckName.compile)]
    progress = told([custom(CheckFinished(version=1, check=check)) for check in checks])
    assert [check.check for check in progress.checks] == [CheckName.compile, CheckName.probe]


def test_what_a_new_attempt_does_again_counts_once() -> None:
    check = custom(CheckFinished(version=1, check=CheckResult(check=CheckName.compile, status=CheckStatus.passed, summary="")))
    progress = told([DESIGNED, started("claim"), check, ("metadata", {"attempt": 2}), check])
    assert (progress.active, len(progress.checks)) == ((), 1)


def test_events_of_other_graphs_change_nothing() -> None:
    assert told([("custom", {"kind": "weather"}), ("updates", {"plan": None}), ("values", {})]).stage is Stage.requirements


def test_a_delivered_build_is_complete() -> None:
    assert told([DESIGNED, ("updates", {"deliver": {}})]).percent == 100


def waits(component: str, seconds: float | None = 20.0, cause: WaitCause = WaitCause.asked_to_wait) -> tuple[str, object]:
    return custom(
        CallWaits(
            agent="Engineer",
            task="write_component",
            component=component,
            model="openai:gpt-x",
            cause=cause,
            seconds=seconds,
            reason="HTTP 429: slow down",
            next_try=2,
            tries=4,
        )
    )


def test_who_waits_for_a_model_is_told_with_the_reason_and_until_when() -> None:
    progress = told([DESIGNED, started("claim"), waits("claim")])
    assert [(wait.component, wait.until) for wait in progress.waits] == [("claim", AT + timedelta(seconds=20))]
    assert activity_of(progress) == (
        "At work: Engineer (claim). openai:gpt-x asks to wait until 14:03:20 UTC (HTTP 429: slow down; try 2 of 4)."
    )


def test_many_who_wait_for_one_model_are_one_sentence_about_the_last_of_them() -> None:
    progress = told([DESIGNED, waits("claim", 5), waits("trip", 9, WaitCause.shared_rate)])
    assert words_of_waits(progress.waits) == [
        "2 calls wait: openai:gpt-x is asked at 14:03:09 UTC, when the rate that all workers keep to allows it."
    ]


@pytest.mark.parametrize(
    "after",
    [
        custom(CallGoesOn(agent="Engineer", task="write_component", component="claim")),
        finished("claim"),
        ("metadata", {"attempt": 2}),
    ],
    ids=["it goes on", "it is answered", "its worker died"],
)
def test_a_wait_that_is_over_is_told_no_more(after: tuple[str, object]) -> None:
    assert told([DESIGNED, started("claim"), waits("claim"), after]).waits == ()
