"""What is built on another stack than the default: its examples, which the checks carry out, take the place of records."""

from enum import StrEnum

from nodes.artifacts.stored import Artifact, Identifier


class StackName(StrEnum):
    """What apps are made of. `python-web`: records on a generated frame. `python`: a command-line program, written whole."""

    python_web = "python-web"
    python = "python"


class CommandStep(Artifact):
    """One call of a command-line program.

    `arguments` follow the program's name; `typed` is its standard input; each of `output` is a text it prints to standard output.
    """

    arguments: tuple[str, ...] = ()
    typed: str = ""
    exit_code: int = 0
    output: tuple[str, ...] = ()


class Example(Artifact):
    """Calls one after the other, starting without any stored data, that show one thing the program does."""

    name: Identifier
    says: str
    commands: tuple[CommandStep, ...] = ()
