"""The same calls to LangGraph's own development server, whose answers are recorded, and to ours: every difference has a reason."""

import json

import pytest

from tests.acceptance.oracle.answers import answers
from tests.acceptance.oracle.calls import CALLS
from tests.acceptance.oracle.differences import differences
from tests.acceptance.oracle.explained import EXPLAINED
from tests.acceptance.oracle.record import RECORDED
from tests.fleet import TwoAndTwo


@pytest.mark.bounded(120)
@pytest.mark.requirement("oracle")
async def test_every_difference_from_langgraphs_own_server_is_explained(two_and_two: TwoAndTwo) -> None:
    theirs = json.loads(RECORDED.read_text())["answers"]
    found = differences(theirs, await answers(two_and_two.first.base_url, CALLS))
    assert [difference for difference in found if not any(entry.covers(difference) for entry in EXPLAINED)] == []
    assert [entry for entry in EXPLAINED if not any(entry.covers(difference) for difference in found)] == []
