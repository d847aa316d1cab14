"""Look at the pages of a program with Chromium: new to it, then with what its examples leave. Runs inside the sandbox, as a program:

    python -m nodes.verification.browser.wander CHROMIUM PLAN SERVER-ARGUMENTS…

PLAN is a file with a `Plan` in JSON. Opens the pages to begin with and those linked from them, at a desk and on a phone, presses keys and
buttons, and prints what `nodes.verification.browser.visit` prints. What it prints comes from beside hostile code.
"""

import http.client
import json
import struct
import sys
import zlib
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from nodes.verification.browser.devtools import ADDRESS, DESK, PHONE, PORT, Browser, Message
from nodes.verification.browser.visit import SEEN, TOO_WIDE, app_running, wait_for

ASKED_BY_SCRIPTS = ("Fetch", "XHR", "EventSource")
MOST_PAGES = 6
MOST_CLICKS = 8
PATIENCE_SECONDS = 15.0
"""A page that has not loaded by then, or does not answer, has a script without an end."""

SETTLED = "new Promise((done) => setTimeout(done, 300))"
"""What scripts do once the page is there: first pictures of a game, answers to what they asked."""

LINKS = """[...document.querySelectorAll("a[href]")]
  .filter((link) => link.origin === location.origin && !link.download).map((link) => link.pathname + link.search)"""
PRESS = f"""[...document.querySelectorAll("button, [role=button]")]
  .filter((button) => button.offsetParent && !button.disabled && !button.form)
  .slice(0, {MOST_CLICKS}).forEach((button) => button.click())"""
KEYS = (("Enter", 13), (" ", 32), ("ArrowLeft", 37), ("ArrowUp", 38), ("ArrowRight", 39), ("ArrowDown", 40))
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of the colour types of PNG."""


@dataclass(frozen=True)
class Plan:
    """`starts` are paths to begin with, `requests` are method, path and body of what examples send."""

    starts: list[str]
    requests: list[tuple[str, str, str]]


class Wandering:
    """What was seen so far. `open` raises TimeoutError when the browser answers no more."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.pages: list[Message] = []
        self.pictures: list[Message] = []

    def open(self, path: str, size: tuple[int, int], picture: str = "", *, linked: bool = False) -> list[str]:
        """Look at a page, press what can be pressed, and return where it links to.

        What is no page is noted only if it is an error: of the server, or that somebody is led there.
        """
        browser = self.browser
        browser.events.clear()
        browser.size(*size)
        seen: Message = {"path": path, "heading": "", "broken": [], "poor": []}
        try:
            if browser.call("Page.navigate", url=ADDRESS + path).get("errorText") == "net::ERR_ABORTED":
                return []  # a download, or an answer without content
            browser.loaded()
            browser.evaluate(SETTLED)
            status, kind = document(browser.events)
            if kind != "text/html":
                seen["broken"] = [f"{path} answered {status}"] if status >= (400 if linked else 500) else []
                self.pages += [seen] if seen["broken"] else []
                return []
            self.pages.append(seen)
            links = [str(link) for link in browser.evaluate(LINKS) or []]
            self._look(seen, size, picture)
        except TimeoutError:
            seen["broken"] = [*complaints(browser.events), f"it did not load, or a script has no end: no answer for {PATIENCE_SECONDS:g} s"]
            self.pages += [] if seen in self.pages else [seen]
            raise
        return links

    def _look(self, seen: Message, size: tuple[int, int], picture: str) -> None:
        browser = self.browser
        found = browser.evaluate(SEEN) or {}
        seen["heading"] = str(found.get("heading", ""))
        seen["poor"] = [] if found.get("heading") and found.get("title") else ["it has no heading or no title"]
        seen["poor"] += [f"a screen reader has no name for {element}" for element in found.get("unnamed", [])]
        too_wide = browser.evaluate(TOO_WIDE) if size is PHONE else 0
        seen["poor"] += [f"on a phone it is {too_wide} pixels too wide"] if too_wide else []
        png = browser.picture()
        if picture:
            device = "phone" if size is PHONE else "desk"
            self.pictures.append({"name": f"{picture}-{device}", "path": seen["path"], "png": png})
        seen["broken"] = complaints(browser.events)
        browser.events.clear()
        self._press()
        seen["broken"] += [f"after keys and buttons were pressed: {problem}" for problem in complaints(browser.events, pressed=True)]
        if is_blank(png) and is_blank(browser.picture()):
            seen["broken"].append("the page is blank")

    def _press(self) -> None:
        for key, code in KEYS:
            for kind in ("keyDown", "keyUp"):
                self.browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key.strip() or "Space", windowsVirtualKeyCode=code)
        with suppress(RuntimeError):  # what is pressed may lead to another page, which ends the question to this one
            self.browser.evaluate(PRESS)
            self.browser.evaluate(SETTLED)


