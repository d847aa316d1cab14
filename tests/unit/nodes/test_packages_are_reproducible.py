"""What is packed: the same bytes for the same app, each file named by its hash, with its history and what it is made of."""

import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path

from nodes.artifacts import AppVersion, ArtifactRef, CheckName, CheckResult, CheckStatus, EvidenceReport, QaOutcome, QaReview, RepairStop
from nodes.bill_of_materials import bill_of_materials
from nodes.context import Workshop
from nodes.delivery import deliver
from nodes.history import DeliveredFiles, repository
from nodes.source_trees import save_tree
from tests.factories import ScriptedCrew, make_spec, make_workshop

LOCK = "alembic==1.20.1 \\\n    --hash=sha256:83\ncolorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:4f\n"


async def packed(workshop: Workshop, *, seconds: float) -> bytes:
    """One version's package, from checks that took so long."""
    tree = await save_tree(workshop.artifacts, {"README.md": "# Claims\n", "requirements.txt": LOCK})
    log = ArtifactRef(sha256=hashlib.sha256(str(seconds).encode()).hexdigest(), size_bytes=1, media_type="text/plain")
    check = CheckResult(check=CheckName.tests, status=CheckStatus.passed, summary="3 tests", duration_seconds=seconds, log=log)
    report = EvidenceReport(version=1, tree_sha256=tree.sha256, sandbox="scripted", checks=(check,))
    qa = QaOutcome(report=report, review=QaReview(summary="Read."), round=1, stop=RepairStop.verified)
    version = AppVersion(number=1, tree=tree, file_count=2)
    output = await deliver({"spec": make_spec(), "version": version, "qa": qa, "work_order": tree, "components": {}}, workshop=workshop)
    return await workshop.artifacts.get(output["delivery"].package)


async def test_two_builds_of_one_specification_give_the_same_package_byte_for_byte() -> None:
    first, second = make_workshop(ScriptedCrew({})), make_workshop(ScriptedCrew({}))
    assert await packed(first, seconds=1.5) == await packed(second, seconds=72.25)


async def test_the_manifest_names_every_file_by_its_hash() -> None:
    archive = zipfile.ZipFile(io.BytesIO(await packed(make_workshop(ScriptedCrew({})), seconds=1)))
    contents = {name.removeprefix("claims/"): archive.read(name) for name in archive.namelist()}
    manifest = json.loads(contents.pop("MANIFEST.json"))
    assert manifest["files"] == {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    assert {"README.md", "sbom.cdx.json", "evidence/report.json", "evidence/report.html", ".git/HEAD"} <= contents.keys()


def test_the_history_is_a_repository_that_git_takes_for_its_own(tmp_path: Path) -> None:
    first = DeliveredFiles(1, "First version.", {"README.md": "# Claims\n", "app/main.py": "app = 1\n"})
    second = DeliveredFiles(3, "Also store the address", {"README.md": "# Claims\n", "app/main.py": "app = 2\n"})
    files = {path: text.encode() for path, text in second.files.items()} | repository([first, second])
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    def git(*command: str) -> str:
        return subprocess.run(["git", "-C", str(tmp_path), *command], capture_output=True, text=True, check=True).stdout

    git("fsck", "--strict")
    assert git("status", "--porcelain") == ""
    assert git("log", "--format=%s %ae %ad", "--date=iso-strict").splitlines() == [
        "Version 3: Also store the address appyard@localhost 1980-01-01T00:00:03+00:00",
        "Version 1: First version. appyard@localhost 1980-01-01T00:00:01+00:00",
    ]
    assert git("diff", "--stat", "v1", "v3").splitlines()[-1].strip() == "1 file changed, 1 insertion(+), 1 deletion(-)"


def test_the_bill_of_materials_lists_what_the_lock_pins() -> None:
    bill = json.loads(bill_of_materials("claims", 2, LOCK))
    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "1.6", "claims")
    assert [entry["purl"] for entry in bill["components"]] == ["pkg:pypi/alembic@1.20.1", "pkg:pypi/colorama@0.4.6"]
    assert bill_of_materials("claims", 2, LOCK) == bill_of_materials("claims", 2, LOCK)
