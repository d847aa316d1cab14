"""Use built apps as a person would, in Chromium: sign in, add, follow the workflow to its end, be refused, search, export.

    python -m benchmarks.use_apps [--screenshots FOLDER] [--port 8399]

Prints a line for each app, and ends with 1 if a step could not be taken. Every page that is seen is also checked: it fits a
phone, every input has a label, every button and link a name, and nothing is written to the console. Needs the Chromium of
the operating system and the tool chain of built apps (`make setup`).
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.verify_app import built
from nodes.artifacts import Action, AppSpec, FieldType, RecipeKind, RecordSpec, Scope, Workflow
from nodes.blueprint.frame.names import page_path
from nodes.completion import completed
from nodes.contract import relation_property
from nodes.stack import PYTHON_WEB, demo_email
from nodes.verification.payloads import valid_body
from nodes.verification.toolchain import default_toolchain
from tests.integration.frame.frame_specs import CUSTOMERS
from tests.integration.frame.recipe_specs import FLEET, OFFICE
from tests.integration.frame.trade_specs import INVOICES, STORES

APPS = (OFFICE, FLEET, CUSTOMERS, STORES, INVOICES)
"""Claims with steps, bookings with payments, plain records, a stock, documents with totals."""
PASSWORD = secrets.token_urlsafe(12)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

WITHOUT_NAME = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")].filter(
  (element) => element.offsetParent && !element.textContent.trim() && !element.labels?.length && !element.ariaLabel
).map((element) => element.outerHTML.slice(0, 120))"""
"""What a screen reader could not announce."""


@dataclass
class Visit:
    """One browser on one app; `wrong` gathers what a person would complain of."""

    page: Page
    address: str
    screenshots: Path | None
    app: str
    wrong: list[str] = field(default_factory=list)
    seen: int = 0

    def open(self, path: str, expected: int = 200) -> None:
        """Go to a page, look at it, and keep a picture."""
        answer = self.page.goto(self.address + path)
        if answer is None or answer.status != expected:
            self.wrong.append(f"{path} answered {answer and answer.status} instead of {expected}")
        self.look(path)

    def look(self, name: str) -> None:
        """Check the page that is shown, at a desk, in the dark and on a phone."""
        self.seen += 1
        self.wrong += [f"{name}: nameless {element}" for element in self.page.evaluate(WITHOUT_NAME)]
        for device, size in (("desk", DESK), ("dark", DESK), ("phone", PHONE)):
            self.page.emulate_media(color_scheme="dark" if device == "dark" else "light")
            self.page.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict of exactly these two
            too_wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if too_wide > 0:
                self.wrong.append(f"{name}: {too_wide} pixels too wide at a {device}")
            if self.screenshots:
                file = name.strip("/").replace("/", "-").replace("?", "-") or "home"
                self.page.screenshot(path=self.screenshots / f"{self.app}-{self.seen:02}-{file}-{device}.png", full_page=True)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(DESK)  # type: ignore[arg-type]  # as above

    def sign_in(self, role: str) -> None:
        """As the first demo account of the role."""
        self.page.context.clear_cookies()
        self.page.goto(self.address + "/sign-in")
        self.page.fill("[name=email]", demo_email(role))
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button.primary")
        self.expect(self.page.locator("h1"), "Hello")

    def expect(self, shown: Locator, text: str) -> None:
        """Note that a text is missing."""
        if text not in " ".join(shown.all_inner_texts()):
            self.wrong.append(f"{self.page.url.removeprefix(self.address)}: “{text}” is not shown")


def use(visit: Visit, spec: AppSpec) -> None:
    """Everything the module promises, with each record of the app."""
    administrator = next(role.name for role in spec.roles if role.administers)
    register(visit, spec)
    visit.sign_in(administrator)
    visit.open("/")
    for path in [link.get_attribute("href") or "/" for link in visit.page.locator("header nav a").all()]:
        visit.open(path)
    for number, record in enumerate(needed_first(spec)):
        path = page_path(record.plural)
        author = next((entry.role for entry in spec.permissions if (entry.record, entry.action) == (record.name, Action.create)), None)
        if author is None:
            continue
        visit.sign_in(author)
        title = add(visit, spec, record, path, 700 + number)
        use_recipes(visit, spec, record, title)
        finish(visit, spec, record)
        search(visit, path, title)
        be_refused(visit, spec, record, path)


