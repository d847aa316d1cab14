"""What a change may take from the specification of a program: only what the request names, quoted and compared by program. Pure."""

import re
from collections.abc import Iterator

from nodes.artifacts import AppSpec, Example
from nodes.program_spec import ProgramSpec

_WORD = re.compile(r"\w{4,}")
"""Shorter ones are in any request."""


def with_forgotten(program: ProgramSpec, kept: AppSpec, feedback: str) -> ProgramSpec:
    """`program` with the features and examples of `kept` that it leaves out and the request says no word of, each where it was."""
    features = [feature for feature in kept.features if feature in program.features or _is_forgotten(feature, program, feedback)]
    given = {example.name: example for example in program.examples}
    examples = {
        example.name: given.get(example.name, example)
        for example in kept.examples
        if example.name in given or _is_forgotten(f"{example.name} {_text(example)}", program, feedback)
    }
    return program.model_copy(
        update={
            "features": (*features, *(feature for feature in program.features if feature not in features)),
            "examples": (*examples.values(), *(example for example in program.examples if example.name not in examples)),
        }
    )


def unasked_losses(program: ProgramSpec, kept: AppSpec, feedback: str) -> Iterator[str]:
    """What else of `kept` is not in `program` word for word although no quotation asks for it, as sentences to correct it by."""
    complete = with_forgotten(program, kept, feedback)
    asked = {_plain(given.what) for given in program.given_up if _is_quoted(given.asked_by, feedback)}
    lost = [f"feature “{feature}”" for feature in kept.features if feature not in complete.features and _plain(feature) not in asked]
    lost += [
        f"example {example.name}" for example in kept.examples if example not in complete.examples and _plain(example.name) not in asked
    ]
    for what in lost:
        yield (
            f"The {what} is not there any more as it was. Keep it word for word; if the request asks for another, name it in `given_up`,"
            " with the exact words of the feedback that ask for it."
        )


def _is_forgotten(text: str, program: ProgramSpec, feedback: str) -> bool:
    """Neither given up nor touched by the request: a model left it out when it wrote all the others again."""
    mentioned = any(_plain(given.what) in _plain(text) for given in program.given_up)
    return not mentioned and not {word for word in _words(text) if word in _words(feedback)}


def _words(text: str) -> set[str]:
    """The beginnings of words, so that `item` and `items` are one."""
    return {word[:4] for word in _WORD.findall(text.casefold())}


def _text(example: Example) -> str:
    called = [" ".join(step.arguments) for step in example.commands] + [step.path for step in example.requests]
    return " ".join([example.says, *called])


def _is_quoted(words: str, feedback: str) -> bool:
    """One word alone is in any text by chance, unless it is all that was said."""
    quote, said = _plain(words), _plain(feedback)
    return bool(quote) and quote in said and (" " in quote or quote == said)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip("\"'“”.")
