"""What the documentation says is so: commands exist, settings and pictures are current, links lead somewhere."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from docs import generate
from server.api.app import create_app
from server.api.schemas import ApprovalBody, StartBody
from server.commands.agents import check_agents
from server.commands.exit_codes import ExitCode
from server.settings import Settings, variable_of

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(str(path.relative_to(REPOSITORY)) for path in (*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")))
README = (REPOSITORY / "README.md").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def blocks(text: str) -> list[str]:
    """The shell blocks of a page."""
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def appyard_commands() -> list[list[str]]:
    """Every `appyard …` that the README shows, in a block or in backticks, as words."""
    shown = [line for block in blocks(README) for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", README)
    found = (re.search(r"(?:^|/)appyard (.+)", line) for line in shown)
    return [shlex.split(match[1], comments=True) for match in found if match]


@cache
def appyard_help(*command: str) -> str:
    """What `appyard … --help` prints, wide enough that no option is cut."""
    asked = subprocess.run(
        ["env", "COLUMNS=200", sys.executable, "-m", "server.cli", *command, "--help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_a_page_names_exists(page: str) -> None:
    text = (REPOSITORY / page).read_text()
    named = set(re.findall(r"^make ([a-z]+)", "\n".join(blocks(text)), re.MULTILINE)) | set(re.findall(r"`make ([a-z]+)", text))
    assert named <= TARGETS


def test_make_by_itself_says_what_there_is() -> None:
    told = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z]+)", told, re.MULTILINE)) == TARGETS


def test_every_command_and_option_of_the_readme_exists() -> None:
    commands = appyard_commands()
    assert {words[0] for words in commands} == {
        "build",
        "serve",
        "worker",
        "agents",
        "cache",
        "costs",
        "migrate",
        "doctor",
        "builds",
        "key",
        "inbox",
        "notify",
        "templates",
    }
    for words in commands:
        subcommand = words[:2] if words[0] in {"builds", "cache"} else words[:1]
        told = appyard_help(*subcommand)
        assert [word for word in words if word.startswith("--") and word not in told] == [], " ".join(words)


def test_the_folder_of_agents_that_the_readme_shows_can_be_used(tmp_path: Path) -> None:
    shown = re.findall(r"```(?:yaml|python)\n# (\w+\.(?:yaml|py))\b(.*?)```", README, re.DOTALL)
    assert {name for name, _ in shown} >= {"agents.yaml", "tasks.yaml", "guardrails.py", "hooks.py", "tools.py"}
    for name, text in shown:
        (tmp_path / name).write_text(f"# {text}", encoding="utf-8")
    assert check_agents(tmp_path, as_json=True) is ExitCode.done


def test_every_option_that_the_readme_explains_exists() -> None:
    rows = re.findall(r"^\| `appyard (\w+)[^`]*` \|(.*)\|$", README, re.MULTILINE)
    for command, explanation in rows:
        told = appyard_help(command)
        explained = re.findall(r"`(--[\w-]+)", explanation)
        assert [option for option in explained if option not in told] == [], command


@asynccontextmanager
async def never_started(_app: FastAPI) -> AsyncIterator[None]:
    yield


def test_every_route_of_the_readme_exists() -> None:
    paths = {re.sub(r"\{\w+\}", "{}", path) for path in create_app(never_started).openapi()["paths"]}
    shown = {re.sub(r"\$\w+|\{\w+\}", "{}", path) for path in re.findall(r"(?:127\.0\.0\.1:\d+|`)(/api/[\w./${}]*)", README)}
    assert shown <= paths


def test_every_body_of_the_readme_is_accepted() -> None:
    bodies: dict[str, type[BaseModel]] = {"start": StartBody, "approval": ApprovalBody}
    commands = [shlex.split(line) for block in blocks(README) for line in re.sub(r"\\\n\s*", "", block).splitlines() if "curl" in line]
    sent = [(words, words[words.index("-d") + 1]) for words in commands if "-d" in words]
    assert len(sent) == len(bodies)
    for words, body in sent:
        [route] = [match[1] for word in words if (match := re.search(r"/api/(\w+)", word))]
        bodies[route].model_validate_json(body)


def test_the_port_of_the_examples_is_the_default() -> None:
    ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", README + (REPOSITORY / "Makefile").read_text())}
    assert ports == {Settings.model_fields["port"].default}


def test_what_follows_from_code_is_current() -> None:
    stale = [file for file, text in generate.documents().items() if (REPOSITORY / file).read_text() != text]
    assert stale == [], "run `make docs`"


def test_every_setting_is_in_the_example_and_in_the_readme() -> None:
    names = [variable_of(name, field) for name, field in Settings.model_fields.items()]
    example = re.findall(r"^# ([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    table = re.findall(r"^\| `([A-Z_]+)` \|", README.partition("## Settings")[2], re.MULTILINE)
    assert names == example == table


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    text = re.sub(r"```.*?```", "", (REPOSITORY / page).read_text(), flags=re.DOTALL)
    links = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [link for link in links if link and not ((REPOSITORY / page).parent / link).exists()] == []


def test_every_path_a_page_names_exists() -> None:
    missing = [
        f"{page}: {path}"
        for page in PAGES
        for path in re.findall(r"`((?:graph|nodes|server|checkpoints|tests|docs|benchmarks)/[\w./-]+)`", (REPOSITORY / page).read_text())
        if not (REPOSITORY / path).exists()
    ]
    assert missing == []


def test_every_decision_has_its_own_number_and_says_what_holds_it() -> None:
    decisions = sorted(path for path in (REPOSITORY / "docs/decisions").glob("0*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers)
    headings = ["Context", "Decision", "Consequences", "Alternatives", "Held by"]
    for decision in decisions:
        text = decision.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == headings, decision.name
        assert len(text.splitlines()) <= 60, decision.name


async def test_langgraph_json_names_graphs_that_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = json.loads((REPOSITORY / "langgraph.json").read_text())
    monkeypatch.chdir(tmp_path)  # a graph made without a server keeps its files in the current folder
    for name, target in configuration["graphs"].items():
        file, _, attribute = target.partition(":")
        module = import_module(file.removeprefix("./").removesuffix(".py").replace("/", "."))
        graph = await getattr(module, attribute)({"configurable": {}})
        assert graph.name == name
