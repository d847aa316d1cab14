"""An app is looked at in Chromium inside the sandbox: a sound one gives pictures, a broken page is found, a missing browser is said."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nodes.artifacts import CheckName, CheckStatus, EvidenceReport, Severity, Verdict
from nodes.sandbox.protocol import Sandbox, SandboxLimits
from nodes.stack import PYTHON_WEB
from nodes.verification.browser import check
from nodes.verification.observed import CheckImpossible, Observed, not_run
from nodes.verification.running_app import AppUnderTest
from tests.factories import InMemoryArtifacts
from tests.integration.frame.frame_specs import CLAIMS
from tests.integration.frame.test_data_survive_changes import built

APP = built(CLAIMS)


async def seen(sandbox: Sandbox, toolchain: Path, broken: Mapping[str, tuple[str, str]]) -> tuple[Observed, InMemoryArtifacts]:
    """What the check says of the app with some texts replaced, and the store with the pictures."""
    files, store = dict(APP.files), InMemoryArtifacts()
    for path, (old, new) in broken.items():
        assert old in files[path], path
        files[path] = files[path].replace(old, new)
    laid = {path: text.encode() for path, text in files.items()}
    async with sandbox.workspace(laid, SandboxLimits()) as workspace:
        app = AppUnderTest(workspace, PYTHON_WEB, toolchain)
        await app.prepare()
        database = await check.demo_data(workspace, PYTHON_WEB, toolchain)
        given = check.BrowsedApp(laid, database, CLAIMS, PYTHON_WEB, app.password)
        return await check.check_browser(given, check.chromium(), sandbox, toolchain, store), store


@pytest.mark.skipif(check.chromium() is None, reason="needs Chromium")
async def test_what_is_broken_or_poor_is_found_and_pictures_are_kept(sandbox: Sandbox, toolchain: Path) -> None:
    observed, store = await seen(
        sandbox,
        toolchain,
        {
            "app/static/app.js": ("// Comfort", 'if (location.pathname == "/reports") throw new Error("no charts");\n// Comfort'),
            "app/static/style.css": (".head {", ".head { min-width: 700px;"),
        },
    )
    assert {(finding.severity, finding.message.partition(":")[0]) for finding in observed.findings} >= {
        (Severity.major, "a script failed"),
        (Severity.minor, "on a phone it is 326 pixels too wide"),
    }
    captions = [picture.caption for picture in observed.screenshots]
    assert captions == ["First page at a desk", "List at a desk", "Record at a desk", "Record on a phone"]
    assert [(await store.get(picture.image))[:4] for picture in observed.screenshots] == [b"\x89PNG"] * 4


async def test_without_a_browser_the_other_checks_decide(sandbox: Sandbox, toolchain: Path) -> None:
    with pytest.raises(CheckImpossible, match="no Chromium below") as impossible:
        await check.check_browser(check.BrowsedApp({}, b"", CLAIMS, PYTHON_WEB, ""), None, sandbox, toolchain, InMemoryArtifacts())
    browser = not_run(CheckName.browser, str(impossible.value))
    passed = browser.model_copy(update={"check": CheckName.tests, "status": CheckStatus.passed, "reason": None})
    lacking = passed.model_copy(update={"status": CheckStatus.not_run})
    verdicts = [
        EvidenceReport(version=1, tree_sha256="0" * 64, sandbox=sandbox.name, checks=(other, browser)).verdict
        for other in (passed, lacking)
    ]
    assert verdicts == [Verdict.verified, Verdict.incomplete]
