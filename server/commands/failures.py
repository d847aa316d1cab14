"""Turn what went wrong into one sentence, a way out and an exit code."""

import errno
import json
import sys
from collections.abc import Callable

from pydantic import ValidationError

from checkpoints.errors import PersistenceError
from nodes.errors import BudgetNotKeepable, BuildError
from server.commands.exit_codes import ExitCode
from server.services.errors import ServiceError
from server.settings import Settings, variable_of


class BadInput(Exception):
    """What was given cannot be used; the message says what to give instead."""


class CannotStart(Exception):
    """The machine or the configuration does not allow it; the message says what to change."""


def exit_code_of(command: Callable[[], ExitCode], *, debug: bool, as_json: bool) -> ExitCode:
    """Run `command`; the exit code it ended with."""
    try:
        return command()
    except KeyboardInterrupt:
        # A child's pipe may be collected after the event loop was closed, which Python 3.11 tells as an ignored error.
        sys.unraisablehook = lambda _: None
        return ExitCode.interrupted
    except (BadInput, CannotStart, BuildError, PersistenceError, ServiceError, ValidationError, OSError) as error:
        if debug:
            raise
        code, sentence = explained(error)
        if as_json:
            print(json.dumps({"error": type(error).__name__, "detail": sentence}))
        else:
            print(sentence, file=sys.stderr)
        return code


def explained(error: Exception) -> tuple[ExitCode, str]:
    """The exit code, and what happened with what to do."""
    match error:
        case ValidationError():
            return ExitCode.bad_input, "; ".join(_place(error.title, found["loc"], found["msg"]) for found in error.errors()[:5])
        case BadInput() | ServiceError() | BudgetNotKeepable():
            return ExitCode.bad_input, str(error)
        case OSError(errno=errno.ENOSPC):
            return ExitCode.cannot_start, f"The disk is full ({error.filename or 'no file named'}). Free some space and run it again."
        case OSError():
            return ExitCode.cannot_start, f"{error.strerror or error}: {error.filename or ''}".strip(": ")
        case _:
            return ExitCode.cannot_start, str(error)


def _place(of: str, location: tuple[int | str, ...], message: str) -> str:
    """What is wrong with what; a setting is named by its variable."""
    first, *rest = map(str, location or ("",))
    if of == Settings.__name__ and (field := Settings.model_fields.get(first)):
        first = variable_of(first, field)
    name, message = ".".join([first, *rest]), message.removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
