"""Debian's Chromium for tests: one way to start it, and pictures kept for whoever looks at the results."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENS = ROOT / "build-output" / "screenshots"
"""Kept by CI as its artefacts; nothing in it is committed."""
AXE = ROOT / "tests" / "acceptance" / "js" / "node_modules" / "axe-core" / "axe.min.js"
SLOW_MS = 90_000
"""A build takes 10 s where nothing else runs, and four times that beside the other tests."""

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),  # noqa: TID251 - whether this is CI is for nobody else to know
    reason="no Chromium here: apt-get install chromium; in CI it has to be there",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The operating system's Chromium; as root it runs without its own sandbox, and opens only pages of ours."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM or "chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()


async def page_of(browser: Browser, faults: list[str], *, phone: bool = False) -> Page:
    """A new window, light on a desktop, dark on a phone; what its pages complain about goes into `faults`."""
    size = ViewportSize(width=390, height=844) if phone else ViewportSize(width=1280, height=860)
    context = await browser.new_context(viewport=size, color_scheme="dark" if phone else "light")
    page = await context.new_page()
    page.set_default_timeout(SLOW_MS)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    return page


async def keep(page: Page, name: str) -> None:
    """A picture for whoever looks at the results; a page never scrolls sideways, and axe finds nothing serious in it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the window"
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    serious = [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    assert serious == [], name