def register(visit: Visit, spec: AppSpec) -> None:
    """Make an own account, where the app lets people do so."""
    role = next((role for role in spec.roles if role.may_register and not role.administers), None)
    if role is None:
        return
    visit.open("/register")
    visit.page.fill("[name=name]", "Robin Newcomer")
    visit.page.fill("[name=email]", "robin@example.com")
    visit.page.fill("[name=password]", PASSWORD)
    if visit.page.locator("[name=role]").count():
        visit.page.select_option("[name=role]", role.name)
    visit.page.click("button.primary")
    visit.expect(visit.page.locator(".flash"), "Welcome")


def needed_first(spec: AppSpec) -> Iterator[RecordSpec]:
    """Records after those they require."""
    waiting = list(spec.records)
    while waiting:
        names = {record.name for record in waiting}
        ready = next((r for r in waiting if not names & {x.target for x in r.relations if x.required and x.target != r.name}), waiting[0])
        waiting.remove(ready)
        yield ready


def add(visit: Visit, spec: AppSpec, record: RecordSpec, path: str, number: int) -> str:
    """Fill the form as a person would, and read the title of the page it leads to."""
    visit.open(f"{path}/new")
    for name, value in valid_body(spec, record, number, {}).items():
        fill(visit.page, record, name, value)
    for relation in record.relations:
        choices = visit.page.locator(f"select[name={relation_property(relation)}] option")
        if choices.count() > 1:
            visit.page.select_option(f"select[name={relation_property(relation)}]", index=choices.count() - 1)
    visit.page.click("form.sheet button.primary")
    visit.expect(visit.page.locator(".flash"), "added")
    visit.look(f"{path}-one")
    return visit.page.locator("h1").inner_text()


def fill(page: Page, record: RecordSpec, name: str, value: object) -> None:
    """One input, by the type of its field."""
    kind = next(entry.type for entry in record.fields if entry.name == name)
    if kind is FieldType.boolean:
        page.set_checked(f"[name={name}]", checked=bool(value))
    elif kind is FieldType.choice:
        page.select_option(f"[name={name}]", str(value))
    else:
        page.fill(f"[name={name}]", str(value)[:16] if kind in (FieldType.datetime, FieldType.time) else str(value))


def use_recipes(visit: Visit, spec: AppSpec, record: RecordSpec, title: str) -> None:
    """What the app has beyond forms and lists, on the page of the record that is shown."""
    path, here = page_path(record.plural), visit.page.url.removeprefix(visit.address)
    kinds = {recipe.kind for recipe in spec.recipes if recipe.record == record.name}
    if RecipeKind.comments in kinds:
        visit.page.fill("[name=text]", "Looks right to me.")
        visit.page.click("form.say button")
        visit.expect(visit.page.locator(".said"), "Looks right to me.")
    if RecipeKind.attachments in kinds:
        visit.page.set_input_files("[name=file]", {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"12.50"})
        visit.page.click("form.attach button")
        visit.expect(visit.page.locator(".files"), "receipt.txt")
    if RecipeKind.tags in kinds and visit.page.locator(".add-tag").count():
        visit.page.fill(".add-tag [name=name]", "Urgent")
        visit.page.click(".add-tag button")
        visit.expect(visit.page.locator(".tags"), "urgent")
    if RecipeKind.payments in kinds and visit.page.locator(".entry").count():
        visit.page.fill(".entry [name=amount]", "120")
        visit.page.click(".entry button")
        visit.expect(visit.page.locator(".flash"), "of 120.00 is entered")
    if kinds:
        visit.look(f"{path}-used")
    for kind, page in ((RecipeKind.calendar, "calendar"), (RecipeKind.board, "board")):
        if kind in kinds:
            visit.open(f"{path}/{page}")
    if RecipeKind.csv in kinds:
        visit.open(path)
        visit.page.click(".more summary")
        with visit.page.expect_download() as download:
            visit.page.click("text=Export as CSV")
        if first_words(title) not in download.value.path().read_text(encoding="utf-8-sig"):
            visit.wrong.append(f"{path}: “{title}” is not in the export")
    visit.page.goto(visit.address + here)


def finish(visit: Visit, spec: AppSpec, record: RecordSpec) -> None:
    """Take the first step that is offered to whoever may, until none leads on or a state comes again."""
    here = visit.page.url.removeprefix(visit.address)
    passed: set[str] = set()
    state = record.workflow.initial if record.workflow else ""
    while record.workflow and state not in passed:
        passed.add(state)
        step = next((step for step in record.workflow.transitions if state in step.from_states and step.to_state not in passed), None)
        if step is None:
            break
        visit.sign_in(stepping(spec, record, step.roles))
        visit.page.goto(visit.address + here)
        visit.page.click(f"form[action='{here}/steps/{step.name}'] button")
        visit.expect(visit.page.locator(".flash"), label_of(record.workflow, step.to_state))
        state = step.to_state
    if record.workflow:
        visit.look(f"{here}-{state}")


