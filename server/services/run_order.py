"""What a run was asked to do, as it is kept with the run: the services write it, the worker reads it."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from checkpoints.records import JsonObject, Run

WireStreamMode: TypeAlias = Literal[
    "values", "messages", "messages-tuple", "tasks", "checkpoints", "updates", "events", "debug", "custom", "tools"
]
Durability: TypeAlias = Literal["sync", "async", "exit"]
NodeNames: TypeAlias = Literal["*"] | tuple[str, ...]

DEFAULT_STREAM_MODES: tuple[WireStreamMode, ...] = ("custom", "updates")


class RunOrder(BaseModel):
    """Input or command, and how to run. `input` None without a command continues from where the thread stands.

    `tells_text`: what agents write is recorded as it comes, many pieces in one event (`server.services.agent_text`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    graph_id: str | None = None
    input: object = None
    command: JsonObject | None = None
    config: JsonObject = {}
    context: JsonObject = {}
    stream_mode: tuple[WireStreamMode, ...] = DEFAULT_STREAM_MODES
    stream_subgraphs: bool = False
    stream_resumable: bool = False
    interrupt_before: NodeNames | None = None
    interrupt_after: NodeNames | None = None
    durability: Durability = "sync"
    keeps_output: bool = False
    is_temporary: bool = False
    feedback_keys: tuple[str, ...] | None = None
    tells_text: bool = False
    webhook: str | None = None

    @property
    def resumes(self) -> bool:
        """Whether it answers an interrupt."""
        return self.command is not None and "resume" in self.command

    @property
    def waits_for_disk(self) -> bool:
        """Whether each step is on the disk before the next begins; its end always is."""
        return self.durability == "sync"

    @property
    def leaves_questions(self) -> bool:
        """Whether it goes elsewhere without answering what the thread asks."""
        return self.command is not None and bool(self.command.get("goto")) and not self.resumes


def order_of(run: Run) -> RunOrder:
    """What `run` was asked to do. Raises pydantic's ValidationError for what no program of ours wrote."""
    return RunOrder.model_validate(run.kwargs)
