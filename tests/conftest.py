"""What holds for every test: a clean environment, no network beyond this machine, no wait without an end.

Imported before anything of ours, so the environment is clean before any library reads it.
"""

import os
import runpy
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

pytest_plugins = ["tests.postgres", "tests.fleet"]

SCREENSHOTS = Path(__file__).parents[1] / "build-output" / "screenshots"
"""As in tests/browser.py, which is not imported here: it would load a library before the environment is clean."""
SCRUBBED = (
    "APPYARD_",
    "AZURE_",
    "CREWAI_",
    "DATABASE_URL",
    "LANGCHAIN_",
    "LANGGRAPH_",
    "LANGSMITH_",
    "OPENAI_",
    "OTEL_",
    "PG",
    "SECRET_KEY",
)
HOME = Path(tempfile.mkdtemp(prefix="appyard-tests-"))
GUARD = Path(__file__).parent / "network_guard"
GUARD_LOG = HOME / "network_guard.log"
DEFAULT_BOUND_SECONDS = 60.0


def clean_environment() -> None:
    """Forget what the person at this machine has set. Third parties' telemetry is not switched off here: Appyard
    has to do that by itself, and the network guard tells when it does not."""
    for name in [name for name in os.environ if name.startswith(SCRUBBED)]:
        del os.environ[name]
    HOME.chmod(0o711)  # PostgreSQL refuses to run as root, and its own account has to pass through
    os.environ["HOME"] = str(HOME)
    os.environ["APPYARD_BROWSER"] = "false"  # the tests of that check bring their own; all others would only wait for it
    os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"  # read when langgraph is imported


def guard_network() -> None:
    """In this process from here on, and in every child through PYTHONPATH."""
    os.environ["NETWORK_GUARD_LOG"] = str(GUARD_LOG)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(GUARD), os.environ.get("PYTHONPATH"))))
    runpy.run_path(str(GUARD / "sitecustomize.py"))


clean_environment()
guard_network()


def attempts_to_leave() -> list[str]:
    """What the guard refused so far, one line per attempt."""
    return GUARD_LOG.read_text().splitlines() if GUARD_LOG.exists() else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    if attempts_to_leave():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if attempts := attempts_to_leave():
        terminalreporter.section("attempts to leave this machine")
        for attempt in attempts:
            terminalreporter.line(attempt, red=True)
    if SCREENSHOTS.exists():
        first_app = SCREENSHOTS / "first-app.txt"
        terminalreporter.line(f"Pictures of the dashboard: {SCREENSHOTS}. {first_app.read_text().strip() if first_app.exists() else ''}")


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@contextmanager
def bounded(item: pytest.Item) -> Iterator[None]:
    """End a test that waits for ever. The alarm repeats, since a first one may be caught on its way."""
    marker = item.get_closest_marker("bounded")
    seconds = float(marker.args[0]) if marker else DEFAULT_BOUND_SECONDS

    def stop(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"took longer than {seconds:g} s", pytrace=True)

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with bounded(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with bounded(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with bounded(item):
        yield
