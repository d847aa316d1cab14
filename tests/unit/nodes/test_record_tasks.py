"""What an engineer of an app with records on Node.js is told, and what is not taken from them."""

import pytest

from nodes.artifacts import Architecture, ArtifactRef, Changeset, ComponentOrder, FileChange, FileOperation, StackName, WorkOrder
from nodes.blueprint import architect
from nodes.context import AgentTask
from nodes.contract import contract_of
from nodes.record_tasks import write_records_task
from tests.factories import make_record, make_spec

SPEC = make_spec(make_record("claim"), make_record("trip")).model_copy(update={"stack": StackName.node_records})
ARCHITECTURE = Architecture(stack=SPEC.stack, summary="", contract=contract_of(SPEC), components=architect.plan(SPEC).components)
REF = ArtifactRef(sha256="0" * 64, size_bytes=0, media_type="application/json")
FILES = {"core/http.ts": "export {};\n", "core/answer.ts": "export {};\n", "app/trips/part.ts": "export {};\n"}


@pytest.fixture
def asked() -> AgentTask[Changeset]:
    work = WorkOrder(spec=SPEC, architecture=ARCHITECTURE, frame=REF)
    order = ComponentOrder(component="claims", attempt=1, work_order=REF, base=REF)
    return write_records_task(work, ARCHITECTURE.components[0], FILES, order, "")


def adding(*paths: str) -> Changeset:
    changes = (FileChange(path=path, operation=FileOperation.add, content="export {};\n") for path in paths)
    return Changeset(component="claims", changes=tuple(changes))


def test_an_engineer_is_shown_the_modules_they_may_use_and_none_of_the_others(asked: AgentTask[Changeset]) -> None:
    assert (asked.inputs["given_files"], asked.inputs["other_files"]) == ('{"core/http.ts": "export {};\\n"}', "{}")


def test_what_concerns_other_records_is_left_out_first(asked: AgentTask[Changeset]) -> None:
    assert "/api/trips" in asked.inputs["contract"]
    assert not any("/api/trips" in fewer["contract"] for fewer in asked.leaner)


@pytest.mark.parametrize(
    ("changeset", "complaint"),
    [
        (adding("app/claims/part.ts", "tests/claims/claims.test.ts"), None),
        (adding("app/claims/rules.ts"), "app/claims/part.ts is missing: add it, whole, see `layout`"),
        (adding(), "nothing of claims is written yet: add its files, whole"),
        (adding("app/trips/rules.ts"), "add app/trips/rules.ts: the file belongs to trips"),
        (adding("core/more.ts"), "add core/more.ts: claims does not own this file; it owns app/claims/**, tests/claims/**"),
    ],
)
def test_a_part_that_could_not_start_or_takes_what_is_not_its_own_is_refused(
    changeset: Changeset, complaint: str | None, asked: AgentTask[Changeset]
) -> None:
    assert asked.check
    assert asked.check(changeset) == complaint
