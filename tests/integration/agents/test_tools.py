"""Agents that call tools, over real HTTP: what the model is offered, what it is told, where it ends, what a crash repeats."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from nodes.agents.journal import InMemoryJournal
from nodes.agents.models import AnswerForm
from nodes.agents.roster import Roster, load_roster
from nodes.artifacts import QaReview
from nodes.context import AgentTask, BuildOptions
from nodes.errors import RosterInvalid
from tests.integration.agents.fault_server import Answer, FaultServer, ToolCall, fault_server
from tests.integration.agents.test_crew_in_graph import Crash, review_graph

GOOD = Answer('{"summary": "fine", "concerns": [], "components_to_repair": []}')
FILES = {"app/records/claim/rules.py": "LIMIT = 500\n\n\ndef check(claim):\n    return claim.amount <= LIMIT\n", "app/main.py": "app = 1\n"}
READ = ToolCall(json.dumps({"path": "app/records/claim/rules.py", "first_line": 1}), "read_file")
SEARCH = ToolCall(json.dumps({"text": "limit"}), "search_files")
HOOKS = """
from crewai.hooks import after_tool_call, before_tool_call

@before_tool_call
def forbid_the_past(context):
    return context.tool_input.get("year", 2000) >= 2000

@after_tool_call
def name_the_country(context):
    return f"Belgium: {context.tool_result}" if context.tool_name == "holidays_of_a_year" else None
