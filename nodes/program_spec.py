"""What the analyst says of a program without records, what is wrong with that, and the specification it becomes. Pure."""

import json
from collections import Counter
from collections.abc import Iterator

from nodes.artifacts import AppSpec, Artifact, CommandStep, Example, Identifier, OpenQuestion, RequestStep, StackName, UnmetPreference

MOST_EXAMPLES, MOST_STEPS = 12, 12
"""More examples are tests, and those belong to the engineers."""


class ProgramSpec(Artifact):
    """The answer of the analyst: much less than an `AppSpec`, so that a weak model fills it well."""

    name: Identifier
    title: str
    summary: str
    features: tuple[str, ...]
    examples: tuple[Example, ...]
    non_goals: tuple[str, ...] = ()
    open_questions: tuple[OpenQuestion, ...] = ()
    unmet_preferences: tuple[UnmetPreference, ...] = ()


def specified(program: ProgramSpec, stack: StackName) -> AppSpec:
    """The specification of a program on `stack`."""
    given = {name: getattr(program, name) for name in ProgramSpec.model_fields}
    return AppSpec(**given, stack=stack, records=(), roles=(), permissions=())


def program_problems(features: tuple[str, ...], examples: tuple[Example, ...], stack: StackName) -> tuple[str, ...]:
    """What is wrong with the specification of a program, as sentences that say what to correct; empty if it can be built."""
    return (*_of_all(features, examples), *(problem for example in examples for problem in _of_one(example, stack)))


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
    for step in steps:
        yield from (f"The example {example.name}: {problem}." for problem in _of_step(step))


def _shows(step: CommandStep | RequestStep) -> bool:
    unusual = step.exit_code != 0 if isinstance(step, CommandStep) else step.status >= 400
    return unusual or any(text.strip() for text in step.output)


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
