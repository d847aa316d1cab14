"""The HTTP client of model endpoints: follows no redirect, and tells what came instead of a completion by its own words."""

import json

import httpx
import openai

from nodes.agents.failures import NotACompletion, in_a_line


def endpoint_client() -> httpx.AsyncClient:
    """A client for one model. Prompts go to the address that was set and nowhere else, so a redirect ends as what it is."""
    return openai.DefaultAsyncHttpxClient(follow_redirects=False, event_hooks={"response": [refuse_what_is_no_completion]})


async def refuse_what_is_no_completion(response: httpx.Response) -> None:
    """Raises `NotACompletion`, inside the client's `APIConnectionError`, for a page or an error that comes with the status 200."""
    if response.is_success and response.headers.get("content-type", "").startswith(("text/html", "application/json")):
        body = await response.aread()
        if b'"choices"' not in body:
            raise NotACompletion(f"instead of a completion it sent: {_told(response.text)}")


def _told(text: str) -> str:
    """An error's message; else what `in_a_line` makes of the text."""
    try:
        return in_a_line(str(json.loads(text)["error"]["message"]))
    except (ValueError, LookupError, TypeError):
        return in_a_line(text) or "nothing"
