"""Draw the life of a record: its states as boxes in a row, its steps as arrows. Pure geometry; the template draws it."""

from collections import defaultdict
from dataclasses import dataclass

from nodes.artifacts import Workflow

BOX_HEIGHT = 34
CHARACTER_WIDTH = 7.4
"""Of 13 px system type, measured in Chromium; a label that is a little narrower leaves a little room."""
ARC_STEP = 26
EDGE = 8


@dataclass(frozen=True)
class Box:
    """One state."""

    x: float
    width: float
    label: str
    is_first: bool

    @property
    def centre(self) -> float:
        """Where its arrows begin and end."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Arrow:
    """Steps from one state to another: the path of the arrow, its head, and where its words stand."""

    path: str
    head: str
    label: str
    x: float
    y: float


@dataclass(frozen=True)
class LifePicture:
    """The whole picture; `in_words` says the same to those who do not see it."""

    width: float
    height: float
    top: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    in_words: str


def life_picture(workflow: Workflow) -> LifePicture:
    """The picture of a workflow."""
    order = {state.name: index for index, state in enumerate(workflow.states)}
    steps = _steps(workflow, order)
    above = max((end - begin - 1 for begin, end in steps if end > begin + 1), default=0)
    below = max((begin - end for begin, end in steps if end <= begin), default=0)
    boxes = _boxes(workflow, steps)
    top = EDGE + ARC_STEP * above + (10 if above else 14)
    arrows = tuple(_arrow(boxes, begin, end, ", ".join(labels), top) for (begin, end), labels in sorted(steps.items()))
    labels = {state.name: state.label for state in workflow.states}
    sentences = [
        f"{step.label}: {' or '.join(labels[name] for name in step.from_states)} to {labels[step.to_state]}"
        for step in workflow.transitions
    ]
    return LifePicture(
        width=boxes[-1].x + boxes[-1].width + EDGE,
        height=top + BOX_HEIGHT + EDGE + ARC_STEP * below + (12 if below else 0),
        top=top,
        boxes=boxes,
        arrows=arrows,
        in_words=f"Begins as {labels[workflow.initial]}. {'; '.join(sentences)}.",
    )


def _steps(workflow: Workflow, order: dict[str, int]) -> dict[tuple[int, int], list[str]]:
    steps: dict[tuple[int, int], list[str]] = defaultdict(list)
    for step in workflow.transitions:
        for state in step.from_states:
            steps[order[state], order[step.to_state]].append(step.label)
    return steps


def _boxes(workflow: Workflow, steps: dict[tuple[int, int], list[str]]) -> tuple[Box, ...]:
    boxes: list[Box] = []
    x = float(EDGE)
    for index, state in enumerate(workflow.states):
        width = max(64.0, _text_width(state.label) + 24)
        boxes.append(Box(x, width, state.label, state.name == workflow.initial))
        words = ", ".join(steps.get((index, index + 1), []))
        x += width + max(44.0, _text_width(words) + 24)
    return tuple(boxes)


def _arrow(boxes: tuple[Box, ...], begin: int, end: int, label: str, top: float) -> Arrow:
    source, target = boxes[begin], boxes[end]
    middle = top + BOX_HEIGHT / 2
    if end == begin + 1:
        start, stop = source.x + source.width, target.x
        head = f"M{stop:.0f} {middle:.0f}l-7 -4v8z"
        return Arrow(f"M{start:.0f} {middle:.0f}H{stop - 6:.0f}", head, label, (start + stop) / 2, middle - 6)
    start, stop = source.centre, target.centre - (10 if end == begin else 0)
    if end > begin:
        level = top - ARC_STEP * (end - begin - 1)
        path, head = f"M{start:.0f} {top:.0f}V{level:.0f}H{stop:.0f}V{top - 6:.0f}", f"M{stop:.0f} {top:.0f}l-4 -7h8z"
        return Arrow(path, head, label, (start + stop) / 2, level - 4)
    bottom = top + BOX_HEIGHT
    level = bottom + ARC_STEP * max(1, begin - end)
    path, head = f"M{start:.0f} {bottom:.0f}V{level:.0f}H{stop:.0f}V{bottom + 6:.0f}", f"M{stop:.0f} {bottom:.0f}l-4 7h8z"
    return Arrow(path, head, label, (start + stop) / 2, level - 4)


def _text_width(text: str) -> float:
    return len(text) * CHARACTER_WIDTH
