"""Appyard as it runs in earnest: servers and workers as processes of their own, on one database."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from checkpoints.embedded import EmbeddedPostgres
from tests.postgres import create_database, url_of

ROOT = Path(__file__).parents[1]
TOYS = ROOT / "tests/acceptance/toy_graph/langgraph.json"
LEASE_SECONDS = 2


@dataclass(frozen=True)
class Program:
    """An `appyard` process that is ready; `said` is the line of its log that told so."""

    process: subprocess.Popen[str]
    said: str
    reader: threading.Thread

    @property
    def base_url(self) -> str:
        """Where a server listens."""
        return re.sub(r".*docs=(http://[^/]+)/docs.*", r"\1", self.said)

    def kill(self) -> None:
        """kill -9, and no goodbye."""
        self.process.kill()
        self.process.wait()
        self.reader.join()


class Fleet:
    """Starts programs on one database; they are gone when the block of `Fleet.on` ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._programs: list[Program] = []

    @classmethod
    @contextmanager
    def on(cls, database_url: str, data_dir: Path) -> Iterator["Fleet"]:
        """A fleet whose runs are taken over two seconds after their worker fell silent."""
        fleet = cls({"DATABASE_URL": database_url, "APPYARD_DATA_DIR": str(data_dir), "APPYARD_LEASE_SECONDS": str(LEASE_SECONDS)})
        with ExitStack() as stack:
            stack.callback(fleet._end)
            yield fleet

    def serve(self, port: int | str = 0) -> Program:
        """A server without a worker. With the port of one that was killed it takes its place."""
        return self._started("serving", "serve", "--no-worker", "--port", str(port), "--config", str(TOYS))

    def work(self) -> Program:
        """A worker."""
        return self._started("working", "worker", "--config", str(TOYS))

    def all_at_once(self, *starts: Callable[[], Program]) -> list[Program]:
        """Several programs, side by side."""
        with ThreadPoolExecutor() as starters:
            return [started.result() for started in [starters.submit(start) for start in starts]]

    def worker(self, pid: int) -> Program:
        """The living worker of this process id."""
        return next(program for program in self._programs if program.process.pid == pid)

    def _started(self, ready: str, *arguments: str) -> Program:
        settings = [f"{name}={value}" for name, value in self._environment.items()]
        command = ["env", *settings, sys.executable, "-m", "server.cli", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if f" {ready} " in line:
                reader = threading.Thread(target=_read_on, args=(process.stderr,))
                reader.start()
                self._programs.append(Program(process, line.strip(), reader))
                return self._programs[-1]
        raise AssertionError(f"{arguments[0]} ended before it was ready:\n" + "".join(lines))

    def _end(self) -> None:
        for program in self._programs:
            program.kill()


def _read_on(log: IO[str]) -> None:
    """To the end of the process, which would stand still if nobody read."""
    with log:
        for _ in log:
            pass


@dataclass(frozen=True)
class TwoAndTwo:
    """Two servers and two workers."""

    fleet: Fleet
    first: Program
    second: Program
    database_url: str


@pytest.fixture(scope="session")
def two_and_two(postgres: EmbeddedPostgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoAndTwo]:
    """Shared by the tests that do no harm to it: they kill nothing, and use threads of their own."""
    create_database(postgres, "two_and_two", template=migrated_template)
    url = url_of(postgres, "two_and_two")
    with Fleet.on(url, tmp_path_factory.mktemp("fleet")) as fleet:
        first, second, *_ = fleet.all_at_once(fleet.serve, fleet.serve, fleet.work, fleet.work)
        yield TwoAndTwo(fleet, first, second, url)
