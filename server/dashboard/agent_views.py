"""Agents as pages show them: who is at work, what each wrote so far, and the stream that goes on from there."""

import json
from dataclasses import dataclass
from uuid import UUID

import yaml

from checkpoints.records import RunEvent
from server.services.agent_text import AgentText, AgentTexts, Written
from server.services.build_record import AgentSpan, BuildRecord, EventKey

MOST_AT_WORK = 6
"""More texts than that nobody follows at once; the timeline leads to each."""
MOST_CHARACTERS = 200_000
"""Shown of one agent."""


@dataclass(frozen=True)
class AgentView:
    """One agent's work: its place in the timeline, and what it wrote."""

    place: int
    span: AgentSpan
    written: Written

    @property
    def is_at_work(self) -> bool:
        """Whether more is to come."""
        return self.span.ended_at is None and not self.span.cut_off

    @property
    def text(self) -> str:
        """What it wrote, as a page shows it."""
        if self.is_at_work:
            text = "\n\n".join(unescaped(answer) for answer in self.written.answers)
        else:
            text = "\n".join(readable(answer) for answer in self.written.answers)
        return text[-MOST_CHARACTERS:]

    @property
    def source(self) -> str:
        """Which pieces of the stream are its own."""
        return source_of(self.span.run_id, self.span.task, self.span.component, self.span.attempt)


def unescaped(text: str) -> str:
    """An answer that is still being written, most of them JSON: line breaks and quotes in its texts as what they stand for."""
    return text.replace("\\n", "\n").replace('\\"', '"')


def readable(answer: str) -> str:
    """An answer as a person reads it: JSON as YAML, where a text of many lines has many lines; anything else as it is."""
    try:
        return yaml.dump(json.loads(answer), Dumper=_Reading, sort_keys=False, allow_unicode=True, width=110)
    except ValueError:
        return unescaped(answer)


class _Reading(yaml.SafeDumper):
    """Writes texts of many lines as blocks."""


def _text(dumper: _Reading, text: str) -> yaml.ScalarNode:
    # YAML has no block for a text whose lines end in blanks; those are no loss to a reader.
    lines = "\n".join(line.rstrip() for line in text.split("\n")).replace("\t", "    ")
    return dumper.represent_scalar("tag:yaml.org,2002:str", lines, style="|" if "\n" in text else None)


_Reading.add_representer(str, _text)


async def agent_view(texts: AgentTexts, record: BuildRecord, place: int) -> AgentView | None:
    """The agent at this place of the timeline, if there is one."""
    if not 0 <= place < len(record.agents):
        return None
    return AgentView(place, record.agents[place], await texts.written(record.agents[place].stretch))


async def agents_at_work(texts: AgentTexts, record: BuildRecord) -> tuple[AgentView, ...]:
    """Those at work now."""
    return tuple([AgentView(place, span, await texts.written(span.stretch)) for place, span in record.at_work[:MOST_AT_WORK]])


def heard_so_far(record: BuildRecord, views: tuple[AgentView, ...]) -> str:
    """From where the stream of texts goes on, as it stands in an address."""
    newest = record.runs[0].run_id
    seq = min((view.written.seq for view in views if view.span.run_id == newest), default=0)
    return f"{newest}.{seq}"


def event_key(address: str) -> EventKey | None:
    """What `heard_so_far` wrote; None for anything else."""
    run, _, seq = address.partition(".")
    try:
        return EventKey(UUID(run), int(seq))
    except ValueError:
        return None


def change_frame(item: str | RunEvent) -> str:
    """A change of the build, which says only that there was one, or a piece of text, as a server-sent event."""
    if not isinstance(item, RunEvent):
        return "event: changed\ndata:\n\n"
    piece = AgentText.model_validate(item.data)
    source = source_of(item.run_id, piece.task, piece.component, piece.attempt)
    data = {"source": source, "seq": item.seq, "answer": piece.answer, "text": piece.text}
    return f"event: text\nid: {item.run_id}.{item.seq}\ndata: {json.dumps(data)}\n\n"


def source_of(run_id: UUID, task: str, component: str | None, attempt: int) -> str:
    """Names one agent's work in one run."""
    return f"{run_id} {task} {component or ''} {attempt}"
