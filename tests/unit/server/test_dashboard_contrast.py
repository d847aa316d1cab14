"""Every colour of the dashboard can be read: at least 4.5 to 1 on every ground, in light and dark."""

import itertools
import re

from server.dashboard.app import STATIC
from tests.unit.nodes.blueprint.frame.test_contrast import luminance

PAIRS = [
    *itertools.product(("ink", "muted", "accent", "ok", "warn", "bad", "info"), ("paper", "raised", "tint")),
    ("accent-ink", "accent"),
]


def themes() -> dict[str, dict[str, float]]:
    """The luminance of each token."""
    light, dark = (STATIC / "dashboard.css").read_text().split("@media", 2)[:2]
    token = re.compile(r"--([a-z-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);")
    return {
        name: {entry[0]: luminance(float(entry[1]), float(entry[2]), float(entry[3])) for entry in token.findall(part)}
        for name, part in (("light", light), ("dark", dark))
    }


def test_text_can_be_read_on_every_ground() -> None:
    poor = []
    for theme, seen in themes().items():
        for text, ground in PAIRS:
            brighter, darker = max(seen[text], seen[ground]), min(seen[text], seen[ground])
            ratio = (brighter + 0.05) / (darker + 0.05)
            if ratio < 4.5:
                poor.append((theme, text, ground, round(ratio, 2)))
    assert poor == []