def document(events: list[Message]) -> tuple[int, str]:
    """Status and type of what a navigation led to."""
    for event in events:
        if event.get("method") == "Network.responseReceived" and event["params"].get("type") == "Document":
            return event["params"]["response"]["status"], event["params"]["response"]["mimeType"]
    return 0, ""


def complaints(events: list[Message], *, pressed: bool = False) -> list[str]:
    """What did not work, as far as the browser knows.

    A script may ask for what is not there, and what is `pressed` may be refused: then only failures of the server count.
    """
    found, asked = [], dict[str, str]()
    for event in events:
        given = event.get("params", {})
        match str(event.get("method")):
            case "Runtime.exceptionThrown":
                details = given["exceptionDetails"]
                said = details.get("exception", {}).get("description") or details.get("text")
                place = f" at {details['url']}:{details['lineNumber'] + 1}" if details.get("url") and ADDRESS not in said else ""
                found.append(f"a script failed: {said}{place}")
            case "Log.entryAdded" if given["entry"]["level"] == "error" and given["entry"]["source"] != "network":
                found.append(f"the browser says: {given['entry']['text']} {given['entry'].get('url', '')}".strip())
            case "Network.requestWillBeSent" | "Network.webSocketCreated":
                url = asked[given["requestId"]] = (given.get("request") or given)["url"]
                if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != urlsplit(ADDRESS).netloc:
                    found.append(f"it asks another machine: {url[:200]}")
            case "Network.responseReceived" if given["response"]["status"] >= (
                500 if pressed or given.get("type") in ASKED_BY_SCRIPTS else 400
            ):
                if urlsplit(given["response"]["url"]).path != "/favicon.ico":  # asked for by the browser alone
                    found.append(f"{given['response']['url']} answered {given['response']['status']}")
            case "Network.loadingFailed" if asked.get(given["requestId"], "").startswith(ADDRESS) and not given.get("canceled"):
                if given["errorText"] != "net::ERR_ABORTED":  # by the page itself, or by leaving it
                    found.append(f"{asked[given['requestId']]} was not answered: {given['errorText']}")
            case _:
                continue
    return list(dict.fromkeys(found))


def is_blank(png: str) -> bool:
    """Whether no row of a picture shows anything: each is of one colour, or blends evenly into another.

    In every filter of PNG such a row is the same from its second pixel on, so nothing has to be undone.
    """
    data = b64decode(png)
    width, height = struct.unpack(">II", data[16:24])
    channels, packed, place = CHANNELS[data[25]], b"", 8
    while place < len(data):
        length = struct.unpack(">I", data[place : place + 4])[0]
        if data[place + 4 : place + 8] == b"IDAT":
            packed += data[place + 8 : place + 8 + length]
        place += 12 + length
    rows, stride = zlib.decompress(packed), 1 + width * channels
    ends = (rows[row * stride + 1 + channels : (row + 1) * stride] for row in range(height))
    return all(end == end[:channels] * (width - 1) for end in ends)


def carry_out(requests: list[tuple[str, str, str]]) -> None:
    """Send what the examples send, so that pages have something to show. Answers are not judged."""
    known = ":id"
    for method, path, body in requests:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path.replace(":id", known), body or None, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
            known = quote(str(answer["id"]), safe="") if isinstance(answer, dict) and "id" in answer else known
        except (OSError, http.client.HTTPException, ValueError):
            continue
        finally:
            connection.close()


def wander(browser: Browser, plan: Plan) -> Wandering:
    seen = Wandering(browser)
    try:
        for path in plan.starts:
            seen.open(path, DESK)
        carry_out(plan.requests)
        known, number = list(plan.starts), 0
        while number < min(len(known), MOST_PAGES):
            path = known[number]
            name = "first page" if number == 0 else "page"
            links = seen.open(path, DESK, name, linked=path not in plan.starts)
            known += [link for link in dict.fromkeys(links) if link not in known]
            seen.open(path, PHONE, name if number == 0 else "")
            number += 1
    except TimeoutError:
        pass  # is among the pages
    return seen


def main(chromium: str, plan: str, *server: str) -> int:
    with app_running(server) as app:
        browser = Browser(chromium, PATIENCE_SECONDS)
        try:
            wait_for(app)
            seen = wander(browser, Plan(**json.loads(Path(plan).read_text())))
            json.dump({"pages": seen.pages, "pictures": seen.pictures}, sys.stdout)
        finally:
            browser.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
