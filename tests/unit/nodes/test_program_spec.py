"""A change keeps what was specified, word for word, unless the request says in so many words that it goes."""

import pytest

from nodes.artifacts import CommandStep, Example, StackName
from nodes.program_spec import GivenUp, ProgramSpec, specified, unasked_losses

LISTED = Example(name="listed", says="Items are listed", commands=(CommandStep(arguments=("list",), output=("1 Milk",)),))
TODO = ProgramSpec(name="todo", title="To do", summary="", features=("`add` keeps.", "`list` prints all."), examples=(LISTED,))
KEPT = specified(TODO, StackName.python)
FEEDBACK = "Please number the items with letters. Nobody needs `add` any more."


def changed(**update: object) -> ProgramSpec:
    return TODO.model_copy(update=update)


def given_up(what: str, asked_by: str) -> tuple[GivenUp, ...]:
    return (GivenUp(what=what, asked_by=asked_by),)


LETTERS = LISTED.model_copy(update={"commands": (CommandStep(arguments=("list",), output=("a Milk",)),)})


@pytest.mark.parametrize(
    ("program", "lost"),
    [
        (TODO, 0),
        (changed(features=(*TODO.features, "`count` counts.")), 0),
        (changed(features=TODO.features[1:]), 1),
        (changed(features=("`add` keeps it.", TODO.features[1])), 1),
        (changed(features=TODO.features[1:], given_up=given_up("`add` keeps.", "nobody needs `add`")), 0),
        (changed(features=TODO.features[1:], given_up=given_up("`add` keeps.", "it is of no use")), 1),
        (changed(features=TODO.features[1:], given_up=given_up("`add` keeps.", "items")), 1),
        (changed(examples=()), 1),
        (changed(examples=(LETTERS,)), 1),
        (changed(examples=(LETTERS,), given_up=given_up("listed", "number the items with letters")), 0),
        (changed(features=(), examples=()), 3),
    ],
)
def test_only_what_the_request_names_may_be_given_up(program: ProgramSpec, lost: int) -> None:
    assert len(unasked_losses(program, KEPT, FEEDBACK)) == lost


def test_the_analyst_is_told_what_to_keep() -> None:
    (problem,) = unasked_losses(changed(examples=()), KEPT, FEEDBACK)
    assert problem.startswith("The example listed is not there any more as it was. Keep it word for word;")
