"""Draw the build's graph with the state of each node: done, at work, waiting, not reached, and how often it ran. Pure geometry.

Which nodes there are is `graph.builder`'s business; tests/unit/server/test_graph_picture.py keeps the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from nodes.artifacts import Gate
from server.dashboard.stages import StageState
from server.services.build_progress import Stage
from server.services.build_record import BuildRecord
from server.services.build_status import RuntimeStatus

WIDTH, HEIGHT = 130, 44
GAP_X, GAP_Y, EDGE_X, EDGE_Y = 28, 34, 4, 40

LABELS: Mapping[str, str] = {
    "take_up_change": "Take up change",
    "analyze_requirements": "Requirements",
    "design_architecture": "Architecture",
    "generate_component": "Code",
    "assemble": "Put together",
    "verify_app": "Checks",
    "deliver": "Package",
    "review_requirements": "Ask: the reading",
    "review_architecture": "Ask: the plan",
    "review_budget": "Ask: budget",
    "roll_back": "Roll back",
    "review_app": "Ask: the app",
    "close_unverified": "End unverified",
}
MAIN = ("analyze_requirements", "design_architecture", "generate_component", "assemble", "verify_app", "deliver")
BESIDE = {
    "review_requirements": 0,
    "review_architecture": 1,
    "review_budget": 2,
    "roll_back": 3,
    "review_app": 4,
    "close_unverified": 5,
}
"""What stands below the main line: under which of its nodes."""
GATES = ("review_requirements", "review_architecture", "review_app")
"""Reached from the node above them; the others from many places, so that arrows would only confuse."""
RARE = frozenset({"take_up_change", "review_budget", "roll_back", "close_unverified"})
"""Drawn once they ran: most builds never see them."""
NODES_OF_TASKS = {
    "analyze_requirements": "analyze_requirements",
    "correct_requirements": "analyze_requirements",
    "design_architecture": "design_architecture",
    "write_component": "generate_component",
    "write_rule": "generate_component",
    "specify_program": "analyze_requirements",
    "divide_program": "design_architecture",
    "write_program": "generate_component",
    "divide_records": "design_architecture",
    "write_records": "generate_component",
    "review_app": "verify_app",
}
WRITING = frozenset(task for task, node in NODES_OF_TASKS.items() if node == "generate_component")
NODES_OF_STAGES = {
    Stage.requirements: "analyze_requirements",
    Stage.architecture: "design_architecture",
    Stage.code: "generate_component",
    Stage.checks: "verify_app",
    Stage.review: "review_app",
    Stage.package: "deliver",
}
NODES_OF_GATES = {
    Gate.requirements: "review_requirements",
    Gate.architecture: "review_architecture",
    Gate.app: "review_app",
    Gate.budget: "review_budget",
}


@dataclass(frozen=True)
class NodeBox:
    """One node; `note` counts what is done in it."""

    name: str
    label: str
    note: str
    state: StageState
    x: int
    y: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Arrow:
    """A way from one node to another; `label` stands at (x, y)."""

    path: str
    head: str
    taken: bool
    label: str = ""
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class GraphPicture:
    """The whole picture; `in_words` says the same to those who do not see it."""

    width: int
    height: int
    boxes: tuple[NodeBox, ...]
    arrows: tuple[Arrow, ...]
    in_words: str


def graph_picture(record: BuildRecord) -> GraphPicture:
    """The graph as this build went through it so far."""
    at = nodes_at(record)
    boxes = {name: _box(record, name, at) for name in LABELS if name not in RARE or record.visits.get(name) or name in at}
    spoken = ", ".join(f"{box.label} {box.state.value}{f' ({box.note})' if box.note else ''}" for box in boxes.values())
    return GraphPicture(
        width=2 * EDGE_X + 6 * WIDTH + 5 * GAP_X,
        height=EDGE_Y + 2 * HEIGHT + GAP_Y + EDGE_X,
        boxes=tuple(boxes.values()),
        arrows=tuple(_arrows(record, boxes)),
        in_words=f"The graph of the build: {spoken}.",
    )


def nodes_at(record: BuildRecord) -> frozenset[str]:
    """The nodes the build stands at: those whose agents work, or where it waits or stopped; none once it is delivered."""
    if record.review:
        return frozenset({NODES_OF_GATES[record.review.request.gate]})
    if working := {NODES_OF_TASKS[span.task] for _, span in record.at_work if span.task in NODES_OF_TASKS}:
        return frozenset(working)
    if record.status is RuntimeStatus.completed or record.status is RuntimeStatus.pending:
        return frozenset()
    return frozenset({NODES_OF_STAGES[record.progress.stage]})


def _state(record: BuildRecord, name: str, at: frozenset[str]) -> StageState:
    if name not in at:
        return StageState.done if record.visits.get(name) or _behind(record, name) else StageState.todo
    if record.review:
        return StageState.waiting
    return StageState.active if record.status is RuntimeStatus.running else StageState.stopped


def _behind(record: BuildRecord, name: str) -> bool:
    """Whether a fork began after this node: its own events do not tell of it."""
    stage = NODES_OF_STAGES[record.progress.stage]
    return record.forked_from is not None and name in MAIN and stage in MAIN and MAIN.index(name) < MAIN.index(stage)


def _box(record: BuildRecord, name: str, at: frozenset[str]) -> NodeBox:
    if name == "take_up_change":
        column, row = 0, -1
    elif name in BESIDE:
        column, row = BESIDE[name], 1
    else:
        column, row = MAIN.index(name), 0
    y = 0 if row < 0 else EDGE_Y + row * (HEIGHT + GAP_Y)
    height = EDGE_Y - 12 if row < 0 else HEIGHT
    x = EDGE_X + column * (WIDTH + GAP_X)
    return NodeBox(name, LABELS[name], _note(record, name), _state(record, name, at), x, y, height=height)


def _note(record: BuildRecord, name: str) -> str:
    progress = record.progress
    if name == "generate_component" and progress.components:
        at_work = sum(1 for _, span in record.at_work if span.task in WRITING)
        written = f"{len(progress.written)} of {len(progress.components)} parts"
        return f"{written}, {at_work} now" if at_work else written
    if name == "verify_app" and progress.checks:
        return f"{progress.checks_passed} of {len(progress.checks)} passed"
    if name == "assemble" and progress.version:
        return f"version {progress.version}"
    visits = record.visits.get(name, 0)
    return f"{visits} times" if visits > 1 else ""


def _arrows(record: BuildRecord, boxes: Mapping[str, NodeBox]) -> list[Arrow]:
    arrows = [_along(boxes[left], boxes[right], taken=_reached(boxes[right])) for left, right in pairwise(MAIN)]
    arrows += [_down(boxes[MAIN[BESIDE[gate]]], boxes[gate], taken=_reached(boxes[gate])) for gate in GATES]
    repairs = max((span.attempt for span in record.agents if span.task in WRITING), default=1) - 1
    label = f"repair: {repairs} of {max(repairs, record.options.repair_rounds)}" if repairs else "repair"
    arrows.append(_above(boxes["verify_app"], boxes["generate_component"], label, taken=repairs > 0))
    return arrows


def _reached(box: NodeBox) -> bool:
    return box.state is not StageState.todo


def _along(left: NodeBox, right: NodeBox, *, taken: bool) -> Arrow:
    y, x = left.y + HEIGHT // 2, right.x
    return Arrow(f"M{left.x + WIDTH} {y}H{x - 6}", f"M{x} {y}l-7 -4v8z", taken)


def _down(above: NodeBox, below: NodeBox, *, taken: bool) -> Arrow:
    x, y = above.x + WIDTH // 2, below.y
    return Arrow(f"M{x} {above.y + HEIGHT}V{y - 6}", f"M{x} {y}l-4 -7h8z", taken)


def _above(source: NodeBox, target: NodeBox, label: str, *, taken: bool) -> Arrow:
    x1, x2, y = source.x + WIDTH // 2, target.x + WIDTH // 2, EDGE_Y
    return Arrow(f"M{x1} {y}V{y - 20}H{x2}V{y - 6}", f"M{x2} {y}l-4 -7h8z", taken, label, (x1 + x2) // 2, y - 26)
