"""Limits and double bookings of one record: the probe gives room under the one without undoing what shows the other."""

from pathlib import Path

from nodes.sandbox.protocol import Sandbox, SandboxLimits
from nodes.stack import PYTHON_WEB
from nodes.verification.observed import Observed
from nodes.verification.probe import probe_app
from nodes.verification.running_app import AppUnderTest
from server.services.templates import Templates
from tests.integration.frame.test_data_survive_changes import built

ROOMS = built(Templates().named("room-booking"))
"""With its demo data, which count toward the limit, too."""


async def probed(sandbox: Sandbox, toolchain: Path, replaced: tuple[str, str] = ("", "")) -> Observed:
    """What the probe says of the app, in which one thing of its rules is another."""
    files = {path: text.encode() for path, text in ROOMS.files.items()}
    rules = files["app/records/bookings/rules.py"].decode()
    assert replaced[0] in rules
    files["app/records/bookings/rules.py"] = rules.replace(*replaced).encode()
    async with sandbox.workspace(files, SandboxLimits()) as workspace:
        app = AppUnderTest(workspace, PYTHON_WEB, toolchain)
        await app.prepare()
        async with app.running() as (exchange, _):
            return await probe_app(exchange, ROOMS.spec, ROOMS.architecture, PYTHON_WEB, app.password)


async def test_a_sound_app_with_a_limit_and_bookings_has_no_findings(sandbox: Sandbox, toolchain: Path) -> None:
    observed = await probed(sandbox, toolchain)
    assert observed.findings == []


async def test_a_double_booking_is_found_beside_a_limit(sandbox: Sandbox, toolchain: Path) -> None:
    observed = await probed(sandbox, toolchain, ("if breaks_booking_no_overlap(session, booking):", "if False:"))
    assert [finding.message.partition(",")[0] for finding in observed.findings] == [
        "as staff 2: expected 422 (This room is already taken at that time.)"
    ]
