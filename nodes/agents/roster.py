"""Who does which task: agents.yaml and tasks.yaml, in CrewAI's own keys. What is written there is used or refused.

A folder of your own may hold either file; its entries are laid over ours key by key. What is called by name (guardrails, tools)
is looked for here and in the folder's Python files, which are read and not run.
"""

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nodes.agents import guardrails, source_reading
from nodes.agents.models import ModelName, Provider
from nodes.agents.own_code import GUARDRAILS, TOOLS, names_in
from nodes.errors import ModelNotConfigured, RosterInvalid

OURS = Path(__file__).parent

TASK_INPUTS: Mapping[str, tuple[str, ...]] = {
    "analyze_requirements": ("request", "previous", "feedback"),
    "correct_requirements": ("request", "draft", "feedback"),
    "design_architecture": ("spec", "feedback"),
    "write_component": ("contract", "spec", "signatures", "component", "own_files", "findings", "feedback"),
    "write_rule": ("rule", "usable", "values", "previous", "findings"),
    "specify_program": ("layout", "request", "previous", "feedback"),
    "divide_program": ("layout", "spec", "feedback"),
    "write_program": ("layout", "spec", "parts", "component", "other_files", "own_files", "findings", "feedback"),
    "divide_records": ("layout", "spec", "feedback"),
    "write_records": (
        "layout",
        "conventions",
        "given_files",
        "contract",
        "spec",
        "component",
        "other_files",
        "own_files",
        "findings",
        "feedback",
    ),
    "review_app": ("spec", "report", "files", "components"),
}
"""The tasks there are, and the inputs a node gives with each."""

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_\-]*)\}")
"""CrewAI's own pattern; other braces, as in JSON, are left alone."""

_NO_TOOLS = "tools are functions of tools.py, named in an agent's `tools`"
REFUSED_AGENT_KEYS: Mapping[str, str] = {
    "allow_delegation": "the graph decides who works next; only false is accepted",
    "verbose": "CrewAI would print to the server's console; only false is accepted",
    "memory": "it needs an embedding service and writes to the home folder; a build's memory is its thread",
    "max_rpm": "CrewAI would wait with a sleep that stops every other build; APPYARD_MODEL_RATE_LIMITS holds for all workers together",
    "max_retry_limit": "failed calls are retried in one place, with the provider's Retry-After",
    "respect_context_window": "CrewAI would summarise the inputs; they are chosen to fit, never cut",
    "inject_date": "a prompt that changes overnight cannot be matched with its recorded answer after a crash",
    "mcps": _NO_TOOLS,
    "apps": _NO_TOOLS,
    "knowledge_sources": "it needs an embedding service; put what the agent must know into its backstory",
    "embedder": "it needs an embedding service; put what the agent must know into its backstory",
    "reasoning": "it adds unbounded model calls before each task; choose a reasoning model instead",
    "planning": "it adds unbounded model calls before each task; choose a reasoning model instead",
    "function_calling_llm": "CrewAI has deprecated it; use llm",
    "allow_code_execution": "generated code runs in the sandbox only",
    "code_execution_mode": "generated code runs in the sandbox only",
    "multimodal": "the inputs are text",
    "step_callback": "progress is announced on the run's stream",
    "system_template": "the system message is made of role, goal and backstory",
    "prompt_template": "the prompt is made of the task's description and expected_output",
    "response_template": "the answer is one JSON object",
    "use_system_prompt": "the system message is the part of the prompt that providers cache",
    "cache": "a tool is run each time it is called; APPYARD_ANSWER_CACHE_HOURS keeps answers of models",
    "max_tokens": "APPYARD_MODEL_OUTPUT_TOKENS bounds every answer",
    "guardrail": "guardrails belong to tasks: name them in tasks.yaml",
    "guardrail_max_retries": "guardrails belong to tasks: name them in tasks.yaml",
    "knowledge": "it needs an embedding service; put what the agent must know into its backstory",
    "skills": "put what the agent must know into its backstory",
    "date_format": "a prompt that changes overnight cannot be matched with its recorded answer after a crash",
    "max_reasoning_attempts": "it adds unbounded model calls before each task; choose a reasoning model instead",
    "planning_config": "it adds unbounded model calls before each task; choose a reasoning model instead",
    "callbacks": "progress is announced on the run's stream",
    "from_repository": "agents are what these files say, on every worker",
}
REFUSED_TASK_KEYS: Mapping[str, str] = {
    "human_input": "CrewAI would read the server's standard input; people are asked at the review gates",
    "context": "a task receives its inputs from the graph's state, not from other tasks' texts",
    "tools": "tools belong to agents: name them in agents.yaml",
    "async_execution": "the graph runs tasks side by side",
    "output_file": "answers are kept in the artifact store",
    "output_json": "the node that asks states the answer's type",
    "output_pydantic": "the node that asks states the answer's type",
    "markdown": "the answer is one JSON object",
    "callback": "progress is announced on the run's stream",
    "name": "a task is named by its key",
    "max_retries": "CrewAI calls it guardrail_max_retries now",
    "create_directory": "answers are kept in the artifact store",
    "input_files": "the inputs are text",
    "response_model": "the node that asks states the answer's type",
    "converter_cls": "the node that asks states the answer's type",
}
_HARMLESS_VALUES: Mapping[str, object] = {
    "allow_delegation": False,
    "verbose": False,
    "memory": False,
    "human_input": False,
    "async_execution": False,
    "markdown": False,
    "allow_code_execution": False,
    "multimodal": False,
    "reasoning": False,
    "planning": False,
    "inject_date": False,
    "tools": [],
    "context": [],
    "cache": False,
    "skills": [],
}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


