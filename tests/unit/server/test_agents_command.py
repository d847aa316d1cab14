import json
from pathlib import Path

import pytest

from server.commands.agents import check_agents
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput


def agents_in(folder: Path, text: str) -> Path:
    (folder / "agents.yaml").write_text(text, encoding="utf-8")
    return folder


def test_agents_that_can_be_used_are_told_with_their_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = agents_in(tmp_path, "qa_engineer:\n  llm: openai:gpt-5-mini\n  fallback_llm: builtin\n")
    assert check_agents(folder, as_json=True) is ExitCode.done
    told = json.loads(capsys.readouterr().out)
    assert told["review_app"] == {"agent": "qa_engineer", "model": "openai:gpt-5-mini", "guardrails": [], "tools": []}
    assert told["write_component"] == {"agent": "senior_software_engineer", "model": "builtin", "guardrails": [], "tools": []}


def test_what_is_off_is_said_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_agents(tmp_path, as_json=False)
    said = capsys.readouterr().out
    for key in ("memory", "allow_delegation", "human_input", "max_rpm", "tools"):
        assert f"  {key} " in said


def test_code_of_ones_own_is_run_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tasks.yaml").write_text("review_app:\n  guardrails: [no_links, signed]\n", encoding="utf-8")
    (tmp_path / "guardrails.py").write_text("def signed(output):\n    return (True, output.raw)\n", encoding="utf-8")
    (tmp_path / "hooks.py").write_text("from crewai.hooks import before_llm_call\n\n@before_llm_call\ndef scrub(context):\n    pass\n")
    check_agents(tmp_path, as_json=False)
    said = capsys.readouterr().out
    assert "no_links, signed" in said
    assert "scrub (pre_model_call)" in said


@pytest.mark.parametrize(
    ("text", "complaint"), [("qa_engineer:\n  gaol: x\n", "did you mean goal"), ("qa_engineer:\n  memory: true\n", "embedding")]
)
def test_a_key_that_cannot_be_used_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        check_agents(agents_in(tmp_path, text), as_json=False)


def test_a_malformed_fallback_is_found_before_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"agents\.yaml: qa_engineer.fallback_llm: 'gpt' is not a model name"):
        check_agents(agents_in(tmp_path, "qa_engineer:\n  fallback_llm: gpt\n"), as_json=False)
