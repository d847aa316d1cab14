"""A program is specified by examples that a right program passes, each starting without data."""

from langgraph.runtime import Runtime

from nodes.artifacts import BuildRequest, CommandStep, Example, ExampleFile, RequestStep, StackName, TargetPlatform
from nodes.context import BuildOptions
from nodes.errors import AgentOutputInvalid
from nodes.program_spec import ProgramSpec, program_problems, sound_part
from nodes.requirements import analyze_requirements
from tests.factories import ScriptedCrew, make_workshop

LISTED = Example(name="listed", says="Items are listed", commands=(CommandStep(arguments=("list",), output=("1 Milk",)),))
TODO = ProgramSpec(name="todo", title="To do", summary="", features=("`add` keeps.", "`list` prints all."), examples=(LISTED,))


def changed(**update: object) -> ProgramSpec:
    return TODO.model_copy(update=update)


def example(name: str, *commands: tuple[str, ...], output: tuple[str, ...]) -> Example:
    steps = [CommandStep(arguments=arguments) for arguments in commands]
    return Example(name=name, says="", commands=(*steps[:-1], steps[-1].model_copy(update={"output": output})))


SMALL = changed(
    features=("commands: add, list, mark, remove", "output: item number, item title"),
    examples=(
        example("add_item", ("add", "Buy milk"), output=("1", "Buy milk")),
        example("list_items", ("list",), output=("1", "Buy milk", "2", "Buy eggs")),
        example("mark_item", ("add", "Buy milk"), ("mark", "1"), output=("Marked as done",)),
    ),
)
"""As a model of 1.5 billion parameters specified a to-do list: its examples go on from one another."""


def test_an_example_that_shows_what_nobody_entered_is_refused_since_a_right_program_would_fail_it() -> None:
    (problem,) = program_problems(SMALL.features, SMALL.examples, StackName.python)
    assert problem.startswith("The example list_items expects “Buy milk”, which only another example enters.")
    assert problem.endswith("Each example starts without data: begin it with the calls that enter what it shows.")


def test_what_contradicts_itself_is_left_out_if_the_analyst_cannot_mend_it() -> None:
    sound = sound_part(SMALL, StackName.python)
    assert sound is not None
    assert [kept.name for kept in sound.examples] == ["add_item", "mark_item"]
    assert sound.open_questions[0].question.startswith("Examples that contradict themselves were left out (list_items).")
    assert sound_part(changed(examples=(Example(name="nothing", says="Nothing is called"),)), StackName.python) is None


async def test_a_build_goes_on_with_the_sound_examples_of_the_last_answer_that_was_refused() -> None:
    invalid = AgentOutputInvalid("after 3 answers")
    invalid.answer = SMALL
    crew = ScriptedCrew({"specify_program": [invalid]}, corrects=frozenset({"specify_program"}))
    request = BuildRequest(app_description="A command-line program that keeps a to-do list.", target_platform=TargetPlatform.cli)
    understood = await analyze_requirements({"request": request}, Runtime(context=BuildOptions()), workshop=make_workshop(crew))
    assert [kept.name for kept in understood["spec"].examples] == ["add_item", "mark_item"]


def problems_with(path: str, *, leaves: str = "inbox/Images/a.jpg") -> tuple[str, ...]:
    sort = CommandStep(arguments=("inbox",), leaves=(leaves,))
    example = Example(name="sorted", says="Files are sorted", files=(ExampleFile(path=path),), commands=(sort,))
    return program_problems(("Sorts files.",), (example,), StackName.python)


def test_the_files_of_an_example_lie_in_a_folder_of_their_own() -> None:
    """The current folder holds the program, and an example must not replace it."""
    assert problems_with("inbox/a.jpg") == ()
    assert problems_with("a.jpg") == ("The example sorted: a.jpg lies among the program's own files; use a folder such as inbox/.",)
    assert problems_with("app/main.py") == (
        "The example sorted: app/main.py lies among the program's own files; use a folder such as inbox/.",
    )
    assert problems_with("inbox/a.jpg", leaves="../a.jpg") == ("The example sorted: ../a.jpg leaves the app's folder.",)


def test_a_service_is_not_shown_by_files() -> None:
    asked = Example(name="read", says="It is read", files=(ExampleFile(path="inbox/a"),), requests=(RequestStep(path="/", output=("a",)),))
    (problem,) = program_problems(("Reads.",), (asked,), StackName.node_web)
    assert problem == "The example read has files, which only a command-line program works on."
