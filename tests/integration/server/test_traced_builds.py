"""A build and its trace: the link stands in the status; without the setting nothing is sent."""

import asyncio

from tests.integration.agents.ingest_server import PROJECT, ingest_server
from tests.integration.server.conftest import RunAppyard


async def test_the_status_links_to_the_trace_and_the_trace_names_its_thread(appyard: RunAppyard) -> None:
    async with ingest_server() as langsmith:
        yard = await appyard(langsmith_tracing=True, langsmith_endpoint=langsmith.url, langsmith_api_key="key")
        build = await yard.start()
        status = await yard.ended(build)
        assert status["trace_url"].startswith("http://localhost/o/")
        assert f"/projects/p/{PROJECT}/r/" in status["trace_url"]
        await langsmith.heard("deliver")
    roots = {run["extra"]["metadata"]["thread_id"] for run in langsmith.runs.values() if not run.get("parent_run_id")}
    assert roots == {build}


async def test_without_the_setting_nothing_is_sent(appyard: RunAppyard) -> None:
    async with ingest_server() as langsmith:
        yard = await appyard(langsmith_endpoint=langsmith.url, langsmith_api_key="key")
        status = await yard.ended(await yard.start())
    assert (status["trace_url"], langsmith.requests) == (None, [])


async def test_a_langsmith_that_never_answers_holds_up_no_build(appyard: RunAppyard) -> None:
    async with ingest_server(hangs=True) as langsmith:
        yard = await appyard(langsmith_tracing=True, langsmith_endpoint=langsmith.url, langsmith_api_key="key")
        async with asyncio.timeout(30):
            status = await yard.ended(await yard.start())
    assert (status["runtime_status"], status["trace_url"]) == ("Completed", None)
    assert "POST /sessions?upsert=True" in langsmith.requests
