"""The dashboard in a real browser, on a real server with its worker: the first user's path, what scripts add, keys, a phone.

Pictures of every page are kept in build-output/screenshots, and how long the first user took.
"""

import asyncio
import os
import pty
import re
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import ROOT, SCREENS, SLOW_MS, chromium, keep, needs_chromium, page_of

CLAIMS = "Employees submit travel claims with a destination, a travel date and an amount. A manager approves or rejects them."
TOOLS = "Members borrow tools. A librarian approves or rejects each loan."
FIRST_APP_SECONDS = 120

pytestmark = needs_chromium


@asynccontextmanager
async def demonstrating(data: Path, out: Path) -> AsyncIterator[str]:
    """What `make demo` starts, at a terminal: a build, then its link to the dashboard; Ctrl-C ends it with the build's exit code."""
    at_terminal, its_end = pty.openpty()
    command = ["env", f"APPYARD_DATA_DIR={data}", "APPYARD_PORT=0", sys.executable, "-m", "server.cli", "build", TOOLS]
    process = await asyncio.create_subprocess_exec(
        *command, "--yes", "--dashboard", "--out", str(out), cwd=ROOT, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    )
    os.close(its_end)
    link: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(asyncio.to_thread(read_terminal, at_terminal, link, asyncio.get_running_loop()))
    try:
        yield await link
    finally:
        process.send_signal(2)
        assert await process.wait() == 0
        await reading
        os.close(at_terminal)


def read_terminal(at_terminal: int, link: "asyncio.Future[str]", loop: asyncio.AbstractEventLoop) -> None:
    """All that the program prints; the link to the build's page, as soon as the dashboard is said to be there."""
    printed = ""
    with suppress(OSError):  # what a terminal answers once nobody writes to it any more
        while part := os.read(at_terminal, 65536):
            printed += part.decode(errors="replace")
            found = re.search(r"Dashboard\s+(http://[\w.:]+/builds/[0-9a-f-]{36})", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", printed))
            if found and "Ctrl-C ends" in printed and not link.done():
                loop.call_soon_threadsafe(link.set_result, found.group(1))
                link = asyncio.Future(loop=loop)
                link.set_result("")


@asynccontextmanager
async def serving(data: Path, port: int = 0) -> AsyncIterator[str]:
    """A server on this port or a free one; its address once it listens."""
    command = ["env", f"APPYARD_DATA_DIR={data}", sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
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


async def first_app(page: Page, link: str) -> float:
    """From the link of the demo to an approved, downloaded app of one's own; how many seconds that takes."""
    began = time.monotonic()
    await page.goto(link)
    await expect(page.get_by_role("link", name="Download")).to_be_visible()
    await keep(page, "demo")
    await page.keyboard.press("n")
    await page.get_by_label("What should the app do?").fill(CLAIMS)
    await expect(page.locator("#reading")).to_contain_text("Employee, Manager and Administrator use it")
    await keep(page, "new-build")
    await page.get_by_role("button", name="Build it").click()
    # From here on nothing is loaded again by hand: the page follows the build.
    await expect(page.locator("figure.graph")).to_be_visible()
    await keep(page, "running")
    await expect(page.get_by_role("button", name="Approve and package")).to_be_visible(timeout=SLOW_MS)
    await keep(page, "waiting")
    await page.get_by_role("button", name="Approve and package").click()
    download = page.get_by_role("link", name="Download")
    await expect(download).to_be_visible(timeout=SLOW_MS)
    async with page.expect_download() as coming:
        await download.click()
    assert (await coming.value).suggested_filename.endswith(".zip")
    return time.monotonic() - began


@pytest.mark.bounded(420)
async def test_a_first_user_gets_from_the_demo_to_an_app_of_their_own_in_two_minutes(tmp_path: Path) -> None:
    faults: list[str] = []
    async with demonstrating(tmp_path / "data", tmp_path / "out") as link, chromium() as browser:
        page = await page_of(browser, faults)
        seconds = await first_app(page, link)
        (SCREENS / "first-app.txt").write_text(f"From the demo's link to an approved, downloaded app of one's own: {seconds:.0f} s.\n")
        assert seconds < FIRST_APP_SECONDS
        for tab in ("Plan", "Code", "Evidence", "Timeline", "History"):
            await page.get_by_label("Parts of this build").get_by_role("link", name=tab).click()
            await keep(page, tab.lower())
        await page.get_by_label("Parts of this build").get_by_role("link", name="Timeline").click()
        await page.get_by_role("link", name="Requirements Analyst").click()
        await expect(page.get_by_role("region", name="What Requirements Analyst writes")).to_contain_text("plural_label: Travel claims")
        await keep(page, "agent-text")
        await page.get_by_label("Parts of this build").get_by_role("link", name="History").click()
        await page.get_by_role("link", name="Look at step 1").click()
        await page.get_by_text("Begin a new build from here").click()
        await keep(page, "fork")

        await try_the_app(await page_of(browser, []), page.url.partition("?")[0].removesuffix("/history"))  # browsers warn of any frame

        phone = await page_of(browser, faults, phone=True)
        address, _, build = page.url.partition("?")[0].removesuffix("/history").partition("/builds/")
        paths = [f"/builds/{build}{tab}" for tab in ("", "/plan", "/code", "/evidence", "/timeline", "/history")]
        for path in ["/builds", "/inbox", "/templates", "/analytics", "/agents", "/settings", "/health", *paths]:
            await phone.goto(f"{address}{path}")
            await keep(phone, f"phone-dark{path.replace('/', '-').replace(build, 'build')}")
    assert faults == []


async def try_the_app(page: Page, build: str) -> None:
    """Preview: sign in as one of the sample people, write something down in the app itself, and stop it."""
    await page.goto(build)
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("button", name="Employee").click(timeout=SLOW_MS)
    app = page.frame_locator("iframe")
    await app.get_by_role("link", name="Travel claims").first.click()
    await app.get_by_role("link", name="New travel claim").click()
    await app.get_by_label("Destination").fill("Trieste")
    await app.get_by_label("Travel date").fill("2027-03-01")
    await app.get_by_label("Amount").fill("120.50")
    await app.get_by_role("button", name="Add travel claim").click()
    await expect(app.get_by_role("heading", name="Trieste")).to_be_visible()
    await keep(page, "preview")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("No preview runs")).to_be_visible()


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
        await expect(page.locator("#connection")).to_contain_text("Not connected", timeout=SLOW_MS)
        async with serving(tmp_path / "data", int(address.rpartition(":")[2])):
            await expect(page.locator("#connection")).to_be_empty(timeout=SLOW_MS)
    assert [fault for fault in faults if "ERR_CONNECTION_REFUSED" not in fault] == []
