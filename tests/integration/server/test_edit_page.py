"""Editing what was understood at the dashboard, by its form alone, without scripts."""

from tests.factories import make_spec
from tests.integration.server.conftest import RunAppyard, script
from tests.integration.server.dashboard_pages import see, send

ALWAYS = {"gates": {"requirements": "always"}}
AT = "records/claim"


async def test_a_reviewer_adds_renames_and_takes_out_and_what_is_built_says_so(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start(options={"gates": {"requirements": "always", "architecture": "always"}})
    await yard.ended(build)
    assert ("a", {"class": "button", "href": f"/builds/{build}/edit"}) in (await see(yard.client, f"/builds/{build}")).elements
    form = (await see(yard.client, f"/builds/{build}/edit")).form("/edit")
    before = make_spec().records[0]
    typed = {
        f"{AT}/plural_label": "Expense claims",
        f"{AT}/fields/{before.fields[0].name}/label": "Subject <script>",
        f"{AT}/fields/+1/label": "Paid by",
        f"{AT}/fields/+1/type": "choice",
        f"{AT}/fields/+1/choices": "Card, Cash",
        f"{AT}/fields/+1/required": "yes",
        "roles/+1/label": "Auditor",
        "records/+1/label": "Receipt",
        "records/+1/fields": "Number, Shop",
        "recipes/+1/kind": "comments",
        "recipes/+1/record": "claim",
        "reviewer": "li",
        "decision": "approved",
    }
    await send(yard.client, form, **typed)
    assert (await yard.ended(build))["review"]["request"]["gate"] == "architecture"
    spec = (await yard.client.get(f"/api/builds/{build}/spec")).json()

    claim, receipt = spec["records"]
    assert (claim["plural_label"], claim["fields"][0]["label"]) == ("Expense claims", "Subject <script>")
    added = claim["fields"][-1]
    assert [added[key] for key in ("name", "type", "choices", "required")] == ["paid_by", "choice", ["Card", "Cash"], True]
    assert (receipt["name"], [one["label"] for one in receipt["fields"]]) == ("receipt", ["Number", "Shop"])
    assert [role["name"] for role in spec["roles"]] == ["administrator", "auditor"]
    assert spec["recipes"][0]["kind"] == "comments"
    assert added["source"] == {"provenance": "stated", "quote": "Edited by li"}


async def test_what_breaks_the_specification_is_said_at_its_input_and_everything_typed_is_still_there(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await yard.start(options=ALWAYS)
    await yard.ended(build)
    form = (await see(yard.client, f"/builds/{build}/edit")).form("/edit")
    kept = {"title": "Kept & typed", "decision": "approved"}
    empty = await send(yard.client, form, **kept, **{f"{AT}/label": ""})
    unreadable = await send(yard.client, form, **kept, **{"may/administrator/claim/read": ""}, expects=422)

    assert (empty.status_code, unreadable.status_code) == (422, 422)
    assert f'id="problem-{AT}/label">Give it a name, or take it out.' in empty.text
    assert f'id="problem-{AT}/label">Nobody may read claim.' in unreadable.text
    assert 'value="Kept &amp; typed"' in empty.text
    assert (await yard.status(build))["runtime_status"] == "AwaitingApproval"


async def test_answers_to_open_questions_are_read_by_the_analyst_with_the_edited_specification(appyard: RunAppyard) -> None:
    question = {"name": "currency", "question": "Which currency?", "default": "Euro"}
    asked = make_spec().model_validate(make_spec().model_dump() | {"open_questions": [question]})
    yard = await appyard(script(analyze_requirements=[asked, make_spec()]))
    build = await yard.start(options=ALWAYS)
    await yard.ended(build)
    form = (await see(yard.client, f"/builds/{build}/edit")).form("/edit")
    await send(yard.client, form, **{"open_questions/currency": "Swiss francs", "decision": "approved"})
    status = await yard.ended(build)

    assert status["runtime_status"] == "AwaitingApproval"
    assert yard.crew.tasks[-1].inputs["feedback"] == "Which currency?: Swiss francs"
