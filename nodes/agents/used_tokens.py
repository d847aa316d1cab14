"""What a call used: as its endpoint told it, or else an estimate that says it is one."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from nodes.agents.models import ModelName, Provider
from nodes.agents.pricing import Usage
from nodes.agents.prompt import CHARACTERS_PER_TOKEN


def told_usage(message: AIMessage) -> Usage | None:
    """What the endpoint told of an answer, or of the piece of one that ends it; None if it did not."""
    if used := message.usage_metadata:
        cached = used.get("input_token_details", {}).get("cache_read", 0)
        return _believed(used["input_tokens"], used["output_tokens"], cached)
    # A streamed structured answer tells it only here (langchain-openai 1.7).
    if told := message.response_metadata.get("token_usage"):
        return usage_of_openai(told)
    return None


def usage_of_openai(told: Mapping[str, Any]) -> Usage | None:
    """What OpenAI's `usage` object says; None if it says nothing that can be."""
    cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens")
    return _believed(told.get("prompt_tokens"), told.get("completion_tokens"), cached)


def _believed(asked: int | None, answered: int | None, cached: int | None) -> Usage | None:
    """None where the numbers cannot be: every prompt has tokens, and a negative number would give money back."""
    if not asked or asked < 0 or answered is None or answered < 0:
        return None
    return Usage(input_tokens=asked, output_tokens=answered, cached_tokens=min(max(cached or 0, 0), asked))


def estimated_usage(name: ModelName, messages: Sequence[BaseMessage], text: str) -> Usage:
    """By the length of what was asked and answered; the built-in builder uses nothing."""
    if name.provider is Provider.builtin:
        return Usage()
    asked = sum(len(str(message.content)) for message in messages)
    return Usage(input_tokens=asked // CHARACTERS_PER_TOKEN, output_tokens=len(text) // CHARACTERS_PER_TOKEN, estimated=True)
