"""Render a task for the model: its line, its description with the inputs in it, and the form of the answer.

The order is kept for the provider's prompt cache: what is the same in every build comes first, the task's own inputs
last. Inputs are data: braces in them mean nothing, and no input can close its own block.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from nodes.agents.answers import compact_schema
from nodes.agents.models import AnswerForm, ChatModel
from nodes.agents.roster import PLACEHOLDER, Roster, TaskEntry
from nodes.context import AgentTask

INSTRUCTIONS_TOKENS = 600
"""What CrewAI adds: role, goal, backstory and its own sentences."""

CHARACTERS_PER_TOKEN = 4
"""OpenAI's rule of thumb for English and code, used wherever an endpoint does not tell what it used."""

M = TypeVar("M", bound=BaseModel)

_CLOSING = re.compile(r"<(?=/input)", re.IGNORECASE)


def render(name: str, entry: TaskEntry, inputs: Mapping[str, str], answer: type[BaseModel], form: AnswerForm | None) -> str:
    """The text CrewAI gets as the task's description; raises LookupError naming inputs that lack or are too many.

    It opens with an empty line because CrewAI writes `Current Task: ` before it, and `Task: <name>` needs its own.
    """
    wanted = set(PLACEHOLDER.findall(entry.description))
    if wanted != set(inputs):
        raise LookupError(f"Task {name} takes {sorted(wanted)}, not {sorted(inputs)}.")
    description = PLACEHOLDER.sub(lambda found: input_block(found.group(1), inputs[found.group(1)]), entry.description)
    return f"\nTask: {name}\n\n{_form_of_answer(answer, form)}{description}\n"


def fitting(task: AgentTask[M], model: ChatModel, roster: Roster) -> AgentTask[M]:
    """`task` with the first of its inputs whose prompt the model can read and still answer; the leanest if none fits.

    Nothing is ever cut: what does not fit is left out whole, by whoever wrote the task.
    """
    room = model.context_tokens - (model.max_output_tokens or model.context_tokens // 4)
    for inputs in (task.inputs, *task.leaner[:-1]):
        prompt = render(task.name, roster.task(task.name), inputs, task.answer, AnswerForm.prompt)
        if len(prompt) // CHARACTERS_PER_TOKEN + INSTRUCTIONS_TOKENS <= room:
            return replace(task, inputs=inputs)
    return replace(task, inputs=task.leaner[-1]) if task.leaner else task


def input_block(name: str, text: str) -> str:
    r"""`text` between its tags. `</input` becomes `<\/input`, which means the same inside a JSON string."""
    escaped = _CLOSING.sub(r"<\\", text)
    return f'<input name="{name}">\n{escaped}\n</input>'


def _form_of_answer(answer: type[BaseModel], form: AnswerForm | None) -> str:
    if form in (AnswerForm.json_schema, AnswerForm.tools):
        return ""
    return (
        f"Answer with exactly one JSON object, without prose or code fence around it. It is an {answer.__name__} and "
        f"must fit this JSON Schema:\n{compact_schema(answer)}\n\n"
    )
