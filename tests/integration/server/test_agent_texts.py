"""What agents write is read word for word while they write it, and goes on exactly where a reader stopped."""

import asyncio
from itertools import count
from uuid import UUID

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from checkpoints.records import RunEvent
from nodes.progress import AgentStarted, announce
from server.services.agent_text import AGENT_TEXT, AgentText
from server.services.build_record import BuildRecords, EventKey
from tests.integration.server.conftest import RunAppyard, script
from tests.integration.server.dashboard_pages import see

ABOUT = {"agent": "Analyst", "task": "analyze_requirements", "component": None, "attempt": 1}


async def test_what_an_agent_writes_is_followed_and_stays_readable(appyard: RunAppyard) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    model = GenericFakeChatModel(messages=(AIMessage(f"claims have an amount {n}") for n in count()))

    async def writes_twice(task: object) -> object:
        announce(AgentStarted(agent="Analyst", task="analyze_requirements", model="fake"))
        await model.ainvoke("?", {"metadata": ABOUT})
        asked.set()
        await go_on.wait()
        await model.ainvoke("again?", {"metadata": ABOUT})
        return script()["analyze_requirements"][0]

    yard = await appyard(script(analyze_requirements=[writes_twice]))
    build = await yard.start()
    await asked.wait()
    records = BuildRecords(yard.world.ledger)
    run_id = (await records.get(UUID(build))).runs[0].run_id
    seq = await read_text(records, build, "claims have an amount 0", EventKey(run_id, 0))
    for path in ("", "/timeline?agent=0"):
        page = await see(yard.client, f"/builds/{build}{path}")
        assert "claims have an amount 0" in page.text
        changes = next(attributes["data-changes"] for tag, attributes in page.elements if tag == "main")
        assert changes.endswith(f"&after={run_id}.{seq}")
    go_on.set()
    await read_text(records, build, "claims have an amount 1", EventKey(run_id, seq))
    await yard.ended(build)
    # A page that is only about progress is not fetched again for each word.
    told = await yard.world.ledger.run_events.read_after(run_id, without=AGENT_TEXT)
    assert (await records.get(UUID(build))).mark.split(".")[1] == str(told[-1].seq)


async def read_text(records: BuildRecords, build: str, wanted: str, after: EventKey) -> int:
    """Read the texts behind an event until they are what is wanted, no more and no less; the last of their events."""
    text = ""
    async for change in await records.changes(UUID(build), "", after):
        if isinstance(change, RunEvent):
            text += AgentText.model_validate(change.data).text
            assert wanted.startswith(text)
            if text == wanted:
                return change.seq
    raise AssertionError("changes never end")
