"""A change keeps what was specified, word for word, unless the request says in so many words that it goes."""

import pytest

from nodes.artifacts import CommandStep, Example, StackName
from nodes.program_changes import unasked_losses, with_forgotten
from nodes.program_spec import GivenUp, ProgramSpec, specified

LISTED = Example(name="listed", says="All are shown", commands=(CommandStep(arguments=("list",), output=("1 Milk",)),))
EMPTY = Example(name="empty", says="Nothing is there", commands=(CommandStep(arguments=("list",), output=("Nothing",)),))
TODO = ProgramSpec(
    name="todo",
    title="To do",
    summary="",
    features=("`add` keeps a thing.", "`list` prints each with a number.", "`done` removes one."),
    examples=(LISTED, EMPTY),
)
KEPT = specified(TODO, StackName.python)
FEEDBACK = "Please show a letter instead of a number. Nobody needs `add` to keep anything any more."
LETTERS = LISTED.model_copy(update={"commands": (CommandStep(arguments=("list",), output=("a Milk",)),)})
COUNTS = "`count` counts."


def changed(**update: object) -> ProgramSpec:
    return TODO.model_copy(update=update)


def given_up(what: str, asked_by: str) -> tuple[GivenUp, ...]:
    return (GivenUp(what=what, asked_by=asked_by),)


NOTHING_ADDED = TODO.features[1:]


@pytest.mark.parametrize(
    ("program", "lost"),
    [
        (TODO, 0),
        (changed(features=(*TODO.features, COUNTS)), 0),
        (changed(features=NOTHING_ADDED), 1),
        (changed(features=("`add` keeps a thing and a date.", *NOTHING_ADDED)), 1),
        (changed(features=NOTHING_ADDED, given_up=given_up("`add` keeps a thing.", "nobody needs `add` to keep")), 0),
        (changed(features=NOTHING_ADDED, given_up=given_up("`add` keeps a thing.", "it is of no use")), 1),
        (changed(features=NOTHING_ADDED, given_up=given_up("`add` keeps a thing.", "nobody")), 1),
        (changed(examples=(LETTERS, EMPTY)), 1),
        (changed(examples=(LETTERS, EMPTY), given_up=given_up("listed", "show a letter instead of a number")), 0),
    ],
)
def test_what_the_request_touches_goes_only_with_its_words(program: ProgramSpec, lost: int) -> None:
    assert len(list(unasked_losses(program, KEPT, FEEDBACK))) == lost


def test_what_a_model_forgot_and_the_request_says_nothing_of_is_put_back_where_it_was() -> None:
    forgetful = changed(features=(*TODO.features[:2], COUNTS), examples=(LISTED,))
    assert not list(unasked_losses(forgetful, KEPT, FEEDBACK))
    complete = with_forgotten(forgetful, KEPT, FEEDBACK)
    assert (complete.features, complete.examples) == ((*TODO.features, COUNTS), (LISTED, EMPTY))


def test_what_is_given_up_is_not_put_back() -> None:
    letters = "`list` prints each with a letter."
    asked = changed(
        features=(TODO.features[0], letters, TODO.features[2]), given_up=given_up(TODO.features[1], "a letter instead of a number")
    )
    assert with_forgotten(asked, KEPT, FEEDBACK).features == (TODO.features[0], TODO.features[2], letters)


def test_the_analyst_is_told_what_to_keep() -> None:
    (problem,) = unasked_losses(changed(examples=(LETTERS, EMPTY)), KEPT, FEEDBACK)
    assert problem.startswith("The example listed is not there any more as it was. Keep it word for word;")
