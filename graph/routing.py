"""Choose what runs next: pure functions of the state. The words they return are the labels drawn in Studio."""

from collections.abc import Sequence
from typing import Literal, assert_never

from langgraph.types import Send

from graph.state import AppyardState
from nodes.artifacts import ComponentOrder, Decision, Gate, GatePolicy, Provenance, RepairStop, Review, Verdict
from nodes.work_orders import next_wave, rework

AfterRequirements = Literal["ask", "go on"]
AfterReview = Literal["approved", "changes requested", "ask again", "ended"]
AfterAssembly = Literal["complete"]
AfterQa = Literal["verified", "ask", "unverified"]


def after_requirements(state: AppyardState) -> AfterRequirements:
    """Ask a person when the policy says so, or when something was guessed or left open."""
    spec = state["spec"]
    guessed = any(record.source.provenance is Provenance.guessed for record in spec.records)
    return _ask(state["options"].gates.requirements, findings=guessed or bool(spec.open_questions))


def after_architecture(state: AppyardState) -> Literal["ask"] | list[Send]:
    """Ask a person, or let the engineers of the first wave begin."""
    if _ask(state["options"].gates.architecture, findings=False) == "ask":
        return "ask"
    return components_to_write(state)


def after_requirements_review(state: AppyardState) -> AfterReview:
    """Approved requirements are designed; requested changes go back to the analyst."""
    return _answered(state["review"])


def after_architecture_review(state: AppyardState) -> AfterReview | list[Send]:
    """An approved plan is written; requested changes go back to the architect."""
    answered = _answered(state["review"])
    return components_to_write(state) if answered == "approved" else answered


def after_assembly(state: AppyardState) -> AfterAssembly | list[Send]:
    """Write the next wave of components, or verify when all are there."""
    return components_to_write(state) if _wave(state) else "complete"


def after_qa(state: AppyardState) -> AfterQa | list[Send]:
    """Repair what is worth repairing; package, ask or close otherwise."""
    qa = state["qa"]
    if qa.stop is None:
        orders = rework(
            qa.components_to_repair,
            state["work_order"],
            state["version"],
            state["components"],
            findings=qa.report.findings,
        )
        return _sends(state, orders)
    verified = qa.report.verdict is Verdict.verified and qa.stop is RepairStop.verified
    match state["options"].gates.app:
        case GatePolicy.always:
            return "ask"
        case GatePolicy.on_findings:
            return "verified" if verified else "ask"
        case GatePolicy.auto:
            return "verified" if verified else "unverified"
        case policy:
            assert_never(policy)


def after_app_review(state: AppyardState) -> AfterReview | list[Send]:
    """An approved app is packaged. Changes to named parts go to their engineers, others through the specification."""
    review = state["review"]
    answered = _answered(review)
    if answered == "changes requested" and review.answer and review.answer.components and not review.answer.spec:
        known = [part.name for part in state["architecture"].components if part.name in review.answer.components]
        orders = rework(
            known,
            state["work_order"],
            state["version"],
            state["components"],
            findings=state["qa"].report.findings,
            feedback=review.answer.feedback,
        )
        return _sends(state, orders) if orders else answered
    return answered


def components_to_write(state: AppyardState) -> list[Send]:
    """One engineer for each component of the next wave; all of them, with the feedback, if the plan did not change."""
    orders = _wave(state)
    if not orders and "version" in state:
        everything = [part.name for part in state["architecture"].components]
        orders = rework(everything, state["work_order"], state["version"], state["components"], feedback=_feedback(state))
    return _sends(state, orders)


def _wave(state: AppyardState) -> list[ComponentOrder]:
    return next_wave(
        state["spec"],
        state["architecture"],
        state["work_order"],
        state["frame"],
        state.get("components", {}),
        feedback=_feedback(state),
    )


def _feedback(state: AppyardState) -> str:
    review = state.get("review")
    if review and review.gate is Gate.app and review.answer and review.answer.decision is Decision.changes_requested:
        return review.answer.feedback
    return ""


def _sends(state: AppyardState, orders: Sequence[ComponentOrder]) -> list[Send]:
    return [Send("generate_component", {"order": order, "options": state["options"]}) for order in orders]


def _ask(policy: GatePolicy, *, findings: bool) -> AfterRequirements:
    match policy:
        case GatePolicy.always:
            return "ask"
        case GatePolicy.on_findings:
            return "ask" if findings else "go on"
        case GatePolicy.auto:
            return "go on"
        case _:
            assert_never(policy)


def _answered(review: Review) -> AfterReview:
    if review.answer is None:
        return "ask again"
    match review.answer.decision:
        case Decision.approved:
            return "approved"
        case Decision.changes_requested:
            return "changes requested"
        case Decision.rejected:
            return "ended"
        case decision:
            assert_never(decision)
