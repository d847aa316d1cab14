"""What is built on another stack than the default: its examples, which the checks carry out, take the place of records."""

from enum import StrEnum
from typing import Literal

from nodes.artifacts.stored import Artifact, Identifier


class StackName(StrEnum):
    """What apps are made of. `python-web`: records on a generated frame.

    Written whole: `python`, a command-line program; `node-web`, a web service in TypeScript, both specified by examples;
    `node-records`, a web service in TypeScript that keeps records, against the contract.
    """

    python_web = "python-web"
    python = "python"
    node_web = "node-web"
    node_records = "node-records"


class CommandStep(Artifact):
    """One call of a command-line program.

    `arguments` follow the program's name; `typed` is its standard input; each of `output` is a text it prints to standard output;
    `leaves` are paths below the current folder at which a file lies afterwards.
    """

    arguments: tuple[str, ...] = ()
    typed: str = ""
    exit_code: int = 0
    output: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


class RequestStep(Artifact):
    """One request to a web service. `body` is JSON as text; each of `output` is a text in the answer.

    `:id` in `path` stands for the `id` of the last answer that had one.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str
    body: str = ""
    status: int = 200
    output: tuple[str, ...] = ()


class ExampleFile(Artifact):
    """A text file that lies below the current folder before an example begins."""

    path: str
    content: str = ""


class Example(Artifact):
    """Calls one after the other, starting without any stored data, that show one thing the program does.

    A command-line program is shown by `commands`, which may work on `files`; a web service by `requests`.
    """

    name: Identifier
    says: str
    files: tuple[ExampleFile, ...] = ()
    commands: tuple[CommandStep, ...] = ()
    requests: tuple[RequestStep, ...] = ()
