"""Our own supervisor of a PostgreSQL server below a data directory: start it, join one that runs, stop it when asked.

Below `data_dir` lies one folder per major version, `postgres-18/`, with the cluster, its log and its socket. There is no
TCP: who may enter the folder (mode 0700) may use the database. Any number of processes may start at once; the server
outlives them all, also those that are killed, and the next start joins it.

PostgreSQL refuses to run as root. Started by root, it runs as the account `postgres`, else `nobody`. If that account
cannot pass through to `data_dir` (as below /root), `postgres-18` is a link to a folder of its own in /var/lib/appyard:
permissions of existing directories are never changed. Whoever deletes `data_dir` should delete that folder too.
"""

import errno
import fcntl
import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import psutil
import psycopg

from checkpoints.errors import DataDirectoryUnusable, PersistenceError, PostgresFailed, StorageFull
from checkpoints.postgres_programs import Programs, choose_programs

_HOMES_FOR_ROOT = (Path("/var/lib/appyard"), Path("/var/tmp/appyard"))  # noqa: S108 - each home in it is private
_ACCOUNTS_FOR_ROOT = ("postgres", "nobody")
_LONGEST_SOCKET_FOLDER = 85  # of the 107 bytes of a socket's path, less the socket's and its lock file's name
_SOCKET = ".s.PGSQL.5432"
_START_SECONDS = 110  # recovery after a crash can take that long
_STOP_SECONDS = 30
_DYING_SECONDS = 10
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}  # not ours: a broken LC_ALL or a PGDATA there breaks initdb
_SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
wal_compression = on
autovacuum_naptime = 20s
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_min_error_statement = panic    # statements hold what people wrote; it does not belong in a log
log_checkpoints = off
"""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server. `started_here` says whether this process started it or joined it."""

    url: str
    log: Path
    started_here: bool
    _data_dir: Path
    _cluster: "_Cluster"
    _users: TextIO

    def leave(self) -> None:
        """Stop the server if no other living process uses it. A process that is killed leaves without saying so."""
        with _starting(self._data_dir), self._users:
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._cluster.stop()

    def stop(self) -> None:
        """Stop the server at once but cleanly, if this process started it; everybody else's connections end."""
        self._users.close()
        if self.started_here:
            self._cluster.stop()


def start_embedded(data_dir: Path) -> EmbeddedPostgres:
    """Start the server of `data_dir`, or join it. Blocks for about half a second when there is no data yet.

    Raises `DataDirectoryUnusable`, `StorageFull`, `PostgresMissing` or `PostgresFailed`.
    """
    with _file_errors(data_dir):
        data_dir = data_dir.expanduser().absolute()
        data_dir.mkdir(parents=True, exist_ok=True)
        with _starting(data_dir):
            cluster = _open_cluster(data_dir)
            started_here = cluster.start()
            users = (data_dir / "postgres.users").open("a")
            fcntl.flock(users, fcntl.LOCK_SH)
    return EmbeddedPostgres(cluster.url, cluster.log, started_here, data_dir, cluster, users)


