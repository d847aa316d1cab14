"""Find out whether the app works: run it, have the QA engineer read evidence and code, and judge whether to repair."""

import json
from collections.abc import Collection, Mapping, Sequence

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.artifacts import (
    AgentResult,
    AppSpec,
    AppVersion,
    Architecture,
    ArtifactRef,
    CheckedVersion,
    CheckResult,
    CheckStatus,
    ComponentResult,
    EvidenceReport,
    GreenBuild,
    KeptVersion,
    QaOutcome,
    QaReview,
    RepairStop,
    Severity,
    TriedRound,
    Verdict,
)
from nodes.context import AgentTask, BuildOptions, Workshop, effective_options
from nodes.errors import AgentOutputInvalid
from nodes.hints import said_meanwhile, with_hints
from nodes.progress import CheckFinished, announce
from nodes.source_trees import load_delivered, load_tree
from nodes.versions import VersionState, kept_version, lineage


class QaInput(VersionState, total=False):
    """The assembled version, what it should be, how the user's edits went in, and the last outcome with its version."""

    spec: AppSpec
    architecture: Architecture
    frame: ArtifactRef
    options: BuildOptions
    allowance_usd: float
    allowance_tokens: int
    merge: CheckResult | None
    checked: CheckedVersion
    agent_results: list[AgentResult]
    continues: str


class QaOutput(TypedDict, total=False):
    """The evidence and what follows from it, kept with its version; the version before, if a repair made it worse."""

    qa: QaOutcome
    versions: list[KeptVersion]
    agent_results: list[AgentResult]
    checked: CheckedVersion
    green: GreenBuild
    version: AppVersion
    components: dict[str, ComponentResult]


async def verify_app(state: QaInput, runtime: Runtime[BuildOptions], *, workshop: Workshop) -> QaOutput:
    """Raises what a crew raises. A check that cannot run is evidence of nothing, not an error."""
    version, architecture = state["version"], state["architecture"]
    options = effective_options(
        state.get("options"), runtime.context, allowance_usd=state.get("allowance_usd"), allowance_tokens=state.get("allowance_tokens")
    )
    files = await load_tree(workshop.artifacts, version.tree)
    revision, kept = state.get("revision"), lineage(state).delivered
    report = await workshop.verifier.verify(
        {path: text.encode() for path, text in files.items()},
        state["spec"],
        architecture,
        version=version.number,
        tree_sha256=version.tree.sha256,
        on_check=lambda check: announce(CheckFinished(version=version.number, check=check)),
        delivered=await load_delivered(workshop.artifacts, kept, revision) if revision and kept else None,
    )
    if merge := state.get("merge"):
        report = report.model_copy(update={"checks": (merge, *report.checks)})
    written = {path for result in state.get("components", {}).values() for path in result.files}
    inputs = {
        "spec": state["spec"].model_dump_json(exclude_defaults=True),
        "report": _reported(report),
        "files": _readable(files, written),
        "components": json.dumps([component.name for component in architecture.components]),
    }
    task = AgentTask(
        name="review_app",
        inputs=inputs,
        leaner=({**inputs, "files": _readable({path: text for path, text in files.items() if path in written}, ())},),
        answer=QaReview,
        summarize=lambda review: review.summary,
        continues=state.get("continues", ""),
        files=files,
    )
    review, used = await _reviewed(task, workshop, options)
    outcome = judge(report, review, state.get("qa"), version, rounds=options.repair_rounds)
    failing = _failing_components(report, review)
    if report.verdict is Verdict.failed:
        await workshop.crew.disown(failing or tuple(component.name for component in architecture.components))
    outcome = with_hints(outcome, state.get("qa"), await said_meanwhile(runtime), failing=failing, rounds=options.repair_rounds)
    outcome = outcome.model_copy(update={"tried": (*_tried_before(state.get("qa")), _tried(state, outcome, used))})
    output: QaOutput = {"qa": outcome, "versions": [kept_version(state, report.verdict)], "agent_results": used}
    if outcome.stop is RepairStop.worse_result and "checked" in state:
        return {**output, **_undone(outcome, state["checked"], version)}
    output["checked"] = CheckedVersion(version=version, components=state.get("components", {}), report=report, review=review)
    if report.verdict is Verdict.verified:
        output["green"] = GreenBuild(
            checked=output["checked"],
            spec=state["spec"],
            architecture=architecture,
            work_order=state["work_order"],
            frame=state["frame"],
        )
    return output


async def _reviewed(task: AgentTask[QaReview], workshop: Workshop, options: BuildOptions) -> tuple[QaReview, list[AgentResult]]:
    """The review is an opinion: without a usable one the evidence still decides."""
    try:
        reviewed = await workshop.crew.perform(task, options)
    except AgentOutputInvalid as invalid:
        return QaReview(summary=f"No review: {invalid.detail or invalid}"), [invalid.result] if invalid.result else []
    return reviewed.value, [reviewed.result]


