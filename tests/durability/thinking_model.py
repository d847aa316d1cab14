"""An OpenAI-compatible endpoint that thinks for a moment and then answers as the built-in builder would.

It stands for a paid model: real HTTP, real latency, and it remembers what it answered, so that an answer bought twice
is seen. Run it inside an event loop: `async with ThinkingModel() as model`.
"""

import asyncio
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nodes.agents.prompt import CHARACTERS_PER_TOKEN
from nodes.artifacts import Changeset, FileChange, FileOperation
from nodes.blueprint.chat_model import answer
from nodes.corrections import Correction, CorrectionKind, SpecCorrections

THINKING_SECONDS = 0.3
LOOKED_AT = "Is looked at by a person."
UNWRITTEN = re.compile(r"(?P<head>def (?P<name>\w+)\(session: Session, (?P<record>\w+): \w+\) -> bool:\n)    return True  #[^\n]*")
"""A rule as the frame leaves it to the engineer."""

SIZE_TOLD = (4_000, 800)
"""Characters of a prompt and its answer, where the real ones do not matter: 1,000 and 200 tokens."""


@dataclass(frozen=True)
class Sent:
    """An answer that was sent. `prompt` is the SHA-256 of what was asked; `at` is in seconds since the epoch."""

    model: str
    prompt: str
    text: str
    at: float


class ThinkingModel:
    """`sent` are the delivered answers in their order, `answered` counts them by model and prompt; `asked` counts requests.

    `prompts` are the messages of each request for an agent; a task in `turned_away` gets the status 401. Builds that ask for models of
    different names, whatever they are, are told apart.
    """

    def __init__(
        self, thinking_seconds: float = THINKING_SECONDS, *, answers: Mapping[str, str] | None = None, tells_size: bool = False
    ) -> None:
        """`answers` of tasks, by name, go before its own. `tells_size`: it says to have used as many tokens as the texts are long."""
        self.sent: list[Sent] = []
        self.asked = 0
        self.prompts: list[list[dict[str, Any]]] = []
        self.turned_away: set[str] = set()
        self._thinking_seconds = thinking_seconds
        self._answers = {f"Task: {task}\n": text for task, text in (answers or {}).items()}
        self._tells_size = tells_size
        self._never: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def base_url(self) -> str:
        """For OPENAI_BASE_URL."""
        (server,) = self._server.servers
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    @property
    def answered(self) -> Counter[tuple[str, str]]:
        """How often each prompt was answered, by model and SHA-256 of the prompt."""
        return Counter((answer.model, answer.prompt) for answer in self.sent)

    @property
    def repeated(self) -> dict[tuple[str, str], int]:
        """What was answered more than once, by model and SHA-256 of the prompt."""
        return {asked: times for asked, times in self.answered.items() if times > 1}

    async def __aenter__(self) -> Self:
        app = Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.wait([self._never], timeout=0.01)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task

    async def _complete(self, request: Request) -> Response:
        self.asked += 1
        body = await request.json()
        prompt = next((_text(message) for message in reversed(body["messages"]) if "Task: " in _text(message)), None)
        if prompt is None:  # the endpoint is asked what it can do: nothing but words
            return _completed(body, "I answer in words.")
        self.prompts.append(body["messages"])
        if any(f"Task: {task}\n" in prompt for task in self.turned_away):
            return JSONResponse({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, status_code=401)
        # After a prompt of more than 64 KB uvicorn reads on only when asked, and would not learn that the client has died:
        # an answer to nobody would count as given.
        await request.is_disconnected()
        await asyncio.wait([self._never], timeout=self._thinking_seconds)
        if await request.is_disconnected():
            return JSONResponse({})
        text = next((given for task, given in self._answers.items() if task in prompt), None) or _answer(prompt)
        self.sent.append(Sent(body["model"], hashlib.sha256(prompt.encode()).hexdigest(), text, time.time()))
        size = (sum(len(_text(message)) for message in body["messages"]), len(text)) if self._tells_size else SIZE_TOLD
        return _completed(body, text, size)


def _answer(prompt: str) -> str:
    """What the built-in builder answers; its own draft it finds right, but for a rule that gives each engineer something to do."""
    if "Task: correct_requirements" in prompt:
        return _with_rules(prompt).model_dump_json()
    return _with_rules_kept(prompt) if "Task: write_component" in prompt else answer(prompt)


def _with_rules(prompt: str) -> SpecCorrections:
    (draft,) = re.findall(r'<input name="draft">\n(.*?)\n</input>', prompt, re.DOTALL)
    named = [record["name"] for record in json.loads(draft)["records"]]
    rules = {name: {"record": name, "kind": "custom", "message": LOOKED_AT} for name in named}
    return SpecCorrections(
        corrections=tuple(
            Correction(kind=CorrectionKind.set, place=f"rules/{name}_is_looked_at", value=json.dumps(rule)) for name, rule in rules.items()
        )
    )


def _with_rules_kept(prompt: str) -> str:
    """The built-in engineer's changes, and those rules: each refuses what is not there, with a test that shows it."""
    changeset = Changeset.model_validate_json(answer(prompt))
    (own,) = re.findall(r'<input name="own_files">\n(.*?)\n</input>', prompt, re.DOTALL)
    kept = [
        change
        for path, text in json.loads(own).items()
        for stub in UNWRITTEN.finditer(text)
        for change in (
            FileChange(
                path=path, operation=FileOperation.edit, search=stub[0], content=f"{stub['head']}    return {stub['record']} is not None"
            ),
            FileChange(
                path=f"tests/test_{path.split('/')[-2]}_{stub['name']}.py",
                operation=FileOperation.add,
                content=f"from {path.removesuffix('.py').replace('/', '.')} import {stub['name']}\n\n\n"
                f'def test_what_is_not_there_is_refused() -> None:\n    """{LOOKED_AT}"""\n    assert not {stub["name"]}(None, None)\n',
            ),
        )
    ]
    return changeset.model_copy(update={"changes": (*changeset.changes, *kept)}).model_dump_json()


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())


def _completed(body: dict[str, Any], text: str, size: tuple[int, int] = SIZE_TOLD) -> Response:
    """A completion, in one piece or as a stream of one piece. `size`: the characters asked and answered."""
    streams = body.get("stream", False)
    said = {"index": 0, "delta" if streams else "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    kind = "chat.completion.chunk" if streams else "chat.completion"
    told = {"id": "chatcmpl-1", "object": kind, "created": 0, "model": body["model"], "choices": [said]}
    asked, answered = size[0] // CHARACTERS_PER_TOKEN, size[1] // CHARACTERS_PER_TOKEN
    told["usage"] = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
    if streams:
        return Response(f"data: {json.dumps(told)}\n\ndata: [DONE]\n\n", media_type="text/event-stream")
    return JSONResponse(told)
