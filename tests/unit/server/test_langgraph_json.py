"""What is read from langgraph.json, and what is refused."""

import json
import logging
from pathlib import Path

import pytest

from checkpoints.records import PruneStrategy
from server.langgraph_json import AuthSource, CorsRules, GraphSource, ThreadTtl, read_config
from server.services.errors import ConfigUnusable


def written(folder: Path, **keys: object) -> Path:
    file = folder / "langgraph.json"
    file.write_text(json.dumps({"graphs": {"toy": "./toy.py:graph"}, **keys}))
    return file


def test_graphs_are_named_with_their_file_and_our_own_is_always_there(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, graphs={"toy": {"path": "./toy.py:graph", "description": "A toy."}}))
    assert sorted(config.graphs) == ["appyard", "toy"]
    assert config.graphs["toy"] == GraphSource("./toy.py", "graph", tmp_path, "A toy.")


def test_the_sections_are_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GREETING=hello\n")
    ttl = {"strategy": "keep_latest", "default_ttl": 60}
    config = read_config(
        written(
            tmp_path,
            dependencies=[".", "httpx"],
            env=".env",
            http={"cors": {"allow_origins": ["*"]}},
            checkpointer={"ttl": ttl},
            auth={"path": "./people.py:auth", "disable_studio_auth": True},
        )
    )
    assert config.auth == AuthSource(GraphSource("./people.py", "auth", tmp_path), may_admit_studio=False)
    assert config.import_folders == (tmp_path,)
    assert config.environment == {"GREETING": "hello"}
    assert config.cors == CorsRules(allow_origins=("*",))
    assert config.thread_ttl == ThreadTtl(strategy=PruneStrategy.keep_latest, default_ttl=60)


@pytest.mark.requirement("server.config")
def test_keys_that_are_not_supported_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        config = read_config(written(tmp_path, python_version="3.11", ui={}, http={"app": "./x.py:app"}, store={"index": {"dims": 3}}))
    assert config.unknown == ("http.app", "store.index", "ui")
    assert [record.message for record in caplog.records] == ["config_key_not_supported"] * 3


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"graphs": {"toy": "./toy.py"}}, "names nothing in a file"),
        ({"graphs": 5}, "graphs"),
        ({"env": "missing.env"}, "not a file"),
        ({"auth": {}}, "auth.path"),
        ({"auth": {"path": "./people.py"}}, "names nothing in a file"),
        ({"checkpointer": {"ttl": {"default_ttl": -1}}}, "checkpointer.ttl.default_ttl"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, keys: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigUnusable, match=said):
        read_config(written(tmp_path, **keys))


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigUnusable, match="No such file"):
        read_config(tmp_path / "langgraph.json")
    (tmp_path / "langgraph.json").write_text("{")
    with pytest.raises(ConfigUnusable, match="expected"):
        read_config(tmp_path / "langgraph.json")
