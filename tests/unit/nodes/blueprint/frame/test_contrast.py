"""Every colour of a built app can be read: at least 4.5 to 1, in light and dark, for each of the eight accents."""

import itertools
import math
import re

import pytest

from nodes.blueprint.frame.app_view import HUES
from tests.integration.frame.frame_specs import NOTES
from tests.unit.nodes.blueprint.frame.test_generate_frame import frame_of

PAIRS = [
    *itertools.product(("ink", "muted", "accent", "ok", "bad"), ("paper", "raised", "tint")),
    ("accent-ink", "accent"),
    ("bad-ink", "bad"),
]


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance (WCAG) of an OKLCH colour, channels out of sRGB cut off (CSS Color 4, sample code)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    cut = [min(max(channel, 0.0), 1.0) for channel in (red, green, blue)]
    return 0.2126 * cut[0] + 0.7152 * cut[1] + 0.0722 * cut[2]


def themes() -> dict[str, dict[str, tuple[float, float, str]]]:
    """The tokens of the style sheet: lightness, chroma and hue, the hue as it is written."""
    light, dark = frame_of(NOTES)["app/static/style.css"].split("@media", 2)[:2]
    token = re.compile(r"--([a-z-]+): oklch\(([\d.]+) ([\d.]+) ([^;]+)\);")
    return {
        name: {entry[0]: (float(entry[1]), float(entry[2]), entry[3]) for entry in token.findall(part)}
        for name, part in (("light", light), ("dark", dark))
    }


@pytest.mark.parametrize("hue", HUES)
def test_text_can_be_read_on_every_ground(hue: int) -> None:
    poor = []
    for theme, tokens in themes().items():
        seen = {name: luminance(light, chroma, hue if "var" in angle else float(angle)) for name, (light, chroma, angle) in tokens.items()}
        for text, ground in PAIRS:
            brighter, darker = max(seen[text], seen[ground]), min(seen[text], seen[ground])
            ratio = (brighter + 0.05) / (darker + 0.05)
            if ratio < 4.5:
                poor.append((theme, text, ground, round(ratio, 2)))
    assert poor == []
