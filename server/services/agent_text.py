"""What agents write, word for word, while they write it: recorded with a build's run, put together again for who looks.

The pieces a model sends are the event `agent_text`. How far a build is does not depend on them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from langchain_core.messages import AIMessageChunk, BaseMessage

from checkpoints.records import RunEvent
from checkpoints.run_events import RunEventRepository
from nodes.artifacts import Artifact

AGENT_TEXT = "agent_text"


class AgentText(Artifact):
    """A piece of an answer: whose, on which part, in which attempt, and which of the agent's answers it belongs to."""

    agent: str
    task: str
    component: str | None = None
    attempt: int = 1
    answer: str = ""
    text: str

    @property
    def source(self) -> tuple[str, str | None, int, str]:
        """What two pieces of one answer have in common."""
        return (self.task, self.component, self.attempt, self.answer)


def text_of(message: BaseMessage, metadata: Mapping[str, object]) -> AgentText | None:
    """The piece a streamed message holds; None if it holds no text, or is no agent's."""
    text = str(message.text)
    if not text and isinstance(message, AIMessageChunk):  # a model that answers by a tool writes its answer there
        text = "".join(str(chunk["args"] or "") for chunk in message.tool_call_chunks)
    if not text or "agent" not in metadata:
        return None
    known = {name: metadata.get(name) for name in ("agent", "task", "component", "attempt")}
    return AgentText.model_validate({**known, "answer": message.id or "", "text": text})


@dataclass(frozen=True)
class Stretch:
    """Which events of a run are one agent's work: after `after`, up to `until` if it has ended."""

    run_id: UUID
    task: str
    component: str | None
    attempt: int
    after: int
    until: int | None


@dataclass(frozen=True)
class Written:
    """What an agent wrote so far, its answers one after the other, as of an event of the run; `answer` names the last of them."""

    answers: tuple[str, ...]
    seq: int
    answer: str = ""


class AgentTexts:
    """Reads what agents wrote."""

    def __init__(self, run_events: RunEventRepository) -> None:
        self._run_events = run_events

    async def written(self, stretch: Stretch) -> Written:
        """What an agent wrote in its stretch of a run."""
        events: list[RunEvent] = []
        seq = stretch.after
        while page := await self._run_events.read_after(stretch.run_id, seq, only=AGENT_TEXT):
            events += page
            seq = page[-1].seq
            if stretch.until is not None and seq >= stretch.until:
                break
        pieces = [piece for piece in pieces_of(events, until=stretch.until) if piece.source[:3] == _whose(stretch)]
        return Written(put_together(pieces), seq, pieces[-1].answer if pieces else "")


def _whose(stretch: Stretch) -> tuple[str, str | None, int]:
    return (stretch.task, stretch.component, stretch.attempt)


def pieces_of(events: Iterable[RunEvent], *, until: int | None = None) -> list[AgentText]:
    """The pieces these events hold."""
    return [AgentText.model_validate(event.data) for event in events if event.event == AGENT_TEXT and (until is None or event.seq <= until)]


def put_together(pieces: Sequence[AgentText]) -> tuple[str, ...]:
    """The answers: one that could not be used is followed by another."""
    answers: dict[str, str] = {}
    for piece in pieces:
        answers[piece.answer] = answers.get(piece.answer, "") + piece.text
    return tuple(answers.values())
