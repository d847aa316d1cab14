"""Speak with one Chromium in the DevTools protocol, over two pipes. Runs inside the sandbox, on the standard library alone."""

import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

Message = dict[str, Any]
"""The DevTools protocol in JSON."""

PORT = 8000
ADDRESS = f"http://127.0.0.1:{PORT}"
"""Where the app under test listens, on this sandbox's own loopback."""

DESK, PHONE = (1280, 800), (390, 844)
FLAGS = (
    "--headless=new --no-sandbox --no-zygote --disable-gpu --disable-dev-shm-usage --disable-extensions --disable-background-networking "
    "--no-first-run --hide-scrollbars --mute-audio "
    "--autoplay-policy=no-user-gesture-required --remote-debugging-pipe --user-data-dir=/tmp/chromium about:blank"
)


class Browser:
    """One Chromium and one page in it. What takes longer than `patience_seconds`, if that is given, raises TimeoutError."""

    def __init__(self, chromium: str, patience_seconds: float | None = None) -> None:
        self._patience_seconds = patience_seconds
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
        number, deadline = self._send(method, parameters), self._deadline()
        while True:
            received = self._receive(deadline)
            if received.get("id") == number:
                if "error" in received:
                    raise RuntimeError(f"{method}: {received['error'].get('message')}")
                result: Message = received["result"]
                return result
            self.events.append(received)

    def _send(self, method: str, parameters: Message) -> int:
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._number

    def _deadline(self) -> float | None:
        return None if self._patience_seconds is None else time.monotonic() + self._patience_seconds

    def _receive(self, deadline: float | None) -> Message:
        while b"\0" not in self._buffer:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._in], [], [], left)[0]:
                raise TimeoutError("the page gives no answer")
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._buffer += piece
        first, _, self._buffer = self._buffer.partition(b"\0")
        received: Message = json.loads(first)
        if received.get("method") == "Page.javascriptDialogOpening":  # nothing goes on until somebody answers it
            self._send("Page.handleJavaScriptDialog", {"accept": True})
        return received

    def loaded(self) -> None:
        """Wait until the page that was asked for is there."""
        deadline = self._deadline()
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive(deadline))

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever JSON the expression gives
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    def size(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def picture(self) -> str:
        """The visible part, as PNG in base64."""
        return str(self.call("Page.captureScreenshot", format="png")["data"])

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
