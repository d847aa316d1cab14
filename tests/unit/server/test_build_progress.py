"""How far a build is, from what it recorded."""

from nodes.artifacts import AgentResult, CheckName, CheckResult, CheckStatus
from nodes.contract import contract_of
from nodes.progress import AgentFinished, AgentStarted, CheckFinished, VersionAssembled
from server.services.build_progress import ActiveAgent, Stage, progress_of
from tests.factories import make_plan, make_record, make_spec

SPEC = make_spec(make_record("claim"), make_record("trip"))
PLAN = make_plan(SPEC)
ARCHITECTURE = {
    "stack": "python-web",
    "summary": "",
    "contract": contract_of(SPEC).model_dump(mode="json"),
    "components": [part.model_dump(mode="json") for part in PLAN.components],
}


def custom(event: AgentStarted | AgentFinished | VersionAssembled | CheckFinished) -> tuple[str, object]:
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
    progress = progress_of([])
    assert (progress.stage, progress.percent, progress.current_agent) == (Stage.requirements, 0, None)


def test_components_written_side_by_side_count_as_they_end() -> None:
    progress = progress_of([DESIGNED, started("claim"), started("trip"), finished("trip")])
    assert progress.active == (ActiveAgent("Engineer", "write_component", "claim", 1),)
    assert (progress.stage, progress.percent, progress.written) == (Stage.code, 40, frozenset({"trip"}))


def test_the_checks_of_a_repaired_version_begin_anew() -> None:
    check = CheckResult(check=CheckName.compile, status=CheckStatus.passed, summary="")
    first = [custom(VersionAssembled(version=1, file_count=9)), custom(CheckFinished(version=1, check=check))]
    assert progress_of(first).checks == (check,)
    repaired = progress_of([*first, custom(VersionAssembled(version=2, file_count=9))])
    assert (repaired.version, repaired.checks) == (2, ())


def test_checks_are_shown_in_the_order_of_the_report() -> None:
    checks = [CheckResult(check=name, status=CheckStatus.passed, summary="") for name in (CheckName.probe, CheckName.compile)]
    progress = progress_of([custom(CheckFinished(version=1, check=check)) for check in checks])
    assert [check.check for check in progress.checks] == [CheckName.compile, CheckName.probe]


def test_what_a_new_attempt_does_again_counts_once() -> None:
    check = custom(CheckFinished(version=1, check=CheckResult(check=CheckName.compile, status=CheckStatus.passed, summary="")))
    progress = progress_of([DESIGNED, started("claim"), check, ("metadata", {"attempt": 2}), check])
    assert (progress.active, len(progress.checks)) == ((), 1)


def test_events_of_other_graphs_change_nothing() -> None:
    assert progress_of([("custom", {"kind": "weather"}), ("updates", {"plan": None}), ("values", {})]).stage is Stage.requirements


def test_a_delivered_build_is_complete() -> None:
    assert progress_of([DESIGNED, ("updates", {"deliver": {}})]).percent == 100
