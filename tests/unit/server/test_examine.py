"""What `appyard doctor` finds out about the agents and the model; the sandbox and the tool chain have tests of their own."""

from pathlib import Path

import pytest

from nodes.agents.models import BUILTIN, NoDefault
from server.examine import examine
from server.services.workplace import Condition, Examined
from server.settings import Settings


async def database() -> Examined:
    return Examined("database", Condition.ok, "")


async def found(name: str, settings: Settings, model: object = BUILTIN) -> Examined:
    examined = await examine(settings, database, lambda: model, runs_own_code=True)  # type: ignore[arg-type,return-value]  # either of two
    return next(item for item in examined if item.name == name)


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("agents.yaml", "qa_engineer:\n  gaol: x\n", "did you mean goal"),
        ("tools.py", "raise OSError('the licence is missing')\n", "the licence is missing"),
    ],
)
async def test_agents_of_ones_own_that_cannot_be_used_are_broken(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    agents = await found("agents", Settings(data_dir=tmp_path / "data", agents_dir=tmp_path))
    assert agents.condition is Condition.broken
    assert complaint in agents.detail


async def test_agents_of_ones_own_that_can_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text("qa_engineer:\n  goal: Find what is missing.\n", encoding="utf-8")
    agents = await found("agents", Settings(data_dir=tmp_path / "data", agents_dir=tmp_path))
    assert agents.condition is Condition.ok
    assert str(tmp_path) in agents.detail


async def test_a_model_that_nobody_named_is_missing_and_breaks_nothing(tmp_path: Path) -> None:
    model = await found("model", Settings(data_dir=tmp_path), NoDefault("OPENAI_BASE_URL is set but no model."))
    assert model == Examined("model", Condition.missing, "OPENAI_BASE_URL is set but no model.")
