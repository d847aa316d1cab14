from pathlib import Path

import pytest

from nodes.artifacts import QaReview
from nodes.context import AgentTask


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crewai")


@pytest.fixture
def review_task() -> AgentTask[QaReview]:
    inputs = {"spec": "{}", "report": "{}", "files": "[]", "components": "[]"}
    return AgentTask(name="review_app", inputs=inputs, answer=QaReview)
