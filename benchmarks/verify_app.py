"""How long a whole verification takes, check by check: the car rental and the client book, frame and samples, in the sandbox.

Run with `python -m benchmarks.verify_app [--times 3]` from the repository's folder. Prints medians in seconds and the machine's load.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Mapping

from nodes.artifacts import AppSpec, Architecture, CheckName, EvidenceReport
from nodes.blueprint import architect, engineer
from nodes.blueprint.frame import generate_frame
from nodes.changes import apply_changes
from nodes.contract import contract_of
from nodes.sandbox.choose import SandboxAbsent, choose_sandbox
from nodes.sandbox.protocol import Sandbox
from nodes.stack import PYTHON_WEB
from nodes.verification.browser.check import chromium
from nodes.verification.toolchain import default_toolchain, install_toolchain
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts
from tests.integration.frame.frame_specs import CUSTOMERS, RENTAL

SPECS = (RENTAL, CUSTOMERS)


def built(spec: AppSpec) -> tuple[Architecture, dict[str, bytes]]:
    """The app as the built-in builder delivers it."""
    plan = architect.plan(spec)
    architecture = Architecture(stack=PYTHON_WEB.name, summary=plan.summary, contract=contract_of(spec), components=plan.components)
    files = generate_frame(spec, architecture)
    for component in architecture.components:
        files = apply_changes(files, component, engineer.write(spec, component, own_files=files))
    return architecture, {path: text.encode() for path, text in files.items()}


async def verified(sandbox: Sandbox, spec: AppSpec, architecture: Architecture, files: Mapping[str, bytes]) -> tuple[EvidenceReport, float]:
    """The report, and the seconds from asking to having it."""
    verifier = AppVerifier(sandbox, default_toolchain(), InMemoryArtifacts(), browser=chromium())
    started = time.monotonic()
    report = await verifier.verify(files, spec, architecture, version=1, tree_sha256="0" * 64, on_check=lambda _: None)
    return report, time.monotonic() - started


async def measure(times: int) -> None:
    await install_toolchain(default_toolchain())
    sandbox = await choose_sandbox()
    if isinstance(sandbox, SandboxAbsent):
        raise SystemExit(f"No sandbox: {'; '.join(sandbox.reasons)}")
    for spec in SPECS:
        architecture, files = built(spec)
        runs = [await verified(sandbox, spec, architecture, files) for _ in range(times)]
        print(f"\n{spec.name}: {runs[-1][0].verdict}, {len(files)} files, load {os.getloadavg()[0]:.1f}, median of {times}")
        for place, check in enumerate(CheckName):
            seconds = statistics.median(report.checks[place].duration_seconds for report, _ in runs)
            print(f"  {check:12} {seconds:6.2f}  {runs[-1][0].checks[place].summary}")
        print(f"  {'whole':12} {statistics.median(seconds for _, seconds in runs):6.2f}")
        for finding in runs[-1][0].findings:
            print(f"  {finding.severity} {finding.check} {finding.request or finding.file}: {finding.message}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    asyncio.run(measure(parser.parse_args().times))