@contextmanager
def _starting(data_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with (data_dir / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever holds it is bounded by _START_SECONDS, or dead
        yield


@contextmanager
def _file_errors(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or data_dir
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(f"{where}: {error.strerror}.") from error
        raise DataDirectoryUnusable(f"{where}: {error.strerror}.") from error


# ------------------------------------------------------------------------------------------------ where, and as whom


def _open_cluster(data_dir: Path) -> "_Cluster":
    programs = choose_programs(_majors(data_dir))
    home = data_dir / f"postgres-{programs.major}"
    if home.is_symlink() and not home.exists():
        raise DataDirectoryUnusable(f"{home} points to {home.readlink()}, which is gone. Restore it, or remove the link to start empty.")
    account = _account(home) if os.geteuid() == 0 else None
    if not home.exists():
        _make_home(home, account)
    home = home.resolve()
    if account is not None and not _can_reach(programs.folder / "postgres", account):
        programs = _copy_programs(programs, home, account)
    return _Cluster(programs, home, _socket_folder(home, account), account)


def _majors(data_dir: Path) -> set[int]:
    return {int(path.name.removeprefix("postgres-")) for path in data_dir.glob("postgres-[0-9]*")}


def _account(home: Path) -> pwd.struct_passwd:
    """The owner of what is there already, else the first account that exists."""
    try:
        if home.exists() and (owner := home.stat().st_uid) != 0:
            return pwd.getpwuid(owner)
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        return next(names[name] for name in _ACCOUNTS_FOR_ROOT if name in names)
    except (KeyError, StopIteration) as error:
        raise DataDirectoryUnusable("PostgreSQL refuses to run as root, and no account `postgres` or `nobody` exists.") from error


def _make_home(home: Path, account: pwd.struct_passwd | None) -> None:
    if account is None or _can_reach(home.parent, account):
        home.mkdir(mode=0o700)
    else:
        elsewhere = _make_home_elsewhere()
        home.symlink_to(elsewhere)
    if account is not None:
        os.chown(home, account.pw_uid, account.pw_gid)


def _make_home_elsewhere() -> Path:
    """A new private folder that every account can pass through to; a new name, so a deleted data directory starts empty."""
    for parent in _HOMES_FOR_ROOT:
        try:
            parent.mkdir(mode=0o755, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix="data-", dir=parent))
        except OSError as error:
            refused = error
    raise refused


def _can_reach(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may pass through every folder on the way (or execute the program) by its permission bits."""
    return all(_may_execute(step.stat(), account) for step in (path, *path.parents))


def _may_execute(status: os.stat_result, account: pwd.struct_passwd) -> bool:
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & stat.S_IXOTH)


def _copy_programs(programs: Programs, home: Path, account: pwd.struct_passwd) -> Programs:
    """Programs in a virtual environment below /root are out of the account's reach: give it its own."""
    target = home / f"programs-{programs.version}"
    existed = target.exists()
    copied = programs.copied_to(target)
    if not existed:
        for path in (target, *target.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return copied


def _socket_folder(home: Path, account: pwd.struct_passwd | None) -> Path:
    """The home, or a private folder with a short path when a socket's address could not hold the home's."""
    if len(os.fsencode(home)) <= _LONGEST_SOCKET_FOLDER:
        return home
    folder = Path(tempfile.gettempdir()) / f"appyard-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    owner = os.geteuid() if account is None else account.pw_uid
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise DataDirectoryUnusable(f"{folder} belongs to somebody else. Remove it, or use a data directory with a shorter path.")
    return folder


# ------------------------------------------------------------------------------------------------ the server


@dataclass(frozen=True)
class _Cluster:
    programs: Programs
    home: Path
    socket_folder: Path
    account: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def url(self) -> str:
        return f"postgresql://appyard@/postgres?host={quote(str(self.socket_folder), safe='')}"

    def start(self) -> bool:
        """Whether the server was started; False if it ran already. Call it under the lock."""
        if self._joins():
            return False
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._remove_lock_files()
        self._write("appyard.conf", _SETTINGS.format(socket_folder=str(self.socket_folder).replace("'", "''")))
        log_size = self.log.stat().st_size if self.log.exists() else 0
        result = self._run("pg_ctl", "start", "-D", "data", "-l", "postgres.log", "-w", "-t", str(_START_SECONDS))
        if result.returncode:
            raise self._failure(self._log_after(log_size))
        return True

    def stop(self) -> None:
        result = self._run("pg_ctl", "stop", "-D", "data", "-m", "fast", "-w", "-t", str(_STOP_SECONDS))
        if result.returncode and self._listens():
            raise PostgresFailed(f"It did not stop within {_STOP_SECONDS} s. See {self.log}.")

    def _create(self) -> None:
        """Make the cluster under another name first: a half-made one is never taken for a cluster."""
        shutil.rmtree(self.home / "data.partial", ignore_errors=True)
        locale = ["--no-locale"]
        if self.programs.major >= 17:  # the first with a locale provider of its own
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        result = self._run(
            "initdb", "-D", "data.partial", "-U", "appyard", "-A", "trust", "-E", "UTF8", "--data-checksums", "--no-instructions", *locale
        )
        if result.returncode:
            raise self._failure(result.stderr)
        with (self.home / "data.partial" / "postgresql.conf").open("a") as configuration:
            configuration.write("include 'appyard.conf'\n")
        (self.home / "data.partial").rename(self.data)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """In the home, with relative paths: pg_ctl hands them to a shell, which must see nothing special in them."""
        return subprocess.run(  # noqa: S603 - our own programs and arguments
            [self.programs.folder / program, *arguments],
            cwd=self.home,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,  # a server would keep the pipe open
            text=True,
            check=False,
            user=self.account.pw_uid if self.account else None,
            group=self.account.pw_gid if self.account else None,
            extra_groups=() if self.account else None,
        )

    def _write(self, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text, encoding="utf-8")
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _listens(self) -> bool:
        """The truth is a connection, never a process id: ids are reused, and files survive the processes they name."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket_folder / _SOCKET))
            except OSError:
                return False
            return True

    def _wait_until_ready(self) -> None:
        """A server whose starter was killed may still be recovering."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresFailed(f"It does not answer: {error}") from error
                time.sleep(0.02)  # noqa: TID251 - a server that recovers tells nobody when it is ready
            else:
                return

    def _joins(self) -> bool:
        """Whether a server answers. One that is just starting (its starter was killed) or dying is waited for."""
        deadline = time.monotonic() + _DYING_SECONDS
        while not self._listens():
            remnants = self._server_processes() if self._pid_file.exists() else []
            if not remnants:
                return False
            if time.monotonic() > deadline:
                raise PostgresFailed(
                    f"An earlier server does not answer, but its process {remnants[0].pid} is alive. End it, then try again."
                )
            psutil.wait_procs(remnants, timeout=0.1)
        self._wait_until_ready()
        return True

    def _remove_lock_files(self) -> None:
        """Of a dead server: PostgreSQL refuses to start if the process id in them is in use again, as after a reboot.

        They protect the data from a second server while children of a killed one still write; `_joins` has seen these go.
        A zombie that nobody reaps (a container without init) counts as alive for PostgreSQL, too.
        """
        self._pid_file.unlink(missing_ok=True)
        (self.socket_folder / f"{_SOCKET}.lock").unlink(missing_ok=True)

    def _server_processes(self) -> list[psutil.Process]:
        """PostgreSQL's processes work in the folder of their data. Zombies have no folder."""
        return [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if (process.info["name"] or "").startswith("postgres") and process.info["cwd"] == str(self.data)
        ]

    def _log_after(self, position: int) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")

    def _failure(self, report: str) -> PersistenceError:
        lines = [line for line in report.splitlines() if "FATAL" in line or "error" in line] or report.splitlines()
        detail = f"{lines[0].strip() if lines else 'It gave no reason.'} (log: {self.log})"
        return StorageFull(detail) if os.strerror(errno.ENOSPC) in report else PostgresFailed(detail)
