"""Import CrewAI: once, with its telemetry off and its files in a folder of ours. Nothing else imports it first.

The one exception to "the environment is read only in server/settings.py": CrewAI can be configured by nothing else.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

SWITCHES: Mapping[str, str] = {
    "CREWAI_DISABLE_TELEMETRY": "true",  # otherwise it reports home and takes over SIGTERM and SIGINT
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
}

DECLINED = {"first_execution_done": True, "trace_consent": False}
"""What CrewAI notes when a person declines its traces. Without it a "first-time user" has every event kept in memory for
an upload, whatever the switches say: 2 KB and 0.5 ms of each run."""

_importing = threading.Lock()


def import_runtime(storage: Path) -> ModuleType:
    """`nodes.agents.runtime`, which imports CrewAI: 3 to 6 seconds the first time, so call it in a thread.

    `storage` is a writable folder; it becomes CrewAI's, and the home folder if that is not writable, since CrewAI cannot
    be imported without one. Raises OSError if `storage` cannot be made.
    """
    with _importing:
        if (imported := sys.modules.get("nodes.agents.runtime")) is not None:
            return imported
        before = _prepare(storage)
        from nodes.agents import runtime

        _forget_dotenv(before)
        return runtime


def _prepare(storage: Path) -> frozenset[str]:
    """Set what CrewAI reads; the names of all variables there are now."""
    storage = storage.resolve()
    storage.mkdir(parents=True, exist_ok=True)
    _decline_traces(storage)
    environment = os.environ  # noqa: TID251 - see the module's docstring
    environment.update(SWITCHES)
    environment["CREWAI_STORAGE_DIR"] = str(storage)
    # CrewAI unpickles the file named here before each task; its default lies in the current folder.
    environment["CREWAI_TRAINED_AGENTS_FILE"] = str(storage / "no-trained-agents.pkl")
    if not _is_writable(Path(environment.get("HOME") or "~").expanduser()):
        environment["HOME"] = str(storage)
    return frozenset(environment)


def _decline_traces(storage: Path) -> None:
    """In one step, since another worker's CrewAI may be reading the file and takes half of it for a first-time user's."""
    written = storage / f".crewai_user.{os.getpid()}"
    written.write_text(json.dumps(DECLINED), encoding="utf-8")
    written.replace(storage / ".crewai_user.json")


def _is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _forget_dotenv(before: frozenset[str]) -> None:
    """CrewAI loads a `.env` from above its own package; no setting of ours may come from there."""
    environment = os.environ  # noqa: TID251 - CrewAI writes into the environment itself
    for name in set(environment) - before:
        del environment[name]
