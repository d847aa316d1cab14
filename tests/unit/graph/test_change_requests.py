"""Change requests on a build that has ended: through the real graph, with scripted agents."""

from typing import Any

import pytest

from nodes.artifacts import (
    AppSpec,
    ArtifactRef,
    ChangeRequest,
    Ending,
    FieldSpec,
    FieldType,
    GatePolicy,
    OpenQuestion,
    SourceTree,
)
from nodes.errors import VersionNotKept
from tests.factories import make_record, make_spec
from tests.unit.graph.test_build_routes import Build

CLAIMS = make_spec(make_record("claim"), make_record("trip"))


def with_field(spec: AppSpec, record: str, name: str) -> AppSpec:
    field = FieldSpec(name=name, label=name.capitalize(), type=FieldType.text)
    changed = (entry.model_copy(update={"fields": (*entry.fields, field)}) if entry.name == record else entry for entry in spec.records)
    return spec.model_copy(update={"records": tuple(changed)})


def without_field(spec: AppSpec, record: str, name: str) -> AppSpec:
    kept = (
        entry.model_copy(update={"fields": tuple(field for field in entry.fields if field.name != name)}) if entry.name == record else entry
        for entry in spec.records
    )
    return spec.model_copy(update={"records": tuple(kept)})


async def change(build: Build, **request: Any) -> dict[str, Any]:
    return await build._go({"change": ChangeRequest(**request).model_dump(mode="json")})


async def hand_in(build: Build, files: dict[str, str]) -> ArtifactRef:
    put = build.workshop.artifacts.put
    refs = {path: await put(text.encode(), "text/plain") for path, text in files.items()}
    return await put(SourceTree(files=refs).model_dump_json().encode(), "application/json")


async def files_of(build: Build, state: dict[str, Any]) -> dict[str, str]:
    store = build.workshop.artifacts
    tree = SourceTree.model_validate_json(await store.get(state["version"].tree))
    return {path: (await store.get(ref)).decode() for path, ref in tree.files.items()}


async def test_a_change_rewrites_only_the_part_concerned_and_is_kept_beside_the_old_version() -> None:
    wider = with_field(CLAIMS, "trip", "city")
    build = Build(specs=[CLAIMS, wider])
    await build.start()
    before = len(build.crew.tasks)
    state = await change(build, feedback="Trips also have a city.")
    assert build.crew.names()[before:] == ["analyze_requirements", "design_architecture", "write_component(trip#2)", "review_app"]
    assert [(kept.version.number, kept.reason, kept.delivery is not None) for kept in state["versions"]] == [
        (1, "First version.", True),
        (2, "Trips also have a city.", True),
    ]
    assert [entry.words for entry in state["revision"].changes] == ["Trips also have “city” (text)."]
    assert state["outcome"].ending is Ending.delivered


async def test_a_change_that_loses_data_asks_first_and_shows_what_it_means() -> None:
    wider = with_field(CLAIMS, "trip", "city")
    build = Build(specs=[wider, CLAIMS], requirements=GatePolicy.auto)
    await build.start()
    build.options = build.options.model_copy(
        update={"gates": build.options.gates.model_copy(update={"requirements": GatePolicy.on_findings})}
    )
    await change(build, feedback="Remove the city.")
    assert build.question["question"] == "1 change to the specification, 1 of which deletes what is stored. Is this what you need?"
    assert build.question["changes"][0]["words"] == "Trips no longer have “city”; what is stored there is deleted."
    assert build.question["changes"][0]["path"] == "records/trip/fields/city"


async def test_a_rejected_change_is_forgotten_by_the_next_one() -> None:
    first, second = with_field(CLAIMS, "trip", "city"), with_field(CLAIMS, "trip", "country")
    build = Build(specs=[CLAIMS, first, second])
    await build.start()
    build.options = build.options.model_copy(update={"gates": build.options.gates.model_copy(update={"app": GatePolicy.always})})
    await change(build, feedback="Trips also have a city.")
    await build.answer(decision="rejected")
    await change(build, feedback="Trips also have a country.")
    assert '"city"' not in build.crew.tasks[-1].inputs["spec"]
    assert [entry["words"] for entry in build.question["changes"]] == ["Trips also have “country” (text)."]
    assert build.question["version"] == 3


