"""The dashboard without scripts: from the form to the package, from HTTP to the database and back."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

from nodes.artifacts import Finding
from nodes.errors import ModelRefused
from server.services.build_record import BuildRecords
from tests.factories import make_finding
from tests.integration.server.conftest import DESCRIPTION, Appyard, RunAppyard, script
from tests.integration.server.dashboard_pages import FROM_HERE, Form, Page, see, send

OPEN_FINDING: list[list[Finding]] = [[make_finding(component=None)]]
ALWAYS_ASKED = {"options": {"gates": {"app": "always"}}}


async def waiting_build(yard: Appyard) -> str:
    """A build that waits at the app gate; its id."""
    build = await yard.start(**ALWAYS_ASKED)
    await yard.ended(build)
    return build


async def decision_form(yard: Appyard, build: str) -> Form:
    return (await see(yard.client, f"/builds/{build}")).form("/decision")


async def test_a_build_goes_from_the_form_to_its_package_without_scripts(appyard: RunAppyard) -> None:
    yard = await appyard()
    assert (await yard.client.get("/")).headers["location"] == "/builds"
    form = (await see(yard.client, "/builds/new")).form("/builds/new")
    started = await send(yard.client, form, app_description=DESCRIPTION, gate_app="always", user_id="maria")
    assert started.status_code == 303
    build = started.headers["location"].rpartition("/")[2]
    await yard.ended(build)
    assert "Waiting for you" in (await see(yard.client, f"/builds/{build}")).text
    assert "requested by maria" in (await see(yard.client, "/inbox")).text
    decided = await send(yard.client, await decision_form(yard, build), decision="approved", reviewer="li")
    assert (decided.status_code, decided.headers["location"]) == (303, f"/builds/{build}")
    await yard.ended(build)
    done = await see(yard.client, f"/builds/{build}")
    assert "Completed" in done.text
    links = [attributes["href"] for tag, attributes in done.elements if tag == "a" and "download" in attributes]
    assert (await yard.client.get(links[0])).headers["content-type"] == "application/zip"
    assert "Approved by li" in (await see(yard.client, f"/builds/{build}/history")).text


async def test_every_page_of_a_build_is_there_from_its_first_moment_on(appyard: RunAppyard) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def held(task: object) -> object:
        entered.set()
        await go_on.wait()
        return script()["analyze_requirements"][0]

    yard = await appyard(script(analyze_requirements=[held]))
    build = await yard.start()
    await entered.wait()
    tabs = ["", "/plan", "/code", "/evidence", "/timeline", "/history"]
    early = [(await yard.client.get(f"/builds/{build}{tab}")).status_code for tab in tabs]
    go_on.set()
    await yard.ended(build)
    late = [(await yard.client.get(f"/builds/{build}{tab}")).status_code for tab in tabs]
    assert early == late == [200] * len(tabs)


async def test_a_form_with_a_mistake_says_which_and_keeps_what_was_typed(appyard: RunAppyard) -> None:
    yard = await appyard()
    form = (await see(yard.client, "/builds/new")).form("/builds/new")
    refused = await send(yard.client, form, app_description=DESCRIPTION, budget_usd="a lot")
    assert refused.status_code == 422
    assert "Budget: Input should be a valid number" in Page(refused.text).text
    assert DESCRIPTION in Page(refused.text).text
    assert (await yard.client.get("/api/builds")).json() == {"items": []}


async def test_a_description_is_read_while_it_is_typed(appyard: RunAppyard) -> None:
    yard = await appyard()
    said = []
    for description in (DESCRIPTION, "Create a tetris game for the web.", " "):
        answer = await yard.client.post("/builds/new/reading", data={"app_description": description}, headers=FROM_HERE)
        said.append(Page(answer.text).text)
    assert "Employee, Manager and Administrator use it" in said[0]
    assert "built-in builder" in said[1]
    assert said[2].startswith("Begin to describe the app")


async def test_changes_are_requested_with_comments_on_single_items(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    comments = {"feedback": "Shorter names.", "about:Claims": "A claim needs a receipt number."}
    await send(yard.client, await decision_form(yard, build), decision="changes_requested", reviewer="li", **comments)
    await yard.ended(build)
    history = await see(yard.client, f"/builds/{build}/history")
    assert "Changes requested by li" in history.text
    assert "Shorter names. Claims: A claim needs a receipt number." in history.text


async def test_of_twenty_forms_sent_at_once_one_decides_and_the_others_are_told_who(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    form = await decision_form(yard, build)
    answers = await asyncio.gather(*(send(yard.client, form, decision="approved", reviewer=f"person {n}") for n in range(20)))
    assert Counter(answer.status_code for answer in answers) == {303: 1, 409: 19}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 303)
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert f"person {winner} approved it, and that stands" in Page(refused.text).text


async def test_a_decision_for_what_no_longer_waits_is_refused_and_its_words_are_kept(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    form = await decision_form(yard, build)
    form.fields["subject_sha256"] = "0" * 64
    refused = await send(yard.client, form, decision="changes_requested", feedback="Add a phone number.", reviewer="li")
    assert refused.status_code == 409
    assert "What you looked at is no longer what waits" in refused.text
    assert "Add a phone number." in refused.text
    assert (await yard.status(build))["runtime_status"] == "AwaitingApproval"


async def test_changes_without_words_and_five_megabytes_of_them_are_refused(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    form = await decision_form(yard, build)
    silent = await send(yard.client, form, decision="changes_requested")
    long = await send(yard.client, form, decision="changes_requested", feedback="x" * 5_000_000)
    nonsense = await send(yard.client, form, decision="perhaps")
    assert [silent.status_code, long.status_code, nonsense.status_code] == [422, 400, 422]
    assert "say what should be different" in silent.text
    assert "make it shorter" in long.text
    assert len(long.text) < 100_000
    assert (await yard.status(build))["runtime_status"] == "AwaitingApproval"


async def test_a_form_of_another_site_changes_nothing(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    form = await decision_form(yard, build)
    body = form.fields | {"decision": "approved"}
    cross = await yard.client.post(form.action, data=body, headers={"sec-fetch-site": "cross-site"})
    other_port = await yard.client.post(form.action, data=body, headers={"sec-fetch-site": "same-site"})
    old_browser = await yard.client.post(form.action, data=body, headers={"origin": "http://evil.example"})
    assert [cross.status_code, other_port.status_code, old_browser.status_code] == [403, 403, 403]
    assert (await yard.status(build))["runtime_status"] == "AwaitingApproval"


async def test_a_failed_build_says_why_and_goes_on_from_its_page(appyard: RunAppyard) -> None:
    yard = await appyard(script(write_component=[ModelRefused("It answered 401."), *script()["write_component"]]))
    build = await yard.start()
    await yard.ended(build)
    page = await see(yard.client, f"/builds/{build}")
    assert "The build stopped" in page.text
    assert "It answered 401." in page.text
    await send(yard.client, page.form("/resume"))
    await yard.ended(build)
    assert "Completed" in (await see(yard.client, f"/builds/{build}")).text


async def test_an_expired_question_is_parked_and_asked_again_from_its_page(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=OPEN_FINDING, review_expiry_hours=1e-9)
    build = await yard.start()
    await yard.ended(build)
    await yard.world.ledger.approvals.expire_due()
    page = await see(yard.client, f"/builds/{build}")
    assert "The build is parked and everything is kept" in page.text
    await send(yard.client, page.form("/reopen"))
    assert (await see(yard.client, f"/builds/{build}")).form("/decision").fields["subject_sha256"]


async def test_the_code_of_two_versions_is_compared(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding()], []])
    build = await yard.start()
    await yard.ended(build)
    whole = await see(yard.client, f"/builds/{build}/code?version=1&file=app/records/claims/samples.py")
    assert "SAMPLES" in whole.text
    compared = await see(yard.client, f"/builds/{build}/code?version=2&against=1")
    assert "0 files differ" in compared.text
    missing = await yard.client.get(f"/builds/{build}/code?version=1&file=../../etc/passwd")
    assert (missing.status_code, "has no such file" in missing.text) == (404, True)


async def test_whoever_watches_hears_of_a_change(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    desk = (await yard.client.get(f"/builds/{build}")).text
    mark = desk.partition("changes?seen=")[2].partition('"')[0]
    heard = await BuildRecords(yard.world.ledger).changes(UUID(build), mark)
    waiting = asyncio.ensure_future(anext(heard))
    await send(yard.client, await decision_form(yard, build), decision="approved")
    assert await waiting != mark


async def test_what_does_not_exist_is_said_on_a_page(appyard: RunAppyard) -> None:
    yard = await appyard()
    unknown = await yard.client.get(f"/builds/{uuid4()}")
    nonsense = await yard.client.get("/builds/nonsense")
    assert [unknown.status_code, nonsense.status_code] == [404, 404]
    assert "There is no such build" in Page(unknown.text).text
    assert unknown.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_template_is_built_as_it_stands_or_with_what_should_be_different(appyard: RunAppyard) -> None:
    yard = await appyard()
    assert "Customer relations" in (await see(yard.client, "/templates")).text
    page = await see(yard.client, "/builds/new?template=crm")
    assert "Companies" in page.text
    reading = await yard.client.post(
        "/builds/new/reading", data={"template": "crm", "app_description": "Contacts also have a birthday."}, headers=FROM_HERE
    )
    assert "Birthday" in Page(reading.text).text
    started = await send(yard.client, page.form("/builds/new"))
    await yard.ended(started.headers["location"].rpartition("/")[2])
    assert (await yard.client.get("/builds/new?template=nonsense")).status_code == 404


async def test_a_server_with_a_key_lets_people_in_who_sign_in_and_nobody_elses_page(appyard: RunAppyard) -> None:
    yard = await appyard(api_key="s3cret")
    asked = await yard.client.get("/builds?text=x", headers={"accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fbuilds")
    form = (await see(yard.client, "/sign-in?next=//evil.example")).form("/sign-in")
    assert (await send(yard.client, form, key="wrong")).status_code == 401
    signed_in = await send(yard.client, form, key="s3cret")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/builds")
    assert {"HttpOnly", "SameSite=strict"} <= set(signed_in.headers["set-cookie"].split("; "))
    assert (await yard.client.get("/builds", headers=FROM_HERE)).status_code == 200
    assert (await yard.client.get("/api/builds", headers={"sec-fetch-site": "same-site"})).status_code == 401


async def test_a_finished_app_is_changed_from_its_page(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start()
    await yard.ended(build)
    form = (await see(yard.client, f"/builds/{build}")).form("/changes")
    silent = await send(yard.client, form, feedback=" ")
    assert (silent.status_code, "Nothing was asked for" in silent.text) == (422, True)
    assert (await send(yard.client, form, feedback="Claims also have a receipt number.")).status_code == 303
    await yard.ended(build)
    assert yard.crew.names().count("analyze_requirements") == 2


async def test_a_rejected_app_is_changed_from_its_page(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await waiting_build(yard)
    await send(yard.client, await decision_form(yard, build), decision="rejected", reason="Not what I meant.", reviewer="li")
    assert (await yard.ended(build))["runtime_status"] == "Rejected"
    form = (await see(yard.client, f"/builds/{build}")).form("/changes")
    assert (await send(yard.client, form, feedback="Claims also have a receipt number.")).status_code == 303
    status = await yard.ended(build)
    assert (status["runtime_status"], status["review"]["request"]["version"]) == ("AwaitingApproval", 2)
    assert "What changed" in (await see(yard.client, f"/builds/{build}/history")).text