E = TypeVar("E", bound=_Entry)


class AgentEntry(_Entry):
    """One agent. `llm` is a model name as in `nodes.agents.models`; None: whatever the build uses.

    `fallback_llm`, a key of ours, is asked where that one cannot be reached or refuses.

    `max_execution_time` bounds one task, all its attempts included, in seconds. `tools` are names: ours in `source_reading`,
    or what the folder's tools.py defines. `max_iter` bounds the answers of one task that may call them.
    """

    role: str = Field(min_length=1)
    goal: str = Field(min_length=1)
    backstory: str = Field(min_length=1)
    llm: str | None = None
    fallback_llm: str | None = None
    max_execution_time: int | None = Field(default=None, gt=0)
    tools: tuple[str, ...] = ()
    max_iter: int = Field(default=10, ge=1, le=25)

    @field_validator("llm", "fallback_llm")
    @classmethod
    def _names_a_model(cls, given: str | None) -> str | None:
        """CrewAI writes `openai/gpt-5`, we write `openai:gpt-5`; both are taken."""
        if given is None:
            return None
        provider, slash, model = given.partition("/")
        try:
            return str(ModelName.parse(f"{provider}:{model}" if slash and provider in tuple(Provider) else given))
        except ModelNotConfigured as error:
            raise ValueError(f"{error.detail.rstrip('.')}; write builtin, openai:<model> or azure:<deployment>") from error

    @field_validator("role", "goal", "backstory")
    @classmethod
    def _has_no_placeholder(cls, text: str) -> str:
        if found := PLACEHOLDER.search(text):
            raise ValueError(
                f"{found.group(0)} has no meaning here: an agent's texts are the same for every task, so that "
                "providers can cache them. Placeholders belong into a task's description."
            )
        return text


class TaskEntry(_Entry):
    """One task: `description` holds a `{placeholder}` for each input.

    `guardrail` and `guardrails` name checks of the answer: ours in `guardrails`, or functions of the folder's guardrails.py.
    """

    description: str = Field(min_length=1)
    expected_output: str = Field(min_length=1)
    agent: str
    guardrail: str | None = None
    guardrails: tuple[str, ...] = ()
    guardrail_max_retries: int = Field(default=2, ge=0, le=5)

    @field_validator("expected_output")
    @classmethod
    def _has_no_placeholder(cls, text: str) -> str:
        if found := PLACEHOLDER.search(text):
            raise ValueError(f"{found.group(0)} has no meaning here; inputs belong into the description")
        return text

    @property
    def named_guardrails(self) -> tuple[str, ...]:
        """What is checked in this order, beyond what is checked always."""
        named = (*((self.guardrail,) if self.guardrail else ()), *self.guardrails)
        return tuple(name for name in dict.fromkeys(named) if name not in guardrails.ALWAYS)


@dataclass(frozen=True)
class Roster:
    """Agents by name and tasks by name, checked against one another. `folder` is where those of one's own are."""

    agents: Mapping[str, AgentEntry]
    tasks: Mapping[str, TaskEntry]
    folder: Path | None = None

    def task(self, name: str) -> TaskEntry:
        """The task called `name`; LookupError naming the known ones."""
        if name not in self.tasks:
            raise LookupError(f"There is no task {name!r}; there are {', '.join(self.tasks)}.")
        return self.tasks[name]

    def agent_of(self, task: str) -> tuple[str, AgentEntry]:
        """Name and entry of the agent who does `task`."""
        name = self.task(task).agent
        return name, self.agents[name]


def load_roster(folder: Path | None = None) -> Roster:
    """Read our agents and tasks, with those in `folder` laid over them; raises `RosterInvalid`."""
    if folder is not None:
        folder = folder.resolve()
        _look_into(folder)
    tasks = _entries("tasks.yaml", folder, TaskEntry, REFUSED_TASK_KEYS, _refuse_unknown_task)
    at_work = {task.agent for task in tasks.values()}
    agents = _entries("agents.yaml", folder, AgentEntry, REFUSED_AGENT_KEYS, partial(_refuse_idle_agent, at_work))
    own_guardrails = names_in(folder / GUARDRAILS) if folder else ()
    own_tools = names_in(folder / TOOLS) if folder else ()
    for name, agent in agents.items():
        _check_tools(name, agent, own_tools)
    for name, task in tasks.items():
        _check_task(name, task, agents)
        _check_guardrails(name, task, own_guardrails)
    return Roster(agents, tasks, folder)


