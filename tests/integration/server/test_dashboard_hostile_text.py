"""Whatever a person or a model writes is shown as text: no page gets an element or a handler out of it."""

import re
from collections.abc import Sequence
from itertools import count
from urllib.parse import quote

import httpx
import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from playwright.async_api import Route

from nodes.artifacts import (
    Changeset,
    CheckName,
    FileChange,
    FileOperation,
    Finding,
    OpenQuestion,
    Provenance,
    QaReview,
    Severity,
    Source,
    UnmetPreference,
)
from nodes.context import AgentTask
from nodes.progress import AgentStarted, announce
from tests.browser import chromium, needs_chromium, page_of
from tests.factories import make_plan, make_spec
from tests.integration.server.conftest import RunAppyard, script
from tests.integration.server.dashboard_pages import Page, see, send

PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](x onerror=alert(1))",
    "[x](//evil.example 'a\" onmouseover=\"alert(1)')",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<select onfocus=alert(1) autofocus>",
    "<textarea onfocus=alert(1) autofocus>",
    "<marquee onstart=alert(1)>",
    "<math href=javascript:alert(1)>x</math>",
    "<style>@import '//evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</pre></code><script>alert(1)</script>",
    "{{ 7*7 }}{% include 'base.html' %}${alert(1)}",
    "<!--><script>alert(1)</script-->",
)
OWN_PICTURE = re.compile(r"/builds/[\w-]+/pictures/\w+\.png")
RUNS_CODE = ("javascript:", "data:", "vbscript:")
TABS = ("", "/plan", "/code?file=README.md", "/code?file=app/records/claims/samples.py", "/evidence", "/timeline", "/history")


def hostile(text: str) -> dict[str, Sequence[object]]:
    """Agents that say `text` wherever they can say anything."""
    usual = make_spec()
    claim = usual.records[0]
    source = Source(provenance=Provenance.stated, quote=text)
    record = claim.model_copy(
        update={
            "label": text,
            "plural_label": text,
            "description": text,
            "source": source,
            "fields": tuple(field.model_copy(update={"label": text, "source": source}) for field in claim.fields),
        }
    )
    spec = usual.model_copy(
        update={
            "title": text,
            "summary": text,
            "records": (record,),
            "roles": tuple(role.model_copy(update={"label": text, "source": source}) for role in usual.roles),
            "non_goals": (text,),
            "open_questions": (OpenQuestion(name="open", question=text, default=text),),
            "unmet_preferences": (UnmetPreference(preference=text, reason=text),),
        }
    )
    plan = make_plan(spec)
    parts = tuple(part.model_copy(update={"title": text, "summary": text}) for part in plan.components)

    def write(task: AgentTask[Changeset]) -> Changeset:
        content = f"SAMPLES = {text!r}\n# {text}\n"
        change = FileChange(path="app/records/claims/samples.py", operation=FileOperation.replace, content=content)
        return Changeset(component=task.component or "", changes=(change,), notes=text)

    model = GenericFakeChatModel(messages=(AIMessage(text) for _ in count()))

    async def analyze(task: object) -> object:
        announce(AgentStarted(agent=text, task="analyze_requirements", component=text, model=text))
        await model.ainvoke("?", {"metadata": {"agent": text, "task": "analyze_requirements", "component": text, "attempt": 1}})
        return spec

    return script(
        analyze_requirements=[analyze],
        design_architecture=[plan.model_copy(update={"summary": text, "decisions": (text,), "components": parts})],
        write_component=[write],
        review_app=[QaReview(summary=text, concerns=(text,))],
    )


def dangers(page: Page) -> list[tuple[str, dict[str, str]]]:
    """Elements and attributes that no page of ours has."""
    allowed_scripts = {"/static/dashboard.js"}
    return [
        (tag, attributes)
        for tag, attributes in page.elements
        if (tag == "script" and attributes.get("src") not in allowed_scripts)
        or tag in {"iframe", "object", "embed", "base", "style", "video", "audio", "math", "marquee", "animate", "source"}
        or (tag == "img" and not OWN_PICTURE.fullmatch(attributes.get("src", "")))
        or (tag == "link" and not attributes.get("href", "").startswith("/static/"))
        or any(name.startswith("on") or name == "srcdoc" for name in attributes)
        or any(attributes.get(name, "").strip().lower().startswith(RUNS_CODE) for name in ("href", "src", "action", "formaction"))
        or (tag == "form" and not attributes.get("action", "/builds").startswith("/builds"))
    ]


