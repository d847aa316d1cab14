"""Builds whose agents ask an endpoint over real HTTP, through worker and database: what it is sent, what clients see, what an end costs."""

import json
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient

from nodes.agents.prompt import CHARACTERS_PER_TOKEN
from nodes.context import Workshop
from server.bootstrap.models import crewai_workshop
from server.services.builds import Ledger
from server.settings import Settings
from tests.durability.thinking_model import ThinkingModel
from tests.factories import ScriptedVerifier
from tests.integration.agents.fault_server import Answer, Hang, fault_server
from tests.integration.server.conftest import Appyard, RunAppyard

pytestmark = pytest.mark.bounded(180)

LIBRARY = (
    "A library keeps books, members and loans. A book has a title, an author and an isbn. A member has a name and an e-mail. "
    "Members borrow books; a librarian lends them and takes them back."
)


ENGINEERS_INPUTS = ("contract", "spec", "signatures", "component", "own_files", "findings", "feedback")
SHARED_AT_LEAST = 1 / 5
"""Of each prompt of this build."""


async def workshop(settings: Settings, ledger: Ledger) -> Workshop:
    """A real one, but for the evidence, which takes a minute and is not looked at here."""
    return replace(await crewai_workshop(settings, ledger), verifier=ScriptedVerifier())


async def asking(appyard: RunAppyard, model_url: str, **settings: object) -> Appyard:
    """An Appyard whose agents ask the endpoint at `model_url`."""
    return await appyard(open_workshop=workshop, openai_base_url=model_url, openai_api_key="none", model="openai:thinking", **settings)


def inputs_of(prompt: str) -> dict[str, str]:
    """The inputs that stand in a prompt to their end, in their order."""
    return dict(re.findall(r'<input name="(\w+)">\n(.*?)\n</input>', prompt, re.DOTALL))


async def test_a_cancelled_build_hangs_up_on_the_endpoint(appyard: RunAppyard) -> None:
    probed = (Answer("in words"), Answer("in words"))
    async with fault_server(*probed, Hang()) as endpoint:
        yard = await asking(appyard, endpoint.url)
        build = await yard.start()
        await endpoint.hanging.wait()
        assert (await yard.client.post(f"/api/cancel/{build}")).status_code == 202
        await endpoint.hung_up.wait()
        status = await yard.ended(build)
    assert (status["runtime_status"], status["usage"]["calls"]) == ("Canceled", 0)
    assert len(endpoint.requests) == len(probed) + 1


async def test_a_build_that_was_turned_away_goes_on_from_there_once_the_key_is_right(appyard: RunAppyard) -> None:
    async with ThinkingModel(thinking_seconds=0) as model:
        yard = await asking(appyard, model.base_url)
        model.turned_away = {"write_component"}
        build = await yard.start(app_description=LIBRARY)
        failed = await yard.ended(build)
        paid_before = len(model.sent)
        model.turned_away.clear()
        assert (await yard.client.post(f"/api/resume/{build}")).status_code == 202
        status = await yard.ended(build)
    assert failed["runtime_status"] == "Failed"
    assert "The key in OPENAI_API_KEY is wrong or has been withdrawn." in failed["error"]
    assert (failed["usage"]["calls"], paid_before) == (2, 2)
    assert status["runtime_status"] == "Completed"
    assert model.repeated == {}
    assert status["usage"]["calls"] == len(model.sent)


async def test_the_prompts_of_a_wave_begin_alike_with_all_that_its_engineers_share(appyard: RunAppyard) -> None:
    """Providers charge a tenth for a beginning they have read before. What differs comes last: what a part calls, and its own files."""
    async with ThinkingModel(thinking_seconds=0) as model:
        yard = await asking(appyard, model.base_url)
        status = await yard.ended(await yard.start(app_description=LIBRARY))
    assert status["runtime_status"] == "Completed"
    wave = [messages for messages in model.prompts if "Task: write_component\n" in str(messages[-1]["content"])]
    assert len(wave) >= 2
    assert len({str(messages[:-1]) for messages in wave}) == 1
    texts = [str(messages[-1]["content"]) for messages in wave]
    assert {tuple(inputs_of(text)) for text in texts} == {ENGINEERS_INPUTS}
    (alike,) = {text.partition('<input name="signatures">')[0] for text in texts}
    assert tuple(inputs_of(alike)) == ("contract", "spec")
    assert min(len(alike) / len(text) for text in texts) > SHARED_AT_LEAST


async def test_what_a_small_model_cannot_read_is_left_out_whole_and_never_cut(appyard: RunAppyard) -> None:
    async with ThinkingModel(thinking_seconds=0) as model:
        yard = await asking(appyard, model.base_url, model_context_tokens=32_000, model_output_tokens=20_000)
        await yard.ended(await yard.start(app_description=LIBRARY))
    prompts = [str(messages[-1]["content"]) for messages in model.prompts]
    assert any("Task: write_component\n" in prompt for prompt in prompts)
    assert max(len(prompt) for prompt in prompts) / CHARACTERS_PER_TOKEN <= 32_000 - 20_000
    for prompt in prompts:
        for name, text in inputs_of(prompt).items():
            if name not in ("request", "feedback"):
                json.loads(text or "null")


async def test_tokens_of_engineers_side_by_side_come_each_under_its_component(appyard: RunAppyard) -> None:
    places: dict[str, dict[str, Any]] = {}
    texts: defaultdict[str, str] = defaultdict(str)
    async with ThinkingModel(thinking_seconds=0) as model:
        client = LangGraphClient((await asking(appyard, model.base_url)).client)
        thread = await client.threads.create()
        request = {"request": {"app_description": LIBRARY}}
        async for part in client.runs.stream(thread["thread_id"], "appyard", input=request, stream_mode="messages-tuple"):
            if part.event == "messages":
                message, places[message["id"]] = part.data
                texts[message["id"]] += message["content"]
    engineers = {message: about for message, about in places.items() if about["langgraph_node"] == "generate_component"}
    assert len(engineers) == len({about["component"] for about in engineers.values()}) >= 2
    for message, about in engineers.items():
        assert (about["thread_id"], about["agent"], about["attempt"]) == (thread["thread_id"], "Senior Software Engineer", 1)
        assert texts[message].startswith(f'{{"component":"{about["component"]}"')
