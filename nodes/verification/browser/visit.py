"""Look at a running app with Chromium, as a person would. Runs inside the sandbox, on the standard library alone, as a program:

    python -m nodes.verification.browser.visit CHROMIUM EMAIL SERVER-ARGUMENTS…

Starts the app on this sandbox's own loopback, signs in through the form with DEMO_PASSWORD, opens every page of the navigation
and one record, and prints one JSON object: `pages` with what is broken or poor on each, and `pictures`. What it prints comes from beside
hostile code, so `nodes.verification.browser.check` believes none of it unseen.
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nodes.verification.browser.devtools import ADDRESS, DESK, PHONE, PORT, Browser, Message

MOST_PAGES = 12
ANSWER_SECONDS = 40.0

SIGN_IN = """
(() => {
  const field = (name) => document.querySelector(`[name=${name}]`);
  field("email").value = %s; field("password").value = %s;
  field("password").form.requestSubmit();
})()
"""
PAGES = """[...document.querySelectorAll("header nav a")].map((link) => link.getAttribute("href"))"""
FIRST_RECORD = """document.querySelector("table.rows tbody th a")?.getAttribute("href")"""
SEEN = """({
  heading: document.querySelector("h1")?.innerText ?? "", title: document.title,
  unnamed: [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")].filter(
    (element) => element.offsetParent && !element.textContent.trim() && !element.labels?.length && !element.ariaLabel
      && !element.getAttribute("aria-labelledby")
  ).map((element) => element.outerHTML.slice(0, 100)),
})"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Visit:
    """What was seen so far."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.pages: list[Message] = []
        self.pictures: list[Message] = []

    def open(self, path: str) -> None:
        """Go to a page and look at it, at a desk and on a phone."""
        self.browser.events.clear()
        self.browser.call("Page.navigate", url=ADDRESS + path)
        self.look(path)

    def look(self, path: str) -> None:
        self.browser.loaded()
        seen = self.browser.evaluate(SEEN)
        self.browser.size(*PHONE)
        too_wide = self.browser.evaluate(TOO_WIDE)
        self.browser.size(*DESK)
        poor = [] if seen["heading"] and seen["title"] else ["it has no heading or no title"]
        poor += [f"a screen reader has no name for {element}" for element in seen["unnamed"]]
        poor += [f"on a phone it is {too_wide} pixels too wide"] if too_wide else []
        self.pages.append({"path": path, "heading": seen["heading"], "broken": complaints(self.browser.events), "poor": poor})

    def keep(self, name: str, size: tuple[int, int]) -> None:
        self.browser.size(*size)
        device = "phone" if size is PHONE else "desk"
        self.pictures.append({"name": f"{name}-{device}", "path": self.pages[-1]["path"], "png": self.browser.picture()})
        self.browser.size(*DESK)


def complaints(events: list[Message]) -> list[str]:
    """What did not work, as far as the browser knows."""
    found = []
    for event in events:
        given = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                details = given["exceptionDetails"]
                found.append(f"a script failed: {details.get('exception', {}).get('description') or details.get('text')}")
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                found.append(f"the browser says: {given['entry']['text']} {given['entry'].get('url', '')}".strip())
            case "Network.responseReceived" if given["response"]["status"] >= 400:
                found.append(f"{given['response']['url'].removeprefix(ADDRESS)} answered {given['response']['status']}")
    return found


def visit(browser: Browser, email: str, password: str) -> Visit:
    seen = Visit(browser)
    browser.size(*DESK)
    seen.open("/sign-in")
    browser.events.clear()
    browser.evaluate(SIGN_IN % (json.dumps(email), json.dumps(password)))
    seen.look("/")
    seen.keep("first page", DESK)
    pages = [path for path in browser.evaluate(PAGES) if path != "/"][:MOST_PAGES]
    for number, path in enumerate(pages):
        seen.open(path)
        if number == 0:
            seen.keep("list", DESK)
            record = browser.evaluate(FIRST_RECORD)
            if record:
                seen.open(record)
                seen.keep("record", DESK)
                seen.keep("record", PHONE)
    return seen


@contextmanager
def app_running(server: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the app on its port until the context ends."""
    process = subprocess.Popen([*server, "--port", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - as agreed
    try:
        yield process
    finally:
        process.kill()


def wait_for(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)  # noqa: TID251 - a connection that is refused says nothing to wait for
        finally:
            connection.close()
    raise RuntimeError("the app did not answer")


def main(chromium: str, email: str, *server: str) -> int:
    with app_running(server) as app:
        browser = Browser(chromium)  # while the app starts
        try:
            wait_for(app)
            seen = visit(browser, email, os.environ["DEMO_PASSWORD"])  # noqa: TID251 - inside the sandbox, where nothing of ours is
            json.dump({"pages": seen.pages, "pictures": seen.pictures}, sys.stdout)
        finally:
            browser.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
