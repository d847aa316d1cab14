"""What engineers are told of the API is all that is asked: an app on Node.js that does just that has no finding, whatever it keeps."""

import json
from pathlib import Path

import pytest

from nodes.artifacts import OPTIONAL_CHECKS, AppSpec, Architecture, CheckStatus, Severity, StackName
from nodes.blueprint import architect
from nodes.blueprint.programs.surroundings import surroundings
from nodes.contract import contract_of
from nodes.sandbox.protocol import Sandbox
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts
from tests.integration.frame.frame_specs import HOSTILE, LENDING, RENTAL

ANY_PART = (Path(__file__).parent / "node_reference" / "any_part.ts").read_text()
"""Does for any record what the conventions say, from the specification and the contract as data."""

TEST = 'import { test } from "node:test";\n\ntest("nothing is promised here", () => {});\n'


def app_of(spec: AppSpec, architecture: Architecture) -> dict[str, bytes]:
    given = {"spec": spec.model_dump(mode="json"), "contract": architecture.contract.model_dump(mode="json")}
    parts = {
        f"app/{record.plural}/part.ts": f'import {{ partOf }} from "../any_part.ts";\nexport const part = partOf("{record.name}");\n'
        for record in spec.records
    }
    own = {"app/any_part.ts": ANY_PART, "app/given.json": json.dumps(given), "tests/a.test.ts": TEST, **parts}
    return {path: text.encode() for path, text in {**surroundings(spec), **own}.items()}


@pytest.mark.bounded(180)
@pytest.mark.parametrize("asked", [LENDING, RENTAL, HOSTILE], ids=lambda asked: asked.name)
async def test_an_app_that_does_what_the_conventions_say_has_no_finding(asked: AppSpec, sandbox: Sandbox, node: Path) -> None:
    spec = asked.model_copy(update={"stack": StackName.node_records})
    architecture = Architecture(stack=spec.stack, summary="", contract=contract_of(spec), components=architect.plan(spec).components)
    verifier = AppVerifier(sandbox, Path("not needed"), InMemoryArtifacts(), node=node)
    report = await verifier.verify(app_of(spec, architecture), spec, architecture, version=1, tree_sha256="0" * 64, on_check=lambda _: None)
    assert [finding for finding in report.findings if finding.severity is not Severity.minor] == []
    assert {check.check for check in report.checks if check.status is not CheckStatus.passed} <= OPTIONAL_CHECKS
