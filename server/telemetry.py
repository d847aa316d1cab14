"""Where log lines go: events with fields, one line each. Libraries log as they like; only this module sets it up."""

import logging
import logging.handlers
import sys

from typing_extensions import override

from checkpoints.errors import DataDirectoryUnusable
from server.settings import Settings

_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """`2026-01-31T12:00:00 INFO run_claimed run_id=… attempt=1`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The line, with what was passed as `extra` behind the event's name."""
        line = super().format(record)
        fields = [f"{name}={value}" for name, value in record.__dict__.items() if name not in _STANDARD]
        return " ".join([line, *fields])


def log_to_stderr(settings: Settings) -> None:
    """For servers and workers."""
    _install(logging.StreamHandler(sys.stderr), settings)


def log_to_file(settings: Settings) -> None:
    """For commands with a display of their own: below the data directory, five files of a megabyte at most."""
    folder = settings.root / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirectoryUnusable(f"{folder}: {error.strerror}.") from error
    _install(logging.handlers.RotatingFileHandler(folder / "appyard.log", maxBytes=1_000_000, backupCount=4), settings)


def _install(handler: logging.Handler, settings: Settings) -> None:
    logging.raiseExceptions = False  # a full disk is told by what fails for it, not by a trace per log line
    handler.setFormatter(FieldFormatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "procrastinate", "psycopg", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
