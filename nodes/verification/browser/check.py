"""Open the app in a browser inside the sandbox, note what a person would complain of, and keep pictures of what they would see."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nodes.artifacts import AppSpec, CheckName, Finding, Screenshot, Severity
from nodes.context import ArtifactStore
from nodes.sandbox.protocol import Command, Sandbox, SandboxLimits, Workspace
from nodes.stack import StackProfile, demo_email
from nodes.verification.observed import CheckImpossible, Observed, counted

PLACES = tuple(Path("/usr", folder, name, name) for folder in ("lib", "lib64") for name in ("chromium", "chromium-browser", "chrome"))
"""Below /usr, which the sandbox has."""

LAID, PACKAGE = ".browser", Path("nodes", "verification", "browser")
"""Our programs lie apart from the app's files, under the names they have here."""

FONTS = b"""<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>/usr/share/fonts</dir><cachedir>/tmp/fonts</cachedir>
<alias><family>system-ui</family><prefer><family>DejaVu Sans</family><family>Liberation Sans</family></prefer></alias>
<alias><family>sans-serif</family><prefer><family>DejaVu Sans</family><family>Liberation Sans</family></prefer></alias>
<alias><family>ui-monospace</family><prefer><family>DejaVu Sans Mono</family><family>Liberation Mono</family></prefer></alias>
<match target="pattern"><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
</fontconfig>
"""
LIMITS = SandboxLimits(
    wall_seconds=60,
    work_bytes=512 * 1024 * 1024,
    memory_bytes=1536 * 1024 * 1024,
    reserved_bytes=1 << 46,
    processes=400,
    output_bytes=12 * 1024 * 1024,
)
"""A browser reserves terabytes of addresses that it never touches."""

READING = SandboxLimits(output_bytes=32 * 1024 * 1024)
_READ_DATABASE = """
import base64, sqlite3, sys
print(base64.b64encode(sqlite3.connect(sys.argv[1]).serialize()).decode(), end="")
"""

NO_BROWSER = "there is no Chromium below /usr, or APPYARD_BROWSER is off; with one, the app's pages are looked at"
MOST_PICTURES, LARGEST_PICTURE_BYTES = 8, 2 * 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"


class Page(BaseModel):
    """A page that was looked at."""

    model_config = ConfigDict(frozen=True)

    path: str
    heading: str
    broken: tuple[str, ...]
    poor: tuple[str, ...]


class Picture(BaseModel):
    """A picture of one, as PNG in base64."""

    model_config = ConfigDict(frozen=True)

    name: Literal["first page-desk", "first page-phone", "list-desk", "record-desk", "record-phone", "page-desk"]
    path: str
    png: str


