"""Choose what runs next: pure functions of the state. The words they return are the labels drawn in Studio."""

from collections.abc import Sequence
from typing import Literal, assert_never

from langgraph.types import Send

from graph.state import AppyardState
from nodes.artifacts import ComponentOrder, Decision, Ending, Gate, GatePolicy, Provenance, RepairStop, Review, ReviewAnswer, Verdict
from nodes.context import BuildOptions, effective_options
from nodes.ownership import owner_of
from nodes.pauses import going_on
from nodes.stack import STACKS
from nodes.work_orders import next_wave, rework

AtStart = Literal["build", "change"]
AfterTakingUp = Literal["in words", "ask", "go on"]
AfterRequirements = Literal["ask", "go on", "declined"]
AfterReview = Literal["approved", "changes requested", "ask again", "ended"]
AfterAppReview = Literal["approved", "changes requested", "roll back", "ask again", "ended"]
AfterBudgetReview = Literal["show what there is", "ask again", "ended"]
AfterArchitecture = Literal["ask", "nothing to write"]
AfterAssembly = Literal["complete"]
AfterQa = Literal["verified", "ask", "unverified"]
AfterRollback = Literal["verified", "changes dropped"]
BudgetUsed = Literal["budget used"]


def at_start(state: AppyardState) -> AtStart:
    """A change request is taken up on the version it is about; everything else is a new app."""
    return "change" if state.get("change") else "build"


def after_taking_up(state: AppyardState) -> AfterTakingUp:
    """Words are read by the analyst; edited files and a version to restore say by themselves what changes."""
    revision = state["revision"]
    assert revision is not None
    if revision.request.feedback.strip():
        return "in words"
    return _ask(state["options"].gates.requirements, findings=revision.loses_data)


def after_requirements(state: AppyardState) -> AfterRequirements | BudgetUsed:
    """Ask a person when the policy says so, or when something was guessed, left open, or would delete what is stored."""
    if state.get("paused"):
        return "budget used"
    spec, revision, outcome = state["spec"], state.get("revision"), state.get("outcome")
    if outcome and outcome.ending is Ending.declined:
        return "declined"
    if revision:
        return _ask(state["options"].gates.requirements, findings=revision.loses_data or bool(revision.unclear))
    guessed = any(record.source.provenance is Provenance.guessed for record in spec.records)
    return _ask(state["options"].gates.requirements, findings=guessed or bool(spec.open_questions))


def after_architecture(state: AppyardState) -> AfterArchitecture | BudgetUsed | list[Send]:
    """Ask a person, or let the engineers of the first wave begin."""
    if state.get("paused"):
        return "budget used"
    if _ask(state["options"].gates.architecture, findings=False) == "ask":
        return "ask"
    return components_to_write(state)


def after_requirements_review(state: AppyardState) -> AfterReview:
    """Approved requirements are designed; requested changes go back to the analyst."""
    return _answered(state["review"])


def after_architecture_review(state: AppyardState) -> AfterReview | Literal["nothing to write"] | list[Send]:
    """An approved plan is written; requested changes go back to the architect."""
    answered = _answered(state["review"])
    return components_to_write(state) if answered == "approved" else answered


def after_assembly(state: AppyardState) -> AfterAssembly | BudgetUsed | list[Send]:
    """Write the next wave of components, or verify when all are there."""
    if state.get("paused"):
        return "budget used"
    return _sends(state, orders) if (orders := _wave(state)) else "complete"


def after_qa(state: AppyardState) -> AfterQa | BudgetUsed | list[Send]:
    """Repair what is worth repairing; package, ask or close otherwise."""
    if state.get("paused"):
        return "budget used"
    qa = state["qa"]
    if qa.stop is None:
        orders = rework(
            qa.components_to_repair,
            state["work_order"],
            state["version"],
            state["components"],
            findings=qa.report.findings,
            feedback=qa.hint,
        )
        return _sends(state, orders)
    unanswered = any(part.unanswered for part in state.get("components", {}).values())
    verified = qa.report.verdict is Verdict.verified and qa.stop is RepairStop.verified and not unanswered
    match state["options"].gates.app:
        case GatePolicy.always:
            return "ask"
        case GatePolicy.on_findings:
            return "verified" if verified else "ask"
        case GatePolicy.auto:
            return "verified" if verified else "unverified"
        case policy:
            assert_never(policy)


