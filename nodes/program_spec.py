"""What the analyst says of a program without records, what is wrong with that, and the specification it becomes. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from nodes.artifacts import AppSpec, Artifact, CommandStep, Example, Identifier, OpenQuestion, RequestStep, StackName, UnmetPreference
from nodes.paths import check_path

MOST_EXAMPLES, MOST_STEPS = 12, 12
"""More examples are tests, and those belong to the engineers."""


class GivenUp(Artifact):
    """A feature, or an example by its name, that is not kept as it was, and the words of the request that ask for that."""

    what: str
    asked_by: str


class ProgramSpec(Artifact):
    """The answer of the analyst: much less than an `AppSpec`, so that a weak model fills it well.

    `given_up` is for changes: whatever was specified before and is not in it stays word for word.
    """

    name: Identifier
    title: str
    summary: str
    features: tuple[str, ...]
    examples: tuple[Example, ...]
    non_goals: tuple[str, ...] = ()
    open_questions: tuple[OpenQuestion, ...] = ()
    unmet_preferences: tuple[UnmetPreference, ...] = ()
    given_up: tuple[GivenUp, ...] = ()


SPECIFIED = tuple(name for name in ProgramSpec.model_fields if name != "given_up")
"""What becomes part of the specification."""


def specified(program: ProgramSpec, stack: StackName) -> AppSpec:
    """The specification of a program on `stack`."""
    given = {name: getattr(program, name) for name in SPECIFIED}
    return AppSpec(**given, stack=stack, records=(), roles=(), permissions=())


def program_problems(features: tuple[str, ...], examples: tuple[Example, ...], stack: StackName) -> tuple[str, ...]:
    """What is wrong with the specification of a program, as sentences that say what to correct; empty if it can be built."""
    each = (problem for example in examples for problem in _of_one(example, stack))
    return (*_of_all(features, examples), *each, *_of_data(examples, features))


def sound_part(program: ProgramSpec, stack: StackName) -> ProgramSpec | None:
    """`program` with its sound examples only, saying which are gone; None if none is left, or nothing to do.

    A small model writes examples that go on from one another although each starts without data: a right program would fail them.
    """
    borrowing = {name for name, _ in _borrowing(program.examples, program.features)}
    sound = tuple(example for example in program.examples if example.name not in borrowing and not any(_of_one(example, stack)))
    if any(_of_all(program.features, sound)):
        return None
    gone = ", ".join(example.name for example in program.examples if example not in sound)
    question = OpenQuestion(
        name="examples_left_out",
        question=f"Examples that contradict themselves were left out ({gone}). Does the program do what they meant?",
        default="It is built from its features; nothing checks what these examples meant.",
    )
    return program.model_copy(update={"examples": sound, "open_questions": (*program.open_questions, question)})


def _of_all(features: tuple[str, ...], examples: tuple[Example, ...]) -> Iterator[str]:
    if not features:
        yield "The program does nothing: say in `features` what it does, a sentence for each thing."
    if not examples:
        yield "There is no example: show each feature by the calls a person would make and what comes of them."
    if len(examples) > MOST_EXAMPLES:
        yield f"There are {len(examples)} examples; keep the {MOST_EXAMPLES} that say most."
    for name, count in Counter(example.name for example in examples).items():
        if count > 1:
            yield f"The example name {name} is used {count} times; names are unique."


def _of_one(example: Example, stack: StackName) -> Iterator[str]:
    """Of the two kinds of calls, the stack has one."""
    steps: tuple[CommandStep | RequestStep, ...] = example.commands
    kind, others = "commands", len(example.requests)
    if stack is StackName.node_web:
        steps, kind, others = example.requests, "requests", len(example.commands)
    if others or not 1 <= len(steps) <= MOST_STEPS:
        yield f"The example {example.name} needs 1 to {MOST_STEPS} {kind}, and no other calls."
    elif not any(_shows(step) for step in steps):
        yield f"The example {example.name} shows nothing: at least one call needs an `output`, or an ending other than the usual one."
    if example.files and stack is not StackName.python:
        yield f"The example {example.name} has files, which only a command-line program works on."
    for path in (*(file.path for file in example.files), *(path for step in example.commands for path in step.leaves)):
        if complaint := _complaint_about_place(path):
            yield f"The example {example.name}: {path} {complaint}."
    for step in steps:
        yield from (f"The example {example.name}: {problem}." for problem in _of_step(step))


def _of_data(examples: Sequence[Example], features: tuple[str, ...]) -> Iterator[str]:
    for name, text in _borrowing(examples, features):
        yield (
            f"The example {name} expects “{text}”, which only another example enters. Each example starts without data: "
            "begin it with the calls that enter what it shows."
        )


def _borrowing(examples: Sequence[Example], features: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Examples that show what only another one enters, which a right program would fail, each with that text."""
    entered = {example.name: _said(" ".join([*map(_entered, example.commands), *map(_entered, example.requests)])) for example in examples}
    for example in examples:
        elsewhere = {word for name, words in entered.items() if name != example.name for word in words}
        there = (text for file in example.files for text in (file.path, file.content))
        if text := _unheard(example, _said(" ".join((*features, *there))), elsewhere):
            yield example.name, text


def _unheard(example: Example, known: set[str], elsewhere: set[str]) -> str | None:
    """The first text of an answer with words that are entered in other examples, and with none that is known in this one by then."""
    steps: tuple[CommandStep | RequestStep, ...] = (*example.commands, *example.requests)
    for step in steps:
        known = known | _said(_entered(step))
        for text in step.output:
            if (words := _said(text)) & elsewhere and not words & known:
                return text
    return None


def _entered(step: CommandStep | RequestStep) -> str:
    return " ".join((*step.arguments, step.typed)) if isinstance(step, CommandStep) else f"{step.path} {step.body}"


def _said(text: str) -> set[str]:
    """The words of a text by their first four letters, so that “marked” is heard of “mark”; numbers may be worked out."""
    return {word[:4] for word in re.findall(r"[^\W\d_]{3,}", text.casefold())}


def _complaint_about_place(path: str) -> str | None:
    """The current folder is that of the program itself."""
    if complaint := check_path(path):
        return complaint
    folder, slash, _ = path.partition("/")
    return None if slash and folder not in ("app", "tests") else "lies among the program's own files; use a folder such as inbox/"


def _shows(step: CommandStep | RequestStep) -> bool:
    unusual = step.exit_code != 0 if isinstance(step, CommandStep) else step.status >= 400
    return unusual or any(text.strip() for text in step.output) or bool(isinstance(step, CommandStep) and step.leaves)


def _of_step(step: CommandStep | RequestStep) -> Iterator[str]:
    if isinstance(step, CommandStep):
        if any("\0" in text for text in (*step.arguments, step.typed)):
            yield "no command can be given a NUL character"
        return
    if not step.path.startswith("/") or any(character.isspace() for character in step.path):
        yield f"the path {step.path!r} does not begin with a slash, or has a space in it"
    if step.body:
        try:
            json.loads(step.body)
        except (ValueError, RecursionError):
            yield f"the body of {step.method} {step.path} is not JSON"
