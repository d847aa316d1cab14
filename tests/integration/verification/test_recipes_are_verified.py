"""What recipes add is exercised: sound, an app with many is verified; where one of them leaks or forgets, that is found."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nodes.artifacts import Architecture, CheckName, EvidenceReport
from nodes.blueprint.frame import generate_frame
from nodes.contract import contract_of
from nodes.sandbox.protocol import Sandbox
from nodes.stack import PYTHON_WEB
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts
from tests.integration.frame.recipe_specs import OFFICE

ARCHITECTURE = Architecture(stack=PYTHON_WEB.name, summary="", contract=contract_of(OFFICE), components=())

BREAKS = {
    "app/comments/store.py": ("if not may_delete(account, comment):", "if False:"),
    "app/calendars.py": ("access.visible(view.kind.model, account, view.kind.read)", "sa.select(view.kind.model)"),
    "app/attachments/store.py": ("content=content,", 'content=b"lost",'),
    "app/notifications/store.py": (".values(read_at=dt.datetime.now(dt.UTC))", ".values(read_at=None)"),
}
"""Four mistakes a programmer could make, each with what it stands instead of."""


@pytest.fixture(scope="module")
def office() -> dict[str, bytes]:
    return {path: text.encode() for path, text in generate_frame(OFFICE, ARCHITECTURE).items()}


async def verified(sandbox: Sandbox, toolchain: Path, files: Mapping[str, bytes]) -> EvidenceReport:
    verifier = AppVerifier(sandbox, toolchain, InMemoryArtifacts())
    return await verifier.verify(files, OFFICE, ARCHITECTURE, version=1, tree_sha256="0" * 64, on_check=lambda _: None)


@pytest.mark.bounded(120)
async def test_an_app_with_many_recipes_is_verified(sandbox: Sandbox, toolchain: Path, office: dict[str, bytes]) -> None:
    report = await verified(sandbox, toolchain, office)
    counts = {check.check: check.counts for check in report.checks}
    assert report.findings == ()
    assert counts[CheckName.probe]["endpoint_role_pairs"] == 3 * len(ARCHITECTURE.contract.endpoints)  # two roles and signed out


@pytest.mark.bounded(120)
async def test_a_recipe_that_leaks_or_forgets_is_found(sandbox: Sandbox, toolchain: Path, office: dict[str, bytes]) -> None:
    broken = dict(office)
    for path, (sound, mistake) in BREAKS.items():
        assert sound in office[path].decode(), path
        broken[path] = office[path].decode().replace(sound, mistake).encode()
    report = await verified(sandbox, toolchain, broken)
    requests = [str(finding.request) for finding in report.findings if finding.check is CheckName.probe]
    parts = ("attachments", "board", "calendar", "comments", "export", "history", "import", "notifications", "tags")
    assert [part for part in parts if any(f"/{part}" in request for request in requests)] == [
        "attachments",
        "calendar",
        "comments",
        "notifications",
    ]