def after_app_review(state: AppyardState) -> AfterAppReview | list[Send]:
    """An approved app is packaged. A hint, and changes to named parts, go to engineers; others through the specification."""
    review = state["review"]
    answer = review.answer if review else None
    if answer is None:
        return "ask again"
    match answer.decision:
        case Decision.roll_back:
            return "roll back"
        case Decision.hint:
            return _to_engineers(state, answer) or "ask again"
        case Decision.changes_requested if _is_about_parts(answer):
            return _to_engineers(state, answer) or "changes requested"
        case _:
            return _answered(state["review"])


def after_budget_review(state: AppyardState) -> AfterBudgetReview | list[Send]:
    """With more money everybody goes on where they stopped; without, what there is is shown, if it was checked."""
    review = state["review"]
    answer = review.answer if review else None
    if answer is None:
        return "ask again"
    if answer.decision is Decision.approved:
        return [going_on(pause, state, _options(state)) for pause in state["granted"]]
    return "show what there is" if "qa" in state else "ended"


def after_rollback(state: AppyardState) -> AfterRollback:
    """A version that was verified before is packaged; parts without their changes are put together and checked."""
    return "verified" if state["qa"].stop is RepairStop.verified else "changes dropped"


def _is_about_parts(answer: ReviewAnswer) -> bool:
    """Whether named parts are to be changed, or lines of files, and nothing else."""
    of_files = bool(answer.comments) and not answer.feedback and not any(comment.names_an_item for comment in answer.comments)
    return (bool(answer.components) or of_files) and not answer.spec


def _to_engineers(state: AppyardState, answer: ReviewAnswer) -> list[Send]:
    """The parts that were named or own commented files, or else those that fail or lack; all of them if no part is to blame."""
    findings, parts = state["qa"].report.findings, [part.name for part in state["architecture"].components]
    failing = {finding.component for finding in findings if finding.component}
    failing |= {name for name, part in state["components"].items() if part.unanswered}
    owners = {owner.name for comment in answer.comments if (owner := owner_of(state["architecture"], comment.place))}
    wanted = {*answer.components, *owners} or failing or set(parts)
    orders = rework(
        [name for name in parts if name in wanted],
        state["work_order"],
        state["version"],
        state["components"],
        findings=findings,
        feedback=answer.said(),
    )
    return _sends(state, orders)


def components_to_write(state: AppyardState) -> list[Send] | Literal["nothing to write"]:
    """One engineer for each component of the next wave; all of them, with the feedback, if the plan did not change."""
    orders = _wave(state)
    if not orders and (feedback := _feedback(state)):
        everything = [part.name for part in state["architecture"].components]
        orders = rework(everything, state["work_order"], state["version"], state["components"], feedback=feedback)
    return _sends(state, orders) if orders else "nothing to write"


def _wave(state: AppyardState) -> list[ComponentOrder]:
    """Without a frame to rely on, engineers start from what others have written in the waves before."""
    version, is_whole = state.get("version"), STACKS[state["architecture"].stack].is_written_whole
    return next_wave(
        state["spec"],
        state["architecture"],
        state["work_order"],
        version.tree if version and is_whole else state["frame"],
        state.get("components", {}),
        feedback=_feedback(state),
    )


def _feedback(state: AppyardState) -> str:
    review = state.get("review")
    if review and review.gate is Gate.app and review.answer and review.answer.decision is Decision.changes_requested:
        return review.answer.said()
    revision = state.get("revision")
    return revision.request.feedback if revision else ""


def _sends(state: AppyardState, orders: Sequence[ComponentOrder]) -> list[Send]:
    return [Send("generate_component", {"order": order, "options": _options(state)}) for order in orders]


def _options(state: AppyardState) -> BuildOptions:
    return effective_options(
        state.get("options"), None, allowance_usd=state.get("allowance_usd"), allowance_tokens=state.get("allowance_tokens")
    )


def _ask(policy: GatePolicy, *, findings: bool) -> Literal["ask", "go on"]:
    match policy:
        case GatePolicy.always:
            return "ask"
        case GatePolicy.on_findings:
            return "ask" if findings else "go on"
        case GatePolicy.auto:
            return "go on"
        case _:
            assert_never(policy)


def _answered(review: Review | None) -> AfterReview:
    if review is None or review.answer is None:
        return "ask again"
    match review.answer.decision:
        case Decision.approved:
            return "approved"
        case Decision.changes_requested:
            return "changes requested"
        case Decision.rejected:
            return "ended"
        case Decision.hint | Decision.roll_back:
            return "ask again"  # no gate but the app's offers them, and that one has routed them already
        case decision:
            assert_never(decision)