def _look_into(folder: Path) -> None:
    if not folder.is_dir():
        raise RosterInvalid(f"{folder} is no folder. Give the folder with your agents.yaml and tasks.yaml.")
    for name in ("agents", "tasks"):
        if (folder / f"{name}.yml").is_file():
            raise RosterInvalid(f"{folder / name}.yml would not be read; call it {name}.yaml.")
        if (folder / "config" / f"{name}.yaml").is_file() and not (folder / f"{name}.yaml").is_file():
            raise RosterInvalid(f"{folder / 'config' / name}.yaml would not be read; give the folder {folder / 'config'}.")


def _entries(
    file_name: str, folder: Path | None, kind: type[E], refused: Mapping[str, str], check_name: Callable[[Path, str], None]
) -> dict[str, E]:
    paths = [OURS / file_name] + ([folder / file_name] if folder and (folder / file_name).is_file() else [])
    merged: dict[str, dict[str, Any]] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for name, given in _read(path).items():
            if path.parent != OURS:
                check_name(path, name)
            merged[name] = merged.get(name, {}) | _accepted(path, name, given, kind, refused)
            origin[name] = path
    return {name: _validated(origin[name], name, given, kind) for name, given in merged.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RosterInvalid(f"{path}: not valid YAML: {error}") from error
    if content is None:  # nothing but comments
        return {}
    if not isinstance(content, dict):
        raise RosterInvalid(f"{path}: must map names to entries.")
    return content


def _accepted(path: Path, name: str, given: object, kind: type[BaseModel], refused: Mapping[str, str]) -> dict[str, Any]:
    """The keys of an entry that are used; harmless values of refused keys are dropped, anything else is an error."""
    if not isinstance(given, dict):
        raise RosterInvalid(f"{path}: {name}: must map keys to values.")
    kept = {}
    for key, value in given.items():
        if key in kind.model_fields:
            kept[key] = value
        elif key in refused:
            if key not in _HARMLESS_VALUES or value != _HARMLESS_VALUES[key]:
                raise RosterInvalid(f"{path}: {name}.{key} is not supported: {refused[key]}.")
        else:
            close = difflib.get_close_matches(str(key), [*kind.model_fields, *refused], n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(kind.model_fields)}."
            raise RosterInvalid(f"{path}: {name}.{key} is not a known key{hint}")
    return kept


def _validated(path: Path, name: str, given: dict[str, Any], kind: type[E]) -> E:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        complaint = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise RosterInvalid(f"{path}: {name}.{'.'.join(map(str, first['loc']))}: {complaint}.") from error


def _refuse_unknown_task(path: Path, name: str) -> None:
    if name not in TASK_INPUTS:
        raise RosterInvalid(f"{path}: {name} is no task of the graph, which asks for these: {', '.join(TASK_INPUTS)}. Lay yours over one.")


def _refuse_idle_agent(at_work: Collection[str], path: Path, name: str) -> None:
    if name not in at_work:
        raise RosterInvalid(
            f"{path}: {name} does none of the tasks. Name it as the `agent` of one in tasks.yaml, or lay it over one of "
            f"{', '.join(sorted(at_work))}."
        )


def _check_task(name: str, task: TaskEntry, agents: Mapping[str, AgentEntry]) -> None:
    if task.agent not in agents:
        raise RosterInvalid(f"tasks.yaml: {name}.agent: there is no agent {task.agent!r}; there are {', '.join(agents)}.")
    placed, known = PLACEHOLDER.findall(task.description), TASK_INPUTS[name]
    for unknown in [item for item in placed if item not in known]:
        raise RosterInvalid(f"tasks.yaml: {name}.description: {{{unknown}}} is no input; there are {', '.join(known)}.")
    for wanted in known:
        if placed.count(wanted) != 1:
            raise RosterInvalid(f"tasks.yaml: {name}.description: {{{wanted}}} must stand in it exactly once.")


def _check_guardrails(name: str, task: TaskEntry, own: tuple[str, ...]) -> None:
    known = [*guardrails.ALWAYS, *guardrails.OURS, *own]
    for wanted in [*([task.guardrail] if task.guardrail else []), *task.guardrails]:
        if not wanted.isidentifier():
            raise RosterInvalid(
                f"tasks.yaml: {name}.guardrail: {wanted!r} is a guardrail in words, which is another model call; answers are "
                f"checked by program. Name one of {', '.join(known)}, or write a function in {GUARDRAILS} beside this file."
            )
        if wanted not in known:
            raise RosterInvalid(f"tasks.yaml: {name}.guardrail: there is no guardrail {wanted!r}; {_nearest(wanted, known, GUARDRAILS)}")


def _check_tools(name: str, agent: AgentEntry, own: tuple[str, ...]) -> None:
    for wanted in agent.tools:
        if wanted not in (known := [*source_reading.OURS, *own]):
            raise RosterInvalid(f"agents.yaml: {name}.tools: there is no tool {wanted!r}; {_nearest(wanted, known, TOOLS)}")


def _nearest(wanted: str, known: list[str], file: str) -> str:
    close = difflib.get_close_matches(wanted, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}, and what {file} beside this file defines."