"""
OWN = '''
from crewai.tools import BaseTool, tool

@tool("Holidays of a year")
def holidays(year: int) -> str:
    """The public holidays of `year`."""
    return f"{year}-12-25"

class Rates(BaseTool):
    name: str = "exchange_rates"
    description: str = "Today's exchange rates."

    def _run(self) -> str:
        raise RuntimeError("the bank is closed")
'''


def with_tools(folder: Path, tools: str, rounds: int = 10) -> Roster:
    (folder / "agents.yaml").write_text(f"qa_engineer:\n  tools: [{tools}]\n  max_iter: {rounds}\n", encoding="utf-8")
    return load_roster(folder)


def told(server: FaultServer, request: int = -1) -> list[str]:
    """What the tools answered, as the model reads it in this request."""
    return [message["content"] for message in server.requests[request]["messages"] if message["role"] == "tool"]


def offered(request: dict[str, Any]) -> list[str]:
    return [tool["function"]["name"] for tool in request.get("tools", [])]


async def test_an_agent_reads_files_until_it_answers(review_task: AgentTask[QaReview], storage: Path, tmp_path: Path) -> None:
    async with fault_server(SEARCH, READ, GOOD) as server:
        crew = server.crew(storage, form=AnswerForm.json_schema, roster=with_tools(tmp_path, "read_file, search_files"))
        answer = await crew.perform(replace(review_task, files=FILES), BuildOptions())
    assert answer.value == QaReview(summary="fine")
    assert (answer.result.calls, answer.result.input_tokens) == (3, 3000)
    assert offered(server.requests[0]) == ["read_file", "search_files"]
    assert told(server) == [
        "app/records/claim/rules.py:1: LIMIT = 500\napp/records/claim/rules.py:5: return claim.amount <= LIMIT",
        "1: LIMIT = 500\n2: \n3: \n4: def check(claim):\n5:     return claim.amount <= LIMIT",
    ]


async def test_a_model_that_only_calls_tools_is_made_to_answer(review_task: AgentTask[QaReview], storage: Path, tmp_path: Path) -> None:
    async with fault_server(READ, READ, GOOD) as server:
        crew = server.crew(storage, form=AnswerForm.json_schema, roster=with_tools(tmp_path, "read_file", rounds=2))
        assert (await crew.perform(replace(review_task, files=FILES), BuildOptions())).value == QaReview(summary="fine")
    assert offered(server.requests[2]) == []
    assert server.requests[2]["response_format"]["type"] == "json_schema"
    assert server.requests[2]["messages"][-1]["content"].startswith("You have called tools as often as this task allows.")


async def test_what_tools_tell_never_fills_the_models_context(review_task: AgentTask[QaReview], storage: Path, tmp_path: Path) -> None:
    files = {"app/records/claim/rules.py": "LIMIT = 500  # a long line that says little, again and again and again\n" * 400}
    async with fault_server(READ, GOOD) as server:
        roster = with_tools(tmp_path, "read_file")
        crew = server.crew(storage, form=AnswerForm.json_schema, roster=roster, context_tokens=10_000)
        assert (await crew.perform(replace(review_task, files=files), BuildOptions())).value == QaReview(summary="fine")
    assert [offered(request) for request in server.requests] == [["read_file"], []]


async def test_wrong_calls_are_told_to_the_model_and_end_nothing(review_task: AgentTask[QaReview], storage: Path, tmp_path: Path) -> None:
    calls = (ToolCall('{"path": "../etc/passwd", "first_line": 1}', "read_file"), ToolCall("{", "read_file"), ToolCall("{}", "delete_file"))
    async with fault_server(*calls, GOOD) as server:
        crew = server.crew(storage, form=AnswerForm.tools, roster=with_tools(tmp_path, "read_file"))
        assert (await crew.perform(replace(review_task, files=FILES), BuildOptions())).value == QaReview(summary="fine")
    outside, malformed, unknown = told(server)
    assert outside == "There is no file ../etc/passwd. list_files tells which there are."
    assert "first_line" in malformed
    assert unknown == "Tool not found"


async def test_tools_of_ones_own_are_called_through_hooks_and_their_failures_told(
    review_task: AgentTask[QaReview], storage: Path, tmp_path: Path
) -> None:
    (tmp_path / "tools.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "hooks.py").write_text(HOOKS, encoding="utf-8")
    old, new = ToolCall('{"year": 1830}', "holidays_of_a_year"), ToolCall('{"year": 2030}', "holidays_of_a_year")
    async with fault_server(old, new, ToolCall("{}", "exchange_rates"), GOOD) as server:
        crew = server.crew(storage, form=AnswerForm.json_schema, roster=with_tools(tmp_path, "holidays, Rates"))
        await crew.perform(review_task, BuildOptions())
    forbidden, *answered = told(server)
    assert "blocked by hook" in forbidden
    assert answered == ["Belgium: 2030-12-25", "Error executing tool: the bank is closed"]


async def test_a_crash_among_tools_pays_for_no_answer_twice(review_task: AgentTask[QaReview], storage: Path, tmp_path: Path) -> None:
    async with fault_server(READ, GOOD) as server:
        crew = server.crew(storage, form=AnswerForm.json_schema, journal=InMemoryJournal(), roster=with_tools(tmp_path, "read_file"))
        graph = review_graph(crew, replace(review_task, files=FILES), BuildOptions(), crashes=1)
        thread: RunnableConfig = {"configurable": {"thread_id": "t"}}
        with pytest.raises(Crash):
            await graph.ainvoke({}, thread)
        result = (await graph.ainvoke(None, thread))["results"][0]
    assert (len(server.requests), result.calls, result.replayed_calls) == (2, 2, 2)


async def test_a_model_that_takes_no_tools_works_without(review_task: AgentTask[QaReview], storage: Path, tmp_path: Path) -> None:
    async with fault_server(GOOD) as server:
        crew = server.crew(storage, form=AnswerForm.prompt, roster=with_tools(tmp_path, "read_file"))
        await crew.perform(replace(review_task, files=FILES), BuildOptions())
    assert offered(server.requests[0]) == []


async def test_a_name_that_is_no_tool_is_told_before_the_first_build(storage: Path, tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text("def holidays(year: int) -> str:\n    return ''\n", encoding="utf-8")
    async with fault_server(GOOD) as server:
        with pytest.raises(RosterInvalid, match=r"qa_engineer.tools: holidays is no tool of tools.py. Decorate"):
            await server.crew(storage, roster=with_tools(tmp_path, "holidays")).warm()
