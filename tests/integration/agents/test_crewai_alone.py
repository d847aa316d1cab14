"""CrewAI in a fresh process: what it may not touch, and when it is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import asyncio, json, os, signal, socket, sys
from pathlib import Path

opened, connected = [], []

def watch(event, args):
    if event == "open" and isinstance(args[1], str) and any(flag in args[1] for flag in "wax+"):
        opened.append(str(args[0]))
    elif event == "socket.connect" and isinstance(args[1], tuple):
        connected.append(args[1][0])
    elif event == "socket.getaddrinfo":
        connected.append(args[0])

sys.addaudithook(watch)
from nodes.artifacts import QaReview
from nodes.context import AgentTask, BuildOptions
from tests.unit.nodes.agents.scripted_model import ScriptedChatModel, crew_around

late = "crewai" not in sys.modules
before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
names = set(os.environ)
inputs = {"spec": "{}", "report": "{}", "files": "[]", "components": "[]"}
crew = crew_around(ScriptedChatModel(replies=['{"summary": "fine"}']), Path(sys.argv[1]))

async def main():
    await asyncio.gather(*(crew.perform(AgentTask("review_app", inputs, QaReview), BuildOptions()) for _ in range(5)))

asyncio.run(main())
from crewai.events.event_bus import crewai_event_bus
from crewai.events.listeners.tracing.trace_listener import TraceCollectionListener

print(json.dumps({
    "late": late,
    "listeners": len(crewai_event_bus._sync_handlers) + len(crewai_event_bus._async_handlers),
    "kept_traces": TraceCollectionListener().batch_manager.get_event_count(),
    "opened": sorted(set(opened)),
    "connected": connected,
    "signals_kept": before == {name: signal.getsignal(name) for name in before},
    "new_variables": sorted(set(os.environ) - names),
    "home": os.environ["HOME"],
}))
"""


def run_alone(storage: Path, home: Path, folder: Path) -> dict[str, object]:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(storage)], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1, "CrewAI printed to the console"
    seen: dict[str, object] = json.loads(lines[0])
    return seen


def test_crewai_comes_late_calls_nobody_and_writes_only_at_home_and_in_its_folder(tmp_path: Path) -> None:
    storage, home, folder = tmp_path / "storage", tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    seen = run_alone(storage, home, folder)
    assert seen["late"]
    assert seen["connected"] == []
    assert (seen["listeners"], seen["kept_traces"]) == (0, 0)
    assert seen["signals_kept"]
    assert [path for path in list(seen["opened"]) if not path.startswith((str(tmp_path), "/dev/"))] == []  # type: ignore[call-overload]  # what JSON gave
    assert list(folder.iterdir()) == []
    assert seen["home"] == str(home)


def test_an_unwritable_home_is_replaced_by_the_folder(tmp_path: Path) -> None:
    storage, home = tmp_path / "storage", tmp_path / "home"
    home.write_text("a file, so not even root can write into it")
    assert run_alone(storage, home, tmp_path)["home"] == str(storage)


def test_settings_in_a_dotenv_file_above_do_not_reach_us(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-somebody-else\n")
    seen = run_alone(tmp_path / "storage", home, folder)
    assert seen["new_variables"] == [
        "CREWAI_DISABLE_TELEMETRY",
        "CREWAI_DISABLE_VERSION_CHECK",
        "CREWAI_STORAGE_DIR",
        "CREWAI_TRACING_ENABLED",
        "CREWAI_TRAINED_AGENTS_FILE",
    ]


@pytest.mark.parametrize("module", ["nodes.agents.crew", "nodes.agents.models", "nodes.agents.roster", "nodes.agents.self_test"])
def test_importing_the_crew_does_not_import_crewai(module: str) -> None:
    program = f"import sys, {module}; sys.exit('crewai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=30, check=False).returncode == 0
