"""Pack the app: one version and its evidence → a zip that is the same byte for byte whenever it is packed again."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping

from typing_extensions import TypedDict

from nodes.artifacts import (
    AppSpec,
    AppVersion,
    Delivery,
    Ending,
    EvidenceReport,
    KeptVersion,
    Outcome,
    RepairStop,
    Verdict,
)
from nodes.bill_of_materials import bill_of_materials
from nodes.context import Workshop
from nodes.history import DeliveredFiles, repository
from nodes.source_trees import JSON, load_tree
from nodes.stack import STACKS
from nodes.verification.evidence_page import evidence_page
from nodes.versions import VersionState, kept_version, lineage, reason_of

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold; a real one would make two packages of one version differ."""


class DeliveryInput(VersionState, total=False):
    """The version to pack, and what is known of it."""

    spec: AppSpec


class DeliveryOutput(TypedDict):
    """The package, kept with its version, and the last word on the build."""

    delivery: Delivery
    versions: list[KeptVersion]
    outcome: Outcome


class ClosingOutput(TypedDict):
    """The last word on a build without a package."""

    outcome: Outcome


async def deliver(state: DeliveryInput, *, workshop: Workshop) -> DeliveryOutput:
    """Content-addressed, so packing twice after a crash leaves one package."""
    spec, version, report = state["spec"], state["version"], state["qa"].report
    evidence, packed = report.model_dump_json(indent=2), untimed(report)
    history = await _history(state, workshop)
    sources = history[-1].files
    files = {path: text.encode() for path, text in sources.items()} | repository(history)
    files |= {
        "evidence/report.json": packed.model_dump_json(indent=2).encode(),
        "evidence/report.html": evidence_page(packed, title=spec.title).encode(),
        "sbom.cdx.json": bill_of_materials(spec.name, version.number, sources.get(STACKS[spec.stack].lock_file, "")),
    }
    files["MANIFEST.json"] = manifest(spec, version, report.verdict, files)
    package = await workshop.artifacts.put(zipped(spec.name, files), "application/zip")
    delivery = Delivery(
        package=package,
        evidence=await workshop.artifacts.put(evidence.encode(), JSON),
        file_name=f"{spec.name}-{version.number}.zip",
        version=version.number,
        verdict=report.verdict,
        accepted_findings=len(report.findings),
    )
    reason = report.how_verified if report.verdict is Verdict.verified else "A reviewer accepted it as it is."
    return {
        "delivery": delivery,
        "versions": [kept_version(state, report.verdict, delivery=delivery)],
        "outcome": Outcome(ending=Ending.delivered, reason=reason, stop=state["qa"].stop),
    }


async def _history(state: DeliveryInput, workshop: Workshop) -> list[DeliveredFiles]:
    """The versions delivered so far, oldest first, and the one that is being delivered."""
    version, known = state["version"], lineage(state)
    before = [kept for kept in known.versions if kept.delivery and kept.version.number != version.number]
    trees = [(kept.version, kept.reason) for kept in before] + [(version, reason_of(state.get("revision")))]
    return [DeliveredFiles(entry.number, reason, await load_tree(workshop.artifacts, entry.tree)) for entry, reason in trees]


def untimed(report: EvidenceReport) -> EvidenceReport:
    """The evidence as it is packed: how long checks took, their logs and pictures differ each time, so they stay in Appyard."""
    checks = tuple(check.model_copy(update={"duration_seconds": 0.0, "log": None, "screenshots": ()}) for check in report.checks)
    return report.model_copy(update={"checks": checks})


async def close_unverified(state: DeliveryInput) -> ClosingOutput:
    """End a build that nobody may be asked about and that the evidence does not support. Everything is kept."""
    qa = state["qa"]
    failed = [check.check.value for check in qa.report.checks if check.findings or check.reason]
    reason = f"Not verified: {', '.join(failed) or 'no check ran'}. No person was to be asked, so nothing was packaged."
    return {"outcome": Outcome(ending=Ending.unverified, reason=reason, stop=qa.stop or RepairStop.not_verifiable)}


def manifest(spec: AppSpec, version: AppVersion, verdict: Verdict, files: Mapping[str, bytes]) -> bytes:
    """What is in the package: name, version, verdict, and the SHA-256 of each file."""
    content = {
        "app": spec.name,
        "title": spec.title,
        "version": version.number,
        "verdict": verdict.value,
        "files": {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())},
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    """A zip with everything in one folder, sorted, with fixed times and plain file modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
