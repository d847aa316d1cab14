"""What the analyst says of a program without records, what is wrong with that, and the specification it becomes. Pure."""

from collections import Counter
from collections.abc import Iterator

from nodes.artifacts import AppSpec, Artifact, CommandStep, Example, Identifier, OpenQuestion, StackName, UnmetPreference

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


def program_problems(features: tuple[str, ...], examples: tuple[Example, ...]) -> tuple[str, ...]:
    """What is wrong with the specification of a program, as sentences that say what to correct; empty if it can be built."""
    return tuple(_problems(features, examples))


def _problems(features: tuple[str, ...], examples: tuple[Example, ...]) -> Iterator[str]:
    if not features:
        yield "The program does nothing: say in `features` what it does, a sentence for each thing."
    if not examples:
        yield "There is no example: show each feature by the calls a person would make and what they print."
    if len(examples) > MOST_EXAMPLES:
        yield f"There are {len(examples)} examples; keep the {MOST_EXAMPLES} that say most."
    for name, count in Counter(example.name for example in examples).items():
        if count > 1:
            yield f"The example name {name} is used {count} times; names are unique."
    for example in examples:
        if not 1 <= len(example.commands) <= MOST_STEPS:
            yield f"The example {example.name} has {len(example.commands)} commands; it needs 1 to {MOST_STEPS}."
        elif not any(_shows(step) for step in example.commands):
            yield f"The example {example.name} shows nothing: at least one command needs an `output` or an `exit_code` other than 0."
        if any("\0" in text for step in example.commands for text in (*step.arguments, step.typed)):
            yield f"The example {example.name} has a NUL character, which no command can be given."


def _shows(step: CommandStep) -> bool:
    return any(text.strip() for text in step.output) or step.exit_code != 0
