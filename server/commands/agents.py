"""`appyard agents check`: whether the agents can be used, who does what with which model, what of one's own was found, what is off."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodes.agents.choice import named_model
from nodes.agents.crewai_import import import_runtime
from nodes.agents.guardrails import ALWAYS, OURS
from nodes.agents.models import DefaultModel, ModelName
from nodes.agents.own_code import FILES, OwnCode
from nodes.agents.roster import REFUSED_AGENT_KEYS, REFUSED_TASK_KEYS, Roster, load_roster
from nodes.agents.source_reading import OURS as OUR_TOOLS
from nodes.agents.source_reading import SourceReading
from nodes.context import BuildOptions
from nodes.errors import RosterInvalid
from server.bootstrap import default_options, model_of
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.settings import Settings


def check_agents(folder: Path | None, *, as_json: bool) -> ExitCode:
    """Read the files as a worker would, and run the folder's Python files as one would.

    Raises `BadInput` naming the file, and the entry and key or the line that cannot be used.
    """
    settings = Settings()
    try:
        roster = load_roster(folder or settings.agents_dir)
        own = _own_code(roster, settings)
    except RosterInvalid as error:
        raise BadInput(error.detail) from error
    models = _models(roster, default_options(settings), model_of(settings))
    if as_json:
        print(json.dumps({task: _told(roster, task, model) for task, model in models.items()}))
        return ExitCode.done
    console = Console()
    console.print(_as_table(roster, models))
    _say_if_any(console, "Guardrails by task:", {task: entry.named_guardrails for task, entry in roster.tasks.items()})
    _say_if_any(console, "Tools by agent:", {name: agent.tools for name, agent in roster.agents.items()})
    _say_what_is_ones_own(console, roster, own)
    _say(console, "Guardrails that tasks.yaml can name:", {name: _opening(check.__doc__) for name, check in OURS.items()})
    _say(console, "Checked always:", ALWAYS)
    _say(console, "Tools that agents.yaml can name:", {name: _opening(getattr(SourceReading, name).__doc__) for name in OUR_TOOLS})
    _say(console, "Keys of CrewAI that are refused here, and why:", dict(sorted({**REFUSED_AGENT_KEYS, **REFUSED_TASK_KEYS}.items())))
    return ExitCode.done


def _own_code(roster: Roster, settings: Settings) -> OwnCode:
    """CrewAI takes seconds to import: only where there is code that needs it."""
    if roster.folder is None or not any((roster.folder / name).is_file() for name in FILES):
        return OwnCode()
    own: OwnCode = import_runtime(settings.root / "crewai").own_code(roster)
    return own


def _models(roster: Roster, options: BuildOptions, default: DefaultModel) -> dict[str, str]:
    """The model of each task; parsing the fallbacks shows a malformed one now instead of when it is needed."""
    for agent in roster.agents.values():
        if agent.fallback_llm:
            ModelName.parse(agent.fallback_llm)
    return {task: str(named_model(roster, task, options) or default) for task in roster.tasks}


def _told(roster: Roster, task: str, model: str) -> dict[str, object]:
    name, agent = roster.agent_of(task)
    return {"agent": name, "model": model, "guardrails": roster.task(task).named_guardrails, "tools": agent.tools}


def _as_table(roster: Roster, models: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Task", "Agent", "Model", "Fallback"):
        table.add_column(heading)
    for task, model in models.items():
        _, agent = roster.agent_of(task)
        table.add_row(task, agent.role, model, agent.fallback_llm or "-")
    return table


def _say_what_is_ones_own(console: Console, roster: Roster, own: OwnCode) -> None:
    if roster.folder is None:
        console.print("No folder of your own: APPYARD_AGENTS_DIR or --folder names one.\n", soft_wrap=True)
        return
    found = {"guardrails": own.guardrails, "tools": own.tools, "hooks": own.hook_names, "listeners": own.listeners}
    _say(console, f"From {roster.folder}:", {kind: ", ".join(names) or "none" for kind, names in found.items()})


def _say_if_any(console: Console, title: str, named: Mapping[str, Sequence[str]]) -> None:
    if lines := {who: ", ".join(names) for who, names in named.items() if names}:
        _say(console, title, lines)


def _say(console: Console, title: str, lines: Mapping[str, str]) -> None:
    console.print(title, style="bold", soft_wrap=True)
    for name, text in lines.items():
        console.print(Text.assemble((f"  {name:<24} ", "dim"), text), soft_wrap=True)


def _opening(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]
