"""Changing an app that was delivered, over HTTP: the new version beside the old, compared, restored, and never half done."""

import io
import zipfile
from typing import Any

from nodes.artifacts import FieldSpec, FieldType, OpenQuestion
from tests.integration.server.conftest import SPEC, Appyard, RunAppyard, script

WIDER = SPEC.model_copy(
    update={
        "records": tuple(
            record.model_copy(update={"fields": (*record.fields, FieldSpec(name="note", label="Note", type=FieldType.text))})
            for record in SPEC.records
        )
    }
)


async def delivered(yard: Appyard) -> str:
    build = await yard.start()
    assert (await yard.ended(build))["runtime_status"] == "Completed"
    return build


async def changed(yard: Appyard, build: str, **body: Any) -> dict[str, Any]:
    answer = await yard.client.post(f"/api/builds/{build}/changes", json=body)
    assert answer.status_code == 202, answer.text
    return await yard.ended(build)


async def test_a_change_is_a_new_version_and_the_old_one_can_still_be_fetched(appyard: RunAppyard) -> None:
    yard = await appyard(script(analyze_requirements=[SPEC, WIDER]))
    build = await delivered(yard)
    first = await yard.client.get(f"/api/builds/{build}/artifact.zip")
    status = await changed(yard, build, feedback="Claims also have a note.")
    assert (status["runtime_status"], [change["words"] for change in status["changes"]]) == (
        "Completed",
        ["Claims also have “note” (text)."],
    )
    listed = (await yard.client.get(f"/api/builds/{build}/versions")).json()["items"]
    assert [(version["number"], version["reason"]) for version in listed] == [(1, "First version."), (2, "Claims also have a note.")]
    old = await yard.client.get(f"/api/builds/{build}/versions/1/artifact.zip")
    assert old.content == first.content
    compared = (await yard.client.get(f"/api/builds/{build}/compare", params={"before": 1, "after": 2})).json()
    assert [change["path"] for change in compared["changes"]] == ["records/claim/fields/note"]
    assert (compared["files"], compared["unchanged_files"]) == ([], listed[1]["file_count"])  # the scripted engineer writes the same


async def test_an_older_version_is_restored_after_asking_about_the_data(appyard: RunAppyard) -> None:
    yard = await appyard(script(analyze_requirements=[SPEC, WIDER]))
    build = await delivered(yard)
    await changed(yard, build, feedback="Claims also have a note.")
    assert (await yard.client.post(f"/api/builds/{build}/versions/9/restore", json={})).status_code == 404
    await yard.client.post(f"/api/builds/{build}/versions/1/restore", json={"requested_by": "li"})
    asked = await yard.ended(build)
    assert asked["review"]["request"]["question"].startswith("1 change to the specification, 1 of which deletes what is stored.")
    await yard.client.post(f"/api/approval/{build}", json={"decision": "approved"})
    assert (await yard.ended(build))["output"]["delivery"]["version"] == 3


async def test_a_change_nobody_understands_leaves_the_app_as_it_is(appyard: RunAppyard) -> None:
    question = OpenQuestion(name="feedback_1", question="Can it be said as “claims also have a note”?", default="Nothing was changed.")
    yard = await appyard(script(analyze_requirements=[SPEC, SPEC.model_copy(update={"open_questions": (question,)})]))
    build = await delivered(yard)
    status = await changed(yard, build, feedback="Make it feel warmer.")
    assert (status["runtime_status"], status["declined"]) == ("Completed", question.question)
    assert status["custom_status"]["message"].startswith("The last change was not understood, and nothing was changed.")


async def test_files_edited_by_hand_are_handed_in_as_a_zip(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await delivered(yard)
    edited = io.BytesIO()
    with zipfile.ZipFile(edited, "w") as archive:
        archive.writestr("claims/README.md", "# Ours\n")
        archive.writestr("claims/data/app.db", b"\x00\x01")
    answer = await yard.client.post(f"/api/builds/{build}/changes.zip", content=edited.getvalue())
    assert answer.status_code == 202, answer.text
    status = await yard.ended(build)
    assert {check["check"]: check["summary"] for check in status["checks"]}["merge"] == "1 edited file carried over"
    package = await yard.client.get(f"/api/builds/{build}/artifact.zip")
    assert zipfile.ZipFile(io.BytesIO(package.content)).read("claims/README.md") == b"# Ours\n"


async def test_what_cannot_be_a_change_is_refused_with_the_way_out(appyard: RunAppyard) -> None:
    yard = await appyard()
    build = await delivered(yard)
    bodies: list[tuple[dict[str, Any], str]] = [
        ({}, "says nothing"),
        ({"feedback": "  "}, "says nothing"),
        ({"files": {"../etc/passwd": "root"}}, "no path inside an app"),
        ({"files": {"data/app.db": "x"}}, "no file of an app"),
    ]
    for body, said in bodies:
        answer = await yard.client.post(f"/api/builds/{build}/changes", json=body)
        assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
    assert (await yard.client.post(f"/api/builds/{build}/changes.zip", content=b"no zip")).status_code == 422
