"""Draw the plan: the parts of an app in columns, each column needing only those before it. Pure geometry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nodes.artifacts import Component

WIDTH, HEIGHT = 200, 52
GAP_X, GAP_Y, EDGE = 56, 16, 4


@dataclass(frozen=True)
class PartBox:
    """One part."""

    x: int
    y: int
    title: str
    note: str
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class PartLink:
    """An arrow from a part to one that needs it."""

    path: str
    head: str


@dataclass(frozen=True)
class PlanPicture:
    """The whole picture; `in_words` says the same to those who do not see it."""

    width: int
    height: int
    boxes: tuple[PartBox, ...]
    links: tuple[PartLink, ...]
    in_words: str


def plan_picture(components: Sequence[Component]) -> PlanPicture:
    """The picture of a plan's parts."""
    columns = _columns(components)
    boxes: dict[str, PartBox] = {}
    for name, (column, row) in columns.items():
        component = next(part for part in components if part.name == name)
        x, y = EDGE + column * (WIDTH + GAP_X), EDGE + row * (HEIGHT + GAP_Y)
        boxes[name] = PartBox(x, y, _cut(component.title, 25), _cut(", ".join(component.records) or component.name, 28))
    links = tuple(_link(boxes[needed], boxes[part.name]) for part in components for needed in part.depends_on if needed in boxes)
    needs = [f"{part.title} needs {', '.join(part.depends_on)}" for part in components if part.depends_on]
    return PlanPicture(
        width=max((box.x + WIDTH for box in boxes.values()), default=0) + EDGE,
        height=max((box.y + HEIGHT for box in boxes.values()), default=0) + EDGE,
        boxes=tuple(boxes.values()),
        links=links,
        in_words=f"{len(components)} parts. {'; '.join(needs) or 'They are written side by side'}.",
    )


def _columns(components: Sequence[Component]) -> Mapping[str, tuple[int, int]]:
    """Column and row of each part. Parts that need one another in a circle, which a plan must not have, share the last column."""
    names = {part.name for part in components}
    column: dict[str, int] = {}
    for turn in range(len(components)):
        ready = [
            part.name
            for part in components
            if part.name not in column and all(column.get(n, turn) < turn for n in part.depends_on if n in names)
        ]
        column |= dict.fromkeys(ready, turn)
    column |= dict.fromkeys(names - column.keys(), len(components))
    rows: dict[int, int] = {}
    placed: dict[str, tuple[int, int]] = {}
    # Many parts that need nothing would make one tall column; four rows and then the next column read better.
    flat = len(set(column.values())) == 1
    for index, part in enumerate(components):
        at = column[part.name]
        placed[part.name] = (index // 4, index % 4) if flat else (at, rows.get(at, 0))
        rows[at] = rows.get(at, 0) + 1
    return placed


def _link(source: PartBox, target: PartBox) -> PartLink:
    x1, y1, x2, y2 = source.x + WIDTH, source.y + HEIGHT // 2, target.x, target.y + HEIGHT // 2
    bend = x2 - GAP_X // 2
    return PartLink(f"M{x1} {y1}H{bend}V{y2}H{x2 - 6}", f"M{x2} {y2}l-7 -4v8z")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
