"""The dashboard in a real browser, on a real server with its worker: what scripts add, keys, a phone, and no lost page."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.acceptance.command_line import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENS = ROOT / "build-output" / "screens"
CLAIMS = "Employees submit travel claims with a destination, a travel date and an amount. A manager approves or rejects them."
AXE = Path(__file__).parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
SLOW_MS = 90_000
"""A build takes 10 s where nothing else runs, and four times that beside the other tests."""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),  # noqa: TID251 - whether this is CI is for nobody else to know
    reason="no Chromium here: apt-get install chromium; in CI it has to be there",
)


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[str]:
    """A server on a free port; its address once it listens."""
    command = ["env", f"APPYARD_DATA_DIR={data}", sys.executable, "-m", "server.cli", "serve", "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(read_log(process, address))
    try:
        yield await address
    finally:
        process.terminate()
        await process.wait()
        await reading


async def read_log(process: Process, address: "asyncio.Future[str]") -> None:
    """All that the server logs, so that it never waits for a reader; where its dashboard is, as soon as it says so."""
    assert process.stderr
    async for line in process.stderr:
        if b"dashboard=" in line and not address.done():
            address.set_result(line.decode().partition("dashboard=")[2].split()[0].rstrip("/"))
    if not address.done():
        address.set_exception(AssertionError("the server ended before it listened"))


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


@pytest.mark.bounded(420)
async def test_a_first_app_is_described_watched_approved_and_downloaded_in_a_browser(tmp_path: Path) -> None:
    faults: list[str] = []
    async with serving(tmp_path / "data") as address, chromium() as browser:
        page = await page_of(browser, faults)
        await page.goto(address)
        await page.keyboard.press("n")
        await page.get_by_label("What should the app do?").fill(CLAIMS)
        await expect(page.locator("#reading")).to_contain_text("Employee, Manager and Administrator use it")
        await keep(page, "new-build")
        await page.get_by_role("button", name="Build it").click()
        # From here on nothing is loaded again by hand: the page follows the build.
        await expect(page.get_by_role("button", name="Approve and package")).to_be_visible(timeout=SLOW_MS)
        await keep(page, "waiting")
        await page.get_by_label("Main").get_by_role("link", name="Inbox").click()
        await page.locator(".line a").first.click()
        for tab in ("Plan", "Code", "Evidence", "Timeline", "History"):
            await page.get_by_label("Parts of this build").get_by_role("link", name=tab).click()
            await keep(page, tab.lower())
        await page.get_by_role("button", name="Approve and package").click()
        download = page.get_by_role("link", name="Download")
        await expect(download).to_be_visible(timeout=SLOW_MS)
        async with page.expect_download() as coming:
            await download.click()
        assert (await coming.value).suggested_filename.endswith(".zip")

        phone = await page_of(browser, faults, phone=True)
        build = page.url.rpartition("/")[2]
        paths = [f"/builds/{build}{tab}" for tab in ("", "/plan", "/code", "/evidence", "/timeline", "/history")]
        for path in ["/builds", "/inbox", "/templates", "/analytics", "/agents", "/settings", "/health", *paths]:
            await phone.goto(f"{address}{path}")
            await keep(phone, f"phone-dark{path.replace('/', '-').replace(build, 'build')}")
    assert faults == []


@pytest.mark.bounded(240)
async def test_keys_lead_everywhere_and_a_page_heals_itself_after_the_server_was_away(tmp_path: Path) -> None:
    faults: list[str] = []
    async with chromium() as browser:
        page = await page_of(browser, faults)
        async with serving(tmp_path / "data") as address:
            await page.goto(f"{address}/builds")
            await page.keyboard.press("/")
            await expect(page.get_by_role("searchbox")).to_be_focused()
            await page.get_by_role("searchbox").blur()
            await page.keyboard.press("?")
            await expect(page.get_by_role("dialog")).to_be_visible()
            await page.keyboard.press("Escape")
            await page.keyboard.press("g")
            await page.keyboard.press("i")
            await expect(page).to_have_url(f"{address}/inbox")
            await page.goto(f"{address}/builds/new")
            await page.keyboard.press("Tab")
            assert await page.evaluate("document.activeElement.matches(':focus-visible')")
            await page.goto(f"{address}/builds")
        await expect(page.get_by_role("status")).to_contain_text("Not connected", timeout=SLOW_MS)
    assert [fault for fault in faults if "ERR_CONNECTION_REFUSED" not in fault] == []