async def test_a_change_nobody_understands_is_declined_with_an_example_and_changes_nothing() -> None:
    question = OpenQuestion(name="feedback_1", question="Can it be said as “customers also have an address”?", default="Nothing.")
    build = Build(specs=[CLAIMS, CLAIMS.model_copy(update={"open_questions": (question,)})])
    delivered = (await build.start())["delivery"]
    state = await change(build, feedback="Make it feel warmer.")
    assert (state["outcome"].ending, state["outcome"].reason) == (Ending.declined, question.question)
    assert (state["spec"], state["delivery"]) == (CLAIMS, delivered)
    assert len(state["versions"]) == 1


async def test_a_rejected_build_can_be_changed_too() -> None:
    build = Build(specs=[CLAIMS, with_field(CLAIMS, "trip", "city")], app=GatePolicy.always)
    await build.start()
    await build.answer(decision="rejected")
    await change(build, feedback="Trips also have a city.")
    state = await build.answer(decision="approved")
    assert state["outcome"].ending is Ending.delivered
    assert state["version"].number == 2


async def test_an_edit_by_hand_survives_the_next_two_changes() -> None:
    build = Build(specs=[CLAIMS, with_field(CLAIMS, "trip", "city"), with_field(CLAIMS, "claim", "note")])
    await build.start()
    edited = await hand_in(build, {"README.md": "# Claims\nOurs.\n"})
    state = await change(build, feedback="Trips also have a city.", files=edited.model_dump())
    assert (await files_of(build, state))["README.md"] == "# Claims\nOurs.\n"
    state = await change(build, feedback="Claims also have a note.")
    files = await files_of(build, state)
    assert files["README.md"] == "# Claims\nOurs.\n"
    assert files["app/records/claims/samples.py"] == "SAMPLES = [2]\n"


async def test_a_conflict_keeps_the_users_lines_and_is_shown_by_file_and_line() -> None:
    build = Build(specs=[CLAIMS, with_field(CLAIMS, "trip", "city")])
    await build.start()
    edited = await hand_in(build, {"app/records/trips/samples.py": "SAMPLES = ['mine']\n"})
    await change(build, feedback="Trips also have a city.", files=edited.model_dump())
    (finding,) = build.question["findings"]
    assert (finding["check"], finding["file"], finding["line"]) == ("merge", "app/records/trips/samples.py", 1)
    assert "wanted was: SAMPLES = [2]" in finding["message"]
    state = await build.answer(decision="approved")
    assert (await files_of(build, state))["app/records/trips/samples.py"] == "SAMPLES = ['mine']\n"


async def test_edited_files_alone_make_a_version_without_asking_any_engineer() -> None:
    build = Build(specs=[CLAIMS])
    await build.start()
    before = len(build.crew.tasks)
    edited = await hand_in(build, {"README.md": "# Ours\n"})
    state = await change(build, files=edited.model_dump())
    assert build.crew.names()[before:] == ["design_architecture", "review_app"]
    assert state["versions"][-1].reason == "Files edited by hand."


async def test_an_older_version_is_restored_as_a_new_one() -> None:
    build = Build(specs=[CLAIMS, with_field(CLAIMS, "trip", "city")])
    first = await build.start()
    await change(build, feedback="Trips also have a city.")
    state = await change(build, restore_version=1)
    assert (state["version"].number, state["spec"]) == (3, CLAIMS)
    assert await files_of(build, state) == await files_of(build, first)
    assert [entry.words for entry in state["revision"].changes] == ["Trips no longer have “city”; what is stored there is deleted."]


async def test_a_version_that_does_not_exist_is_not_restored() -> None:
    build = Build(specs=[CLAIMS])
    await build.start()
    with pytest.raises(VersionNotKept, match="no version 7; kept are 1"):
        await change(build, restore_version=7)