def stepping(spec: AppSpec, record: RecordSpec, roles: tuple[str, ...]) -> str:
    """A role that takes the step, of those that see every record if there is one."""
    able = roles or tuple(p.role for p in spec.permissions if (p.record, p.action) == (record.name, Action.update))
    all_seeing = {p.role for p in spec.permissions if (p.record, p.action, p.scope) == (record.name, Action.read, Scope.all)}
    return next((role for role in able if role in all_seeing), able[0])


def label_of(workflow: Workflow, state: str) -> str:
    return next(entry.label for entry in workflow.states if entry.name == state)


def search(visit: Visit, path: str, title: str) -> None:
    """Find the record again by the first words of its title."""
    visit.page.goto(visit.address + path)
    visit.page.keyboard.press("/")
    visit.page.keyboard.type(first_words(title))
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**?q=*")
    visit.expect(visit.page.locator("table.rows"), first_words(title))


def first_words(title: str) -> str:
    """What a person types of a title that was put together, as `Golf, 3 May 2026` or `Purchase 7: Tom Whitfield`."""
    return title.partition(",")[0].rpartition(": ")[2]


def be_refused(visit: Visit, spec: AppSpec, record: RecordSpec, path: str) -> None:
    """A role that may not add such a record is told so."""
    able = {entry.role for entry in spec.permissions if (entry.record, entry.action) == (record.name, Action.create)}
    other = next((role.name for role in spec.roles if role.name not in able), None)
    if other:
        visit.sign_in(other)
        visit.open(f"{path}/new", expected=403)
        visit.expect(visit.page.locator("h1"), "Your role may not do this.")


@contextmanager
def running(spec: AppSpec, port: int) -> Iterator[str]:
    """The app with its sample data, on this machine's own address; yields that address."""
    _, files = built(spec)
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, path).write_bytes(content)
        python = str(default_toolchain() / "bin" / "python")
        environment = {"DEMO_PASSWORD": PASSWORD, "PATH": os.defpath, **dict(PYTHON_WEB.trial_environment)}
        subprocess.run([python, *PYTHON_WEB.demo_argv[1:]], cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603 - built by us
        serve = [python, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "error"]
        server = subprocess.Popen(serve, cwd=folder, env=environment)  # noqa: S603 - built by us
        try:
            wait_for(f"http://127.0.0.1:{port}{PYTHON_WEB.health_path}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def wait_for(address: str) -> None:
    """Until the app answers; raises `httpx.ConnectError` when it has not after the last of many tries."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=9), trust_env=False, timeout=20) as client:
        client.get(address).raise_for_status()


def visit_app(browser: Browser, spec: AppSpec, screenshots: Path | None, port: int) -> list[str]:
    """Use one app and print what came of it."""
    with running(spec, port) as address:
        visit = Visit(browser.new_page(), address, screenshots, spec.name)
        visit.page.on("console", lambda message: visit.wrong.append(f"console: {message.text}") if is_complaint(message.text) else None)
        began = time.monotonic()
        use(visit, completed(spec))
        recipes = len({recipe.kind for recipe in spec.recipes})
        print(f"{spec.name:<16} {visit.seen:>5} {recipes:>7} {time.monotonic() - began:>7.1f} {len(visit.wrong):>5}", flush=True)
        visit.page.close()
    return [f"{spec.name}: {problem}" for problem in visit.wrong]


def is_complaint(text: str) -> bool:
    """A refusal that is meant is written to the console as well."""
    return "status of 403" not in text


def main(screenshots: Path | None, port: int) -> int:
    """Use the apps one after the other; answer the exit code."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("There is no Chromium on this machine; nothing was tried.")
        return 0
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    print(f"{'app':<16} {'pages':>5} {'recipes':>7} {'seconds':>7} {'wrong':>5}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        wrong = [problem for spec in APPS for problem in visit_app(browser, spec, screenshots, port)]
        browser.close()
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screenshots", type=Path, help="a folder for a picture of every page, at a desk, in the dark and on a phone")
    parser.add_argument("--port", type=int, default=8399, help="a free port for the apps")
    given = parser.parse_args()
    sys.exit(main(given.screenshots, given.port))