@pytest.mark.bounded(240)
async def test_what_people_and_models_write_is_shown_as_text(appyard: RunAppyard) -> None:
    text = " ".join(PAYLOADS)
    finding = Finding(check=CheckName.probe, severity=Severity.major, message=text, request=text, file="app/x.py", line=1)
    yard = await appyard(hostile(text), rounds=[[finding]])
    build = await yard.start(app_description=text, requirements=text, user_id=text[:200], tech_stack_preferences=[PAYLOADS[0]])
    await yard.ended(build)
    pages = [await see(yard.client, f"/builds/{build}{tab}") for tab in TABS]
    pages += [await see(yard.client, path) for path in ("/builds", "/inbox", "/analytics")]
    form = pages[0].form("/decision")
    refused = await send(yard.client, form, decision="changes_requested", subject_sha256="0" * 64, feedback=text, reviewer=text[:200])
    again = await send(yard.client, (await see(yard.client, "/builds/new")).form("/builds/new"), app_description=text, budget_usd=text)
    reading = await yard.client.post("/builds/new/reading", data={"app_description": text}, headers={"sec-fetch-site": "same-origin"})
    await send(yard.client, form, decision="rejected", reason=text, reviewer=text[:200])
    await yard.ended(build)
    pages += [Page(refused.text), Page(again.text), Page(reading.text), await see(yard.client, f"/builds/{build}/history")]
    assert [refused.status_code, again.status_code] == [409, 422]
    assert all("alert(1)" in page.text for page in pages[:3]), "the text itself is shown"
    assert [dangers(page) for page in pages] == [[]] * len(pages)


@needs_chromium
@pytest.mark.bounded(120)
async def test_a_browser_runs_none_of_it_even_without_the_content_security_policy(appyard: RunAppyard) -> None:
    text = " ".join(PAYLOADS)
    finding = Finding(check=CheckName.probe, severity=Severity.major, message=text, request=text, file="app/x.py", line=1)
    yard = await appyard(hostile(text), rounds=[[finding]])
    build = await yard.start(app_description=text, requirements=text, user_id=text[:200], tech_stack_preferences=[PAYLOADS[0]])
    await yard.ended(build)
    history = await see(yard.client, f"/builds/{build}/history")
    points = [attributes["href"] for tag, attributes in history.elements if tag == "a" and "?checkpoint=" in attributes.get("href", "")]
    paths = [f"/builds/{build}{tab}" for tab in (*TABS, "/timeline?agent=0")]
    paths += ["/builds", "/inbox", "/analytics", f"/builds/new?description={quote(text[:1900])}", *(p.partition("#")[0] for p in points)]
    faults: list[str] = []

    async def answer(route: Route) -> None:
        """Pages of this process without their policy, so that what protects is what is looked at; anything else is a fault."""
        request = route.request
        if not request.url.startswith("http://appyard/"):
            faults.append(f"asked for {request.url}")
            await route.abort()
        elif "/changes" in request.url:
            await route.abort()
        else:
            given: httpx.Response = await yard.client.request(
                request.method, request.url, content=request.post_data_buffer, headers=await request.all_headers()
            )
            headers = {name: value for name, value in given.headers.items() if name != "content-security-policy"}
            await route.fulfill(status=given.status_code, headers=headers, body=given.content)

    async with chromium() as browser:
        page = await page_of(browser, [])
        page.on("dialog", lambda dialog: faults.append(f"said {dialog.message}"))
        await page.route("**/*", answer)
        for path in paths:
            await page.goto(f"http://appyard{path}", wait_until="load")
            # What is hidden until somebody opens it is opened, and what waits for a pointer or the focus gets both.
            await page.evaluate(TOUCH_EVERYTHING)
        assert await page.locator("body").inner_text()
    assert faults == []


TOUCH_EVERYTHING = """for (const one of document.querySelectorAll("*")) {
  if (one.matches("details")) one.open = true;
  for (const kind of ["mouseover", "focus"]) one.dispatchEvent(new Event(kind, { bubbles: true }));
}"""