class Seen(BaseModel):
    """What the program in the sandbox printed; nothing in it is believed to be more than text and pictures."""

    model_config = ConfigDict(frozen=True)

    pages: tuple[Page, ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class BrowsedApp:
    """An app with its demo data, and the password of its demo accounts; `also`: what runs it, where that is not Python."""

    files: Mapping[str, bytes]
    database: bytes
    spec: AppSpec
    stack: StackProfile
    password: str
    also: Path | None = None


def chromium() -> Path | None:
    """The browser of this machine, if it has one that the sandbox can reach."""
    return next((place for place in PLACES if place.is_file()), None)


async def demo_data(workspace: Workspace, stack: StackProfile, toolchain: Path) -> bytes:
    """The database as it is before the probe fills it with its own; empty if it cannot be read."""
    command = Command(argv=("python", "-c", _READ_DATABASE, stack.database_path), toolchain=toolchain, limits=READING)
    result = await workspace.run(command)
    try:
        return base64.b64decode(result.stdout, validate=True) if result.ok else b""
    except binascii.Error:
        return b""


async def check_browser(app: BrowsedApp, browser: Path | None, sandbox: Sandbox, toolchain: Path, artifacts: ArtifactStore) -> Observed:
    """Sign in as the first administrator, open every page of the navigation and one record. Raises `CheckImpossible`.

    In a work folder of its own: what a browser writes would leave no room for the app under test.
    """
    if browser is None:
        raise CheckImpossible(NO_BROWSER)
    role = next((role for role in app.spec.roles if role.administers), app.spec.roles[0])
    command = Command(
        argv=(*program("visit"), str(browser), demo_email(role.name), *app.stack.browse_argv),
        toolchain=toolchain,
        also=app.also,
        environment={
            **dict(app.stack.trial_environment),
            "DEMO_PASSWORD": app.password,
            "PYTHONPATH": LAID,
        },
        limits=LIMITS,
    )
    laid = {**app.files, app.stack.database_path: app.database, **programs()}
    async with sandbox.workspace(laid, LIMITS) as workspace:
        result = await workspace.run(command)
    if result.limit:
        raise CheckImpossible(f"the browser was stopped: {result.limit}")
    seen = read(result.stdout)
    if seen is None:
        return unusable(result.stderr)
    pictures = await kept_pictures(seen, artifacts)
    findings = [finding for page in seen.pages for finding in page_findings(page)]
    log = "\n".join(f"{page.path}: {page.heading[:100]}" for page in seen.pages)
    numbers = {"pages": len(seen.pages), "pictures": len(pictures)}
    subject = f"{counted(len(seen.pages), 'page')} opened in Chromium, at a desk and on a phone"
    return Observed(subject, findings, numbers, log, sound="nothing to complain of", screenshots=pictures)


def program(name: str) -> tuple[str, ...]:
    """The call of one of our programs, where `programs` are laid and `LAID` leads the PYTHONPATH."""
    return ("python", "-m", f"nodes.verification.browser.{name}")


def programs() -> dict[str, bytes]:
    """What is laid beside an app to look at it."""
    here, names = Path(__file__).parent, ("devtools.py", "visit.py", "wander.py")
    sources = {f"{LAID}/{PACKAGE}/{name}": (here / name).read_bytes() for name in names}
    return {**sources, f"{LAID}/{PACKAGE}/fonts.conf": FONTS}


def read(printed: str) -> Seen | None:
    """What was seen, if it is in the agreed form."""
    try:
        return Seen.model_validate_json(printed)
    except ValidationError:
        return None


def unusable(said: str) -> Observed:
    """Nothing could be seen, and `said` ends with the reason."""
    return Observed("the app could not be used in a browser", [_finding("/", _last_line(said), Severity.major)], log=said)


async def kept_pictures(seen: Seen, artifacts: ArtifactStore) -> tuple[Screenshot, ...]:
    """The pictures, stored. Raises `CheckImpossible`."""
    return tuple([await _kept(picture, artifacts) for picture in seen.pictures[:MOST_PICTURES]])


async def _kept(picture: Picture, artifacts: ArtifactStore) -> Screenshot:
    """Only what begins as a picture, and is not too large, is kept as one. Raises `CheckImpossible`."""
    try:
        content = base64.b64decode(picture.png, validate=True)
    except binascii.Error as error:
        raise CheckImpossible("the browser gave no picture") from error
    if not content.startswith(PNG) or len(content) > LARGEST_PICTURE_BYTES:
        raise CheckImpossible("the browser gave no picture of the agreed kind and size")
    page, _, device = picture.name.rpartition("-")
    where = "on a phone" if device == "phone" else "at a desk"
    return Screenshot(caption=f"{page.capitalize()} {where}", path=picture.path[:200], image=await artifacts.put(content, "image/png"))


def page_findings(page: Page) -> Iterator[Finding]:
    """What is broken is major; what only makes a page worse to use is minor."""
    for problems, severity in ((page.broken, Severity.major), (page.poor, Severity.minor)):
        yield from (_finding(page.path, problem, severity) for problem in dict.fromkeys(problems))


def _finding(path: str, message: str, severity: Severity) -> Finding:
    return Finding(check=CheckName.browser, severity=severity, message=message[:500], request=f"GET {path[:200]}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
