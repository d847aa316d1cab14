"""What a person can get wrong: each says what to do, with the right exit code, and nobody sees a traceback."""

import socket
from pathlib import Path

import pytest

from tests.acceptance.command_line import Ended, appyard

CLAIMS = "Employees submit claims. A manager approves them."


def assert_explained(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended.errors
    assert "Traceback" not in ended.output + ended.errors
    for word in words:
        assert word in ended.errors


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("", "at least 1 character"),
        ("   ", "is empty; describe the app"),
        ("x" * 100_000, "at most 20000 characters"),
        ("\x01\x02 claims", "is this a binary file?"),
    ],
)
async def test_a_description_that_is_none_is_refused(tmp_path: Path, description: str, said: str) -> None:
    ended = await appyard("build", description, "--out", str(tmp_path / "out"), APPYARD_DATA_DIR=str(tmp_path))
    assert_explained(ended, 2, said)


async def test_an_unknown_platform_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    ended = await appyard("build", CLAIMS, "--platform", "toaster", "--out", str(tmp_path), APPYARD_DATA_DIR=str(tmp_path))
    assert_explained(ended, 2, "'web', 'api', 'mobile', 'desktop' or 'cli'")


async def test_a_file_in_place_of_the_output_folder_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    ended = await appyard("build", CLAIMS, "--out", str(tmp_path / "out"), APPYARD_DATA_DIR=str(tmp_path / "data"))
    assert_explained(ended, 2, "--out", "Choose a folder")
    assert not (tmp_path / "data").exists()


async def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://app:hunter2@127.0.0.1:1/appyard"
    ended = await appyard("builds", "list", APPYARD_DATA_DIR=str(tmp_path), DATABASE_URL=url)
    assert_explained(ended, 5, "127.0.0.1:1", "Check DATABASE_URL")
    assert "hunter2" not in ended.errors


async def test_a_data_directory_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = await appyard("builds", "list", APPYARD_DATA_DIR=str(tmp_path / "file" / "data"))
    assert_explained(ended, 5, str(tmp_path / "file"), "APPYARD_DATA_DIR")


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await appyard("serve", "--port", str(port), APPYARD_DATA_DIR=str(tmp_path))
    assert_explained(ended, 5, f"127.0.0.1:{port}", "--port")


async def test_serving_other_machines_needs_a_key(tmp_path: Path) -> None:
    ended = await appyard("serve", "--host", "0.0.0.0", APPYARD_DATA_DIR=str(tmp_path))  # noqa: S104 - it is refused
    assert_explained(ended, 5, "APPYARD_API_KEY_HASHES", "appyard key")


async def test_a_setting_that_is_none_is_named(tmp_path: Path) -> None:
    ended = await appyard("builds", "list", APPYARD_DATA_DIR=str(tmp_path), APPYARD_PORT="eighty")
    assert_explained(ended, 2, "APPYARD_PORT", "valid integer")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OPENAI_API_KEY", "sk-hunter\n2", "holds a line break"),
        ("AZURE_OPENAI_API_KEY", "“hunter2”", "copy it again"),
        ("OPENAI_BASE_URL", "127.0.0.1:8080/v1", "write an address such as https://"),
        ("OPENAI_BASE_URL", "https://me:hunter2@models.example.com/v1", "holds no password"),
        ("AZURE_OPENAI_ENDPOINT", "mine.openai.azure.com", "write an address such as https://"),
    ],
)
async def test_a_key_or_address_of_a_model_that_is_none_is_named_at_the_start(tmp_path: Path, variable: str, value: str, said: str) -> None:
    ended = await appyard("builds", "list", **{"APPYARD_DATA_DIR": str(tmp_path), variable: value})
    assert_explained(ended, 2, variable, said)
    assert "hunter" not in ended.errors


async def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path) -> None:
    """Compose files pass on what nobody set as empty texts."""
    empty = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "APPYARD_BUDGET_USD": ""}
    ended = await appyard("agents", "check", "--json", APPYARD_DATA_DIR=str(tmp_path), **empty)
    assert ended.answer["review_app"]["model"] == "builtin"


async def test_a_model_nobody_knows_is_refused(tmp_path: Path) -> None:
    ended = await appyard("builds", "list", APPYARD_DATA_DIR=str(tmp_path), APPYARD_MODEL="gpt-best")
    assert_explained(ended, 5, "'gpt-best' is not a model name", "openai:<model>")


async def test_a_build_that_does_not_exist_is_said(tmp_path: Path) -> None:
    ended = await appyard("builds", "show", "abcd", APPYARD_DATA_DIR=str(tmp_path))
    assert_explained(ended, 2, "0 builds begin with 'abcd'")


async def test_a_wrong_key_fails_the_build_with_the_way_out(tmp_path: Path) -> None:
    """The endpoint here is a port nobody listens on: what a mistyped base URL looks like."""
    ended = await appyard(
        "build", CLAIMS, "--yes", "--out", str(tmp_path / "out"), "--json",
        APPYARD_DATA_DIR=str(tmp_path), APPYARD_MODEL="openai:any", OPENAI_API_KEY="wrong", OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    )  # fmt: skip
    assert ended.code == 1
    assert "Check the endpoint" in ended.answer["error"]


async def test_a_budget_that_could_be_exceeded_is_refused_with_the_ways_out(tmp_path: Path) -> None:
    settings = {"APPYARD_DATA_DIR": str(tmp_path), "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ended = await appyard("build", CLAIMS, "--model", "openai:qwen", "--budget", "1", "--out", str(tmp_path / "out"), **settings)
    assert_explained(ended, 2, "openai:qwen has no price", "--budget-tokens", "APPYARD_PRICES_FILE")


async def test_an_endpoint_without_a_model_says_both_ways_to_name_one(tmp_path: Path) -> None:
    settings = {"APPYARD_DATA_DIR": str(tmp_path), "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ended = await appyard("build", CLAIMS, "--out", str(tmp_path / "out"), **settings)
    assert_explained(ended, 5, "--model", "APPYARD_MODEL")
