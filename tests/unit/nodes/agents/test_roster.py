import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from nodes.agents.roster import TASK_INPUTS, load_roster
from nodes.errors import RosterInvalid

AGENT = "qa_engineer:\n  {}\n"
TASK = "review_app:\n  {}\n"


def test_our_roster_has_the_four_agents_and_a_task_for_each() -> None:
    roster = load_roster()
    assert {name: roster.agent_of(name)[1].role for name in TASK_INPUTS} == {
        "analyze_requirements": "Requirements Analyst",
        "correct_requirements": "Requirements Analyst",
        "design_architecture": "Solution Architect",
        "write_component": "Senior Software Engineer",
        "write_rule": "Senior Software Engineer",
        "specify_program": "Requirements Analyst",
        "divide_program": "Solution Architect",
        "write_program": "Senior Software Engineer",
        "divide_records": "Solution Architect",
        "write_records": "Senior Software Engineer",
        "review_app": "QA Engineer",
    }


def test_a_folder_of_ones_own_is_laid_over_ours_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text(AGENT.format("llm: openai:gpt-5.4-mini"))
    ours, theirs = load_roster(), load_roster(tmp_path)
    assert theirs.agents["qa_engineer"] == ours.agents["qa_engineer"].model_copy(update={"llm": "openai:gpt-5.4-mini"})
    assert theirs.tasks == ours.tasks


def test_switches_of_crewai_that_are_off_anyway_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text(AGENT.format("verbose: false\n  allow_delegation: false\n  memory: false"))
    (tmp_path / "tasks.yaml").write_text(TASK.format("human_input: false\n  async_execution: false"))
    read, ours = load_roster(tmp_path), load_roster()
    assert (read.agents, read.tasks) == (ours.agents, ours.tasks)


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("agents.yaml", AGENT.format("allow_delegation: true"), "qa_engineer.allow_delegation is not supported: the graph decides"),
        ("agents.yaml", AGENT.format("memory: true"), "qa_engineer.memory is not supported: it needs an embedding service"),
        ("agents.yaml", AGENT.format("max_rpm: 10"), "qa_engineer.max_rpm is not supported: CrewAI would wait"),
        (
            "agents.yaml",
            AGENT.format("tools: [SerperDevTool]"),
            r"agents.yaml: qa_engineer.tools: there is no tool 'SerperDevTool'; there are list_files, read_file,",
        ),
        ("tasks.yaml", TASK.format("tools: [read_file]"), "review_app.tools is not supported: tools belong to agents"),
        ("agents.yaml", AGENT.format("backstroy: x"), r"qa_engineer.backstroy is not a known key; did you mean backstory\?"),
        ("agents.yaml", AGENT.format("goal: about {topic}"), r"qa_engineer.goal: \{topic\} has no meaning here.*description\.$"),
        ("agents.yaml", AGENT.format("max_execution_time: soon"), "qa_engineer.max_execution_time: Input should be a valid integer"),
        ("agents.yaml", "poet:\n  role: Poet\n", "poet does none of the tasks. Name it .* or lay it over one of qa_engineer, requirements"),
        ("agents.yaml", AGENT.format("llm: gpt-5"), r"qa_engineer.llm: 'gpt-5' is not a model name; write builtin, openai:<model>"),
        ("agents.yaml", AGENT.format("fallback_llm: anthropic/claude"), "qa_engineer.fallback_llm: 'anthropic/claude' is not a model name"),
        ("agents.yaml", AGENT.format("guardrail: whole_code"), "qa_engineer.guardrail is not supported: guardrails belong to tasks"),
        ("agents.yaml", "- qa_engineer\n", "must map names to entries"),
        ("agents.yaml", "qa_engineer: [\n", "not valid YAML"),
        ("agents.yaml", "qa_engineer: careful\n", "qa_engineer: must map keys to values"),
        ("tasks.yaml", TASK.format("human_input: true"), "review_app.human_input is not supported: CrewAI would read"),
        ("tasks.yaml", TASK.format("guardrail_max_retries: 99"), "review_app.guardrail_max_retries"),
        ("tasks.yaml", TASK.format("agent: poet"), "review_app.agent: there is no agent 'poet'"),
        ("tasks.yaml", TASK.format("description: Review {everything}"), r"\{everything\} is no input; there are spec, report"),
        ("tasks.yaml", TASK.format("description: Review {spec} {files} {components}"), r"\{report\} must stand in it exactly once"),
        ("tasks.yaml", "write_poem:\n  agent: qa_engineer\n  description: x\n  expected_output: x\n", "write_poem is no task of the graph"),
    ],
)
def test_what_would_not_be_used_is_an_error_naming_the_place(tmp_path: Path, file: str, content: str, complaint: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(RosterInvalid, match=complaint) as caught:
        load_roster(tmp_path)
    assert file in str(caught.value)


@pytest.mark.parametrize(("written", "model"), [("openai/gpt-5", "openai:gpt-5"), ("azure/ours", "azure:ours"), ("builtin", "builtin")])
def test_models_may_be_written_as_crewai_writes_them(tmp_path: Path, written: str, model: str) -> None:
    (tmp_path / "agents.yaml").write_text(AGENT.format(f"llm: {written}\n  fallback_llm: {written}"))
    reviewer = load_roster(tmp_path).agents["qa_engineer"]
    assert (reviewer.llm, reviewer.fallback_llm) == (model, model)


def test_an_agent_of_ones_own_does_the_tasks_it_is_named_for(tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text("poet:\n  role: Poet\n  goal: Rhyme\n  backstory: You rhyme.\n")
    (tmp_path / "tasks.yaml").write_text(TASK.format("agent: poet"))
    assert load_roster(tmp_path).agent_of("review_app")[1].role == "Poet"


def test_what_crewai_creates_for_a_new_crew_is_answered_with_what_to_do(tmp_path: Path) -> None:
    """`crewai create crew` writes config/agents.yaml and config/tasks.yaml for a researcher; its tasks are none of ours."""
    template = Path(str(files("crewai_cli"))) / "templates" / "crew" / "config"
    shutil.copytree(template, tmp_path / "config")
    with pytest.raises(RosterInvalid, match=f"give the folder {tmp_path / 'config'}"):
        load_roster(tmp_path)
    with pytest.raises(
        RosterInvalid, match=r"tasks.yaml: research_task is no task of the graph, which asks for these: analyze_requirements"
    ):
        load_roster(tmp_path / "config")
    (tmp_path / "config" / "tasks.yaml").unlink()
    with pytest.raises(RosterInvalid, match=r"agents.yaml: researcher does none of the tasks"):
        load_roster(tmp_path / "config")


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="correct_requirements, design_architecture"):
        load_roster().task("write_poem")
