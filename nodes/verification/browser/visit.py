"""Look at a running app with Chromium, as a person would. Runs inside the sandbox, on the standard library alone, as a program:

    python visit.py CHROMIUM EMAIL SERVER-ARGUMENTS…

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
from pathlib import Path
from typing import Any

Message = dict[str, Any]
"""The DevTools protocol in JSON."""

PORT = 8000
ADDRESS = f"http://127.0.0.1:{PORT}"
DESK, PHONE = (1280, 800), (390, 844)
MOST_PAGES = 12
ANSWER_SECONDS = 40.0
FLAGS = (
    "--headless=new --no-sandbox --no-zygote --disable-gpu --disable-dev-shm-usage --disable-extensions --disable-background-networking "
    "--no-first-run --hide-scrollbars --mute-audio --remote-debugging-pipe --user-data-dir=/tmp/chromium about:blank"
)

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


class Browser:
    """One Chromium and one page in it, spoken to in the DevTools protocol over two pipes."""

    def __init__(self, chromium: str) -> None:
        commands, self._out = os.pipe()
        self._in, answers = os.pipe()

        def wire() -> None:
            # Through higher numbers: one of the pipes may be what the other has to become.
            os.dup2(os.dup(commands), 103), os.dup2(os.dup(answers), 104)
            os.dup2(103, 3), os.dup2(104, 4)

        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(  # noqa: S603 - a fixed program
            [chromium, *FLAGS.split()],
            env={
                "PATH": os.defpath,
                "HOME": "/tmp",  # noqa: S108 - inside the sandbox
                "FONTCONFIG_FILE": str(Path(__file__).resolve().with_name("fonts.conf")),
            },
            preexec_fn=wire,  # noqa: PLW1509 - nothing else runs here
            pass_fds=(3, 4),
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
        )
        os.close(commands)
        os.close(answers)
        self._number, self._buffer = 0, b""
        self._session: str | None = None
        self.events: list[Message] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> Message:
        """Send a command and wait for its answer; events that come meanwhile are kept."""
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            received = self._receive()
            if received.get("id") == self._number:
                if "error" in received:
                    raise RuntimeError(f"{method}: {received['error'].get('message')}")
                result: Message = received["result"]
                return result
            self.events.append(received)

    def _receive(self) -> Message:
        while b"\0" not in self._buffer:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._buffer += piece
        first, _, self._buffer = self._buffer.partition(b"\0")
        received: Message = json.loads(first)
        return received

    def loaded(self) -> None:
        """Wait until the page that was asked for is there."""
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever JSON the expression gives
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def size(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def picture(self) -> str:
        """The visible part, as PNG in base64."""
        return str(self.call("Page.captureScreenshot", format="png")["data"])

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


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
    app = subprocess.Popen([*server, "--port", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - as agreed
    browser = Browser(chromium)  # while the app starts
    try:
        wait_for(app)
        seen = visit(browser, email, os.environ["DEMO_PASSWORD"])  # noqa: TID251 - inside the sandbox, where nothing of ours is
        json.dump({"pages": seen.pages, "pictures": seen.pictures}, sys.stdout)
    finally:
        browser.end()
        app.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