def _undone(outcome: QaOutcome, before: CheckedVersion, version: AppVersion) -> QaOutput:
    """The version before the repair, under a new number, with the evidence there is for exactly these files."""
    restored = before.renumbered(version.number + 1)
    qa = outcome.model_copy(update={"report": restored.report, "review": restored.review})
    return {"qa": qa, "checked": restored, "version": restored.version, "components": restored.components}


def judge(report: EvidenceReport, review: QaReview, previous: QaOutcome | None, version: AppVersion, *, rounds: int) -> QaOutcome:
    """Evidence decides. The reviewer's opinion only says where to look when a failure has no component.

    Stops: verified, not verifiable, nothing to repair, worse than before, the same failures again, rounds exhausted.
    """
    continued = previous if previous and previous.stop is None else None
    round_number = continued.round + 1 if continued else 1
    failing = _failing_components(report, review)
    repairable = tuple(name for name in failing if not _failed_before(name, report, continued))
    match report.verdict:
        case Verdict.verified:
            stop: RepairStop | None = RepairStop.verified
        case Verdict.incomplete:
            stop = RepairStop.not_verifiable
        case Verdict.failed if not failing:
            stop = RepairStop.nothing_to_repair
        case Verdict.failed if continued and _weight(report) > _weight(continued.report):
            stop = RepairStop.worse_result
        case Verdict.failed if not repairable:
            stop = RepairStop.same_failure_twice
        case Verdict.failed if round_number > rounds:
            stop = RepairStop.rounds_exhausted
        case Verdict.failed:
            stop = None
    return QaOutcome(
        report=report,
        review=review,
        round=round_number,
        stop=stop,
        components_to_repair=() if stop else repairable,
        last_green=version if report.verdict is Verdict.verified else previous.last_green if previous else None,
    )


def _tried_before(previous: QaOutcome | None) -> tuple[TriedRound, ...]:
    """What led to this round; nothing, if all was well before."""
    return previous.tried if previous and previous.report.verdict is not Verdict.verified else ()


def _tried(state: QaInput, outcome: QaOutcome, used: Sequence[AgentResult]) -> TriedRound:
    """What was done for this version, and what it cost: all that agents used since the version before was checked."""
    parts, before = state.get("components", {}), state["checked"].components if "checked" in state else None
    again = {name: part for name, part in parts.items() if before is not None and _attempt(before.get(name)) != part.attempt}
    results, previous = [*state.get("agent_results", []), *used], state.get("qa")
    last = previous.tried[-1] if previous and previous.tried else None
    costs = [result.cost_usd for result in results]
    spent = None if None in costs else sum(cost for cost in costs if cost)
    known_before = last.spent_usd if last else 0.0
    calls = sum(result.calls for result in results)
    return TriedRound(
        version=state["version"].number,
        parts=tuple(again),
        notes={name: part.notes for name, part in again.items() if part.notes},
        findings=len(outcome.report.findings),
        failed_checks=tuple(check.check for check in outcome.report.checks if check.status is CheckStatus.failed),
        undone=outcome.stop is RepairStop.worse_result,
        calls=calls - (last.calls_so_far if last else 0),
        cost_usd=None if spent is None or known_before is None else spent - known_before,
        spent_usd=spent,
        calls_so_far=calls,
    )


def _attempt(part: ComponentResult | None) -> int:
    return part.attempt if part else 0


def _failing_components(report: EvidenceReport, review: QaReview) -> tuple[str, ...]:
    serious = [finding for finding in report.findings if finding.severity is not Severity.minor]
    named = sorted({finding.component for finding in serious if finding.component})
    return tuple(named) or (review.components_to_repair if serious else ())


def _failed_before(component: str, report: EvidenceReport, previous: QaOutcome | None) -> bool:
    """True if the component's failures are all old ones: repairing it again would burn money and fix nothing."""
    seen = {finding.signature for finding in previous.report.findings} if previous else set()
    now = {finding.signature for finding in report.findings if finding.component in (component, None)}
    return bool(now) and now <= seen


def _weight(report: EvidenceReport) -> tuple[int, ...]:
    """How bad it is: blockers count before major findings, these before checks that did not pass."""
    severities = [finding.severity for finding in report.findings]
    not_passed = sum(1 for check in report.checks if check.status is not CheckStatus.passed)
    return (severities.count(Severity.blocker), severities.count(Severity.major), not_passed)


def _reported(report: EvidenceReport) -> str:
    """The evidence without pictures, which cannot be read here, and without what differs when the same checks run again.

    A recorded answer must still fit its prompt.
    """
    return report.model_dump_json(exclude={"checks": {"__all__": {"duration_seconds", "log", "screenshots"}}}, exclude_defaults=True)


def _readable(files: Mapping[str, str], written: Collection[str]) -> str:
    """Every file by name and length; the text of those an engineer wrote."""
    listed = [{"path": path, "lines": text.count("\n"), **({"text": text} if path in written else {})} for path, text in files.items()]
    return json.dumps(listed, ensure_ascii=False)
