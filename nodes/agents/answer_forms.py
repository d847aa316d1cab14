"""Hold an endpoint to an answer's schema, and read its answer back: as a response format, or as the parameters of a tool.

Also reads which tools a model wants called.
"""

import json
from typing import Any, assert_never

from langchain_core.messages import AIMessage
from pydantic import BaseModel

from nodes.agents.answers import strict_schema
from nodes.agents.journal import ToolRequest
from nodes.agents.models import AnswerForm


def form_arguments(answer: type[BaseModel], form: AnswerForm | None) -> dict[str, Any]:
    """What is sent with the call; nothing where the schema stands in the prompt."""
    match form:
        case AnswerForm.json_schema:
            return {"response_format": {"type": "json_schema", "json_schema": strict_schema(answer)}}
        case AnswerForm.tools:
            schema = strict_schema(answer)
            tool = {"type": "function", "function": {"name": schema["name"], "parameters": schema["schema"], "strict": True}}
            return {"tools": [tool], "tool_choice": {"type": "function", "function": {"name": schema["name"]}}}
        case AnswerForm.prompt | None:
            return {}
        case _:
            assert_never(form)


def answered_text(message: AIMessage, form: AnswerForm | None) -> str:
    """The JSON text of an answer: what the model wrote, or the arguments it called the tool with."""
    calls: list[Any] = [*message.tool_calls, *message.invalid_tool_calls]
    if form is not AnswerForm.tools or not calls:
        return str(message.text)
    arguments = calls[0]["args"]
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def requested_tools(message: AIMessage) -> tuple[ToolRequest, ...]:
    """The calls a model asks for; arguments that are no JSON become `{}`, and what is missing is then told to it."""
    asked: list[Any] = [*message.tool_calls, *({**call, "args": {}} for call in message.invalid_tool_calls)]
    return tuple(
        ToolRequest(id=call["id"] or f"call_{n}", name=call["name"] or "", arguments=json.dumps(call["args"], ensure_ascii=False))
        for n, call in enumerate(asked)
    )
