"""Open the pages of a program written whole in a browser inside the sandbox, and say which part each complaint is about."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nodes.artifacts import AppSpec, Architecture, Finding, RequestStep
from nodes.context import ArtifactStore
from nodes.ownership import owner_of
from nodes.sandbox.protocol import Command, Sandbox
from nodes.stack import StackProfile
from nodes.verification.browser.check import (
    LAID,
    LIMITS,
    NO_BROWSER,
    kept_pictures,
    page_findings,
    program,
    programs,
    read,
    unusable,
)
from nodes.verification.observed import CheckImpossible, Observed, counted

PLAN = f"{LAID}/plan.json"
PROGRAM_LIMITS = replace(LIMITS, wall_seconds=120, cpu_seconds=120)
"""More pages than a frame's, each opened several times; what has no end is given up sooner."""

_URL = re.compile(r"\bhttps?://[^\s\"'()<>]+")
_LINE = re.compile(r":(\d+)(?::\d+)?$")


async def check_pages(
    files: Mapping[str, bytes],
    spec: AppSpec,
    architecture: Architecture,
    *,
    stack: StackProfile,
    browser: Path | None,
    sandbox: Sandbox,
    python: Path,
    toolchain: Path,
    artifacts: ArtifactStore,
) -> Observed:
    """The first page and those linked from it, new and with what the examples leave. Raises `CheckImpossible`, also without a page.

    `python` runs our program, `toolchain` the app.
    """
    if browser is None:
        raise CheckImpossible(NO_BROWSER)
    steps = [step for example in spec.examples for step in example.requests]
    starts = list(dict.fromkeys(_starts(steps)))
    plan = {"starts": starts, "requests": [(step.method, step.path, step.body) for step in steps]}
    command = Command(
        argv=(*program("wander"), str(browser), PLAN, *stack.serve_argv),
        toolchain=python,
        also=toolchain,
        environment={"PYTHONPATH": LAID},
        limits=PROGRAM_LIMITS,
    )
    async with sandbox.workspace({**files, **programs(), PLAN: json.dumps(plan).encode()}, PROGRAM_LIMITS) as workspace:
        result = await workspace.run(command)
    if result.limit:
        raise CheckImpossible(f"the browser was stopped: {result.limit}")
    seen = read(result.stdout)
    if seen is None:
        return unusable(result.stderr)
    if not seen.pages:
        raise CheckImpossible(f"no page was found to look at: {', '.join(starts)} gave none")
    pictures = await kept_pictures(seen, artifacts)
    findings = {found.message: _located(found, files, architecture) for page in seen.pages for found in page_findings(page)}
    paths = dict.fromkeys(page.path for page in seen.pages)
    log = "\n".join(f"{page.path}: {page.heading[:100]}" for page in seen.pages)
    numbers = {"pages": len(paths), "pictures": len(pictures)}
    subject = f"{counted(len(paths), 'page')} opened in Chromium, at a desk and on a phone"
    return Observed(subject, list(findings.values()), numbers, log, sound="nothing to complain of", screenshots=pictures)


def _starts(steps: list[RequestStep]) -> Iterator[str]:
    """The first page, and what examples read that is likely to be one: a JSON answer is looked at and left alone."""
    yield "/"
    yield from (step.path for step in steps if step.method == "GET" and step.status == 200 and ":id" not in step.path)


def _located(found: Finding, files: Mapping[str, bytes], architecture: Architecture) -> Finding:
    """With the file of the last address in the message: the app's file of that name, or else the one that asks for it."""
    addresses = _URL.findall(found.message)
    path, line = next(filter(None, (_place(address, files) for address in addresses)), (None, None))
    owner = owner_of(architecture, path) if path else None
    message = found.message.replace(_OWN, "")
    return found.model_copy(update={"message": message, "file": path, "line": line, "component": owner.name if owner else None})


_OWN = "http://127.0.0.1:8000"


def _place(address: str, files: Mapping[str, bytes]) -> tuple[str, int | None] | None:
    place = _LINE.search(address)
    parts = urlsplit(_LINE.sub("", address) if address.count(":") > 2 else address)
    name = unquote(parts.path).rpartition("/")[2]
    mine = [path for path in files if path.startswith("app/")]
    if address.startswith(_OWN):
        for path in mine:
            if name and path.rpartition("/")[2] == name:
                return path, int(place[1]) if place else None
    asked = name if address.startswith(_OWN) else parts.netloc
    return next(((path, None) for path in mine if asked and asked.encode() in files[path]), None)
